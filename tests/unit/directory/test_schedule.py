"""The menu of a receptionist at a moment: ranges to the second, holidays, the hand, and summer time where it is."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from appliance.directory.schedule import menu_mode
from wire.services import Holiday, MenuMode, OpenHours, Override, Receptionist

RECEPTIONIST = Receptionist("r1", "acme", "Recepción", schedule_id="s1", timezone="America/Mexico_City")
WEEK = tuple(
    OpenHours(f"h{day}{n}", "acme", "s1", day, *minutes)
    for day in range(5)
    for n, minutes in enumerate(((9 * 60, 14 * 60), (15 * 60 + 15, 18 * 60)))
)
CHRISTMAS = Holiday("x", "acme", "s1", "Navidad", "2026-12-24", "2026-12-25")


def at(text: str, zone: str = "America/Mexico_City") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("moment", "mode"),
    [
        ("2026-11-23T08:59:59", MenuMode.AFTER_HOURS),
        ("2026-11-23T09:00:00", MenuMode.BUSINESS),
        ("2026-11-23T13:59:59", MenuMode.BUSINESS),
        ("2026-11-23T14:00:00", MenuMode.AFTER_HOURS),
        ("2026-11-23T15:14:59", MenuMode.AFTER_HOURS),
        ("2026-11-23T15:15:00", MenuMode.BUSINESS),
        ("2026-11-23T18:00:00", MenuMode.AFTER_HOURS),
        ("2026-11-28T10:00:00", MenuMode.AFTER_HOURS),
        ("2026-12-24T10:00:00", MenuMode.HOLIDAY),
        ("2026-12-25T03:00:00", MenuMode.HOLIDAY),
        ("2026-12-26T10:00:00", MenuMode.AFTER_HOURS),
    ],
)
def test_the_right_menu_to_the_second(moment: str, mode: MenuMode) -> None:
    assert menu_mode(RECEPTIONIST, WEEK, (CHRISTMAS,), at(moment)) is mode


def test_without_a_schedule_it_is_business_all_week() -> None:
    bare = replace(RECEPTIONIST, schedule_id="")
    start = at("2026-11-23T00:07:00")
    assert {menu_mode(bare, (), (), start + timedelta(hours=n)) for n in range(7 * 24)} == {MenuMode.BUSINESS}


@pytest.mark.parametrize(("by_hand", "mode"), [(Override.OPEN, MenuMode.BUSINESS), (Override.CLOSED, "after_hours")])
def test_the_hand_goes_before_all(by_hand: Override, mode: str) -> None:
    told = replace(RECEPTIONIST, override=by_hand)
    assert {menu_mode(told, WEEK, (CHRISTMAS,), at(m)) for m in ("2026-12-24T10:00", "2026-11-23T10:00")} == {mode}


@pytest.mark.parametrize(
    ("zone", "utc", "mode"),
    [  # 09:00 on the wall, in and out of the summer time of 2026
        ("America/Mexico_City", "2026-07-06T14:59:59", MenuMode.AFTER_HOURS),
        ("America/Mexico_City", "2026-07-06T15:00:00", MenuMode.BUSINESS),
        ("America/Mexico_City", "2026-12-07T14:59:59", MenuMode.AFTER_HOURS),
        ("America/Mexico_City", "2026-12-07T15:00:00", MenuMode.BUSINESS),
        ("America/Tijuana", "2026-07-06T15:59:59", MenuMode.AFTER_HOURS),
        ("America/Tijuana", "2026-07-06T16:00:00", MenuMode.BUSINESS),
        ("America/Tijuana", "2026-12-07T16:59:59", MenuMode.AFTER_HOURS),
        ("America/Tijuana", "2026-12-07T17:00:00", MenuMode.BUSINESS),
        ("America/Matamoros", "2026-07-06T14:00:00", MenuMode.BUSINESS),
        ("America/Ojinaga", "2026-12-07T15:00:00", MenuMode.BUSINESS),
        ("America/Cancun", "2026-07-06T14:00:00", MenuMode.BUSINESS),
        ("America/Hermosillo", "2026-07-06T16:00:00", MenuMode.BUSINESS),
        ("America/Mexico_City", "2022-07-04T14:00:00", MenuMode.BUSINESS),  # the last summer that had it
    ],
)
def test_summer_time_only_where_the_law_keeps_it(zone: str, utc: str, mode: MenuMode) -> None:
    assert menu_mode(replace(RECEPTIONIST, timezone=zone), WEEK, (), at(utc, "UTC")) is mode


def test_the_receptionist_has_a_zone_of_its_own_else_the_sites() -> None:
    moment = at("2026-11-23T15:30:00", "UTC")  # 09:30 in Mexico City, 07:30 in Tijuana
    away = replace(RECEPTIONIST, timezone="America/Tijuana")
    assert menu_mode(away, WEEK, (), moment, "America/Mexico_City") is MenuMode.AFTER_HOURS
    unset = replace(RECEPTIONIST, timezone="")
    assert menu_mode(unset, WEEK, (), moment, "America/Mexico_City") is MenuMode.BUSINESS
    assert menu_mode(replace(RECEPTIONIST, timezone="Nowhere/At_all"), WEEK, (), moment) is MenuMode.BUSINESS
