"""Phones that are to be told to read their files again, or to restart: of each the last wish, and what became of it.

Any process asks; one works the queue (provision/resync_service.py). It outlives a restart of either.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from appliance.directory.localdb import LocalDatabase
from appliance.ports import Clock


class Wish(StrEnum):
    RESYNC = "resync"
    """Read your files again."""
    REBOOT = "reboot"


class Outcome(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    """The NOTIFY is out; its answer is not in."""
    ANSWERED = "answered"
    """By a final status; `status` has it. That the phone took its files is for its fetches to show."""
    SILENT = "silent"
    """Nothing came back, several times."""
    UNNEEDED = "unneeded"
    """It fetched its files by itself before it could be told."""
    GIVEN_UP = "given_up"
    """It never was free and registered, or its family knows no such event; `held_by` says which."""
    CANCELLED = "cancelled"
    """Somebody took the wish back before the phone was told."""


class Cause(StrEnum):
    ASKED = "asked"
    CHANGED = "changed"
    """Its files are not what it last was given."""


@dataclass(frozen=True, slots=True)
class Resync:
    """Times ISO 8601 UTC; empty where it did not happen.

    `held_by`, while it waits: in-a-call | not-registered | edge-silent | no-answer; `wanted`: digest of the files that
    a CHANGED one is to fetch. `status`: SIP's, of the last NOTIFY.
    """

    mac: str
    wish: Wish
    cause: Cause
    by: str
    asked_at: str
    outcome: Outcome = Outcome.WAITING
    held_by: str = ""
    tries: int = 0
    not_before: str = ""
    sent_at: str = ""
    status: int = 0
    wanted: str = ""


def came_back(resync: Resync, last_fetch_at: str) -> str:
    """When the phone was given a file after it was told to read them; empty while it was not (times ISO 8601 UTC)."""
    told = resync.outcome in (Outcome.SENT, Outcome.ANSWERED, Outcome.SILENT) and resync.sent_at
    return last_fetch_at if told and last_fetch_at >= resync.sent_at else ""


_COLUMNS = "mac, wish, cause, by_whom, asked_at, outcome, held_by, tries, not_before, sent_at, status, wanted"


class Resyncs(LocalDatabase):
    """The queue. A row is replaced by a newer wish for its phone; what belongs to a replaced wish is not written."""

    schema = """
CREATE TABLE IF NOT EXISTS resync(
    mac TEXT PRIMARY KEY, wish TEXT NOT NULL, cause TEXT NOT NULL, by_whom TEXT NOT NULL, asked_at TEXT NOT NULL,
    outcome TEXT NOT NULL, held_by TEXT NOT NULL, tries INTEGER NOT NULL, not_before TEXT NOT NULL,
    sent_at TEXT NOT NULL, status INTEGER NOT NULL, wanted TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS resync_outcome ON resync(outcome);
"""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path)
        self._clock = clock

    def ask(self, mac: str, wish: Wish, by: str) -> None:
        """Somebody wants it. A restart that waits already is not made less."""
        now = self._now()
        with self._transaction() as connection:
            connection.execute(
                f"INSERT INTO resync({_COLUMNS}) VALUES (?, ?, ?, ?, ?, 'waiting', '', 0, '', '', 0, '')"  # noqa: S608
                " ON CONFLICT(mac) DO UPDATE SET"
                " wish = CASE WHEN outcome = 'waiting' AND wish = 'reboot' THEN 'reboot' ELSE excluded.wish END,"
                " cause = excluded.cause, by_whom = excluded.by_whom, asked_at = excluded.asked_at,"
                " outcome = 'waiting', held_by = '', tries = 0, not_before = '', sent_at = '', status = 0, wanted = ''",
                (mac, wish, Cause.ASKED, by, now),
            )

    def ask_changed(self, wanted: Iterable[tuple[str, str]], by: str) -> int:
        """(MAC, digest of what it is to fetch) of phones whose files changed. How many were not told of that before.

        A wish of somebody's that waits stands: the phone reads its files for that one too.
        """
        now, new = self._now(), 0
        with self._transaction() as connection:
            for mac, digest in wanted:
                new += connection.execute(
                    f"INSERT INTO resync({_COLUMNS})"  # noqa: S608 - our own words
                    " VALUES (?, 'resync', 'changed', ?, ?, 'waiting', '', 0, '', '', 0, ?)"
                    " ON CONFLICT(mac) DO UPDATE SET"
                    " wish = 'resync', cause = 'changed', by_whom = excluded.by_whom, asked_at = excluded.asked_at,"
                    " outcome = 'waiting', held_by = '', tries = 0, not_before = '', sent_at = '', status = 0,"
                    " wanted = excluded.wanted"
                    " WHERE wanted <> excluded.wanted AND NOT (outcome = 'waiting' AND cause = 'asked')",
                    (mac, by, now, digest),
                ).rowcount
        return new

    def waiting(self) -> tuple[Resync, ...]:
        """Those to be sent, the oldest first."""
        return self._rows("WHERE outcome = 'waiting' ORDER BY asked_at, mac")

    def of(self, mac: str) -> Resync | None:
        found = self._rows("WHERE mac = ?", mac)
        return found[0] if found else None

    def all(self) -> tuple[Resync, ...]:
        return self._rows("ORDER BY asked_at DESC, mac")

    def hold(self, held: Iterable[tuple[Resync, str]]) -> None:
        """Say why these wait. Nothing is written where that is known."""
        new = [(why, r.mac, r.asked_at) for r, why in held if r.held_by != why]
        if not new:
            return
        with self._transaction() as connection:
            connection.executemany("UPDATE resync SET held_by = ? WHERE mac = ? AND asked_at = ?", new)

    def sent(self, resync: Resync) -> None:
        """To be written before the NOTIFY leaves: should we die, it is not sent twice."""
        self._set(resync, "outcome = 'sent', held_by = '', sent_at = ?, tries = tries + 1", self._now())

    def settle(self, resync: Resync, outcome: Outcome, status: int = 0, held_by: str = "") -> None:
        self._set(resync, "outcome = ?, status = ?, held_by = ?", outcome, status, held_by)

    def again(self, resync: Resync, not_before: datetime, status: int, held_by: str) -> None:
        """It waits once more, until this moment at least."""
        at = not_before.isoformat(timespec="milliseconds")
        self._set(resync, "outcome = 'waiting', not_before = ?, status = ?, held_by = ?", at, status, held_by)

    def cancel(self, mac: str) -> bool:
        """Take back a wish that waits; whether there was one. A phone that was told already cannot be untold.

        Of a change that was cancelled so the phone is not told again: it reads its files in the night.
        """
        with self._transaction() as connection:
            return bool(
                connection.execute(
                    "UPDATE resync SET outcome = 'cancelled', held_by = '' WHERE mac = ? AND outcome = 'waiting'",
                    (mac,),
                ).rowcount
            )

    def forget_others(self, macs: Iterable[str]) -> None:
        """Only phones of the directory have a row."""
        known = set(macs)
        gone = [(r.mac,) for r in self.all() if r.mac not in known]
        if gone:
            with self._transaction() as connection:
                connection.executemany("DELETE FROM resync WHERE mac = ?", gone)

    def _set(self, resync: Resync, what: str, *values: str | int) -> None:
        with self._transaction() as connection:
            connection.execute(
                f"UPDATE resync SET {what} WHERE mac = ? AND asked_at = ?",  # noqa: S608 - our own words
                (*values, resync.mac, resync.asked_at),
            )

    def _rows(self, where: str, *values: str) -> tuple[Resync, ...]:
        found = self._connection().execute(f"SELECT {_COLUMNS} FROM resync {where}", values)  # noqa: S608
        return tuple(
            Resync(mac, Wish(wish), Cause(cause), by, asked, Outcome(outcome), held, tries, after, sent, status, wanted)
            for mac, wish, cause, by, asked, outcome, held, tries, after, sent, status, wanted in found
        )

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")
