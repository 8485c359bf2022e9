"""`conserje explain` and `conserje calls` over a published directory and the edge's report."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.reports import CallNow, Contact, EdgeReport, TrunkReport, write_report
from appliance.errors import InputProblem
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Paths, Settings
from appliance.sip_edge.commands import calls, explain
from appliance.sip_edge.plan import CallAttempt, FromPhone
from appliance.sip_edge.routing import route
from appliance.vocabulary import LinkState
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows, sip_user
from tests.unit.sip_edge.building import Reachable
from tests.unit.sip_edge.test_cdr import ANSWERED_CALL, record


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    settings = Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run", log_dir=tmp_path / "log"))
    publish_rows(settings, sample_rows())
    return settings


def report(settings: Settings, *people: str, trunk: LinkState = LinkState.UP, age_s: int = 0) -> None:
    now = datetime.now(UTC)
    soon = (now + timedelta(seconds=60)).isoformat()
    contacts = tuple(Contact(sip_user(p), "10.20.0.9:5060", "test", soon) for p in people)
    at = (now - timedelta(seconds=age_s)).isoformat()
    trunks = (TrunkReport("trunk-carrier", trunk, at),)
    now_call = CallNow("c1", "acct-acme", "internal", "101", "102", "internal", at, "", "ringing")
    write_report(settings.paths.reports_dir, EdgeReport(at, contacts, trunks, (now_call,), True, True, True))


def explained(settings: Settings, *words: str) -> dict[str, Any]:
    result = CliRunner().invoke(explain, [*words, "--json"], obj=settings, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    data: dict[str, Any] = json.loads(result.output)
    return data


def refused(settings: Settings, *words: str) -> str:
    with pytest.raises(InputProblem) as problem:
        CliRunner().invoke(explain, list(words), obj=settings, catch_exceptions=False)
    return problem.value.text("en")


@pytest.mark.acceptance("K-5")
def test_explain_says_what_route_decides(site: Settings) -> None:
    report(site, "ana", "beto")
    found = explained(site, "--from", "101", "--to", "5512345678", "--account", "acme", "--language", "es")
    directory = Live(site.paths.live_dir).current()
    attempt = CallAttempt(FromPhone("phone-ana"), "5512345678")
    plan = route(attempt, directory, datetime.now(UTC), Reachable(), site.sip.ring_s)
    assert found["destination"] == plan.destination == "+525512345678"
    assert found["steps"][0]["step"] == "trunk"
    assert found["steps"][0]["user"] == "+525512345678"
    assert [r["text"] for r in found["reasons"]] == [r.text("es") for r in plan.reasons]
    assert found["doubt"] == ""


@pytest.mark.acceptance("K-5")
def test_explain_sees_who_is_registered_and_which_trunk_is_down(site: Settings) -> None:
    report(site, "ana", trunk=LinkState.DOWN)
    inside = explained(site, "--from", "102", "--account", "acme", "--to", "103")
    assert inside["steps"][0]["announcement"] == "not-available"
    outside = explained(site, "--from", "101", "--account", "acme", "--to", "5512345678")
    assert "trunk-down-last-resort" in {r["code"] for r in outside["reasons"]}


@pytest.mark.acceptance("K-5")
def test_explain_takes_a_call_from_a_trunk_and_a_time(site: Settings) -> None:
    report(site, "ana")
    words = ("--from-trunk", "Carrier", "--from", "5215511112222", "--to", "5550000999", "--at", "2026-12-24T23:30")
    found = explained(site, *words)
    assert found["steps"][0]["targets"][0]["phone_id"] == "phone-ana"
    assert found["caller"] == "+525511112222"
    assert found["at"] == "2026-12-24T23:30:00-06:00"


def test_explain_reads_as_lines_for_people_in_both_languages(site: Settings) -> None:
    report(site, "ana")
    for language, sentence in (("es", "Ofrecerla a la troncal Carrier"), ("en", "Offer it to trunk Carrier")):
        words = ["--from", "101", "--account", "Acme", "--to", "015512345678", "--language", language]
        result = CliRunner().invoke(explain, words, obj=site, catch_exceptions=False)
        assert sentence in result.output
        assert "015512345678 → +525512345678" in result.output


def test_an_extension_of_several_companies_must_be_told_apart(site: Settings) -> None:
    says = refused(site, "--from", "101", "--to", "102")
    assert "Acme, S.A. de C.V. (acct-acme)" in says
    assert "Bravo y Asociados (acct-bravo)" in says
    assert "--account" in says
    assert explained(site, "--from", sip_user("carla"), "--to", "102")["account_id"] == "acct-bravo"
    assert explained(site, "--from", "00:15:65:aa:01:01", "--to", "102")["account_id"] == "acct-acme"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--from", "177", "--to", "1"), "no extension 177"),
        (("--from", "101", "--account", "nadie", "--to", "1"), "No company here is called nadie"),
        (("--from-trunk", "nada", "--to", "1"), "no trunk nada"),
        (("--from", "101", "--account", "acme", "--to", "1", "--at", "noon"), "not a date"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(site: Settings, words: tuple[str, ...], part: str) -> None:
    assert part in refused(site, *words)


def test_without_a_fresh_report_explain_says_that_it_guesses(site: Settings) -> None:
    words = ("--from", "101", "--account", "acme", "--to", "102", "--language", "en")
    assert "has not reported" in explained(site, *words)["doubt"]
    report(site, "ana", age_s=120)
    assert "last reported" in explained(site, *words)["doubt"]


def test_calls_shows_calls_now_and_past(site: Settings) -> None:
    report(site, "ana")
    LocalStore(site.paths.local_db, SystemClock(), SystemChance()).append(record(ANSWERED_CALL), id="one")
    result = CliRunner().invoke(calls, ["--json"], obj=site, catch_exceptions=False)
    data = json.loads(result.output)
    assert [c["state"] for c in data["now"]] == ["ringing"]
    assert [(c["cause"], c["talk_ms"]) for c in data["past"]] == [("answered", 60_000)]
    table = CliRunner().invoke(calls, ["--language", "es"], obj=site, catch_exceptions=False).output
    assert "Llamadas ahora" in table
    assert "60 s" in table
