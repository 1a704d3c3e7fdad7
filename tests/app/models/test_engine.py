"""The engine: what is answered together, what leaves the event loop, what is counted and noted."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from app.limits import BATCH_ROWS, INLINE_ANSWERS, INLINE_ITEMS, INLINE_ROWS, INLINE_SECONDS
from app.models import engine
from app.models.current import Current, begin
from app.models.engine import Engine
from app.models.loaded import LoadedModels
from app.models.pace import Pace
from app.models.parts import Others
from app.models.price import Ceilings, Price, price_of_recommend
from app.models.queries import (
    BasketQuery,
    Given,
    PredictQuery,
    RecommendQuery,
    SimilarQuery,
    SimilarUsersQuery,
)
from app.models.roles import Role
from app.models.turns import Turns
from app.observability.metrics import Metrics
from tests.support.figures import Values, read, training_with
from turi_recommender import (
    BasketRecommendations,
    Predictions,
    Recommendations,
    SimilarItems,
    SimilarUsers,
)
from turi_recommender.errors import QueryError
from turi_recommender.versions import ModelEntry

pytestmark = pytest.mark.anyio
KNOWN, ITEM = 6000, 152913


class Watched:
    """An engine on the sample models, and what its metrics count."""

    def __init__(
        self, models: LoadedModels, max_answers: int = 100_000, turns: Turns | None = None
    ) -> None:
        self.metrics = Metrics()
        ceilings = Ceilings(max_answers, 1 << 25)
        turns = Turns(0.0) if turns is None else turns
        self.engine = Engine(models, self.metrics, ceilings, turns)

    def counted(self, name: str, model: str) -> float:
        value = self.metrics.registry.get_sample_value(name, {"model": model})
        return 0.0 if value is None else value

    @property
    def calls(self) -> float:
        names = ("similarity_model", "ranking_factorization_model")
        return sum(self.counted("recommender_scoring_seconds_count", name) for name in names)


@pytest.fixture
def watched(service: LoadedModels) -> Watched:
    return Watched(service)


def keep(entry: ModelEntry, found: Recommendations, _: Others) -> tuple[str, Recommendations, int]:
    return entry.name, found, threading.get_ident()


def keep_similar(entry: ModelEntry, found: SimilarItems) -> tuple[str, SimilarItems, int]:
    return entry.name, found, threading.get_ident()


def keep_baskets(
    entry: ModelEntry, found: BasketRecommendations
) -> tuple[str, BasketRecommendations, int]:
    return entry.name, found, threading.get_ident()


def keep_users(entry: ModelEntry, found: SimilarUsers) -> tuple[str, SimilarUsers, int]:
    return entry.name, found, threading.get_ident()


def keep_pairs(entry: ModelEntry, found: Predictions) -> tuple[str, Predictions, int]:
    return entry.name, found, threading.get_ident()


def bare(*users: int) -> list[dict[str, Any]]:
    return [{"visitorid": user} for user in users]


async def test_small_queries_that_arrive_together_are_one_call(
    watched: Watched, service: LoadedModels
) -> None:
    queries = [RecommendQuery(bare(KNOWN + number), k=5) for number in range(BATCH_ROWS)]
    answers = await asyncio.gather(*(watched.engine.recommend(each, keep) for each in queries))
    assert watched.calls == 1
    assert watched.counted("recommender_users_total", "similarity_model") == BATCH_ROWS
    for query, (name, found, thread) in zip(queries, answers, strict=True):
        entry, expected = service.recommend(query)
        assert (name, found) == (entry.name, expected)
        assert thread == threading.get_ident()


async def test_queries_of_different_kinds_are_not_one_call(watched: Watched) -> None:
    queries = [
        RecommendQuery(bare(KNOWN), k=5),
        RecommendQuery(bare(KNOWN), k=6),
        RecommendQuery(bare(KNOWN), k=5, exclude_known=False),
        RecommendQuery(bare(KNOWN), k=5, choice="ranking"),
        RecommendQuery(bare(KNOWN), k=5, choice="ranking", side_data_defaults=False),
    ]
    await asyncio.gather(*(watched.engine.recommend(each, keep) for each in queries))
    assert watched.calls == len(queries)


async def test_a_bad_query_does_not_harm_those_it_is_with(watched: Watched) -> None:
    good = RecommendQuery(bare(KNOWN))
    bad = RecommendQuery([{"visitorid": KNOWN}, {"visitorid": "nobody"}])
    one, error, other = await asyncio.gather(
        *(watched.engine.recommend(each, keep) for each in (good, bad, good)),
        return_exceptions=True,
    )
    assert one == other
    assert isinstance(error, QueryError)
    assert error.field == "users.1.visitorid"  # its own rows are counted, not the batch's


@pytest.mark.parametrize(
    "query",
    [
        RecommendQuery(bare(*range(INLINE_ROWS + 1)), k=1),
        RecommendQuery(bare(1, 2), k=INLINE_ANSWERS // 2 + 1),
        RecommendQuery(bare(*range(INLINE_ROWS + 1)), k=1, items=[ITEM]),
        RecommendQuery([{"visitorid": KNOWN, "month": 1_000_000}], k=1),
        RecommendQuery(bare(KNOWN), k=1, items=[ITEM] * (INLINE_ITEMS + 1)),
    ],
    ids=["rows", "answers", "restricted", "far outside what was trained", "items"],
)
async def test_large_queries_leave_the_event_loop(
    watched: Watched, service: LoadedModels, query: RecommendQuery
) -> None:
    name, found, thread = await watched.engine.recommend(query, keep)
    assert thread != threading.get_ident()
    assert (name, found) == (service.recommend(query)[0].name, service.recommend(query)[1])


@pytest.mark.parametrize("items", [[], [ITEM]])
async def test_restricted_queries_keep_their_restriction(
    watched: Watched, service: LoadedModels, items: list[int]
) -> None:
    query = RecommendQuery(bare(KNOWN), k=3, items=[ITEM, 355908], exclude=items)
    _, found, _ = await watched.engine.recommend(query, keep)
    assert found == service.recommend(query)[1]


async def test_what_a_query_brings_along_is_for_itself_alone(
    watched: Watched, service: LoadedModels
) -> None:
    seen = Given(interactions=[{"visitorid": 1, "itemid": ITEM}])
    queries = [RecommendQuery(bare(1), k=3), RecommendQuery(bare(1), k=3, given=seen)] * 2
    answers = await asyncio.gather(*(watched.engine.recommend(each, keep) for each in queries))
    assert [answer[1] for answer in answers] == [service.recommend(each)[1] for each in queries]
    assert answers[0][1] == answers[2][1] != answers[1][1] == answers[3][1]
    assert watched.calls == 3, "the two that bring nothing are one call"


@pytest.mark.parametrize("count", [1, INLINE_ROWS + 1, 200])
async def test_baskets(watched: Watched, service: LoadedModels, count: int) -> None:
    request = Current()
    begin(request)
    query = BasketQuery([[{"itemid": ITEM}]] * count, k=4)
    name, found, thread = await watched.engine.recommend_baskets(query, keep_baskets)
    assert (name, found) == ("similarity_model", service.recommend_baskets(query)[1])
    assert (thread == threading.get_ident()) == (count == 1)
    assert watched.counted("recommender_users_total", "similarity_model") == count
    noted = {"model": "similarity_model", "version": "6", "baskets": count, "k": 4}
    assert request.notes == noted


async def test_small_baskets_that_arrive_together_share_a_call(
    watched: Watched, service: LoadedModels
) -> None:
    few = [{"itemid": ITEM}, {"itemid": 355908}]
    plain = BasketQuery([few], k=4)
    pair = BasketQuery([few, {"items": few[:1], "visitorid": KNOWN}], k=4)
    alone = [plain._replace(why=True), plain._replace(items=[ITEM]), plain._replace(k=5)]
    alone += [BasketQuery([few * 11], k=4), plain._replace(exclude_known=False)]
    queries = [plain, pair, *alone]
    ask = watched.engine.recommend_baskets
    answers = await asyncio.gather(*(ask(each, keep_baskets) for each in queries))
    assert [found for _, found, _ in answers] == [
        service.recommend_baskets(each)[1] for each in queries
    ]
    assert watched.calls == 1 + len(alone)


async def test_a_wrong_basket_spoils_no_other(watched: Watched, service: LoadedModels) -> None:
    queries = [BasketQuery([[{"itemid": item}]], k=4) for item in (ITEM, "x", 355908)]
    asked = (watched.engine.recommend_baskets(each, keep_baskets) for each in queries)
    first, error, last = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(error, QueryError)
    assert error.path == ("baskets", 0, 0, "itemid")
    for query, answer in ((queries[0], first), (queries[2], last)):
        assert isinstance(answer, tuple)
        assert answer[1] == service.recommend_baskets(query)[1]


@pytest.mark.parametrize("count", [1, INLINE_ROWS + 1])
async def test_similar_items(watched: Watched, service: LoadedModels, count: int) -> None:
    query = SimilarQuery([ITEM] * count, k=4)
    name, found, thread = await watched.engine.similar_items(query, keep_similar)
    assert (name, found) == ("similarity_model", service.similar_items(query)[1])
    assert (thread == threading.get_ident()) == (count == 1)


@pytest.mark.parametrize("count", [1, INLINE_ROWS + 1])
async def test_similar_users(watched: Watched, service: LoadedModels, count: int) -> None:
    query = SimilarUsersQuery([*[KNOWN] * (count - 1), 28868], k=4)
    name, found, thread = await watched.engine.similar_users(query, keep_users)
    assert (name, found) == ("ranking_factorization_model", service.similar_users(query)[1])
    assert (thread == threading.get_ident()) == (count == 1)
    assert watched.calls == 1


@pytest.mark.parametrize("count", [1, 1000])
@pytest.mark.parametrize("why", [False, True])
async def test_predictions(
    watched: Watched, service: LoadedModels, count: int, *, why: bool
) -> None:
    pairs = [{"visitorid": KNOWN + number % 7, "itemid": ITEM} for number in range(count)]
    query = PredictQuery(pairs, why=why)
    name, found, thread = await watched.engine.predict(query, keep_pairs)
    assert (name, found) == ("ranking_factorization_model", service.predict(query)[1])
    assert (found.why is not None) == why
    assert (thread == threading.get_ident()) == (count == 1)


async def test_errors_of_later_pieces_name_their_rows(watched: Watched) -> None:
    pairs = [{"visitorid": KNOWN, "itemid": ITEM}] * 999 + [{"visitorid": KNOWN, "itemid": "x"}]
    with pytest.raises(QueryError, match=r"^pairs\.999\.itemid: "):
        await watched.engine.predict(PredictQuery(pairs), keep_pairs)
    users: list[Any] = [*[KNOWN] * 30, "x"]
    with pytest.raises(QueryError, match=r"^users\.30: "):
        await watched.engine.similar_users(SimilarUsersQuery(users), keep_users)


@pytest.mark.parametrize("count", [1, INLINE_ROWS + 1])
async def test_why_is_told_apart_from_what_is_answered_together(
    watched: Watched, service: LoadedModels, count: int
) -> None:
    plain = RecommendQuery(bare(*[KNOWN] * count), k=2)
    told = plain._replace(why=True)
    asked = (watched.engine.recommend(each, keep) for each in (plain, told, plain))
    answers = [found for _, found, _ in await asyncio.gather(*asked)]
    assert [found.rankings[0].why is None for found in answers] == [True, False, True]
    assert answers[1] == service.recommend(told)[1]
    assert list(answers[1].rows()) == list(answers[0].rows())


@pytest.mark.parametrize("count", [1, 1000])
async def test_the_log_line_of_pairs_and_of_similar_users(watched: Watched, count: int) -> None:
    request = Current()
    begin(request)
    pairs = [{"visitorid": KNOWN, "itemid": ITEM}] * count
    await watched.engine.predict(PredictQuery(pairs), keep_pairs)
    who = {"model": "ranking_factorization_model", "version": "1"}
    assert request.notes == {**who, "pairs": count}
    request = Current()
    begin(request)
    await watched.engine.similar_users(SimilarUsersQuery([KNOWN], k=3), keep_users)
    assert request.notes == {**who, "users": 1, "k": 3}


async def test_a_slow_model_never_works_on_the_event_loop(service: LoadedModels) -> None:
    """As the catalogue of a large shop makes it: a few items take as long as many users."""
    slow = Pace(INLINE_SECONDS * 1.1, INLINE_SECONDS * 1.1)
    slots = {role: slot.serving(service.need(role), slow) for role, slot in service.slots.items()}
    engine = Watched(LoadedModels(slots, service.defaults, service.shown)).engine
    similar = SimilarQuery([ITEM], k=4, role="ranking")
    answers = [
        (await engine.similar_items(similar, keep_similar))[1:],
        (await engine.recommend(RecommendQuery(bare(KNOWN), k=4), keep))[1:],
    ]
    assert all(thread != threading.get_ident() for _, thread in answers)
    assert answers[0][0] == service.similar_items(similar)[1]


@pytest.mark.parametrize("rows", [1, INLINE_ROWS + 1])
async def test_the_log_line_says_who_answered(watched: Watched, rows: int) -> None:
    request = Current()
    begin(request)
    cold = 987654321
    query = RecommendQuery(bare(*[KNOWN] * (rows - 1), cold), k=3)
    await watched.engine.recommend(query, keep)
    assert request.notes == {
        "model": "similarity_model",
        "version": "6",
        "users": rows,
        "k": 3,
        "cold": 1,
    }
    assert watched.counted("recommender_cold_users_total", "similarity_model") == 1


@pytest.mark.parametrize("is_long", [False, True])
async def test_a_long_query_is_priced_in_a_turn_of_its_own(
    service: LoadedModels, monkeypatch: pytest.MonkeyPatch, *, is_long: bool
) -> None:
    turns = Turns(0.0)
    watched = Watched(service, turns=turns)
    rounds: list[str] = []

    def price(*given: Any) -> Price:
        rounds.append("priced")
        return price_of_recommend(*given)

    monkeypatch.setattr(engine, "price_of_recommend", price)
    request = Current()
    request.is_long = is_long
    begin(request)
    await turns.take("")  # as the entrance does for the body
    rounds.append("parsed")
    asyncio.get_running_loop().call_soon(rounds.append, "next round")
    await watched.engine.recommend(RecommendQuery(bare(KNOWN), k=5), keep)
    assert rounds.index("priced") == (2 if is_long else 1)


async def test_too_many_answers_are_refused_before_any_work(service: LoadedModels) -> None:
    watched = Watched(service, max_answers=20)
    await watched.engine.recommend(RecommendQuery(bare(1, 2), k=10), keep)
    for asked in (
        watched.engine.recommend(RecommendQuery(bare(1, 2, 3), k=7), keep),
        watched.engine.similar_items(SimilarQuery([1, 2, 3], k=7), keep_similar),
    ):
        with pytest.raises(
            QueryError, match=r"k: 21 answers \(3 rows times 7\) are more than 20 \(MAX_ANSWERS\)"
        ):
            await asked
    assert watched.calls == 1


STRANGER = 987654321


def by_figures(service: LoadedModels) -> LoadedModels:
    """Return the sample models, of which ranking is best for those whom it knows well."""
    values: dict[Role, Values] = {
        "similarity": {"unknown": 0.2, "light": 0.2, "known": 0.1},
        "ranking": {"unknown": 0.1, "light": 0.1, "known": 0.2},
    }
    slots = {
        role: replace(
            slot, entry=replace(service.need(role), training=read(training_with(values[role])))
        )
        for role, slot in service.slots.items()
    }
    return LoadedModels(slots, service.defaults, service.shown, "measured")


async def test_small_queries_for_two_models_are_one_call_of_each(service: LoadedModels) -> None:
    watched = Watched(by_figures(service))
    queries = [RecommendQuery(bare(STRANGER, KNOWN), k=5) for _ in range(4)]
    answers = await asyncio.gather(*(watched.engine.recommend(each, keep) for each in queries))
    assert watched.calls == 2
    alone = [
        service.recommend(RecommendQuery(bare(STRANGER), k=5, choice="similarity"))[1],
        service.recommend(RecommendQuery(bare(KNOWN), k=5, choice="ranking"))[1],
    ]
    for name, found, thread in answers:
        assert name == "similarity_model"
        assert found.rankings == [one.rankings[0] for one in alone]
        assert thread == threading.get_ident()


@pytest.mark.parametrize("count", [1, INLINE_ROWS + 1, 200])
async def test_queries_of_all_sizes_are_shared(service: LoadedModels, count: int) -> None:
    watched = Watched(by_figures(service))
    query = RecommendQuery(bare(*[KNOWN, STRANGER] * count), k=2)
    name, found, thread = await watched.engine.recommend(query, keep)
    alone = [
        service.recommend(RecommendQuery(bare(KNOWN), k=2, choice="ranking"))[1],
        service.recommend(RecommendQuery(bare(STRANGER), k=2, choice="similarity"))[1],
    ]
    assert name == "ranking_factorization_model"
    assert found.rankings == [one.rankings[0] for one in alone] * count
    assert (thread == threading.get_ident()) == (count == 1)
    assert watched.counted("recommender_users_total", "similarity_model") == count


async def test_errors_of_a_part_name_the_row_of_the_query(service: LoadedModels) -> None:
    engine = Watched(by_figures(service)).engine
    users = [*bare(STRANGER, KNOWN), {"visitorid": "nobody"}]
    with pytest.raises(QueryError) as caught:
        await engine.recommend(RecommendQuery(users), keep)
    assert caught.value.field == "users.2.visitorid"


async def test_side_data_are_left_out_where_they_mean_nothing(service: LoadedModels) -> None:
    engine = Watched(by_figures(service)).engine
    query = RecommendQuery([{"visitorid": STRANGER, "month": 3}], k=4)
    name, found, _ = await engine.recommend(query, keep)
    bare_query = RecommendQuery(bare(STRANGER), k=4, choice="similarity")
    assert (name, found) == ("similarity_model", service.recommend(bare_query)[1])
