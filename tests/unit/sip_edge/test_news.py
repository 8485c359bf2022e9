"""What calls say beside their course, and what they cost: facts of the journal, settings in force, totals of a day."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.directory.habits import Habit, Habits, laid_over
from appliance.directory.reports import AlertNow
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Paths, Settings
from appliance.sip_edge import news
from appliance.sip_edge.bulletin import Bulletin
from appliance.sip_edge.callfacts import Alerted, Changed, decode, encode
from appliance.sip_edge.costs import Spent, totals
from wire.facts import EmergencyCalled, LimitBreached, PreferenceChanged, ReceptionistOverridden
from wire.prices import cost
from wire.services import Limits, Preferences, Receptionist

CHANGED = Changed("call", "tag", 1_795_000_000_000, "preferences", "person-ana", "acme", "do_not_disturb", "yes")
ALERTED = Alerted(
    "call", "tag", 1_795_000_000_000, "emergency", "acme",
    (("extension", "101"), ("location", "Reforma 222, «piso 5»"), ("callback", "+525550000100")),
)  # fmt: skip
NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize("said", [CHANGED, ALERTED])
def test_news_comes_back_from_its_line_and_has_one_id(said: Changed | Alerted) -> None:
    assert decode(encode(said)) == said
    assert news.fact_id(said, "site") == news.fact_id(said, "site") != news.fact_id(said, "other")


def test_an_alert_becomes_a_fact_with_extension_place_and_time() -> None:
    fact = news.alert_of(ALERTED, "site")
    assert isinstance(fact, EmergencyCalled)
    assert (fact.extension, fact.location, fact.test) == ("101", "Reforma 222, «piso 5»", False)
    assert fact.at.startswith("2026-11-18T")
    fraud = news.alert_of(Alerted("c", "t", 1, "fraud", "acme", (("limit", "hours"),)), "site")
    assert isinstance(fraud, LimitBreached)
    assert news.shown(fraud).kind == "fraud"
    old = news.shown(fact)
    assert news.still_shown((old, old), NOW + timedelta(days=30)) == ()


def test_alerts_that_another_version_noted_are_shown_with_what_is_known_of_them() -> None:
    """After an update, and after its return to the version before."""
    body = asdict(news.alert_of(ALERTED, "site"))
    older = {n: v for n, v in body.items() if n not in ("callback_number", "location")}
    for told, place in ((body | {"floor": "5"}, body["location"]), (older, "")):
        alert = news.shown_body(EmergencyCalled.fact, told)
        assert (alert.kind, alert.subject, alert.detail) == ("emergency", "101", place)


def test_a_setting_changed_here_is_kept_once_and_until_the_centre_has_it(tmp_path: Path) -> None:
    habits = Habits(tmp_path / "local.db", SystemClock(), SystemChance())
    change = news.change_of(CHANGED)
    assert isinstance(change, PreferenceChanged)
    assert habits.change([("one", change)])
    assert not habits.change([("one", change)]), "a spool read twice changes nothing"
    (habit,) = habits.habits()
    row = laid_over(Preferences("person-ana", "acme"), habit)
    assert isinstance(row, Preferences) and row.do_not_disturb
    assert row.stamps == f"do_not_disturb={habit.hlc}"
    assert laid_over(row, habit) is None, "the centre's row is as late"
    assert [e.fact for e in habits.waiting()] == ["preference_changed"]
    habits.acknowledge([], [("one", "no")])
    assert habits.habits() == (), "the centre refused it"


def test_the_later_of_two_writers_of_a_field_wins_and_others_stay() -> None:
    centre = Preferences("p", "a", forward_to="1", call_waiting=False, stamps="forward_to=0002-0000-centre")
    assert laid_over(centre, Habit("preferences", "p", "a", "forward_to", "2", "0001-0000-x")) is None
    later = laid_over(centre, Habit("preferences", "p", "a", "forward_to", "2", "0003-0000-x"))
    assert isinstance(later, Preferences)
    assert (later.forward_to, later.call_waiting) == ("2", False)
    desk = laid_over(Receptionist("r", "a", "R"), Habit("receptionist", "r", "a", "override", "closed", "0001-0000-x"))
    assert isinstance(desk, Receptionist) and desk.override == "closed"
    assert isinstance(
        news.change_of(Changed("c", "t", 1, "receptionist", "r", "a", "override", "open")), ReceptionistOverridden
    )


def call(kind: str, talk_s: int, hours_ago: float = 1, reported: bool = False) -> Spent:
    return Spent("acme", "ana", kind, talk_s * 1000, (NOW - timedelta(hours=hours_ago)).isoformat(), reported)


@pytest.mark.acceptance("Q-6")
def test_a_begun_minute_counts_whole_and_only_calls_that_cost() -> None:
    limits = Limits("acme", "acme", international_per_minute=500, premium_per_minute=1500)
    assert [cost(k, s * 1000, limits) for k, s in (("international", 61), ("premium", 1), ("national", 600))] == [
        1000,
        1500,
        0,
    ]
    found = totals(
        [call("international", 60), call("international", 60, 30), call("premium", 60, 30, reported=True)],
        lambda _: limits,
        "site",
        NOW,
        "America/Mexico_City",
    )
    assert found == {"unreported:acme": 1000, "account:acme": 500, "site:site": 500, "person:ana": 500}


def test_however_many_other_alerts_come_an_emergency_of_the_day_stays() -> None:
    emergency = AlertNow("emergency", "2026-11-23T10:00:00.000+00:00", "acme", "101 Ana", "piso 5")
    later = tuple(AlertNow("fraud", f"2026-11-23T11:{n:02d}:00.000+00:00", "acme", "Ana", str(n)) for n in range(60))
    kept = news.still_shown((emergency, *later), NOW)
    assert emergency in kept
    assert len(kept) == news.MOST_SHOWN + 1
    assert [a.at for a in kept] == sorted((a.at for a in kept), reverse=True)


@pytest.mark.acceptance("J-4")
def test_facility_it_is_told_of_a_limit_without_the_number_that_was_called() -> None:
    said = (("person", "Ana"), ("number", "+14155550100"), ("limit", "calls-person"), ("value", "3"), ("most", "2"))
    told = news.shown(news.alert_of(Alerted("c", "t", 1, "fraud", "acme", said), "site"))
    assert "4155550100" not in f"{told.subject} {told.detail}"


def test_an_emergency_outlives_a_restart_whatever_was_tried_since(tmp_path: Path) -> None:
    settings = Settings(paths=Paths(state_dir=tmp_path))
    now = int(datetime.now(UTC).timestamp() * 1000)
    bulletin = Bulletin(settings)
    bulletin.read([replace(ALERTED, at_ms=now - 60_000)], "site")
    bulletin.read([replace(ALERTED, kind="emergency-test", at_ms=now - n) for n in range(70)], "site")
    for told in (bulletin.alerts(), Bulletin(settings).alerts()):
        kinds = [a.kind for a in told]
        assert kinds.count("emergency") == 1
        assert kinds.count("emergency-test") == news.MOST_SHOWN
