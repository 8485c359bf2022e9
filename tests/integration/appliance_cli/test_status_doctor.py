"""`conserje status`, `doctor` and `users` on a sample building, as a technician at the box runs them."""

import json
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli import cli
from appliance.directory.reports import Contact, EdgeReport, SyncReportFile, TrunkReport, write_report
from appliance.errors import Problem
from appliance.settings import Paths, Settings
from appliance.vocabulary import LinkState
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows, sip_user

Run = Callable[..., Result]
TEMPLATES = Settings().paths.templates_dir


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run", log_dir=tmp_path / "log"))


@pytest.fixture
def run(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CONSERJE_LANGUAGE", "en")
    paths = settings.paths

    def invoke(*words: str, text: str = "", templates: Path = TEMPLATES, settings_more: str = "") -> Result:
        file = tmp_path / "conserje.toml"
        file.write_text(
            f'[paths]\nstate_dir = "{paths.state_dir}"\nrun_dir = "{paths.run_dir}"\nlog_dir = "{paths.log_dir}"\n'
            f'templates_dir = "{templates}"\n[network]\nvoice_address = "127.0.0.1"\nuplink_address = "127.0.0.1"\n'
            f'voice_subnet = "127.0.0.0/24"\nvoice_interface = "lo"\ndhcp = false\n{settings_more}'
        )
        return CliRunner().invoke(cli, ["--settings", str(file), *words], input=text)

    return invoke


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def report(settings: Settings, **changes: object) -> None:
    contacts = (Contact(sip_user("ana"), "10.20.0.5:5060", "Yealink", "2099-01-01T00:00:00+00:00"),)
    healthy = EdgeReport(now(), contacts, (), (), kamailio_up=True, media_up=True, voice_up=True)
    write_report(settings.paths.reports_dir, replace(healthy, **changes))  # type: ignore[arg-type]
    sync = SyncReportFile(now(), LinkState.UP, now(), 1, now(), "", "", 0, True)
    write_report(settings.paths.reports_dir, sync)


def test_status_says_how_the_building_is(settings: Settings, run: Run) -> None:
    publish_rows(settings, sample_rows())
    report(settings, trunks=(TrunkReport("trunk-carrier", LinkState.UP, now()),))
    done = run("status", "--json")
    said = json.loads(done.stdout)
    assert done.exit_code == 0
    assert said["site"] == "Reforma 222"
    assert said["phones"] == {
        "unknown": 0,
        "pending": 4,
        "provisioned": 0,
        "registered": 1,
        "lost": 0,
        "quarantined": 0,
    }
    assert said["trunks"] == {"Carrier": "up"}
    readable = run("status").output
    assert "Reforma 222 · Copy 1" in readable
    assert "1 registered" in readable


def test_status_fails_when_an_alarm_is_critical(settings: Settings, run: Run) -> None:
    publish_rows(settings, sample_rows())
    report(settings, kamailio_up=False)
    done = run("status")
    assert done.exit_code == 1
    assert "Critical  Kamailio does not answer: no calls." in done.output


def test_status_of_a_building_that_has_nothing_yet_is_no_traceback(run: Run) -> None:
    done = run("status")
    assert done.exception is None or isinstance(done.exception, SystemExit | Problem)
    assert "None yet" in done.output


@pytest.mark.skipif(shutil.which("kamailio", path="/usr/sbin:/usr/bin") is None, reason="kamailio is not installed")
def test_the_doctor_looks_at_everything_and_touches_nothing(settings: Settings, run: Run) -> None:
    publish_rows(settings, sample_rows())
    run("users", "add", "ana", "--role", "viewer")
    before = kept_files(settings)
    done = run("doctor", "--json")
    assert isinstance(done.exception, SystemExit), done.exception
    findings = json.loads(done.stdout)
    by_check: dict[str, list[bool]] = {}
    for f in findings:
        by_check.setdefault(f["check"], []).append(f["ok"])
    assert {"settings", "engine", "directory", "templates", "sounds", "kamailio", "port", "disk", "users"} <= set(
        by_check
    )
    assert all(by_check["kamailio"] + by_check["directory"] + by_check["templates"] + by_check["users"])
    assert all(f["todo"] for f in findings if not f["ok"] and f["check"] == "port")
    assert kept_files(settings) == before


def kept_files(settings: Settings) -> list[Path]:
    """All but what SQLite lays beside a database while somebody reads it."""
    files = (p for p in settings.paths.state_dir.rglob("*") if p.is_file())
    return sorted(p for p in files if not p.name.endswith(("-wal", "-shm")))


def test_the_doctor_says_what_is_wrong_and_what_to_do(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "templates"
    (broken / "acme").mkdir(parents=True)
    (broken / "acme" / "family.toml").write_text("name = [")
    done = run("doctor", templates=broken, settings_more='[central]\nurl = "https://centre.example"\n')
    assert done.exit_code == 1
    for line in ("family.toml", "Nobody can sign in", "has no directory yet", "has no certificate"):
        assert line in done.output
    assert "problem" in done.output


def test_the_first_administrator_gets_a_random_password_shown_once(settings: Settings, run: Run) -> None:
    done = run("users", "add", "admin", "--role", "administrator")
    name, password = done.stdout.strip().splitlines()[0].split(": ")
    assert name == "admin"
    assert len(password) >= 16
    assert password not in run("users", "list").output
    assert "administrator" in run("users", "list").output
    mode = stat.S_IMODE((settings.paths.state_dir / "webui.db").stat().st_mode)
    assert mode == 0o600


def test_a_password_may_come_on_standard_input_and_bad_ones_are_refused(run: Run) -> None:
    assert run("users", "add", "ana", "--role", "viewer", "--password-stdin", text="una frase larga\n").exit_code == 0
    short = run("users", "add", "beto", "--role", "viewer", "--password-stdin", text="corta\n")
    assert isinstance(short.exception, Problem)
    twice = run("users", "add", "ana", "--role", "viewer")
    assert isinstance(twice.exception, Problem)
    assert "There is a user ana already." in twice.exception.text("en")
    assert run("users", "remove", "ana").exit_code == 0
