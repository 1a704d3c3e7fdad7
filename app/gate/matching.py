"""Whether the models of a run are what the run says, and what is published is what was judged."""

from __future__ import annotations

from collections.abc import Iterator

from turi_recommender import Recommender, ValueType, load_model
from turi_recommender.errors import ModelError, RecommenderError
from turi_recommender.versions.register import own_files
from turi_recommender.versions.staging import copy_errors

from ..errors import RefusedVersionError
from ..models.columns import described
from ..models.loaded import LoadedModels
from ..models.successor import check_fitness
from .arrays import Ids, type_name
from .candidates import Candidate, Run
from .errors import CandidateError

_TYPES = {ValueType.INTEGER: "integers", ValueType.STRING: "strings"}
_CLASS = "_recommender"  # how the names of all classes end for whoever trains them


def check_models(run: Run, judged: LoadedModels) -> None:
    """Refuse models that are not what the run says, before anything is published.

    Parameters
    ----------
    run : Run
        The run.
    judged : LoadedModels
        Its models that are judged. Those that would be published are read here.

    Raises
    ------
    CandidateError
        If one does not suit its role, is of another class than the settings say, or has ids of
        another type than the test part, or the one that would be published differs from the one
        that is judged, or cannot be read.
    """
    for candidate in run.candidates:
        model = judged.need(candidate.role).model
        _check_ids(run, candidate, model)
        final = _load_final(candidate)
        for name, yours, mine in _compared(model, final):
            if yours != mine:
                raise CandidateError(
                    f"{candidate.final}: the {candidate.role} model that would be published is not "
                    f"the one that is judged: its {name} is {mine}, and not {yours}"
                )
        _check_class(run, candidate, model)
        for one, path in ((model, candidate.judged), (final, candidate.final)):
            try:
                check_fitness(candidate.role, one, judged.defaults)
            except RefusedVersionError as error:
                raise CandidateError(f"{path}: {error}") from error
            except RecommenderError as error:
                raise CandidateError(
                    f"{path}: the {candidate.role} model cannot be asked: {error}"
                ) from error


def _load_final(candidate: Candidate) -> Recommender:
    try:
        with copy_errors(candidate.final):
            own_files(candidate.final)  # as when it is published
        return load_model(candidate.final)
    except ModelError as error:
        raise CandidateError(f"the {candidate.role} candidate: {error}") from error


def _check_ids(run: Run, candidate: Candidate, model: Recommender) -> None:
    """Refuse visitors and items that are of another type than the model's."""
    arrays: tuple[tuple[str, Ids], ...] = (("users", run.users), ("items", run.items))
    for (name, ids), column in zip(arrays, (model.user_column, model.item_column), strict=True):
        wanted = _TYPES.get(column.value_type, column.value_type.name)
        if type_name(ids) != wanted:
            raise CandidateError(
                f"{run.path / 'pairs.npz'}: {name}: expected {wanted} as in the {candidate.role} "
                f"model, found {type_name(ids)}"
            )


def _check_class(run: Run, candidate: Candidate, model: Recommender) -> None:
    told = candidate.settings["model"]
    found = model.kind if model.kind.endswith(_CLASS) else f"{model.kind}{_CLASS}"
    if told != found:
        raise CandidateError(
            f"{run.path / 'run.json'}: roles.{candidate.role}.settings.model: expected {found}, "
            f"which the model is, found {told}"
        )


def _compared(judged: Recommender, final: Recommender) -> Iterator[tuple[str, object, object]]:
    """Yield what must be equal: its name, and its value in both models."""
    yield "class", judged.kind, final.kind
    yield "target", judged.target, final.target
    for name in ("user_column", "item_column"):
        yours, mine = (described(getattr(model, name)) for model in (judged, final))
        yield name.replace("_", " "), yours, mine
    before, after = ([described(each) for each in one.side_columns] for one in (judged, final))
    yield "list of side columns", before, after
