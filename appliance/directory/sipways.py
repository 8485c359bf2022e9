"""How phones that should register over TLS came: by it, not at all, or not yet asked to (provision/secured.py decides).

A phone without a row is to come by TLS like a new one. Outlives a restart of the box.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from enum import StrEnum

from appliance.directory.localdb import LocalDatabase


class Way(StrEnum):
    TLS = "tls"
    """It came by TLS once: its files say nothing else again by themselves."""
    HELD = "held"
    """It is registered without TLS, and no phone of its model has come by it yet: it stays as it is until one has."""
    REFUSED = "refused"
    """It was told to come by TLS and did not: its files say UDP until somebody opens its window (`claims open`)."""


@dataclass(frozen=True, slots=True)
class SipWay:
    """`identity`: of its assignment (tokens.identity_of); with another one it is a new phone. `at`: ISO 8601 UTC."""

    mac: str
    identity: str
    way: Way
    at: str


class SipWays(LocalDatabase):
    schema = """
CREATE TABLE IF NOT EXISTS sip_way(
    mac TEXT PRIMARY KEY, identity TEXT NOT NULL, way TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
"""

    def all(self) -> dict[str, SipWay]:
        rows = self._connection().execute("SELECT mac, identity, way, at FROM sip_way")
        return {mac: SipWay(mac, identity, Way(way), at) for mac, identity, way, at in rows}

    def change(self, keep: Iterable[SipWay], forget: Iterable[str] = ()) -> None:
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO sip_way VALUES (?, ?, ?, ?)", map(astuple, keep))
            connection.executemany("DELETE FROM sip_way WHERE mac = ?", ((mac,) for mac in forget))

    def forget_others(self, macs: Iterable[str]) -> None:
        """Those of no directory any more."""
        known = set(macs)
        gone = [mac for mac in self.all() if mac not in known]
        if gone:
            self.change((), gone)
