"""Voicemail on the disk: nothing acknowledged is lost, whatever dies; the centre hears of each thing once."""

import os
import sqlite3
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.directory.local import LocalStore
from appliance.directory.mailboxes import ABANDONED_S, Cipher, Mailboxes
from appliance.ports import SystemChance
from wire.services import Mailbox, MailboxGone, MessageState

BOX = Mailbox("box-ana", "acme", "Ana", person_id="person-ana", max_messages=3)
CIPHER = Cipher(lambda text: f"sealed {text}", lambda text: text.removeprefix("sealed "))


class SetClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SetClock) -> LocalStore:
    return LocalStore(tmp_path / "local.db", clock, SystemChance())


@pytest.fixture
def boxes(tmp_path: Path, clock: SetClock, journal: LocalStore) -> Mailboxes:
    return Mailboxes(tmp_path / "mailboxes", journal, CIPHER, clock)


def wav(seconds: float, length: int | None = None) -> bytes:
    audio = b"\x01\x02" * int(8000 * seconds)
    size = len(audio) if length is None else length
    head = (b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", size)
    return struct.pack("<4sI4s4sIHHIIHH4sI", *head) + audio


def left(boxes: Mailboxes, caller: str = "102") -> str:
    place = boxes.reserve(BOX, caller, "Beto")
    assert place is not None
    place.path.write_bytes(wav(3))
    assert boxes.keep(place.id, 3.0)
    return place.id


def kinds(journal: LocalStore) -> list[str]:
    return [fact.fact for fact in journal.waiting()]


def test_a_kept_message_counts_and_the_centre_hears_of_it_once(boxes: Mailboxes, journal: LocalStore) -> None:
    message_id = left(boxes)
    assert boxes.counts(BOX.id) == (1, 0)
    assert boxes.keep(message_id, 3.0)
    boxes.carry()
    (fact,) = journal.waiting()
    assert (fact.fact, fact.body["caller"], fact.body["duration_ms"]) == ("message_left", "102", 3000)
    assert fact.body["bytes"] == len(wav(3))


def test_what_is_not_kept_is_not_there(boxes: Mailboxes, journal: LocalStore) -> None:
    place = boxes.reserve(BOX, "102", "")
    assert place is not None
    assert boxes.messages(BOX.id) == ()
    boxes.drop(place.id)
    assert not boxes.keep(place.id, 1.0)
    assert (boxes.counts(BOX.id), kinds(journal)) == ((0, 0), [])


def test_a_full_mailbox_takes_no_more(boxes: Mailboxes) -> None:
    ids = [left(boxes) for _ in range(3)]
    assert boxes.reserve(BOX, "102", "") is None
    boxes.mark(ids[0], "deleted")
    assert boxes.reserve(BOX, "102", "") is not None


def test_heard_saved_and_deleted(boxes: Mailboxes, journal: LocalStore) -> None:
    first, second = left(boxes), left(boxes)
    boxes.mark(first, "old")
    boxes.mark(first, "old")
    assert boxes.counts(BOX.id) == (1, 1)
    sound = next(one.path for one in boxes.messages(BOX.id) if one.id == second)
    boxes.mark(second, "deleted")
    assert boxes.counts(BOX.id) == (0, 1)
    assert not sound.exists()
    assert kinds(journal) == ["message_left", "message_left", "message_changed", "message_changed"]


def test_the_edge_learns_which_mailboxes_changed(boxes: Mailboxes) -> None:
    left(boxes)
    mark, changed = boxes.changed_since(0)
    assert changed == (BOX.id,)
    assert boxes.changed_since(mark) == (mark, ())
    boxes.mark(boxes.messages(BOX.id)[0].id, "old")
    assert boxes.changed_since(mark)[1] == (BOX.id,)


def test_a_recording_whose_voice_died_after_it_was_whole_is_kept(boxes: Mailboxes, journal: LocalStore) -> None:
    place = boxes.reserve(BOX, "102", "")
    assert place is not None
    place.path.write_bytes(wav(4))
    assert boxes.recover() == 1
    assert boxes.messages(BOX.id)[0].duration_ms == 4000
    assert kinds(journal) == ["message_left"]


def test_a_recording_whose_engine_died_is_saved_up_to_there(boxes: Mailboxes, clock: SetClock) -> None:
    place = boxes.reserve(BOX, "102", "")
    assert place is not None
    half = place.path.with_name(f".{place.path.name}.part")
    half.write_bytes(wav(6, length=0))
    os.utime(half, (clock.at.timestamp(), clock.at.timestamp()))
    assert boxes.recover() == 0, "it may still be written to"
    clock.at += timedelta(seconds=6)
    assert boxes.recover() == 1
    assert place.path.read_bytes() == wav(6)


def test_a_place_that_nobody_used_is_free_again_in_time(boxes: Mailboxes, clock: SetClock) -> None:
    for _ in range(3):
        assert boxes.reserve(BOX, "102", "") is not None
    assert boxes.recover() == 0
    assert boxes.reserve(BOX, "102", "") is None
    clock.at += timedelta(seconds=ABANDONED_S + 1)
    boxes.recover()
    assert boxes.reserve(BOX, "102", "") is not None


def test_news_that_could_not_be_carried_wait_and_come_once(
    tmp_path: Path, clock: SetClock, boxes: Mailboxes, journal: LocalStore
) -> None:
    """As when the disk is full, or the power goes between the index and the journal."""
    stuck = Mailboxes(tmp_path / "mailboxes", LocalStore(tmp_path, clock, SystemChance()), CIPHER, clock)
    left(stuck)
    assert stuck.counts(BOX.id) == (1, 0)
    assert kinds(journal) == []
    assert stuck.to_upload() == ()
    boxes.recover()
    boxes.recover()
    assert kinds(journal) == ["message_left"]
    assert len(boxes.to_upload()) == 1
    boxes.uploaded(boxes.to_upload()[0].id)
    assert boxes.to_upload() == ()


def test_another_process_sees_the_same(tmp_path: Path, clock: SetClock, boxes: Mailboxes, journal: LocalStore) -> None:
    left(boxes)
    other = Mailboxes(tmp_path / "mailboxes", journal, CIPHER, clock)
    assert other.messages(BOX.id) == boxes.messages(BOX.id)


def test_nobody_but_the_service_reads_what_was_said(tmp_path: Path, boxes: Mailboxes) -> None:
    left(boxes)
    for path in (tmp_path / "mailboxes").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or (tmp_path / "mailboxes").stat().st_mode & 0o077 == 0
    assert (tmp_path / "mailboxes").stat().st_mode & 0o777 == 0o700
    assert boxes.messages(BOX.id)[0].path.stat().st_mode & 0o777 == 0o600


# PIN, lock and greeting -----------------------------------------------------------------------------------------------


def test_three_wrong_pins_lock_for_five_minutes_over_restarts(
    tmp_path: Path, boxes: Mailboxes, clock: SetClock, journal: LocalStore
) -> None:
    assert [boxes.wrong_pin(BOX, "102") for _ in range(3)] == [False, False, True]
    again = Mailboxes(tmp_path / "mailboxes", journal, CIPHER, clock)
    assert again.locked(BOX.id)
    clock.at += timedelta(minutes=5, seconds=1)
    assert not again.locked(BOX.id)
    assert kinds(journal) == ["mailbox_locked"]


def test_a_right_pin_forgets_the_wrong_ones(boxes: Mailboxes) -> None:
    boxes.wrong_pin(BOX, "102")
    boxes.wrong_pin(BOX, "102")
    boxes.right_pin(BOX.id)
    assert not boxes.wrong_pin(BOX, "102")


def test_a_pin_set_by_phone_counts_at_once_until_the_centre_has_it(boxes: Mailboxes, journal: LocalStore) -> None:
    old = replace(BOX, pin_hash="old")
    boxes.set_pin(old, "new")
    assert boxes.as_owned(old).pin_hash == "new"
    (fact,) = journal.waiting()
    assert fact.body["pin_hash"] == "sealed new"
    here = replace(BOX, pin_hash="new", stamps=f"pin_hash={fact.hlc}")
    assert boxes.as_owned(here).pin_hash == "new"
    reset = replace(BOX, pin_hash="by an administrator", stamps=f"pin_hash={fact.hlc[:-1]}~")
    assert boxes.as_owned(reset).pin_hash == "by an administrator"


def test_the_pin_is_sealed_on_the_disk(tmp_path: Path, boxes: Mailboxes) -> None:
    boxes.set_pin(BOX, "scrypt$x$y")
    rows = sqlite3.connect(tmp_path / "mailboxes" / "index.db").execute("SELECT value FROM own").fetchall()
    assert rows == [("sealed scrypt$x$y",)]


def test_a_greeting_by_phone_takes_over_whole(boxes: Mailboxes, journal: LocalStore) -> None:
    assert boxes.by_phone(BOX.id, "custom", "") is None
    draft = boxes.draft_path(BOX.id)
    draft.write_bytes(wav(2))
    assert boxes.keep_greeting(BOX, "custom", draft)
    assert boxes.as_owned(BOX).greeting == "custom"
    assert boxes.greeting_path(BOX.id, "custom").read_bytes() == wav(2)
    assert not boxes.keep_greeting(BOX, "custom", Path("/etc/passwd"))
    assert kinds(journal) == ["greeting_chosen"]


def test_a_greeting_by_phone_is_owed_to_the_centre_and_counts_until_the_centre_has_a_later_one(
    boxes: Mailboxes, journal: LocalStore, clock: SetClock
) -> None:
    def record() -> str:
        draft = boxes.draft_path(BOX.id)
        draft.write_bytes(wav(2))
        assert boxes.keep_greeting(BOX, "away", draft)
        return journal.waiting()[-1].hlc

    before = at(clock, -1)
    first = record()
    path = boxes.greeting_path(BOX.id, "away")
    assert [boxes.by_phone(BOX.id, "away", stamp) for stamp in ("", before, first)] == [path, path, None]
    (owed,) = boxes.greetings_to_upload()
    assert (owed.mailbox_id, owed.greeting, owed.stamp, owed.path) == (BOX.id, "away", first, path)
    clock.at += timedelta(seconds=5)
    record()
    boxes.greeting_uploaded(owed)
    (later,) = boxes.greetings_to_upload()
    assert later.stamp > first, "what was recorded during the upload still waits"
    boxes.greeting_uploaded(later)
    boxes.choose_greeting(BOX, "default")
    assert not boxes.greetings_to_upload()
    assert boxes.by_phone(BOX.id, "away", at(clock, 1)) is None
    assert boxes.by_phone(BOX.id, "default", "") is None


def test_a_greeting_by_phone_counts_before_the_journal_has_it(
    tmp_path: Path, boxes: Mailboxes, clock: SetClock
) -> None:
    stuck = Mailboxes(tmp_path / "mailboxes", LocalStore(tmp_path, clock, SystemChance()), CIPHER, clock)
    draft = stuck.draft_path(BOX.id)
    draft.write_bytes(wav(2))
    assert stuck.keep_greeting(BOX, "custom", draft)
    assert stuck.by_phone(BOX.id, "custom", at(clock, 60)) is not None
    assert not stuck.greetings_to_upload()


# A mailbox that was deleted -------------------------------------------------------------------------------------------


GONE = MailboxGone("gone", BOX.account_id, "casa", BOX.id)


def test_nothing_is_left_of_a_mailbox_that_was_deleted_at_the_centre(
    tmp_path: Path, boxes: Mailboxes, journal: LocalStore
) -> None:
    left(boxes)
    draft = boxes.draft_path(BOX.id)
    draft.write_bytes(wav(2))
    boxes.keep_greeting(BOX, "custom", draft)
    boxes.draft_path(BOX.id).write_bytes(wav(1))
    boxes.set_pin(BOX, "new")
    other = boxes.reserve(replace(BOX, id="box-beto"), "101", "Ana")
    assert other
    other.path.write_bytes(wav(3))
    boxes.keep(other.id, 3.0)
    mark, _ = boxes.changed_since(0)
    assert boxes.clear(GONE)
    files = [p for p in (tmp_path / "mailboxes").rglob("*") if p.suffix in (".wav", ".part")]
    assert files == [other.path]
    assert (boxes.messages(BOX.id), boxes.as_owned(BOX)) == ((), BOX)
    assert boxes.changed_since(mark)[1] == (BOX.id,), "the lamp goes out"
    assert kinds(journal)[-1] == "mailbox_cleared"
    assert boxes.messages("box-beto")


def test_a_message_that_is_being_left_in_a_deleted_mailbox_goes_when_it_is_whole(
    boxes: Mailboxes, journal: LocalStore
) -> None:
    place = boxes.reserve(BOX, "102", "Beto")
    assert place
    assert not boxes.clear(GONE)
    assert not kinds(journal)
    place.path.write_bytes(wav(3))
    assert boxes.keep(place.id, 3.0)
    assert boxes.clear(GONE)
    assert not place.path.exists()
    assert not boxes.messages(BOX.id)


# What the owner did at the centre -------------------------------------------------------------------------------------


def order(message_id: str, state: str, stamp: str) -> MessageState:
    return MessageState(message_id, BOX.account_id, "casa", BOX.id, state, stamp)


def at(clock: SetClock, seconds: float) -> str:
    return f"{int((clock.at.timestamp() + seconds) * 1000):013d}-0000-centre"


def test_what_was_read_and_deleted_at_the_centre_is_so_here_and_told_of_once(
    boxes: Mailboxes, journal: LocalStore, clock: SetClock
) -> None:
    read, gone = left(boxes), left(boxes)
    sound = next(one.path for one in boxes.messages(BOX.id) if one.id == gone)
    mark, _ = boxes.changed_since(0)
    for _ in range(2):
        boxes.obey((order(read, "old", at(clock, 1)), order(gone, "deleted", at(clock, 2))))
    assert [(one.id, one.state) for one in boxes.messages(BOX.id)] == [(read, "old")]
    assert not sound.exists()
    assert boxes.changed_since(mark)[1] == (BOX.id,), "the lamp looks again"
    told = [fact.body for fact in journal.waiting() if fact.fact == "message_obeyed"]
    assert [(t["message_id"], t["stamp"]) for t in told] == [(read, at(clock, 1)), (gone, at(clock, 2))]


def test_an_act_by_phone_that_was_later_stays_and_a_deletion_stays_always(
    boxes: Mailboxes, journal: LocalStore, clock: SetClock
) -> None:
    kept, gone = left(boxes), left(boxes)
    boxes.mark(kept, "old")
    boxes.mark(gone, "deleted")
    boxes.obey((order(kept, "new", at(clock, -60)), order(gone, "old", at(clock, 60))))
    assert [(one.id, one.state) for one in boxes.messages(BOX.id)] == [(kept, "old")]
    boxes.obey((order(kept, "new", at(clock, 60)),))
    boxes.mark(kept, "old")
    last = [fact.body for fact in journal.waiting() if fact.fact == "message_changed"][-1]
    assert last["stamp"] > at(clock, 60), "who heard of the centre's act acts after it, whatever the clocks say"


def test_an_order_that_cannot_be_told_of_is_obeyed_again(
    tmp_path: Path, clock: SetClock, boxes: Mailboxes, journal: LocalStore
) -> None:
    message = left(boxes)
    stuck = Mailboxes(tmp_path / "mailboxes", LocalStore(tmp_path, clock, SystemChance()), CIPHER, clock)
    with pytest.raises((OSError, sqlite3.Error)):
        stuck.obey((order(message, "deleted", at(clock, 1)),))
    boxes.obey((order(message, "deleted", at(clock, 1)),))
    assert boxes.messages(BOX.id) == ()
    assert "message_obeyed" in kinds(journal)
