"""Voicemail in the building: an index of messages (SQLite, several processes) and their sound as files.

Nothing that was acknowledged is lost: a message is reserved in the index before it is recorded, its file is whole and
synced before it is kept, and what the centre is to hear of it is noted in the same transaction (`outbox`) and carried
to the journal under ids made before, so that it gets there once, whatever dies in between. Standard library only.
Folder and files are for the service's own user alone: nobody's page lists or plays them (L-3).
"""

import hashlib
import os
import sqlite3
import struct
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from appliance.directory.mailbox_file import Cipher, sync_folder
from appliance.directory.mailbox_owner import OwnedMailboxes
from wire.facts import MailboxCleared, MessageChanged, MessageLeft, MessageObeyed
from wire.messages import DELETED, Standing, merged
from wire.services import Mailbox, MailboxGone, MessageState
from wire.stamps import following

__all__ = ["Cipher", "Mailboxes", "Message"]

ABANDONED_S = 900.0
"""A reserved message without a file is given up so long after: no recording lasts as long."""
QUIET_S = 5.0
"""A half-written recording that has not grown for so long has lost its writer."""
SHORTEST_BYTES = 2 * 16_000
_HEADER_BYTES = 44
NODE = "house"
"""Who acts, in the stamps of messages: a message lies in one building only, so that no two are confused."""


def left_fact(message_id: str) -> str:
    """The id of the MessageLeft of a message, in the journal."""
    return f"left-{message_id}"


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


class Mailboxes(OwnedMailboxes):
    """One object may serve several threads, several objects several processes."""

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
                    left_fact(message_id),
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
            millis = int(self._clock.now().timestamp() * 1000)
            stamp = following(_stamp(connection, message_id), millis, NODE)
            self._becomes(connection, found, Standing(state, stamp))
            fact = MessageChanged(message_id, found.mailbox_id, found.account_id, state, self._now(), stamp)
            self._note(connection, f"changed-{uuid.uuid4().hex}", fact)
        if state == DELETED:
            found.path.unlink(missing_ok=True)
        self.carry()

    def obey(self, orders: Iterable[MessageState]) -> None:
        """What owners did at the centre with messages of this building: done here too, and told of once each.

        Done again it changes nothing. Raises OSError or sqlite3.Error where it cannot be kept: then do it again.
        """
        for order in orders:
            with self._transaction() as connection:
                found = self._one(order.id, connection)
                if found is not None and found.state != "recording":
                    held = Standing(found.state, _stamp(connection, order.id))
                    now = merged(held, Standing(order.state, order.stamp))
                    if now != held:
                        self._becomes(connection, found, now)
            if order.state == DELETED:
                self._audio(order.id).unlink(missing_ok=True)
            told = hashlib.sha256(f"{order.id}/{order.stamp}".encode()).hexdigest()[:32]
            fact = MessageObeyed(order.id, order.mailbox_id, order.account_id, order.stamp)
            self._journal.append(fact, f"obeyed-{told}")

    def clear(self, gone: MailboxGone) -> bool:
        """Nothing of a mailbox that was deleted at the centre is left here, and the centre hears of it.

        False while somebody leaves a message in it: then do it again. Raises OSError or sqlite3.Error.
        """
        held = self._connection().execute("SELECT id, state FROM message WHERE mailbox_id = ?", (gone.mailbox_id,))
        states = dict(held.fetchall())
        for message_id, state in states.items():
            if state != "recording":
                self._audio(message_id).unlink(missing_ok=True)
        self.drop_greetings(gone.mailbox_id)
        with self._transaction() as connection:
            acted = "DELETE FROM acted WHERE message_id IN (SELECT id FROM message WHERE mailbox_id = ?)"
            connection.execute(acted, (gone.mailbox_id,))
            connection.execute(
                "DELETE FROM message WHERE mailbox_id = ? AND state <> 'recording'", (gone.mailbox_id,)
            )
            for table in ("own", "recorded", "lock"):
                connection.execute(f"DELETE FROM {table} WHERE mailbox_id = ?", (gone.mailbox_id,))  # noqa: S608
            self._touch(connection, gone.mailbox_id)
        if "recording" in states.values():
            return False
        self._journal.append(MailboxCleared(gone.mailbox_id, gone.account_id), f"cleared-{uuid.uuid4().hex}")
        return True

    def _becomes(self, connection: sqlite3.Connection, message: Message, now: Standing) -> None:
        if now.state == DELETED:
            connection.execute("DELETE FROM message WHERE id = ?", (message.id,))
            connection.execute("DELETE FROM acted WHERE message_id = ?", (message.id,))
        else:
            connection.execute("UPDATE message SET state = ? WHERE id = ?", (now.state, message.id))
            connection.execute("INSERT OR REPLACE INTO acted VALUES (?, ?)", (message.id, now.stamp))
        self._touch(connection, message.mailbox_id)

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


_SELECT = "SELECT id, mailbox_id, account_id, state, caller, caller_name, at, duration_ms, bytes, sha256 FROM message"


def _stamp(connection: sqlite3.Connection, message_id: str) -> str:
    found = connection.execute("SELECT stamp FROM acted WHERE message_id = ?", (message_id,)).fetchone()
    return str(found[0]) if found else ""


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
        sync_folder(path.parent)
    except FileNotFoundError:
        return
