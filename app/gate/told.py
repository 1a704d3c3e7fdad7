"""Read ``run.json``: what a training run says of itself, field by field."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.files import read_regular
from turi_recommender.versions import is_model_name
from turi_recommender.versions.record import MAX_TEXT, Record, check_bounds
from turi_recommender.versions.training import LogFacts, check_trained

from ..models.roles import Role
from .errors import CandidateError

FORMAT = 1
ROLES: tuple[Role, ...] = ("similarity", "ranking", "newcomer")
# Those that the trainer gives (training/aside.py): services follow them.
NAMES: Mapping[Role, str] = {
    "similarity": "similarity_model",
    "ranking": "ranking_factorization_model",
    "newcomer": "newcomer_model",
}
_MAX_BYTES = 1 << 24
_MAX_FIGURES = 100  # models that were measured, and signs of a collapse of each


def read_told(path: Path) -> Mapping[str, Any]:
    """Read what a run says of itself.

    Parameters
    ----------
    path : Path
        The file ``run.json``.

    Returns
    -------
    mapping
        What it says, as JSON: the fields that the gate needs are there, and of their types.

    Raises
    ------
    CandidateError
        If it cannot be read, or a field is missing or of another type; it names file and field.
    """
    with told_errors(path):
        data = read_regular(path, _MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise CandidateError(f"{path}: larger than {_MAX_BYTES} bytes")
    try:
        told = json.loads(data, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError, MemoryError) as error:
        raise CandidateError(f"{path}: no JSON: {error}") from error
    if (
        not isinstance(told, dict)
        or type(told.get("format")) is not int
        or told["format"] != FORMAT
    ):
        raise CandidateError(f"{path}: not a training run of format {FORMAT}")
    with told_errors(path):
        _check(told, path)
    return told


def findings_of(told: Mapping[str, Any], role: Role) -> list[str] | None:
    """Return the signs of a collapse that were found in the model of a role.

    Parameters
    ----------
    told : mapping
        What the run says.
    role : {"similarity", "ranking", "newcomer"}
        Which model. All newcomers get the same from a model that is right for them.

    Returns
    -------
    list of str or None
        None for newcomers, in whose models none is looked for. Elsewhere, that nobody has looked is
        a sign as well.
    """
    for one in told["figures"]:
        if one["name"] == role:
            return list(one["findings"]) if role != "newcomer" else None
    return ["the run has no figures of it, so that nobody knows whether it has collapsed"]


@contextmanager
def told_errors(path: Path) -> Iterator[None]:
    """Turn what is wrong with a field into one line that names the file and the field."""
    try:
        yield
    except ModelFormatError as error:
        for verb in (" to be ", " to have "):
            field, found, expected = error.expected.partition(verb)
            if found:
                break
        place = f"{field}: expected {expected}" if found else f"expected {error.expected}"
        raise CandidateError(f"{path}: {place}, found {error.found}") from error


def _check(told: Mapping[str, Any], path: Path) -> None:
    root = _Root(told, "", path)
    check_trained(root.moment("trained"), "trained", path)
    check_bounds(root.short("split"), "split", path)
    if root.has("test_from"):
        root.moment("test_from")
    LogFacts.from_json(told.get("log"), path, "log")
    roles = root.record("roles")
    for role in ROLES:
        if role in roles.content:
            _check_role(role, roles, path)
    _check_names(roles, path)
    _check_figures(told.get("figures"), path)


def _check_role(role: Role, roles: Record, path: Path) -> None:
    one = roles.record(role)
    for name in ("name", "judged", "final"):
        check_bounds(one.text(name), f"{one.place}.{name}", path)
        if one.text(name) == "":
            _fail(path, f"{one.place}.{name}", "a text that is not empty", "''")
    settings = one.record("settings")
    check_bounds(settings.content, settings.place, path)
    check_bounds(settings.text("model"), f"{settings.place}.model", path)


def _check_names(roles: Record, path: Path) -> None:
    """Refuse a name that is none, or is another role's: services would take it up for that one."""
    there = {role: roles.record(role).text("name") for role in ROLES if role in roles.content}
    for role, name in there.items():
        taken = {NAMES[other] for other in ROLES if other != role}
        taken |= {each for other, each in there.items() if other != role}
        place = f"roles.{role}.name"
        if not is_model_name(name):
            _fail(path, place, "the name of a model", repr(name))
        if name in taken:
            _fail(path, place, "a name that is not another role's", repr(name))


def _check_figures(figures: object, path: Path) -> None:
    if not isinstance(figures, list) or len(figures) > _MAX_FIGURES:
        found = "nothing" if figures is None else "something else"
        _fail(path, "figures", f"a list of at most {_MAX_FIGURES} models", found)
    names = set()
    for number, content in enumerate(figures):
        one = Record.of(content, f"figures[{number}]", path)
        name, findings = one.text("name"), one.content.get("findings")
        check_bounds(name, f"{one.place}.name", path)
        if name in names:
            _fail(path, f"{one.place}.name", "a name that is there once", repr(name))
        names.add(name)
        place = f"{one.place}.findings"
        if not isinstance(findings, list) or len(findings) > _MAX_FIGURES:
            _fail(path, place, f"a list of at most {_MAX_FIGURES} texts", "something else")
        if not all(isinstance(words, str) for words in findings):
            _fail(path, place, "a list of texts", "something else in it")
        check_bounds(findings, place, path)


class _Root(Record):
    """The whole document, whose fields are called as they stand in it."""

    __slots__ = ()

    def short(self, name: str) -> str:
        """Return a field that is a text, and not empty."""
        value = self.text(name)
        if value == "" or len(value) > MAX_TEXT:
            _fail(self.path, name, "a short text that is not empty", "another one")
        return value

    def _at(self, name: str) -> str:
        return name


def _fail(path: Path, place: str, expected: str, found: str) -> NoReturn:
    raise ModelFormatError(path, 0, f"{place} to be {expected}", found)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is beyond the range of floats")
    return number
