"""Voicemail in the building: an index of messages (SQLite, several processes) and their sound as files.

Nothing that was acknowledged is lost: a message is reserved in the index before it is recorded, its file is whole and
synced before it is kept, and what the centre is to hear of it is noted in the same transaction (`outbox`) and carried
to the journal under ids made before, so that it gets there once, whatever dies in between. Standard library only.
Folder and files are for the service's own user alone: nobody's page lists or plays them (L-3).
"""

import hashlib
import json
import logging
import os
import sqlite3
import struct
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.directory.local import LocalStore
from appliance.directory.localdb import LocalDatabase
from appliance.ports import Clock
from wire import stamps
from wire.facts import (
    FACT_TYPES,
    Fact,
    GreetingChosen,
    MailboxLocked,
    MessageChanged,
    MessageLeft,
    PinChanged,
)
from wire.services import Greeting, Mailbox

log = logging.getLogger("conserje.mailboxes")

LOCKED_FOR = timedelta(minutes=5)
WRONG_PINS = 3
ABANDONED_S = 900.0
"""A reserved message without a file is given up so long after: no recording lasts as long."""
QUIET_S = 5.0
"""A half-written recording that has not grown for so long has lost its writer."""
SHORTEST_BYTES = 2 * 16_000
_HEADER_BYTES = 44
_SCHEMA = """
CREATE TABLE IF NOT EXISTS message(
    id TEXT PRIMARY KEY, mailbox_id TEXT NOT NULL, account_id TEXT NOT NULL, state TEXT NOT NULL,
    caller TEXT NOT NULL, caller_name TEXT NOT NULL, at TEXT NOT NULL, duration_ms INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0, sha256 TEXT NOT NULL DEFAULT '', uploaded INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS message_mailbox ON message(mailbox_id, state);
CREATE TABLE IF NOT EXISTS change(mailbox_id TEXT PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS lock(mailbox_id TEXT PRIMARY KEY, wrong INTEGER NOT NULL, until TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS own(
    mailbox_id TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, fact_id TEXT NOT NULL,
    hlc TEXT NOT NULL DEFAULT '', PRIMARY KEY (mailbox_id, field));
CREATE TABLE IF NOT EXISTS outbox(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, fact TEXT NOT NULL, body TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Message:
    """A message in a mailbox. `state`: new | old. `at` ISO 8601 UTC."""

    id: str
    mailbox_id: str
    account_id: str
    state: str
    caller: str
    caller_name: str
    at: str
    duration_ms: int
    bytes: int
    sha256: str
    path: Path = field(compare=False)


@dataclass(frozen=True, slots=True)
class Cipher:
    """How a PIN's hash is sealed for the disk, and opened (sealing.SealBox)."""

    seal: Callable[[str], str]
    open: Callable[[str], str]


class Mailboxes(LocalDatabase):
    """One object may serve several threads, several objects several processes."""

    schema = _SCHEMA

    def __init__(self, folder: Path, journal: LocalStore, cipher: Cipher, clock: Clock) -> None:
        super().__init__(folder / "index.db")
        self._folder = folder
        self._journal = journal
        self._cipher = cipher
        self._clock = clock
        for part in (folder, folder / "messages", folder / "greetings"):
            part.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.chmod(0o700)

    # Messages ---------------------------------------------------------------------------------------------------------

    def reserve(self, mailbox: Mailbox, caller: str, caller_name: str) -> Message | None:
        """A place for a message that is about to be recorded at its `path`; None when the mailbox is full."""
        message_id, at = uuid.uuid4().hex, self._now()
        with self._transaction() as connection:
            held = connection.execute("SELECT count(*) FROM message WHERE mailbox_id = ?", (mailbox.id,)).fetchone()[0]
            if held >= mailbox.max_messages:
                return None
            connection.execute(
                "INSERT INTO message(id, mailbox_id, account_id, state, caller, caller_name, at)"
                " VALUES (?, ?, ?, 'recording', ?, ?, ?)",
                (message_id, mailbox.id, mailbox.account_id, caller[:40], caller_name[:80], at),
            )
        return self._one(message_id)

    def keep(self, message_id: str, seconds: float) -> bool:
        """The recording lies whole at its path: the message is in its mailbox from now on. Said twice, nothing more."""
        path = self._audio(message_id)
        try:
            path.chmod(0o600)
            audio = path.read_bytes()
        except OSError:
            return False
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE message SET state = 'new', duration_ms = ?, bytes = ?, sha256 = ?"
                " WHERE id = ? AND state = 'recording'",
                (round(seconds * 1000), len(audio), hashlib.sha256(audio).hexdigest(), message_id),
            ).rowcount
            if changed:
                found = self._one(message_id, connection)
                assert found is not None
                self._touch(connection, found.mailbox_id)
                self._note(
                    connection,
                    f"left-{message_id}",
                    MessageLeft(
                        message_id, found.mailbox_id, found.account_id, found.caller, found.caller_name, found.at,
                        found.duration_ms, found.bytes, found.sha256,
                    ),
                )  # fmt: skip
        self.carry()
        return changed > 0 or self._one(message_id) is not None

    def drop(self, message_id: str) -> None:
        """Nothing was recorded, or too little: the place is free again."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM message WHERE id = ? AND state = 'recording'", (message_id,))
        if self._one(message_id) is None:
            for path in (self._audio(message_id), _half_written(self._audio(message_id))):
                path.unlink(missing_ok=True)

    def mark(self, message_id: str, state: str) -> None:
        """old, new, or deleted: then its sound is gone as well. What is as it was is not told again."""
        with self._transaction() as connection:
            found = self._one(message_id, connection)
            if found is None or found.state in (state, "recording"):
                return
            if state == "deleted":
                connection.execute("DELETE FROM message WHERE id = ?", (message_id,))
            else:
                connection.execute("UPDATE message SET state = ? WHERE id = ?", (state, message_id))
            self._touch(connection, found.mailbox_id)
            fact = MessageChanged(message_id, found.mailbox_id, found.account_id, state, self._now())
            self._note(connection, f"changed-{uuid.uuid4().hex}", fact)
        if state == "deleted":
            found.path.unlink(missing_ok=True)
        self.carry()

    def messages(self, mailbox_id: str) -> tuple[Message, ...]:
        """New and old ones, the oldest first."""
        found = self._connection().execute(
            f"{_SELECT} WHERE mailbox_id = ? AND state IN ('new', 'old') ORDER BY at, id", (mailbox_id,)
        )
        return tuple(self._message(values) for values in found)

    def counts(self, mailbox_id: str) -> tuple[int, int]:
        """How many messages are new, and how many old (RFC 3842)."""
        found = dict(
            self._connection().execute(
                "SELECT state, count(*) FROM message WHERE mailbox_id = ? GROUP BY state", (mailbox_id,)
            )
        )
        return int(found.get("new", 0)), int(found.get("old", 0))

    def changed_since(self, mark: int) -> tuple[int, tuple[str, ...]]:
        """Mailboxes whose counts changed after `mark`, and the mark to ask with next time. The first mark is 0."""
        found = (
            self._connection()
            .execute("SELECT seq, mailbox_id FROM change WHERE seq > ? ORDER BY seq", (mark,))
            .fetchall()
        )
        return (int(found[-1][0]) if found else mark), tuple(mailbox_id for _, mailbox_id in found)

    def to_upload(self, limit: int = 20) -> tuple[Message, ...]:
        """Kept messages whose sound the centre has not got, the oldest first. Their MessageLeft is in the journal."""
        found = self._connection().execute(
            f"{_SELECT} WHERE uploaded = 0 AND state IN ('new', 'old')"  # noqa: S608
            " AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.id = 'left-' || message.id)"
            " ORDER BY at, id LIMIT ?",
            (limit,),
        )
        return tuple(self._message(values) for values in found)

    def uploaded(self, message_id: str) -> None:
        with self._transaction() as connection:
            connection.execute("UPDATE message SET uploaded = 1 WHERE id = ?", (message_id,))

    def recover(self) -> int:
        """After a death: keep what was recorded, free what was not, carry what waits. Returns how many were kept.

        Safe while others record: a file that is whole has its name, one that still grows is left alone.
        """
        kept = 0
        for message_id, at in self._connection().execute("SELECT id, at FROM message WHERE state = 'recording'"):
            path = self._audio(message_id)
            _complete(_half_written(path), path, self._clock.now().timestamp())
            if path.exists():
                seconds = max(0, path.stat().st_size - _HEADER_BYTES) / 16_000
                kept += self.keep(message_id, seconds)
            elif (self._clock.now() - datetime.fromisoformat(at)).total_seconds() > ABANDONED_S:
                self.drop(message_id)
        self.carry()
        return kept

    # PIN and greeting -------------------------------------------------------------------------------------------------

    def as_owned(self, mailbox: Mailbox) -> Mailbox:
        """The row with what its owner changed by phone, until the centre's copy is as new, field by field."""
        theirs = stamps.read(mailbox.stamps)
        changed: dict[str, Any] = {}
        for name, value, hlc in (
            self._connection()
            .execute("SELECT field, value, hlc FROM own WHERE mailbox_id = ?", (mailbox.id,))
            .fetchall()
        ):
            if hlc and theirs.get(name, "") >= hlc:
                with self._transaction() as connection:
                    connection.execute(
                        "DELETE FROM own WHERE mailbox_id = ? AND field = ? AND hlc = ?", (mailbox.id, name, hlc)
                    )
            else:
                changed[name] = self._cipher.open(value) if name == "pin_hash" else value
        return replace(mailbox, **changed)

    def set_pin(self, mailbox: Mailbox, pin_hash: str) -> None:
        """In force at once, and a lock is lifted. `pin_hash` as wire/pins.py makes it."""
        sealed = self._cipher.seal(pin_hash)
        fact = PinChanged(mailbox.id, mailbox.account_id, sealed, self._now())
        self._own(mailbox, "pin_hash", sealed, fact)

    def choose_greeting(self, mailbox: Mailbox, greeting: str) -> bool:
        """False where that greeting has never been recorded."""
        path = self.greeting_path(mailbox.id, greeting)
        recorded = path.exists()
        if (
            greeting != Greeting.DEFAULT
            and not recorded
            and not (greeting == Greeting.CUSTOM and mailbox.greeting_sound_id)
        ):
            return False
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if recorded else ""
        fact = GreetingChosen(mailbox.id, mailbox.account_id, greeting, digest, self._now())
        self._own(mailbox, "greeting", greeting, fact)
        return True

    def greeting_path(self, mailbox_id: str, greeting: str) -> Path:
        """Where a greeting recorded by phone lies, if it was. The id is a digest here: no path is made of texts."""
        return self._folder / "greetings" / f"{_name(mailbox_id)}.{_name(greeting)[:8]}.wav"

    def draft_path(self, mailbox_id: str) -> Path:
        """Where a greeting is recorded before its owner keeps it."""
        return self._folder / "greetings" / f"{_name(mailbox_id)}.draft-{uuid.uuid4().hex}.wav"

    def keep_greeting(self, mailbox: Mailbox, greeting: str, draft: Path) -> bool:
        """A draft becomes the greeting in force: whole at once, while another caller hears the old one to its end."""
        if draft.parent != self._folder / "greetings" or not draft.exists():
            return False
        draft.chmod(0o600)
        draft.replace(self.greeting_path(mailbox.id, greeting))
        _sync_folder(draft.parent)
        return self.choose_greeting(mailbox, greeting)

    def drop_draft(self, draft: Path) -> None:
        if draft.parent == self._folder / "greetings" and ".draft-" in draft.name:
            draft.unlink(missing_ok=True)

    # The lock ---------------------------------------------------------------------------------------------------------

    def locked(self, mailbox_id: str) -> bool:
        found = self._connection().execute("SELECT until FROM lock WHERE mailbox_id = ?", (mailbox_id,)).fetchone()
        return bool(found and found[0] > self._now())

    def wrong_pin(self, mailbox: Mailbox, by: str) -> bool:
        """Count one. True when the mailbox is locked by it; the centre hears of that."""
        now = self._clock.now()
        with self._transaction() as connection:
            found = connection.execute("SELECT wrong FROM lock WHERE mailbox_id = ?", (mailbox.id,)).fetchone()
            wrong = (int(found[0]) if found else 0) + 1
            locks = wrong >= WRONG_PINS
            until = _iso(now + LOCKED_FOR) if locks else ""
            connection.execute(
                "INSERT OR REPLACE INTO lock VALUES (?, ?, ?)", (mailbox.id, 0 if locks else wrong, until)
            )
            if locks:
                fact = MailboxLocked(mailbox.id, mailbox.account_id, by[:40], _iso(now), until)
                self._note(connection, f"locked-{uuid.uuid4().hex}", fact)
        self.carry()
        return locks

    def right_pin(self, mailbox_id: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM lock WHERE mailbox_id = ?", (mailbox_id,))

    # What the centre is to hear ---------------------------------------------------------------------------------------

    def carry(self) -> None:
        """Take what waits in the outbox to the journal. Cut off in between, the next one does it again, to no harm.

        What cannot be carried now (a full disk) waits: the mailbox has changed already.
        """
        connection = self._connection()
        try:
            waiting = connection.execute("SELECT seq, id, fact, body FROM outbox ORDER BY seq").fetchall()
            for seq, fact_id, kind, body in waiting:
                self._journal.append(_fact(kind, body), fact_id)
                hlc = self._journal.hlc_of(fact_id)
                with self._transaction() as writing:
                    writing.execute("UPDATE own SET hlc = ? WHERE fact_id = ? AND hlc = ''", (hlc, fact_id))
                    writing.execute("DELETE FROM outbox WHERE seq = ?", (seq,))
        except (OSError, sqlite3.Error) as refused:
            log.warning("event=mailbox_news_waits why=%s", refused)

    def _own(self, mailbox: Mailbox, name: str, value: str, fact: PinChanged | GreetingChosen) -> None:
        fact_id = f"own-{uuid.uuid4().hex}"
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO own(mailbox_id, field, value, fact_id) VALUES (?, ?, ?, ?)",
                (mailbox.id, name, value, fact_id),
            )
            if name == "pin_hash":
                connection.execute("DELETE FROM lock WHERE mailbox_id = ?", (mailbox.id,))
            self._note(connection, fact_id, fact)
        self.carry()

    def _note(self, connection: sqlite3.Connection, fact_id: str, fact: Fact) -> None:
        body = json.dumps(asdict(fact), ensure_ascii=False)
        connection.execute("INSERT INTO outbox(id, fact, body) VALUES (?, ?, ?)", (fact_id, fact.fact, body))

    def _touch(self, connection: sqlite3.Connection, mailbox_id: str) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO change VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM change))", (mailbox_id,)
        )

    def _one(self, message_id: str, connection: sqlite3.Connection | None = None) -> Message | None:
        chosen = connection or self._connection()
        found = chosen.execute(f"{_SELECT} WHERE id = ?", (message_id,)).fetchone()
        return self._message(found) if found else None

    def _message(self, values: tuple[str, str, str, str, str, str, str, int, int, str]) -> Message:
        return Message(*values, self._audio(values[0]))

    def _audio(self, message_id: str) -> Path:
        return self._folder / "messages" / f"{message_id}.wav"

    def _now(self) -> str:
        return _iso(self._clock.now())


_SELECT = "SELECT id, mailbox_id, account_id, state, caller, caller_name, at, duration_ms, bytes, sha256 FROM message"


def _fact(kind: str, body: str) -> Fact:
    return FACT_TYPES[kind](**json.loads(body))


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _half_written(path: Path) -> Path:
    """What voice's recorder names a file until it is whole."""
    return path.with_name(f".{path.name}.part")


def _complete(half: Path, path: Path, now: float) -> None:
    """A recording whose writer died: what had reached the disk becomes a WAV file, if it is worth hearing."""
    try:
        status = half.stat()
        if now - status.st_mtime < QUIET_S:
            return
        size = (status.st_size - _HEADER_BYTES) // 2 * 2
        if size < SHORTEST_BYTES:
            half.unlink()
            return
        fd = os.open(half, os.O_RDWR)
        try:
            os.ftruncate(fd, _HEADER_BYTES + size)
            os.pwrite(fd, struct.pack("<I", 36 + size), 4)
            os.pwrite(fd, struct.pack("<I", size), 40)
            os.fsync(fd)
        finally:
            os.close(fd)
        half.replace(path)
        _sync_folder(path.parent)
    except FileNotFoundError:
        return


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    with suppress(OSError):
        os.fsync(fd)
    os.close(fd)
