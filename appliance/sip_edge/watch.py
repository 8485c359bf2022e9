"""What the engines hold now: contacts, counters, bans. Reads; what it means for a call is said elsewhere.

Contacts are read from the table that Kamailio writes through: that costs its workers nothing.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance.directory.reports import Ban, Contact
from appliance.sip_edge.digest import user_part
from appliance.sip_edge.kamailio.secure import SECURE

UNIX_EPOCH_JULIAN = 2440587.5
DAY_S = 86400.0
SECURE_FLAG = 1 << SECURE


def iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")


def contacts(database: Path) -> tuple[Contact, ...] | None:
    """Every contact that has not run out, by user; None where the table cannot be read now."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=0.5)) as connection:
            found = connection.execute(
                "SELECT username, contact, received, user_agent, expires, cflags FROM location"
                " WHERE expires > julianday('now') ORDER BY username, contact"
            ).fetchall()
    except sqlite3.Error:
        return None
    return tuple(
        Contact(
            user,
            _address(received or contact),
            agent or "",
            iso((expires - UNIX_EPOCH_JULIAN) * DAY_S),
            bool((flags or 0) & SECURE_FLAG),
        )
        for user, contact, received, agent, expires, flags in found
    )


def _address(uri: str) -> str:
    """Host and port of a contact's URI."""
    rest = uri.partition(":")[2]
    host = rest.rpartition("@")[2] if user_part(uri) else rest
    return host.partition(";")[0].partition(">")[0]


class Lost:
    """Contacts that ran out without being taken back: their phones are lost, until they register or leave."""

    def __init__(self, before: Iterable[Contact] = ()) -> None:
        self._last = {c.sip_user: c for c in before}

    def update(self, current: Iterable[Contact], now: str, known: Iterable[str]) -> tuple[Contact, ...]:
        """Contacts whose time ran out (`now`, ISO 8601) of users that have no other and are still `known`."""
        here = {c.sip_user: c for c in current}
        users = set(known)
        gone = {u: c for u, c in self._last.items() if u not in here and c.expires_at <= now and u in users}
        self._last = {**gone, **here}
        return tuple(gone[u] for u in sorted(gone))


def counters(dump: Any) -> dict[str, int]:
    """Name to value, out of the answer to htable.dump."""
    found: dict[str, int] = {}
    for slot in dump if isinstance(dump, list) else ():
        for item in slot.get("slot", ()) if isinstance(slot, Mapping) else ():
            if isinstance(item, Mapping) and isinstance(item.get("value"), int):
                found[str(item.get("name"))] = item["value"]
    return found


def bans(dump: Any) -> tuple[Ban, ...]:
    """Who is not answered, out of the answer to htable.dump; gate.py wrote why and since when (seconds since 1970)."""
    found = []
    for slot in dump if isinstance(dump, list) else ():
        for item in slot.get("slot", ()) if isinstance(slot, Mapping) else ():
            why, _, since = str(item.get("value", "") if isinstance(item, Mapping) else "").partition(" ")
            if since.isdigit():
                found.append(Ban(str(item["name"]), why, iso(int(since))))
    return tuple(sorted(found, key=lambda b: b.address))
