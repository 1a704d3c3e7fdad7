"""The loaded models, and the rules between them: which one answers, and with which side data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from turi_recommender import (
    BasketRecommendations,
    Column,
    Predictions,
    Recommendations,
    Recommender,
    SimilarItems,
    SimilarUsers,
)
from turi_recommender.errors import QueryError
from turi_recommender.versions import ModelEntry

from ..errors import ModelUnavailableError
from .elsewhere import Can, tells_similar_items, tells_similar_users, with_hint
from .pace import Pace
from .queries import (
    BasketQuery,
    Given,
    PredictQuery,
    RecommendQuery,
    SimilarQuery,
    SimilarUsersQuery,
    items_of,
)
from .roles import MAIN, Pin, Role, Row, choose, takes_side_data
from .shown import ShownPaths
from .slots import Slot
from .strangers import shared_names

Found = TypeVar("Found")

_NONE = "no model is loaded"


class LoadedModels:
    """The models that serve.

    Parameters
    ----------
    slots : mapping of role to Slot
        One for each role; at least one must have a model.
    defaults : mapping of str to value
        Value of each side column that a user's row leaves out.
    shown : ShownPaths
        What answers show of the models' paths.
    """

    def __init__(
        self, slots: Mapping[Role, Slot], defaults: Mapping[str, Any], shown: ShownPaths
    ) -> None:
        self.defaults = dict(defaults)
        self.shown = shown
        self._put(slots)

    # -- what is loaded --------------------------------------------------------------------

    def swap(
        self, role: Role, entry: ModelEntry, pace: Pace, unfit: str = "", retired: str = ""
    ) -> None:
        """Let another version play a role from now on; requests in flight keep the old one.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
        entry : ModelEntry
            The version.
        pace : Pace
            How fast it answers.
        unfit : str
            Why it does not suit the role, if it does not.
        retired : str
            When and why it was retired, if it was.
        """
        self._put({**self.slots, role: self.slots[role].serving(entry, pace, unfit, retired)})

    def retire(self, role: Role, retired: str) -> None:
        """Note that the version which plays a role was retired.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
            The role.
        retired : str
            When and why, in words; nothing if it is not retired (any more).
        """
        self._put({**self.slots, role: replace(self.slots[role], retired=retired)})

    def refuse(self, role: Role, version: str, reason: str) -> None:
        """Note why a version was not taken.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
            The role that it was meant to play.
        version : str
        reason : str
        """
        self._put({**self.slots, role: self.slots[role].refusing(version, reason)})

    def miss(self, role: Role, missing: str) -> None:
        """Note which folder of a serving model is gone.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
            The role that the model plays.
        missing : str
            Which one, in words; nothing if all are there.
        """
        self._put({**self.slots, role: replace(self.slots[role], missing=missing)})

    def pin(self, role: Role, is_pinned: bool) -> None:
        """Note whether a role stays with its version because somebody asked for that.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
            The role; one that a setting pins stays pinned by that.
        is_pinned : bool
            Whether it stays.
        """
        slot = self.slots[role]
        if slot.pin != "setting":
            pin: Pin | None = "activate" if is_pinned else None
            self._put({**self.slots, role: replace(slot, pin=pin)})

    def arrive(self, role: Role, arrived: str) -> None:
        """Note what has come for a role that has no model.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
            The role.
        arrived : str
            What, in words; nothing if nothing has.
        """
        self._put({**self.slots, role: replace(self.slots[role], arrived=arrived)})

    def close(self) -> None:
        """Let go of the models, because the framework remembers endpoints of old applications."""
        reason = "the service has stopped"
        self._put({role: Slot(role, None, reason=reason) for role in self.slots})

    def _put(self, slots: Mapping[Role, Slot]) -> None:
        """Take over slots, with what is derived from them: every request asks for it."""
        self.slots: Mapping[Role, Slot] = slots
        self.loaded_roles = [
            role for role in MAIN if role in slots and slots[role].entry is not None
        ]
        self._guests = {role: self._guests_of(role) for role in MAIN}
        self._user_column = _shared([entry.model.user_column for entry in self.entries])
        self._item_column = _shared([entry.model.item_column for entry in self.entries])

    def _guests_of(self, role: Role) -> tuple[Role | None, Role | None]:
        """Return who answers strangers for a role that is asked for by name, and by `auto`."""
        if "newcomer" in self.slots and self.slots["newcomer"].entry is not None:
            return "newcomer", "newcomer"
        if role not in self.loaded_roles or self.slots[role].pace.knows_strangers:
            return None, None
        better = (one for one in self.loaded_roles if self.slots[one].pace.knows_strangers)
        return None, next(better, None)

    def guest_of(self, role: Role, *, is_auto: bool) -> Role | None:
        """Return the role whose model answers users whom the model of another role does not know.

        That is the newcomer role, where a model plays it. Else `auto` takes the other main model,
        if the chosen one has but an arbitrary list for strangers.

        Parameters
        ----------
        role : {"similarity", "ranking"}
            The role that a query takes.
        is_auto : bool
            Whether it took it by `auto`.

        Returns
        -------
        {"similarity", "ranking", "newcomer"} or None
            None where the model answers them itself.
        """
        return self._guests[role][is_auto]

    @property
    def entries(self) -> list[ModelEntry]:
        """The primary versions that are loaded."""
        return [slot.entry for slot in self.slots.values() if slot.entry is not None]

    def model(self, role: Role) -> Recommender | None:
        """Return the model of a role, or None."""
        entry = self.slots[role].entry
        return None if entry is None else entry.model

    def need(self, role: Role) -> ModelEntry:
        """Return the model of a role.

        Raises
        ------
        ModelUnavailableError
            If it is not loaded.
        """
        slot = self.slots[role]
        if slot.entry is None:
            why = self.shown.text(slot.why_absent)
            raise ModelUnavailableError(f"no {role} model is loaded: {why}")
        return slot.entry

    def pace(self, role: Role) -> Pace:
        """Return how fast the model of a role answers."""
        return self.slots[role].pace

    @property
    def user_column(self) -> Column:
        """The user column, which all loaded models share."""
        if self._user_column is None:
            raise ModelUnavailableError(_NONE)
        return self._user_column

    @property
    def item_column(self) -> Column:
        """The item column, which all loaded models share."""
        if self._item_column is None:
            raise ModelUnavailableError(_NONE)
        return self._item_column

    @property
    def side_columns(self) -> Sequence[Column]:
        """The columns of side data that a user's row may have."""
        ranking = self.model("ranking")
        return () if ranking is None else ranking.side_columns

    @property
    def models(self) -> list[Recommender]:
        """The loaded models, that of the ranking role first: it has the most columns."""
        found = (self.model(role) for role in reversed(MAIN))
        return [model for model in found if model is not None]

    def role_of(self, query: RecommendQuery) -> Role:
        """Return the role whose model answers a query."""
        if query.choice != "auto":
            return query.choice
        if query.given is not None and (role := self._role_of_given(query.given)) is not None:
            return role
        return choose(query.users, self.loaded_roles)

    def _role_of_given(self, given: Given) -> Role | None:
        """Return the role whose model makes something of side data, if such data is given."""
        for role in reversed(MAIN):
            model = self.model(role)
            if model is None:
                continue
            if given.user_data is not None and len(model.user_side_columns) > 0:
                return role
            if given.item_data is not None and len(model.item_side_columns) > 0:
                return role
        return None

    # -- what it answers -------------------------------------------------------------------

    def recommend(
        self, query: RecommendQuery, entry: ModelEntry | None = None
    ) -> tuple[ModelEntry, Recommendations]:
        """Recommend items to users, and say who answered.

        Parameters
        ----------
        query : RecommendQuery
            What is asked.
        entry : ModelEntry, optional
            Who answers; if absent, the model that plays the role that the query takes.

        Raises
        ------
        ModelUnavailableError
            If the model that the query takes is not loaded.
        QueryError
            If that model cannot answer such a query.
        """
        role = self.role_of(query)
        options = {} if query.given is None else query.given.options()

        def ask(model: Recommender) -> Recommendations:
            return model.recommend(
                self._filled(query.users, query, role, model),
                k=query.k,
                exclude_known=query.exclude_known,
                items=query.items,
                exclude=query.exclude,
                explain=query.why,
                **options,
            )

        return self._ask(role, entry, ask)

    def recommend_baskets(
        self, query: BasketQuery, entry: ModelEntry | None = None
    ) -> tuple[ModelEntry, BasketRecommendations]:
        """Recommend items to baskets, and say who answered.

        Parameters
        ----------
        query : BasketQuery
            What is asked.
        entry : ModelEntry, optional
            Who answers; if absent, the model that plays the role that the query takes.

        Raises
        ------
        ModelUnavailableError, QueryError
            As `recommend`.
        """
        baskets = query.baskets
        if query.side_data_defaults and self.defaults and takes_side_data(query.role):
            baskets = [self._filled_basket(basket) for basket in baskets]
        options = {} if query.given is None else query.given.options()

        def ask(model: Recommender) -> BasketRecommendations:
            return model.recommend_basket(
                baskets,
                k=query.k,
                exclude_known=query.exclude_known,
                items=query.items,
                exclude=query.exclude,
                explain=query.why,
                **options,
            )

        return self._ask(query.role, entry, ask)

    def similar_items(
        self, query: SimilarQuery, entry: ModelEntry | None = None
    ) -> tuple[ModelEntry, SimilarItems]:
        """Find similar items, and say who answered.

        Parameters
        ----------
        query : SimilarQuery
            What is asked.
        entry : ModelEntry, optional
            Who answers; if absent, the model that plays the role that the query takes.

        Raises
        ------
        ModelUnavailableError
            If the model that the query takes is not loaded.
        QueryError
            If that model cannot answer such a query.
        """

        def ask(model: Recommender) -> SimilarItems:
            return model.similar_items(query.items, k=query.k)

        return self._ask(query.role, entry, ask, tells_similar_items)

    def similar_users(
        self, query: SimilarUsersQuery, entry: ModelEntry | None = None
    ) -> tuple[ModelEntry, SimilarUsers]:
        """Find similar users, and say who answered.

        Parameters
        ----------
        query : SimilarUsersQuery
            What is asked.
        entry : ModelEntry, optional
            As for `similar_items`.

        Raises
        ------
        ModelUnavailableError, QueryError
            As `similar_items`.
        """

        def ask(model: Recommender) -> SimilarUsers:
            return model.similar_users(query.users, k=query.k)

        return self._ask(query.role, entry, ask, tells_similar_users)

    def predict(
        self, query: PredictQuery, entry: ModelEntry | None = None
    ) -> tuple[ModelEntry, Predictions]:
        """Score given pairs, and say who answered.

        Parameters
        ----------
        query : PredictQuery
            What is asked.
        entry : ModelEntry, optional
            As for `similar_items`.

        Raises
        ------
        ModelUnavailableError, QueryError
            As `similar_items`.
        """
        options = {} if query.given is None else query.given.options()

        def ask(model: Recommender) -> Predictions:
            pairs = self._filled(query.pairs, query, query.role, model)
            return model.predict(pairs, explain=query.why, **options)

        return self._ask(query.role, entry, ask)

    def _ask(
        self,
        role: Role,
        entry: ModelEntry | None,
        ask: Callable[[Recommender], Found],
        can: Can | None = None,
    ) -> tuple[ModelEntry, Found]:
        """Ask a model, and let errors name another one that can answer.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
            Whose model is asked, if none is given.
        entry : ModelEntry or None
            The model.
        ask : callable
            Takes it, and returns its answer.
        can : callable, optional
            As for `with_hint`.
        """
        entry = self.need(role) if entry is None else entry
        try:
            return entry, ask(entry.model)
        except QueryError as error:
            raise with_hint(error, entry.model, self.slots, can) from None

    def _filled(
        self,
        rows: Sequence[Row],
        query: RecommendQuery | PredictQuery,
        role: Role,
        model: Recommender,
    ) -> Sequence[Row]:
        """Return rows with defaults, if the query wants them, where a row leaves columns out."""
        if not query.side_data_defaults or not self.defaults:
            return rows
        if takes_side_data(role):
            return [{**self.defaults, **row} for row in rows]
        if role == "newcomer":
            names = shared_names(model.side_columns, self.side_columns)
            defaults = {name: value for name, value in self.defaults.items() if name in names}
            return [{**defaults, **row} for row in rows]
        return rows

    def _filled_basket(self, basket: Sequence[Row] | Row) -> Row:
        visit = basket if isinstance(basket, Mapping) else {}
        return {**self.defaults, **visit, "items": items_of(basket)}


def _shared(columns: Sequence[Column]) -> Column | None:
    """Return a column that all models have; ids can be missing where one model has such an id."""
    if not columns:
        return None
    return replace(columns[0], nullable=any(column.nullable for column in columns))
