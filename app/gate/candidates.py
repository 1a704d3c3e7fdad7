"""Read what a training run left aside (training/aside.py writes it)."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.roles import Role
from .errors import CandidateError

Ids = NDArray[Any]

FORMAT = 1
ROLES: tuple[Role, ...] = ("similarity", "ranking", "newcomer")
KINDS = ("known", "light", "unknown")
_MAX_RUN_BYTES = 1 << 24
_MAX_ARRAY_BYTES = 1 << 33  # 8 GiB: a hundred times RetailRocket's


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
    told = _read_told(path / "run.json")
    pairs = _read_arrays(path / "pairs.npz", ("users", "items"))
    if len(pairs["users"]) != len(pairs["items"]):
        raise CandidateError(f"{path / 'pairs.npz'}: there are not as many users as items")
    recent = pairs.get("recent")
    if recent is not None and (recent.shape != pairs["users"].shape or recent.dtype != np.bool_):
        raise CandidateError(f"{path / 'pairs.npz'}: 'recent' does not go with the users")
    return Run(
        path,
        told,
        [_candidate(path, role, told["roles"][role]) for role in ROLES if role in told["roles"]],
        _read_test(path / "test.npz"),
        pairs["users"],
        pairs["items"],
        recent,
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


def _read_told(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _MAX_RUN_BYTES:
            raise CandidateError(f"{path}: larger than {_MAX_RUN_BYTES} bytes")
        told = json.loads(path.read_bytes())
    except OSError as error:
        raise CandidateError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise CandidateError(f"{path}: no JSON: {error}") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise CandidateError(f"{path}: not a training run of format {FORMAT}")
    if not isinstance(told.get("roles"), dict) or not isinstance(told.get("log"), dict):
        raise CandidateError(f"{path}: says nothing of its roles or its log")
    return told


def _candidate(path: Path, role: Role, told: Any) -> Candidate:
    try:
        name, settings = told["name"], told["settings"]
        judged, final = (path / told[stage] for stage in ("judged", "final"))
    except (TypeError, KeyError) as error:
        raise CandidateError(f"{path / 'run.json'}: roles.{role}: {error!r}") from error
    for model in (judged, final):
        if path.resolve() not in model.resolve().parents:
            raise CandidateError(f"{path / 'run.json'}: roles.{role}: {model} is outside of it")
    return Candidate(role, name, judged, final, settings)


def _read_test(path: Path) -> TestPart:
    arrays = _read_arrays(path, ("users", "lengths", "items", "kinds"))
    users, lengths, kinds = arrays["users"], arrays["lengths"], arrays["kinds"]
    ends = np.cumsum(lengths)
    sizes = {len(users), len(lengths), len(kinds)}
    if (
        len(sizes) != 1
        or len(users) == 0
        or (lengths < 1).any()
        or ends[-1] != len(arrays["items"])
    ):
        raise CandidateError(f"{path}: its arrays do not go together, or there is no visitor")
    if not np.isin(kinds, KINDS).all():
        raise CandidateError(f"{path}: a visitor is of none of the kinds {', '.join(KINDS)}")
    items = arrays["items"].tolist()
    starts = (ends - lengths).tolist()
    prefix = "context:"
    return TestPart(
        users,
        kinds,
        [set(items[start:end]) for start, end in zip(starts, ends.tolist(), strict=True)],
        {name[len(prefix) :]: each for name, each in arrays.items() if name.startswith(prefix)},
    )


def _read_arrays(path: Path, wanted: tuple[str, ...]) -> dict[str, Ids]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(each.file_size for each in archive.infolist()) > _MAX_ARRAY_BYTES:
                raise CandidateError(f"{path}: its arrays are larger than {_MAX_ARRAY_BYTES} bytes")
        with np.load(path, allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
    except OSError as error:
        raise CandidateError(f"{path}: {error.strerror or error}") from error
    except (ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise CandidateError(f"{path}: no arrays: {error}") from error
    for name in wanted:
        if name not in arrays or arrays[name].ndim != 1:
            raise CandidateError(f"{path}: has no list {name!r}")
    return arrays
