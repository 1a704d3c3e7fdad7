"""Roles, and what plays them."""

from __future__ import annotations

from dataclasses import replace

from app.models.loaded import LoadedModels
from app.models.pace import Pace
from app.models.respondents import Respondents
from app.models.roles import Role, assignments, choose
from app.models.slots import Slot
from app.settings import Settings


def test_roles_come_from_the_settings() -> None:
    given = Settings(similarity_model="other", ranking_model="ranking:3")
    similarity, ranking = assignments(given)
    assert (similarity.role, similarity.reference) == ("similarity", "other")
    assert (ranking.role, ranking.variable) == ("ranking", "RECOMMENDER_RANKING_MODEL")
    assert [similarity.is_pinned, ranking.is_pinned] == [False, True]
    assert not similarity.may_be_absent
    assert all(each.may_be_absent for each in assignments(Settings()))


def test_auto_goes_by_side_data() -> None:
    assert choose([]) == "similarity"
    assert choose([{"u": 1}, {"u": 2}]) == "similarity"
    assert choose([{"u": 1}, {"u": 2, "month": None}]) == "ranking"


def test_a_slot_has_a_primary_version_and_room_for_others(service: LoadedModels) -> None:
    primary = service.need("similarity")
    other = replace(primary, version="5")
    slot = Slot("similarity", primary, others={"5": other})
    assert slot.version(None) is primary
    assert slot.version("6") is primary
    assert slot.version("5") is other
    assert slot.version("4") is None
    assert Slot("similarity", None).version("6") is None


def test_a_version_that_serves_is_not_refused_any_more(service: LoadedModels) -> None:
    entry = service.need("similarity")
    slot = Slot("similarity", None, reason="absent").refusing("6", "bad").refusing("7", "worse")
    served = slot.serving(entry, Pace(1.0, 2.0))
    assert (served.entry, served.pace.item_seconds) == (entry, 2.0)
    assert served.reason == ""
    assert served.refused == {"7": "worse"}
    assert slot.refused == {"6": "bad", "7": "worse"}


def test_the_newcomer_role_is_there_where_it_is_set(service: LoadedModels) -> None:
    assert [each.role for each in assignments(Settings())] == ["similarity", "ranking"]
    *_, newcomer = assignments(Settings(newcomer_model="popular"))
    assert (newcomer.role, newcomer.variable) == ("newcomer", "RECOMMENDER_NEWCOMER_MODEL")
    assert newcomer.may_be_absent
    *_, pinned = assignments(Settings(newcomer_model="popular:1"))
    assert not pinned.may_be_absent
    entry = service.need("similarity")
    slots = {**service.slots, "newcomer": Slot("newcomer", entry)}
    models = LoadedModels(slots, {}, service.shown)
    assert models.loaded_roles == ["similarity", "ranking"]
    assert Respondents(slots, models.auto).guest_of("ranking", is_auto=False) == "newcomer"


def test_auto_prefers_a_model_that_can_tell_items_apart(service: LoadedModels) -> None:
    blind = Pace(0.0, 0.0, knows_strangers=False)
    assert Respondents(service.slots, service.auto).guest_of("similarity", is_auto=True) is None
    pairs: list[tuple[Role, Role]] = [("similarity", "ranking"), ("ranking", "similarity")]
    for role, other in pairs:
        slots = {**service.slots, role: replace(service.slots[role], pace=blind)}
        respondents = Respondents(slots, "side-data")
        assert respondents.guest_of(role, is_auto=True) == other
        assert respondents.guest_of(role, is_auto=False) is None
    slots = {role: replace(slot, pace=blind) for role, slot in service.slots.items()}
    assert Respondents(slots, "side-data").guest_of("ranking", is_auto=True) is None
