"""Who is signed in. The browser holds a random token; the database only its SHA-256, so a stolen copy opens
nothing.

A session ends after IDLE_S without a page asked for, after LONGEST_S whatever happens, at log-out, and when its user's
password or role changes. The live updates of an open page do not count as use.
"""

import hashlib
from dataclasses import dataclass

from appliance.ports import Chance
from appliance.webui.roles import Role
from appliance.webui.store import Store

IDLE_S = 2 * 3600.0
LONGEST_S = 12 * 3600.0
MAX_PER_USER = 20
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    user: str
    role: Role
    must_change: bool


class Sessions:
    def __init__(self, store: Store, chance: Chance) -> None:
        self._store = store
        self._chance = chance

    def start(self, user: str, address: str, now: float) -> str:
        """A new session's token. `now` in seconds since 1970."""
        token = self._chance.token(TOKEN_BYTES)
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM session WHERE used < ? OR started < ?", (now - IDLE_S, now - LONGEST_S))
            connection.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", (_hash(token), user, address, now, now))
            connection.execute(
                "DELETE FROM session WHERE user = ? AND token_sha256 NOT IN"
                " (SELECT token_sha256 FROM session WHERE user = ? ORDER BY used DESC LIMIT ?)",
                (user, user, MAX_PER_USER),
            )
        return token

    def find(self, token: str, now: float, use: bool) -> Session | None:
        """The session of a token, if it still stands; `use` makes it last longer."""
        key = _hash(token)
        row = self._store.connection.execute(
            "SELECT s.used, s.started, u.name, u.role, u.must_change FROM session s JOIN user u ON u.name = s.user"
            " WHERE s.token_sha256 = ?",
            (key,),
        ).fetchone()
        if row is None or now - row[0] > IDLE_S or now - row[1] > LONGEST_S:
            return None
        if use and now - row[0] > 30:  # Once half a minute is exact enough, and spares the disk.
            with self._store.transaction() as connection:
                connection.execute("UPDATE session SET used = ? WHERE token_sha256 = ?", (now, key))
        return Session(row[2], Role(row[3]), bool(row[4]))

    def end(self, token: str) -> None:
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM session WHERE token_sha256 = ?", (_hash(token),))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
