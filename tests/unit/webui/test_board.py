"""What is gathered for the page, and how it is searched, named and written."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from appliance.directory.phoneboard import PhoneRow
from appliance.directory.reports import CallNow, EdgeReport, TrunkReport
from appliance.vocabulary import LinkState, PhoneState
from appliance.webui.board import (
    ReportState,
    call_lines,
    make_and_model,
    phone_lines,
    phone_name,
    report_state,
    select,
    trunk_lines,
)
from appliance.webui.format import Format, duration, zone_of
from wire.rows import Trunk

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
ROWS = (
    PhoneRow("001565aa0101", PhoneState.REGISTERED, "yealink", "T46S", "101 Ana", "Acme", "101", "Ana Núñez"),
    PhoneRow("8843e1aa0201", PhoneState.LOST, "cisco_spa", "SPA504G", "", "Bravo", "101", "Carla O'Hara"),
    PhoneRow("805ec0a1b2c3", PhoneState.UNKNOWN, "yealink", "T42S", address="10.20.0.71"),
)


@pytest.mark.acceptance("J-4")
def test_a_phone_is_named_by_its_label_never_by_its_person() -> None:
    assert [phone_name(r) for r in ROWS] == ["101 Ana", "101", "Yealink T42S · A1B2C3"]
    assert phone_name(PhoneRow("aabbccddeeff", PhoneState.UNKNOWN)) == "SIP · DDEEFF"


@pytest.mark.parametrize(
    ("family", "model", "said"),
    [
        ("cisco_spa", "SPA504G", "Cisco SPA504G"),
        ("yealink", "T46S", "Yealink T46S"),
        ("", "", ""),
        ("cisco_spa", "", "Cisco SPA"),
    ],
)
def test_make_and_model(family: str, model: str, said: str) -> None:
    assert make_and_model(family, model) == said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("acme 101", ["001565aa0101"]),
        ("101", ["001565aa0101", "8843e1aa0201"]),
        ("80:5E:C0", ["805ec0a1b2c3"]),
        ("805e-c0a1", ["805ec0a1b2c3"]),
        ("10.20.0.71", ["805ec0a1b2c3"]),
        ("cisco", ["8843e1aa0201"]),
        ("núñez", []),
        ("", [r.mac for r in ROWS]),
    ],
)
def test_phones_are_found_by_what_the_page_shows_of_them(text: str, found: list[str]) -> None:
    assert [p.mac for p in select(phone_lines(ROWS, {}, NOW), text)] == found


def test_phones_are_found_by_state() -> None:
    assert [p.mac for p in select(phone_lines(ROWS, {}, NOW), "", PhoneState.LOST)] == ["8843e1aa0201"]


@pytest.mark.acceptance("J-4")
def test_calls_now_show_no_outside_number() -> None:
    call = CallNow("c", "a", "outbound", "101", "+525512345678", "national", NOW.isoformat(), "", "ringing")
    assert [(c.caller, c.destination) for c in call_lines([call], None)] == [("101", "+52 •••• 5678")]


def test_a_trunk_is_not_known_to_be_up_from_an_old_report() -> None:
    trunk = Trunk("t", "s", "Operador", "carrier", "10.0.0.1")
    edge = EdgeReport(NOW.isoformat(), trunks=(TrunkReport("t", LinkState.UP, NOW.isoformat(), 12.0),))
    assert trunk_lines([trunk], edge, True)[0].state is LinkState.UP
    assert trunk_lines([trunk], edge, False)[0].state is LinkState.UNKNOWN


def test_reports_grow_old() -> None:
    assert report_state(None, NOW) is ReportState.ABSENT
    assert report_state("2026-11-22T17:59:50+00:00", NOW) is ReportState.FRESH
    assert report_state("2026-11-22T17:59:40+00:00", NOW) is ReportState.STALE


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-22T17:59:50+00:00", "11:59:50"),
        ("2026-11-21T17:59:50+00:00", "21 nov 11:59"),
        ("2025-11-21T17:59:50Z", "21 nov 2025 11:59"),
        ("", "—"),
        ("nonsense", "—"),
    ],
)
def test_times_are_the_buildings(at: str, said: str) -> None:
    assert Format("es", ZoneInfo("America/Mexico_City"), NOW).time(at) == said


def test_an_unknown_time_zone_is_utc() -> None:
    assert zone_of("Mars/Olympus") is UTC
    assert zone_of("../../etc/passwd") is UTC


def test_durations() -> None:
    assert [duration(ms) for ms in (0, 61_000, 3_723_000, -5)] == ["0:00", "1:01", "1:02:03", "0:00"]
