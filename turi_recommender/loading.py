"""From a model directory to a recommender, and the shortest way to an answer."""

from __future__ import annotations

import copyreg
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from turi_recommender.errors import ModelError, ModelFormatError
from turi_recommender.format import read_model
from turi_recommender.format.archive import check_is_archive
from turi_recommender.memory import give_back_freed
from turi_recommender.scoring import (
    RECOMMENDERS,
    BasketRecommendations,
    Id,
    Predictions,
    Recommendations,
    Recommender,
    SimilarItems,
    SimilarUsers,
    make_recommender,
)

Model = Recommender | str | os.PathLike[str]


def load_model(path: str | os.PathLike[str]) -> Recommender:
    """Load a model directory that Turi Create 5.7 - 6.4.1 saved.

    Parameters
    ----------
    path : str or path-like
        The directory, such as ``recommendation_s.model``.

    Returns
    -------
    Recommender
        It never changes, so any number of threads may share it. Large arrays stay in the file,
        which must not be written to while the model is in use.

    Raises
    ------
    ModelNotFoundError
        If there is nothing at that path.
    ModelFormatError
        Whatever is wrong with it: damaged, truncated, foreign, unsupported, unreadable, or larger
        than the memory. It names the file and the byte offset, and for a directory of models, such
        as a registry, the models in it.

    Notes
    -----
    Nothing in the directory is executed. What loading takes depends on the length of the files
    alone, whatever they say (docs/format.md, section 11).

    Examples
    --------
    >>> model = load_model("models/similarity_model/6/recommendation_s.model")
    >>> model.kind
    'item_similarity'
    """
    directory = Path(path)
    try:
        return _load(directory)
    except ModelError:
        raise
    except MemoryError as error:
        raise ModelFormatError(directory, 0, "a model that fits the memory", "more") from error
    except Exception as error:
        # The one boundary: whoever loads a directory has one kind of error to think of, so that one
        # model, whatever it is, cannot take others with it.
        reason = f"{type(error).__name__}: {error}"
        raise ModelFormatError(directory, 0, "a model that can be read", reason) from error


def _load(directory: Path) -> Recommender:
    check_is_archive(directory)
    saved = read_model(directory)
    recommender = make_recommender(saved)
    if saved.stream is not None:
        saved.stream.release_pages()
    give_back_freed()
    return recommender


def recommend(  # noqa: PLR0913 - named arguments, most of them optional
    model: Model,
    users: Sequence[Id | Mapping[str, Any]],
    *,
    k: int = 10,
    exclude_known: bool = True,
    items: Sequence[Id] | None = None,
    exclude: Sequence[Id] | None = None,
    interactions: Sequence[Mapping[str, Any]] | None = None,
    user_data: Sequence[Mapping[str, Any]] | None = None,
    item_data: Sequence[Mapping[str, Any]] | None = None,
    diversity: float = 0.0,
    seed: int | None = None,
    explain: bool = False,
    fold_in: bool = False,
) -> Recommendations:
    """Recommend the best `k` items to each user.

    Parameters
    ----------
    model : Recommender, str or path-like
        A loaded model, or the directory of one, which is then loaded for this call alone.
    users : sequence of int, str or mapping
        User ids, or mappings of the user column and any observation side columns.
    k : int
        Number of items per user; at least 1.
    exclude_known : bool
        Whether to leave out the items that the user is known to have interacted with.
    items : sequence of int or str, optional
        Recommend only these. Unknown ids are ignored. An empty list allows nothing.
    exclude : sequence of int or str, optional
        Recommend none of these. Unknown ids are ignored.
    interactions : sequence of mapping, optional
        What users have done since the model was trained: rows of the user column, the item column
        and optionally the target column.
    user_data, item_data : sequence of mapping, optional
        Side data that replaces the trained one for this call: rows of the user or item column and
        all side columns. Items that the model does not know become candidates.
    diversity : float
        Draw the answer from the best ``k * (1 + diversity)`` items; a finite number of 0 or more.
    seed : int or None
        What the draw depends on: any signed integer of 64 bits; None is 0.
    explain : bool
        Whether to tell the terms of each score, in `Ranking.why`.
    fold_in : bool
        Whether users with interactions are answered by the vector that training would give to what
        they have; see `Recommender.recommend`.

    Returns
    -------
    Recommendations
        One ranking for each user, in the order of the query.

    Raises
    ------
    ModelNotFoundError
        If there is no such directory.
    ModelFormatError
        If it cannot be read.
    QueryError
        If the model cannot be asked that.

    Examples
    --------
    >>> recommend(model, [6000], k=2).rankings[0].items
    [3325, 9986]
    """
    return _loaded(model).recommend(
        users,
        k=k,
        exclude_known=exclude_known,
        items=items,
        exclude=exclude,
        interactions=interactions,
        user_data=user_data,
        item_data=item_data,
        diversity=diversity,
        seed=seed,
        explain=explain,
        fold_in=fold_in,
    )


def recommend_basket(  # noqa: PLR0913 - named arguments, most of them optional
    model: Model,
    baskets: Sequence[Sequence[Id | Mapping[str, Any]] | Mapping[str, Any]],
    *,
    k: int = 10,
    exclude_known: bool = True,
    items: Sequence[Id] | None = None,
    exclude: Sequence[Id] | None = None,
    item_data: Sequence[Mapping[str, Any]] | None = None,
    diversity: float = 0.0,
    seed: int | None = None,
    explain: bool = False,
    fold_in: bool = False,
) -> BasketRecommendations:
    """Recommend the best `k` items to whoever has each basket.

    Parameters
    ----------
    model : Recommender, str or path-like
        A loaded model, or the directory of one, which is then loaded for this call alone.
    baskets : sequence
        Each is a list of item ids, or of mappings of the item column and optionally the target
        column; or a mapping of "items" to such a list and of the user column and any observation
        side columns to their values.
    k : int
        Number of items per basket; at least 1.
    exclude_known : bool
        Whether to leave out the items of the basket and those that its user is known to have
        interacted with.
    items : sequence of int or str, optional
        Recommend only these. Unknown ids are ignored. An empty list allows nothing.
    exclude : sequence of int or str, optional
        Recommend none of these. Unknown ids are ignored.
    item_data : sequence of mapping, optional
        As for `recommend`.
    diversity, seed, explain, fold_in
        As for `recommend`.

    Returns
    -------
    BasketRecommendations
        One ranking for each basket, in the order of the query.

    Raises
    ------
    ModelNotFoundError
        If there is no such directory.
    ModelFormatError
        If it cannot be read.
    QueryError
        If the model cannot be asked that.
    """
    return _loaded(model).recommend_basket(
        baskets,
        k=k,
        exclude_known=exclude_known,
        items=items,
        exclude=exclude,
        item_data=item_data,
        diversity=diversity,
        seed=seed,
        explain=explain,
        fold_in=fold_in,
    )


def similar_items(model: Model, items: Sequence[Id], *, k: int = 10) -> SimilarItems:
    """Find the `k` items most similar to each item.

    Parameters
    ----------
    model : Recommender, str or path-like
        A loaded model, or the directory of one, which is then loaded for this call alone.
    items : sequence of int or str
        Item ids; unknown ones get no answer.
    k : int
        Number of similar items per item; at least 1.

    Returns
    -------
    SimilarItems
        One ranking for each known item, in the order of the query.

    Raises
    ------
    ModelNotFoundError
        If there is no such directory.
    ModelFormatError
        If it cannot be read.
    QueryError
        If an id is of the wrong type, or the model cannot tell what is similar.
    """
    return _loaded(model).similar_items(items, k=k)


def similar_users(model: Model, users: Sequence[Id], *, k: int = 10) -> SimilarUsers:
    """Find the `k` users most similar to each user.

    Parameters
    ----------
    model : Recommender, str or path-like
        A loaded model, or the directory of one, which is then loaded for this call alone.
    users : sequence of int or str
        User ids; unknown ones get no answer.
    k : int
        Number of similar users per user; at least 1.

    Returns
    -------
    SimilarUsers
        One ranking for each known user, in the order of the query.

    Raises
    ------
    ModelNotFoundError
        If there is no such directory.
    ModelFormatError
        If it cannot be read.
    QueryError
        If an id is of the wrong type, or the model cannot tell which users are similar.
    """
    return _loaded(model).similar_users(users, k=k)


def predict(
    model: Model, pairs: Sequence[Mapping[str, Any]], *, explain: bool = False
) -> Predictions:
    """Score given pairs of user and item.

    Parameters
    ----------
    model : Recommender, str or path-like
        A loaded model, or the directory of one, which is then loaded for this call alone.
    pairs : sequence of mapping
        Column names to values: user, item, and any of the observation side columns.
    explain : bool
        Whether to tell the terms of each score, in `Predictions.why`.

    Returns
    -------
    Predictions
        One score for each pair, in the order of the query.

    Raises
    ------
    ModelNotFoundError
        If there is no such directory.
    ModelFormatError
        If it cannot be read.
    QueryError
        If the model cannot be asked that.
    """
    return _loaded(model).predict(pairs, explain=explain)


def summary(model: Model) -> Mapping[str, Any]:
    """Return what a model says of itself: options and results of its training, as saved.

    Parameters
    ----------
    model : Recommender, str or path-like
        A loaded model, or the directory of one, which is then loaded for this call alone.

    Returns
    -------
    mapping
        See `Recommender.summary`.

    Raises
    ------
    ModelNotFoundError
        If there is no such directory.
    ModelFormatError
        If it cannot be read.

    Examples
    --------
    >>> summary(model)["similarity_type"]
    'jaccard'
    """
    return _loaded(model).summary


def _loaded(model: Model) -> Recommender:
    return model if isinstance(model, Recommender) else load_model(model)


def _reload(model: Recommender) -> tuple[Callable[[str], Recommender], tuple[str]]:
    """Say how a model comes back from a pickle: it is loaded again, from the same directory."""
    return load_model, (str(model.path.absolute()),)


# Most of a model is in its files, and they are not to be sent with every task. Scoring, where the
# classes are, does not know how models are loaded.
for _kind in RECOMMENDERS:
    copyreg.pickle(_kind, _reload)
