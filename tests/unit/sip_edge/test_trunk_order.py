"""Which trunks a call may take: by class, day and time, in their order; an emergency takes any."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.directory.model import MemoryDirectory
from appliance.sip_edge.trunk_order import registering, serves, trunks_for
from appliance.vocabulary import CallClass
from wire.rows import Site, Trunk
from wire.services import TrunkUse

MONDAY_NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
"""12:00 in Mexico City."""
ROWS = (
    Site("s", "Torre"),
    Trunk("t-any", "s", "Any", "carrier", "192.0.2.1", priority=10),
    Trunk("t-abroad", "s", "Abroad", "carrier", "192.0.2.2", priority=10, username="u", secret="x"),
    Trunk("t-night", "s", "Night", "gateway", "192.0.2.3", priority=5),
    TrunkUse("t-abroad", "s", classes="international, special", registers=True),
    TrunkUse("t-night", "s", from_minute=22 * 60, to_minute=6 * 60, weekdays="01234"),
)


def ids(call_class: CallClass, now: datetime = MONDAY_NOON) -> list[str]:
    return [t.id for t in trunks_for(MemoryDirectory(ROWS), call_class, now)]


def test_a_trunk_for_a_class_takes_no_other_and_goes_first_for_its_own() -> None:
    assert ids(CallClass.NATIONAL) == ["t-any"]
    assert ids(CallClass.INTERNATIONAL) == ["t-abroad", "t-any"]


def test_an_emergency_may_take_every_trunk_at_any_time() -> None:
    assert set(ids(CallClass.EMERGENCY)) == {"t-any", "t-abroad", "t-night"}


@pytest.mark.parametrize(
    ("hours", "open_"),
    [(0, False), (9.99, False), (10, True), (17.99, True), (18, False), (4 * 24 + 11, True), (5 * 24 + 11, False)],
)
def test_a_trunk_of_the_night_goes_over_midnight_on_its_own_days(hours: float, open_: bool) -> None:
    assert ("t-night" in ids(CallClass.NATIONAL, MONDAY_NOON + timedelta(hours=hours))) is open_


def test_the_early_hours_after_the_last_night_still_belong_to_it() -> None:
    saturday_two = MONDAY_NOON + timedelta(days=4, hours=14)
    sunday_two = MONDAY_NOON + timedelta(days=5, hours=14)
    assert "t-night" in ids(CallClass.NATIONAL, saturday_two)
    assert "t-night" not in ids(CallClass.NATIONAL, sunday_two)


def test_only_a_trunk_with_a_name_registers() -> None:
    directory = MemoryDirectory((*ROWS, TrunkUse("t-any", "s", registers=True)))
    assert [t.id for t in registering(directory, directory.trunks())] == ["t-abroad"]


@given(st.integers(0, 1440), st.integers(0, 1440), st.sampled_from(list(CallClass)), st.datetimes())
def test_any_use_gives_an_answer_and_one_without_limits_is_always_open(
    start: int, end: int, call_class: CallClass, at: datetime
) -> None:
    serves(TrunkUse("t", "s", from_minute=start, to_minute=end, weekdays="0123456"), call_class, at)
    assert serves(TrunkUse("t", "s"), call_class, at)
