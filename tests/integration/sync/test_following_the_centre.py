"""A building and the real central office over TLS: enrolment, following, falling behind, being refused."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from appliance.directory.live import Live, LiveDirectory
from appliance.directory.local import LocalStore
from appliance.directory.publish import publish
from appliance.directory.reports import SyncReportFile, read_report
from appliance.errors import EnrolmentProblem
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Central, Paths, Settings
from appliance.sync.enrolment import enrol
from appliance.sync.identity import Centre as CentreAddress
from appliance.sync.identity import Identity, new_request
from appliance.vocabulary import LinkState
from central.authority import load_authority
from central.model import FactRecord, FeedRevision, SiteState
from tests.lab.centre import Centre
from tests.lab.directory import publish_rows
from tests.lab.sample import ACME, SITE, sample_rows
from tests.lab.waiting import until
from wire.facts import PhoneSeen
from wire.rows import Extension

SOON_S = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(directory: Path) -> Iterator[Centre]:
    centre = Centre(("127.0.0.1",), directory, port=free_port())
    centre.start()
    try:
        yield centre
    finally:
        centre.stop()


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with served(tmp_path_factory.mktemp("centre")) as started:
        started.load(sample_rows())
        yield started


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    paths = Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run", log_dir=tmp_path / "log")
    return Settings(paths=paths, central=Central(poll_wait_s=2))


def identity(settings: Settings) -> Identity:
    return Identity(settings.paths.identity_dir)


@contextmanager
def following(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The sync process of this building."""
    environment = {
        "CONSERJE_PATHS__STATE_DIR": str(settings.paths.state_dir),
        "CONSERJE_PATHS__RUN_DIR": str(settings.paths.run_dir),
        "CONSERJE_CENTRAL__POLL_WAIT_S": str(settings.central.poll_wait_s),
    }
    argv = [sys.executable, "-m", "appliance.cli", "run", "sync"]
    log = (settings.paths.state_dir.parent / "sync.log").open("ab")
    process = subprocess.Popen(argv, env={**os.environ, **environment}, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait(5)
        log.close()


def in_force(settings: Settings) -> LiveDirectory:
    return Live(settings.paths.live_dir).current()


def report(settings: Settings) -> SyncReportFile:
    found = read_report(settings.paths.reports_dir, SyncReportFile)
    assert found is not None
    return found


def has_extension(settings: Settings, digits: str) -> bool:
    return (settings.paths.live_dir / "current").exists() and in_force(settings).extension(ACME, digits) is not None


def local(settings: Settings) -> LocalStore:
    return LocalStore(settings.paths.local_db, SystemClock(), SystemChance())


@pytest.mark.acceptance("Z-1", "Z-2")
def test_an_enrolled_building_has_a_whole_copy_and_follows_each_edit(centre: Centre, settings: Settings) -> None:
    enrol(identity(settings), centre.url, centre.claim(SITE))
    with following(settings):
        until(lambda: has_extension(settings, "101"), SOON_S, "the first copy is in force")
        for digits in ("151", "152", "101"):
            centre.put(Extension("ext-ana", ACME, digits, "person", "person-ana"))
            until(lambda wanted=digits: has_extension(settings, wanted), 5, f"{digits} rings Ana")  # type: ignore[misc]
        until(lambda: report(settings).link is LinkState.UP, 5, "the link is shown")
        until(lambda: report(settings).revision == in_force(settings).revision, 5, "so is the revision")
        said = report(settings)
    assert said.enrolled
    assert not said.error_en


@pytest.mark.acceptance("Z-1")
def test_a_claim_code_is_good_once_and_a_wrong_one_changes_nothing(
    centre: Centre, settings: Settings, tmp_path: Path
) -> None:
    code = centre.claim(SITE)
    wrong = ("0000-0000-0000" if not code.startswith("0000-0000") else "1111-1111-1111") + code[14:]
    with pytest.raises(EnrolmentProblem) as refused:
        enrol(identity(settings), centre.url, wrong)
    assert refused.value.text("es-MX")
    assert not identity(settings).enrolled
    with pytest.raises(EnrolmentProblem, match="letters and digits"):
        enrol(identity(settings), centre.url, "ABCD")
    enrol(identity(settings), centre.url, code)
    assert identity(settings).enrolled
    thief = Identity(tmp_path / "stolen")
    with pytest.raises(EnrolmentProblem):
        enrol(thief, centre.url, code)
    assert not thief.enrolled


@pytest.mark.acceptance("Z-1")
def test_a_server_that_is_not_the_one_of_the_code_is_sent_nothing(
    centre: Centre, settings: Settings, tmp_path: Path
) -> None:
    code = centre.claim(SITE)
    with served(tmp_path / "impostor") as impostor, pytest.raises(EnrolmentProblem, match="not the one"):
        enrol(identity(settings), impostor.url, code)
    enrol(identity(settings), centre.url, code)
    assert identity(settings).enrolled, "the code was not spent on the impostor"


def test_a_centre_that_is_not_there_is_a_sentence(settings: Settings) -> None:
    with pytest.raises(EnrolmentProblem) as refused:
        enrol(identity(settings), f"https://127.0.0.1:{free_port()}", "K7QM-2XPD-9WHT@6F1C-9A0B-2D3E-4F50")
    assert "código sigue siendo válido" in refused.value.text("es-MX")


@pytest.mark.acceptance("Z-1")
def test_a_revoked_building_is_told_and_keeps_its_last_copy(centre: Centre, settings: Settings) -> None:
    enrol(identity(settings), centre.url, centre.claim(SITE))
    with following(settings):
        until(lambda: has_extension(settings, "101"), SOON_S, "the first copy is in force")
        centre.command("revoke", SITE)
        until(lambda: report(settings).error_en, SOON_S, "the report says why")
        assert report(settings).error_es
        assert has_extension(settings, "101")


def test_an_expired_certificate_is_a_sentence_and_the_copy_stays(centre: Centre, settings: Settings) -> None:
    enrol(identity(settings), centre.url, centre.claim(SITE))
    with following(settings):
        until(lambda: has_extension(settings, "101"), SOON_S, "the first copy is in force")
    authority = load_authority(centre.ca_file.parent)
    key_pem, request_pem = new_request(SITE)
    old = authority.sign_building(request_pem, SITE, datetime.now(UTC) - timedelta(days=400), 30)
    identity(settings).keep(key_pem, old.pem, authority.pem, CentreAddress(centre.url, SITE))
    assert identity(settings).expired(datetime.now(UTC))
    with following(settings):
        said = until(lambda: report(settings).error_en, SOON_S, "the report says why")
        assert "certificate" in said
        assert report(settings).link is LinkState.DOWN
        assert has_extension(settings, "101")


@pytest.mark.acceptance("Z-2")
def test_a_building_ahead_of_the_centre_asks_for_a_whole_copy_and_agrees_again(
    centre: Centre, settings: Settings
) -> None:
    enrol(identity(settings), centre.url, centre.claim(SITE))
    with following(settings):
        until(lambda: has_extension(settings, "101"), SOON_S, "the first copy is in force")
    ahead = in_force(settings).revision + 50
    strange = [replace(r, digits="999") if isinstance(r, Extension) and r.id == "ext-ana" else r for r in sample_rows()]
    publish_rows(settings, strange, ahead)
    with following(settings):
        until(lambda: has_extension(settings, "101"), SOON_S, "the centre's word stands again")
        assert in_force(settings).revision < ahead
        centre.put(Extension("ext-elsa", ACME, "161", "person", "person-elsa"))
        until(lambda: has_extension(settings, "161"), 5, "and edits arrive as before")


def shown(centre: Centre) -> dict[str, Any]:
    """The building as the centre's terminal shows it."""
    (line,) = (s for s in centre.command("status")["sites"] if s["site_id"] == SITE)
    return dict(line)


@contextmanager
def spoilt(centre: Centre) -> Iterator[None]:
    """The newest revision, and a whole copy too, come with another digest than their rows have."""

    def write(digest: str) -> str:
        with centre.office() as office, office.database.writing() as session:
            state = session.get_one(SiteState, SITE)
            feed = session.get_one(FeedRevision, (SITE, state.revision))
            before, state.digest, feed.digest = state.digest, digest, digest
            return before

    true = write("0" * 64)
    yield
    write(true)


@pytest.mark.acceptance("S-5")
def test_a_bad_revision_is_rolled_back_and_the_centre_says_which_when_and_why(
    centre: Centre, settings: Settings
) -> None:
    enrol(identity(settings), centre.url, centre.claim(SITE))
    with following(settings):
        until(lambda: has_extension(settings, "101"), SOON_S, "the first copy is in force")
        until(lambda: shown(centre)["state"] == "applied", SOON_S, "it is shown as applied")
    good = shown(centre)["revision"]
    centre.put(Extension("ext-elsa", ACME, "171", "person", "person-elsa"))
    assert shown(centre)["state"] == "pending"
    assert shown(centre)["modified_at"]
    with spoilt(centre), following(settings):
        told = until(lambda: s if (s := shown(centre))["state"] == "error" else None, SOON_S, "the centre is told")
        assert (told["applied_revision"], told["revision"]) == (good, good + 1)
        assert told["rolled_back"]["revision"] == good + 1
        assert told["rolled_back"]["at"] and str(good + 1) in told["rolled_back"]["reason"]
        assert told["version"]
        assert not has_extension(settings, "171"), "the revision before is in force"
    with following(settings):
        until(lambda: shown(centre)["state"] == "applied", SOON_S, "once it is mended it is applied")
        assert has_extension(settings, "171")
    assert shown(centre)["rolled_back"]["revision"] == good + 1, "that it was is still known"


@pytest.mark.acceptance("S-5")
def test_a_revision_that_rots_on_disk_is_told_as_rolled_back(centre: Centre, settings: Settings) -> None:
    enrol(identity(settings), centre.url, centre.claim(SITE))
    with following(settings):
        until(lambda: has_extension(settings, "101"), SOON_S, "the first copy is in force")
        centre.put(Extension("ext-elsa", ACME, "172", "person", "person-elsa"))
        until(lambda: has_extension(settings, "172"), SOON_S, "and a second one")
    newest = max(settings.paths.revisions_dir.glob("rev-*.db"))
    number = int(newest.name.split("-")[1])
    with newest.open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(b"rot")
    # Whoever starts first finds it; the building goes on with the one before.
    publish(settings)
    assert not has_extension(settings, "172")
    with following(settings):
        until(lambda: has_extension(settings, "172"), SOON_S, "it is fetched anew")
        until(lambda: (shown(centre)["rolled_back"] or {}).get("revision") == number, SOON_S, "the centre is told")
        assert "damaged" in shown(centre)["rolled_back"]["reason"]


@pytest.mark.acceptance("S-3")
def test_facts_made_while_the_centre_is_away_go_up_once(centre: Centre, settings: Settings) -> None:
    enrol(identity(settings), centre.url, centre.claim(SITE))
    store = local(settings)
    at = "2026-11-22T12:00:00.000+00:00"
    seen = [PhoneSeen(f"0015650000{n:02x}", "yealink", "T46S", "1", "10.0.0.9", ("x",), at, at) for n in range(30)]
    with following(settings) as process:
        until(lambda: has_extension(settings, "101"), SOON_S, "the first copy is in force")
        centre.processes.stop("central")
        ids = [store.append(fact) for fact in seen]
        # Killed in the middle of its tries: what it had not heard acknowledged it sends again.
        process.kill()
    with following(settings):
        centre.processes.start_one("central")
        centre.processes.wait_ready(30)
        until(lambda: store.waiting_count() == 0, SOON_S, "the journal is empty")
    with centre.office() as office, office.database.reading() as session:
        kept = session.scalar(select(func.count()).select_from(FactRecord).where(FactRecord.id.in_(ids)))
    assert kept == len(seen)
