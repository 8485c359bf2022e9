"""What the lamps service looks at beside call facts: phones that register, calls whose media is gone, mailboxes."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Protocol

from appliance.directory.local import LocalStore
from appliance.directory.mailboxes import Cipher, Mailboxes
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Settings
from appliance.sip_edge.control import Rtpengine
from appliance.sip_edge.lights import Lights


class MailCounts(Protocol):
    def look(self) -> None:
        """See what changed since the last look; `counts` answers as of then."""

    def counts(self, mailbox_id: str) -> tuple[int, int]:
        """New and old messages."""


class StoredMail:
    """The counts of the building's mailboxes, asked of the index once for each change."""

    def __init__(self, settings: Settings) -> None:
        journal = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
        self._mailboxes = Mailboxes(settings.paths.mailboxes_dir, journal, _NOTHING_SEALED, SystemClock())
        self._mark = 0
        self._known: dict[str, tuple[int, int]] = {}

    def look(self) -> None:
        try:
            self._mark, changed = self._mailboxes.changed_since(self._mark)
        except sqlite3.Error:
            # It is locked, or broken: what was counted before stands until it can be read again.
            return
        for mailbox_id in changed:
            self._known.pop(mailbox_id, None)

    def counts(self, mailbox_id: str) -> tuple[int, int]:
        known = self._known.get(mailbox_id)
        if known is None:
            try:
                known = self._known[mailbox_id] = self._mailboxes.counts(mailbox_id)
            except sqlite3.Error:
                return 0, 0
        return known


_NOTHING_SEALED = Cipher(str, str)
"""Counting opens no PIN."""


class Registrations:
    """Phones that registered anew since the last look, by sip_user.

    A phone keeps the Call-ID of its REGISTERs from one boot to the next (RFC 3261 §10.2): a new one, and no other
    contact of that name left, says that it was switched off and on.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._known: dict[str, frozenset[str]] | None = None

    def look(self) -> tuple[frozenset[str], frozenset[str]]:
        """Who registered for the first time or anew, and who of these had been here before under another Call-ID."""
        now = self._read()
        if now is None:
            return frozenset(), frozenset()
        before, self._known = self._known, now
        if before is None:
            return frozenset(now), frozenset()
        new = frozenset(u for u, ids in now.items() if ids - before.get(u, frozenset()))
        anew = frozenset(u for u in new if u in before and not (now[u] & before[u]))
        return new, anew

    def _read(self) -> dict[str, frozenset[str]] | None:
        try:
            with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=0.2)) as connection:
                rows = connection.execute(
                    "SELECT username, callid FROM location WHERE expires > julianday('now')"
                ).fetchall()
        except sqlite3.Error:
            return None
        found: dict[str, set[str]] = {}
        for user, call_id in rows:
            found.setdefault(user, set()).add(call_id)
        return {user: frozenset(ids) for user, ids in found.items()}


class SilentCalls:
    """Answered calls whose media rtpengine once relayed and gave up, because nothing was heard for `silent_s`."""

    def __init__(self, rtpengine: Rtpengine, silent_s: int) -> None:
        self._silent_ms = silent_s * 1000
        self._rtpengine = rtpengine
        self._seen: set[str] = set()

    def end(self, lights: Lights) -> None:
        held = self._rtpengine.calls()
        if held is None:
            return
        now_ms = time.time_ns() // 1_000_000
        up = {c.call_id: c.since_ms for c in lights.up()}
        self._seen = (self._seen | held) & up.keys()
        quiet_ms = self._silent_ms
        lights.lost((i for i in self._seen - held if now_ms > up[i] + quiet_ms), now_ms)
