"""Read what a training run left aside (training/aside.py writes it)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.wording import counted

from ..models.roles import Role
from .arrays import MAX_HELD_OUT, MAX_PAIRS, MAX_VISITORS, Ids, Wanted, read_arrays
from .consistency import check_consistency
from .errors import CandidateError
from .places import real
from .told import ROLES, read_told

__all__ = ["KINDS", "ROLES", "Candidate", "Ids", "Run", "TestPart", "only", "read_run"]

KINDS = ("known", "light", "unknown")
_CONTEXT = "context:"
_PAIRS = {
    "users": Wanted("iU", MAX_PAIRS),
    "items": Wanted("iU", MAX_PAIRS),
    "recent": Wanted("b", MAX_PAIRS, may_be_absent=True),
}
_TEST = {
    "users": Wanted("iU", MAX_VISITORS),
    "lengths": Wanted("i", MAX_VISITORS),
    "items": Wanted("iU", MAX_HELD_OUT),
    "kinds": Wanted("U", MAX_VISITORS),
}
_OF_VISITS = {_CONTEXT: Wanted("iUbf", MAX_VISITORS)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may be published.

    Attributes
    ----------
    role : {"similarity", "ranking", "newcomer"}
    name : str
        Its name in the registry.
    judged : Path
        The model that learnt from what was before the test part.
    final : Path
        The one that learnt from all events, with the same settings: this one is published.
    settings : mapping
        As the trainer tells them.
    """

    role: Role
    name: str
    judged: Path
    final: Path
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TestPart:
    """The visitors by whom candidates are judged.

    Attributes
    ----------
    users : ndarray, shape (visitors,)
        Their ids.
    kinds : ndarray of str, shape (visitors,)
        Known, light or unknown.
    truth : list of set
        The ids of the items that each of them had afterwards.
    context : mapping of str to ndarray
        Side data of each visit, by column.
    """

    users: Ids
    kinds: NDArray[np.str_]
    truth: list[set[Any]]
    context: Mapping[str, Ids]

    def at(self, places: Sequence[int]) -> TestPart:
        """Return some of the visitors, by their places."""
        rows = np.array(places, np.intp)
        return TestPart(
            self.users[rows],
            self.kinds[rows],
            [self.truth[place] for place in places],
            {name: each[rows] for name, each in self.context.items()},
        )


@dataclass(frozen=True, slots=True)
class Run:
    """A training run.

    Attributes
    ----------
    path : Path
        Its directory.
    told : mapping
        What ``run.json`` says.
    candidates : list of Candidate
        One for each role.
    test : TestPart
        Who judges.
    users, items : ndarray
        Each pair of visitor and item that was known before the test part.
    recent : ndarray of bool or None
        Which of these pairs are among the latest fifth of the events; None where the trainer does
        not say.
    """

    path: Path
    told: Mapping[str, Any]
    candidates: list[Candidate]
    test: TestPart
    users: Ids
    items: Ids
    recent: NDArray[np.bool_] | None = None


def read_run(path: Path) -> Run:
    """Read a training run.

    Parameters
    ----------
    path : Path
        The directory that the trainer left aside.

    Raises
    ------
    CandidateError
        If it is none, or something in it is not what it should be; it names the file.
    """
    told = read_told(path / "run.json")
    candidates = [
        _candidate(path, role, told["roles"][role]) for role in ROLES if role in told["roles"]
    ]
    pairs = _read_pairs(path / "pairs.npz")
    test = _read_test(path / "test.npz")
    check_consistency(path, pairs, test)
    return Run(
        path,
        told,
        candidates,
        _test_part(test),
        pairs["users"],
        pairs["items"],
        pairs.get("recent"),
    )


def only(run: Run, roles: Collection[str]) -> Run:
    """Return a run with the candidates of some roles, whose models are all there.

    Parameters
    ----------
    run : Run
        The run.
    roles : collection of str
        The roles.

    Raises
    ------
    CandidateError
        If none is left, or a model is missing, as those are that were published from a kept run.
    """
    wanted = [each for each in run.candidates if each.role in roles]
    if len(wanted) == 0:
        raise CandidateError(f"{run.path}: has no candidate for {', '.join(roles)}")
    for each in wanted:
        for model in (each.judged, each.final):
            if not model.exists():
                raise CandidateError(
                    f"{model}: not there; --role names the candidates that are to be judged"
                )
    return replace(run, candidates=wanted)


def _candidate(path: Path, role: Role, told: Mapping[str, Any]) -> Candidate:
    judged, final = (path / told[stage] for stage in ("judged", "final"))
    for stage, model in (("judged", judged), ("final", final)):
        if real(path) not in real(model).parents:
            raise CandidateError(
                f"{path / 'run.json'}: roles.{role}.{stage}: {model} is outside of {path}"
            )
    return Candidate(role, told["name"], judged, final, told["settings"])


def _read_pairs(path: Path) -> dict[str, Ids]:
    pairs = read_arrays(path, _PAIRS)
    _check_lengths(path, pairs, pairs)
    return pairs


def _read_test(path: Path) -> dict[str, Ids]:
    arrays = read_arrays(path, _TEST, _OF_VISITS)
    _check_lengths(path, arrays, set(arrays) - {"items"})
    lengths, items = arrays["lengths"].astype(np.int64), arrays["items"]
    if len(lengths) == 0:
        raise CandidateError(f"{path}: users: expected one or more, found none")
    if (lengths < 1).any() or (lengths > len(items)).any() or lengths.sum() != len(items):
        raise CandidateError(f"{path}: lengths: they do not go with {counted(len(items), 'item')}")
    if not np.isin(arrays["kinds"], KINDS).all():
        raise CandidateError(f"{path}: kinds: a visitor is of none of {', '.join(KINDS)}")
    return arrays


def _check_lengths(path: Path, arrays: Mapping[str, Ids], names: Collection[str]) -> None:
    """Refuse lists that must be as long as the users', and are not."""
    count = len(arrays["users"])
    for name in sorted(names):
        if len(arrays[name]) != count:
            expected, found = (counted(each, "value") for each in (count, len(arrays[name])))
            raise CandidateError(f"{path}: {name}: expected {expected} as of users, found {found}")


def _test_part(arrays: Mapping[str, Ids]) -> TestPart:
    items, ends = arrays["items"].tolist(), np.cumsum(arrays["lengths"].astype(np.int64))
    starts = (ends - arrays["lengths"]).tolist()
    return TestPart(
        arrays["users"],
        arrays["kinds"],
        [set(items[start:end]) for start, end in zip(starts, ends.tolist(), strict=True)],
        {
            name.removeprefix(_CONTEXT): each
            for name, each in arrays.items()
            if name.startswith(_CONTEXT)
        },
    )
