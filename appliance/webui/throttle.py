"""Slows guessing of passwords: after some failures, one user from one address, one address, or one user must wait.

A wait doubles with each further failure. Counts are shared by all workers and survive a restart.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.webui.store import Store

FORGET_AFTER_S = 900.0
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 900.0
MAX_KEYS = 10_000
"""Rows kept; the oldest go first, so that a flood of made-up names cannot fill the disk."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`free` failures cost nothing; the next one starts the waits."""

    scope: str
    free: int


PAIR = Limit("pair", 5)
ADDRESS = Limit("address", 20)
USER = Limit("user", 50)
"""High: or a stranger could lock a colleague out from another desk."""


def wait_after(failures: int, free: int) -> float:
    """Seconds to wait after this many failures in a row."""
    if failures <= free:
        return 0.0
    return float(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures - free - 1, 10)))


def _keys(user: str, address: str) -> Iterable[tuple[str, Limit]]:
    return ((f"pair|{address}|{user}", PAIR), (f"address|{address}", ADDRESS), (f"user|{user}", USER))


class Throttle:
    def __init__(self, store: Store) -> None:
        self._store = store

    def blocked_for(self, user: str, address: str, now: float) -> float:
        """Seconds that this user at this address must still wait; 0.0: may try. `now` in seconds since 1970."""
        names = [key for key, _ in _keys(user, address)]
        found = self._store.connection.execute(
            "SELECT max(blocked_until) FROM failure WHERE key IN (?, ?, ?)", names
        ).fetchone()[0]
        return max(0.0, (found or 0.0) - now)

    def failed(self, user: str, address: str, now: float) -> None:
        with self._store.transaction() as connection:
            for key, limit in _keys(user, address):
                row = connection.execute("SELECT count, last FROM failure WHERE key = ?", (key,)).fetchone()
                count = row[0] + 1 if row and now - row[1] < FORGET_AFTER_S else 1
                connection.execute(
                    "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?)",
                    (key, count, now, now + wait_after(count, limit.free)),
                )
            connection.execute(
                "DELETE FROM failure WHERE key NOT IN (SELECT key FROM failure ORDER BY last DESC LIMIT ?)", (MAX_KEYS,)
            )

    def succeeded(self, user: str, address: str) -> None:
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM failure WHERE key = ?", (f"pair|{address}|{user}",))
