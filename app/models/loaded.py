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
from ..settings import Auto
from .elsewhere import Can, tells_similar_items, tells_similar_users, with_hint
from .measured import Table
from .pace import Pace
from .parts import Others, Plan
from .queries import (
    BasketQuery,
    PredictQuery,
    RecommendQuery,
    SimilarQuery,
    SimilarUsersQuery,
    items_of,
)
from .respondents import Respondents
from .roles import MAIN, Pin, Role, Row, may_have_side_columns, takes_side_data
from .shown import ShownPaths
from .slots import Slot
from .visits import VisitColumns

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
    auto : {"side-data", "ranking", "similarity", "measured"}
        What `auto` means.

    Attributes
    ----------
    visits : VisitColumns
        Which side data a user's row may have.
    """

    def __init__(
        self,
        slots: Mapping[Role, Slot],
        defaults: Mapping[str, Any],
        shown: ShownPaths,
        auto: Auto = "side-data",
    ) -> None:
        self.defaults = dict(defaults)
        self.shown = shown
        self.auto = auto
        self.slots = slots
        self.visits = VisitColumns(self.model("ranking"), self.model("newcomer"))
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

    def recheck(self, role: Role, entry: ModelEntry, damaged: str) -> None:
        """Note what hashing a version's files has found after it was loaded.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
            The role.
        entry : ModelEntry
            The version; if it does not serve any more, nothing is noted.
        damaged : str
            What is wrong with its files, in words; nothing if nothing is.
        """
        slot = self.slots[role]
        if slot.entry is entry:
            self._put({**self.slots, role: replace(slot, is_rechecked=True, damaged=damaged)})

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
        self.slots = slots
        self._respondents = Respondents(slots, self.auto, self.visits)
        self.loaded_roles = self._respondents.loaded_roles
        self._user_column = _shared([entry.model.user_column for entry in self.entries])
        self._item_column = _shared([entry.model.item_column for entry in self.entries])

    @property
    def entries(self) -> list[ModelEntry]:
        """The primary versions that are loaded."""
        return [slot.entry for slot in self.slots.values() if slot.entry is not None]

    def model(self, role: Role) -> Recommender | None:
        """Return the model of a role, or None."""
        slot = self.slots.get(role)
        return None if slot is None or slot.entry is None else slot.entry.model

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
        """The columns of side data that the ranking model has."""
        ranking = self.model("ranking")
        return () if ranking is None else ranking.side_columns

    @property
    def models(self) -> list[Recommender]:
        """The loaded models, that of the ranking role first: it has the most columns."""
        found = (self.model(role) for role in reversed(MAIN))
        return [model for model in found if model is not None]

    def role_of(self, query: RecommendQuery) -> Role:
        """Return the role that a query takes as a whole; see `plan` for its rows."""
        return self._respondents.role_of(query)

    def plan(self, query: RecommendQuery, role: Role) -> Plan | None:
        """Return who answers which rows of a query; None where one model answers it as it is.

        Parameters
        ----------
        query : RecommendQuery
            What is asked.
        role : {"similarity", "ranking", "newcomer"}
            The role that it takes as a whole.
        """
        return self._respondents.plan(query, role)

    @property
    def table(self) -> Table | None:
        """Who is best for whom by figures, where `auto` goes by them."""
        return self._respondents.table

    def reader_of_rows(self, entry: ModelEntry) -> Recommender:
        """Return the model that tells what side data in rows of a query mean.

        It is that of the ranking role, whose columns rows have, in the version that answered.

        Parameters
        ----------
        entry : ModelEntry
            The model at the top of the answer, which may play another role.
        """
        ranking = self.slots["ranking"].entry
        if ranking is None or ranking.name == entry.name:
            return entry.model
        return ranking.model

    def unknown_in_rows(
        self, rows: Sequence[Row], entry: ModelEntry, others: Others
    ) -> Callable[[int, Row], Sequence[tuple[str, Any]]]:
        """Return what tells the side data of a row that no model was trained with.

        The ranking model tells that of its columns, and the newcomer's that of the columns which
        only it has, for the rows that it answered.

        Parameters
        ----------
        rows : sequence of mapping
            The query's.
        entry : ModelEntry
            The model at the top of the answer, which may play another role.
        others : mapping of int to ModelEntry
            Who answered the rows that it did not answer.
        """
        reader, names = self.reader_of_rows(entry), self.visits.of_newcomers
        if not self.visits.are_in(rows):
            return lambda _, row: reader.unknown_values(row)
        newcomer = self.need("newcomer").name

        def tell(position: int, row: Row) -> Sequence[tuple[str, Any]]:
            mine = [each for each in reader.unknown_values(row) if each[0] not in names]
            answered = others.get(position, entry)
            if answered.name != newcomer:
                return mine
            theirs = answered.model.unknown_values(row)
            return [*mine, *(each for each in theirs if each[0] in names)]

        return tell

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
            defaults = self.defaults_for(self.need(query.role).model)
            baskets = [_filled_basket(basket, defaults) for basket in baskets]
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
        if not may_have_side_columns(role):
            return rows
        defaults = self.defaults_for(model)
        return [{**defaults, **row} for row in rows]

    def defaults_for(self, model: Recommender) -> dict[str, Any]:
        """Return the defaults of the side data that mean something to a model."""
        return self.visits.defaults_for(model, self.defaults)


def _filled_basket(basket: Sequence[Row] | Row, defaults: Mapping[str, Any]) -> Row:
    visit = basket if isinstance(basket, Mapping) else {}
    return {**defaults, **visit, "items": items_of(basket)}


def _shared(columns: Sequence[Column]) -> Column | None:
    """Return a column that all models have; ids can be missing where one model has such an id."""
    if not columns:
        return None
    return replace(columns[0], nullable=any(column.nullable for column in columns))
