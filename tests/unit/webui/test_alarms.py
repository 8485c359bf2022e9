"""Alarms are derived, each from its cause and gone with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from appliance.directory.reports import AlertNow, Ban, EdgeReport, SyncReportFile, TrunkReport
from appliance.vocabulary import LinkState, PhoneState
from appliance.webui.alarms import Alarm, Certificate, Disk, PhoneFact, Severity, alarms

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
TRUNKS = {"t1": "Operador A", "t2": "Operador B"}


def at(seconds_ago: float) -> str:
    return (NOW - timedelta(seconds=seconds_ago)).isoformat()


EDGE = EdgeReport(at(1), kamailio_up=True, media_up=True, voice_up=True)
SYNC = SyncReportFile(at(1), LinkState.UP, at(600), 7, at(60), "", "", 0, True)


def codes(found: tuple[Alarm, ...]) -> list[str]:
    return [a.code for a in found]


def test_a_healthy_building_has_none() -> None:
    fresh = [PhoneFact("101 Ana", PhoneState.REGISTERED)]
    assert alarms(NOW, EDGE, SYNC, fresh, TRUNKS, Disk(100, 50), [Certificate("b.pem", NOW + timedelta(days=90))]) == ()


def test_one_trunk_down_is_a_warning_and_all_of_them_critical() -> None:
    one = replace(EDGE, trunks=(TrunkReport("t1", LinkState.DOWN, at(90)), TrunkReport("t2", LinkState.UP, at(90))))
    both = replace(EDGE, trunks=tuple(TrunkReport(t, LinkState.DOWN, at(90)) for t in TRUNKS))
    assert alarms(NOW, one, SYNC, (), TRUNKS) == (
        Alarm("trunk-down", Severity.WARNING, "t1", at(90), {"trunk": "Operador A"}),
    )
    assert [a.severity for a in alarms(NOW, both, SYNC, (), TRUNKS)] == [Severity.CRITICAL] * 2


def test_a_carrier_that_refuses_our_registration_is_named_with_its_answer() -> None:
    refused = replace(
        EDGE, trunks=(TrunkReport("t1", LinkState.DOWN, at(90), registration="refused", registration_status=403),)
    )
    (alarm,) = alarms(NOW, refused, SYNC, (), TRUNKS)
    assert (alarm.code, alarm.params) == ("trunk-unregistered", {"trunk": "Operador A", "status": "403"})


def test_a_trunk_that_left_the_directory_is_not_spoken_of() -> None:
    gone = replace(EDGE, trunks=(TrunkReport("old", LinkState.DOWN, at(90)),))
    assert alarms(NOW, gone, SYNC, (), TRUNKS) == ()


@pytest.mark.parametrize(
    ("edge", "code"),
    [
        (replace(EDGE, kamailio_up=False), "engine-down"),
        (replace(EDGE, media_up=False), "media-down"),
        (replace(EDGE, voice_up=False), "voice-down"),
        (replace(EDGE, uncaught=2), "uncaught"),
        (replace(EDGE, bans=(Ban("10.20.0.66", "passwords", at(9)),)), "guesser-banned"),
        (replace(EDGE, bans=(Ban("10.20.0.66", "scan", at(9)),)), "scanner-banned"),
        (replace(EDGE, at=at(16)), "edge-stale"),
        (replace(EDGE, at="nonsense"), "edge-stale"),
        (None, "edge-absent"),
    ],
)
def test_the_edge_tells_of_its_engines_or_is_missed(edge: EdgeReport | None, code: str) -> None:
    assert codes(alarms(NOW, edge, SYNC)) == [code]


@pytest.mark.parametrize(
    ("sync", "code"),
    [
        (replace(SYNC, link=LinkState.DOWN), "central-down"),
        (replace(SYNC, at=at(60)), "sync-stale"),
        (replace(SYNC, error_en="a hole", error_es="un hueco"), "sync-error"),
        (None, "sync-absent"),
    ],
)
def test_the_link_to_the_centre(sync: SyncReportFile | None, code: str) -> None:
    assert codes(alarms(NOW, EDGE, sync)) == [code]


def test_a_building_that_runs_alone_misses_no_centre() -> None:
    assert alarms(NOW, EDGE, None, central_expected=False) == ()
    assert alarms(NOW, EDGE, replace(SYNC, enrolled=False, link=LinkState.DOWN), central_expected=False) == ()


def test_lost_phones_are_named_until_they_are_many() -> None:
    few = [PhoneFact(f"10{i}", PhoneState.LOST) for i in range(3)]
    many = [PhoneFact(f"10{i}", PhoneState.LOST) for i in range(4)]
    assert [a.subject for a in alarms(NOW, EDGE, SYNC, few)] == ["100", "101", "102"]
    assert [(a.code, a.params["count"]) for a in alarms(NOW, EDGE, SYNC, many)] == [("phones-lost", "4")]


def test_with_a_silent_edge_no_phone_is_called_lost() -> None:
    lost = [PhoneFact("101", PhoneState.LOST)]
    assert codes(alarms(NOW, replace(EDGE, at=at(60)), SYNC, lost)) == ["edge-stale"]


def test_unknown_phones_are_a_notice_and_contradicting_ones_a_warning() -> None:
    found = alarms(NOW, EDGE, SYNC, [PhoneFact("a", PhoneState.UNKNOWN), PhoneFact("b", PhoneState.QUARANTINED)])
    assert [(a.code, a.severity) for a in found] == [
        ("phone-quarantined", Severity.WARNING),
        ("phones-unknown", Severity.NOTICE),
    ]


def test_disk_and_certificates_warn_then_cry() -> None:
    def severity(free: int, days: float) -> list[tuple[str, Severity]]:
        expiring = [Certificate("b.pem", NOW + timedelta(days=days))]
        return [(a.code, a.severity) for a in alarms(NOW, EDGE, SYNC, (), {}, Disk(1000, free), expiring)]

    assert severity(101, 22) == []
    assert severity(99, 20) == [("certificate-expiring", Severity.WARNING), ("disk-low", Severity.WARNING)]
    assert severity(29, 2) == [("certificate-expiring", Severity.CRITICAL), ("disk-low", Severity.CRITICAL)]
    assert severity(500, -1) == [("certificate-expired", Severity.CRITICAL)]


def test_silent_processes_are_one_alarm_and_those_of_the_edge_are_its_own() -> None:
    assert codes(alarms(NOW, EDGE, SYNC, silent=["tftp"])) == ["process-silent"]
    found = alarms(NOW, EDGE, SYNC, silent=["tftp", "snmp", "kamailio"])
    assert [(a.code, a.params["processes"]) for a in found] == [("processes-silent", "snmp, tftp")]


def test_the_worst_stands_first() -> None:
    worst = replace(EDGE, kamailio_up=False)
    found = alarms(NOW, worst, replace(SYNC, link=LinkState.DOWN), [PhoneFact("a", PhoneState.UNKNOWN)])
    assert [a.severity for a in found] == [Severity.CRITICAL, Severity.WARNING, Severity.NOTICE]


def told(kind: str, seconds_ago: float, who: str) -> AlertNow:
    return AlertNow(kind, at(seconds_ago), "acme", who, "piso 5")


def test_no_number_of_other_alerts_pushes_an_emergency_off_the_page() -> None:
    later = tuple(told(kind, n, f"{kind} {n}") for kind in ("fraud", "emergency-test") for n in range(20))
    found = alarms(NOW, replace(EDGE, alerts=(*later, told("emergency", 60, "101 Ana"))), SYNC)
    assert (found[0].code, found[0].severity) == ("call-emergency", Severity.CRITICAL)
    assert found[0].params == {"who": "101 Ana", "detail": "piso 5"}
    assert codes(found).count("call-fraud") == codes(found).count("call-emergency-test") == 5


def test_every_emergency_of_the_hour_is_shown_and_older_ones_are_over() -> None:
    calls = tuple(told("emergency", n, str(n)) for n in (*range(10), 3601))
    assert codes(alarms(NOW, replace(EDGE, alerts=calls), SYNC)).count("call-emergency") == 10


def test_an_edge_that_fell_silent_hides_no_emergency() -> None:
    silent = replace(EDGE, at=at(120), alerts=(told("emergency", 130, "101 Ana"),))
    assert set(codes(alarms(NOW, silent, SYNC))) == {"edge-stale", "call-emergency"}
