"""The file of a building's mailboxes, and what the centre is to hear of them: the ground of mailboxes.py.

A change and the note of it (`outbox`) are one transaction; the note is carried to the journal under an id made before,
so that it gets there once, whatever dies in between. Standard library only.
"""

import json
import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.directory.local import LocalStore
from appliance.directory.localdb import LocalDatabase
from appliance.ports import Clock
from wire.facts import FACT_TYPES, Fact

log = logging.getLogger("conserje.mailboxes")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message(
    id TEXT PRIMARY KEY, mailbox_id TEXT NOT NULL, account_id TEXT NOT NULL, state TEXT NOT NULL,
    caller TEXT NOT NULL, caller_name TEXT NOT NULL, at TEXT NOT NULL, duration_ms INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0, sha256 TEXT NOT NULL DEFAULT '', uploaded INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS message_mailbox ON message(mailbox_id, state);
CREATE TABLE IF NOT EXISTS acted(message_id TEXT PRIMARY KEY, stamp TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS change(mailbox_id TEXT PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS lock(mailbox_id TEXT PRIMARY KEY, wrong INTEGER NOT NULL, until TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS own(
    mailbox_id TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, fact_id TEXT NOT NULL,
    hlc TEXT NOT NULL DEFAULT '', PRIMARY KEY (mailbox_id, field));
CREATE TABLE IF NOT EXISTS recorded(
    mailbox_id TEXT NOT NULL, greeting TEXT NOT NULL, fact_id TEXT NOT NULL, hlc TEXT NOT NULL DEFAULT '',
    uploaded INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (mailbox_id, greeting));
CREATE TABLE IF NOT EXISTS outbox(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, fact TEXT NOT NULL, body TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Cipher:
    """How a PIN's hash is sealed for the disk, and opened (sealing.SealBox)."""

    seal: Callable[[str], str]
    open: Callable[[str], str]


NOTHING_SEALED = Cipher(seal=str, open=str)
"""For who reads nothing that is sealed."""


class MailboxFile(LocalDatabase):
    """Folders, tables and the outbox. For the service's own user alone: nobody's page lists or plays them (L-3)."""

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
                    writing.execute("UPDATE recorded SET hlc = ? WHERE fact_id = ? AND hlc = ''", (hlc, fact_id))
                    writing.execute("DELETE FROM outbox WHERE seq = ?", (seq,))
        except (OSError, sqlite3.Error) as refused:
            log.warning("event=mailbox_news_waits why=%s", refused)

    def _note(self, connection: sqlite3.Connection, fact_id: str, fact: Fact) -> None:
        body = json.dumps(asdict(fact), ensure_ascii=False)
        connection.execute("INSERT INTO outbox(id, fact, body) VALUES (?, ?, ?)", (fact_id, fact.fact, body))

    def _now(self) -> str:
        return iso(self._clock.now())


def _fact(kind: str, body: str) -> Fact:
    return FACT_TYPES[kind](**json.loads(body))


def iso(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    with suppress(OSError):
        os.fsync(fd)
    os.close(fd)
