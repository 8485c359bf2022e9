"""The building's copy: whole or nothing, the last three kept, never a bad one loaded, secrets sealed."""

import gc
import os
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.publish import publish
from appliance.directory.revisions import apply_answer, newest_good, stored
from appliance.directory.sealing import open_box
from appliance.errors import DirectoryProblem, FeedProblem
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Paths, Settings
from tests.lab.directory import publish_rows
from tests.lab.sample import ACME, BRAVO, SITE, sample_rows, sip_secret, sip_user
from wire.facts import PhoneAdopted
from wire.feed import Change, Delete, FeedAnswer, Put, Revision, digest_of_wire, row_to_wire
from wire.rows import Extension, Person, Phone, Row


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run", log_dir=tmp_path / "log"))


def after(rows: tuple[Row, ...], changes: tuple[Change, ...]) -> tuple[Row, ...]:
    state = {(r.kind, r.id): r for r in rows}
    for change in changes:
        if isinstance(change, Put):
            state[(change.row.kind, change.row.id)] = change.row
        else:
            state.pop((change.kind, change.id), None)
    return tuple(state.values())


def revision(rows: tuple[Row, ...], number: int, *changes: Change) -> Revision:
    return Revision(number, digest_of_wire(row_to_wire(r) for r in after(rows, changes)), changes)


def apply(settings: Settings, *revisions: Revision) -> None:
    apply_answer(settings.paths.revisions_dir, open_box(settings.paths.identity_dir), FeedAnswer(SITE, None, revisions))


def test_a_published_building_answers_by_account(settings: Settings) -> None:
    publish_rows(settings, sample_rows())
    directory = Live(settings.paths.live_dir).current()
    ana, carla = directory.extension(ACME, "101"), directory.extension(BRAVO, "101")
    assert ana is not None and carla is not None
    assert (ana.target_id, carla.target_id) == ("person-ana", "person-carla")
    phone = directory.phone_by_sip_user(sip_user("ana"))
    assert phone is not None and phone.sip_secret == sip_secret("ana")
    assert [t.id for t in directory.trunks()] == ["trunk-carrier"]
    assert directory.extension(ACME, "999") is None


def test_a_change_is_seen_at_the_next_look(settings: Settings) -> None:
    rows = sample_rows()
    publish_rows(settings, rows)
    live = Live(settings.paths.live_dir)
    before = live.current()
    apply(settings, revision(rows, 2, Put(Extension("ext-ana", ACME, "110", "person", "person-ana"))))
    publish(settings)
    assert live.current().revision == 2
    assert live.current().extension(ACME, "110") is not None
    assert live.current().extension(ACME, "101") is None
    assert before.extension(ACME, "101") is not None, "a decision under way keeps its revision"


def test_two_people_may_swap_extensions_in_one_revision(settings: Settings) -> None:
    rows = sample_rows()
    publish_rows(settings, rows)
    apply(
        settings,
        revision(
            rows,
            2,
            Delete("extension", "ext-ana"),
            Put(Extension("ext-beto", ACME, "101", "person", "person-beto")),
            Put(Extension("ext-ana", ACME, "102", "person", "person-ana")),
        ),
    )
    publish(settings)
    found = Live(settings.paths.live_dir).current().extension(ACME, "101")
    assert found is not None and found.target_id == "person-beto"


@pytest.mark.parametrize("number", [3, 1])
def test_a_hole_in_the_feed_is_refused_and_the_copy_stays(settings: Settings, number: int) -> None:
    rows = sample_rows()
    publish_rows(settings, rows)
    with pytest.raises(FeedProblem, match="hole"):
        apply(settings, revision(rows, number, Delete("extension", "ext-ana")))
    found = newest_good(settings.paths.revisions_dir)
    assert found is not None and found.number == 1


def test_a_wrong_digest_or_a_clash_changes_nothing(settings: Settings) -> None:
    rows = sample_rows()
    publish_rows(settings, rows)
    good = revision(rows, 2, Delete("extension", "ext-ana"))
    with pytest.raises(FeedProblem, match="state that the centre has"):
        apply(settings, replace(good, digest="0" * 64))
    with pytest.raises(FeedProblem, match="contradicts"):
        apply(settings, revision(rows, 2, Put(Extension("ext-new", ACME, "102", "person", "person-ana"))))
    assert [p.name.split("-")[1] for p in stored(settings.paths.revisions_dir)] == ["000000000001"]


@pytest.mark.acceptance("S-4")
def test_a_corrupt_revision_falls_back_to_the_one_before_and_three_are_kept(settings: Settings) -> None:
    rows = sample_rows()
    publish_rows(settings, rows)
    for number in range(2, 7):
        publish_rows(settings, rows, number)
    kept = stored(settings.paths.revisions_dir)
    assert [int(p.stem.split("-")[1]) for p in kept] == [6, 5, 4]
    kept[0].write_bytes(kept[0].read_bytes()[:-100])
    assert publish(settings) == 5
    kept[1].write_bytes(b"")
    assert publish(settings) == 4


def test_secrets_are_sealed_on_disk_and_open_only_in_memory(settings: Settings) -> None:
    publish_rows(settings, sample_rows())
    for path in settings.paths.state_dir.rglob("*"):
        if path.is_file():
            assert sip_secret("ana").encode() not in path.read_bytes(), path


def test_a_key_of_another_box_is_said(settings: Settings) -> None:
    publish_rows(settings, sample_rows())
    (settings.paths.identity_dir / "seal.key").unlink()
    with pytest.raises(DirectoryProblem, match="key"):
        publish(settings)


def test_nothing_published_is_a_sentence(settings: Settings) -> None:
    with pytest.raises(DirectoryProblem) as caught:
        Live(settings.paths.live_dir).current()
    assert "directorio" in caught.value.text("es-MX")


def test_a_phone_adopted_here_works_at_once_and_yields_to_the_centre(settings: Settings) -> None:
    from appliance.directory.adoption import adopt

    rows = (*sample_rows(), Person("person-nueva", ACME, "Nora", "Vega"))
    publish_rows(settings, rows)
    local = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
    adopt(settings, local, mac="00:15:65:BB:00:01", family="yealink", model="T46S", person_id="person-nueva", by="tec")
    live = Live(settings.paths.live_dir)
    phone = live.current().phone_by_mac("001565bb0001")
    assert phone is not None and len(phone.sip_secret) >= 32
    (fact,) = local.waiting()
    assert fact.fact == PhoneAdopted.fact
    assert phone.sip_secret not in str(fact.body)
    centre = Phone("ph-centre", ACME, SITE, "person-nueva", "001565bb0001", "yealink", "T46S", "p-other", "other")
    publish_rows(settings, (*rows, centre))
    found = live.current().phone_by_mac("001565bb0001")
    assert found is not None and found.sip_user == "p-other"
    assert local.adopted() == ()


def test_the_live_file_is_readable_while_it_is_replaced(settings: Settings) -> None:
    rows = sample_rows()
    publish_rows(settings, rows)
    old = Live(settings.paths.live_dir).current()
    for number in range(2, 6):
        publish_rows(settings, rows, number)
    assert old.person("person-ana") is not None
    with pytest.raises(sqlite3.OperationalError):
        old._connection.execute("DELETE FROM person")


def test_a_copy_that_was_replaced_is_let_go_without_the_garbage_collector(settings: Settings) -> None:
    """Kamailio's workers look for garbage next to never; each copy is a file in memory until nobody holds it."""
    live = Live(settings.paths.live_dir)
    gc.disable()
    try:
        for number in range(1, 5):
            publish_rows(settings, sample_rows(), number)
            assert live.current().person("person-ana") is not None
        held = {os.readlink(one) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()}
    finally:
        gc.enable()
    assert [name for name in held if str(settings.paths.live_dir) in name] == [
        str((settings.paths.live_dir / live.name).resolve())
    ]


def test_a_store_of_local_facts_closes_its_connections_with_itself_and_with_each_thread(settings: Settings) -> None:
    """Each copy that is published opens some of these."""
    path = settings.paths.local_db

    def held() -> int:
        names = (os.readlink(one) for one in Path("/proc/self/fd").iterdir() if one.is_symlink())
        return sum(name.startswith(str(path)) for name in names)

    gc.disable()
    try:
        store = LocalStore(path, SystemClock(), SystemChance())
        store.waiting_count()
        alone = held()
        for _ in range(5):
            thread = Thread(target=store.waiting_count)
            thread.start()
            thread.join()
        # SQLite keeps one of the file itself for the next connection, while another one may hold a lock.
        assert 0 < held() <= alone + 1
        del store
        assert held() == 0
    finally:
        gc.enable()


@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk of its own needs root")
def test_a_full_disk_is_a_sentence_and_the_former_copy_stays(settings: Settings) -> None:
    rows = sample_rows()
    directory = settings.paths.revisions_dir
    directory.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=480k", "tmpfs", str(directory)], check=True)
    try:
        publish_rows(settings, rows)
        change = Put(Person("person-ana", ACME, "A" * 200_000))
        with pytest.raises(FeedProblem) as caught:
            apply(settings, revision(rows, 2, change))
        assert "Libere espacio" in caught.value.text("es-MX")
        found = newest_good(directory)
        assert found is not None and found.number == 1
        assert not list(directory.glob(".writing*"))
    finally:
        subprocess.run(["umount", str(directory)], check=True)
