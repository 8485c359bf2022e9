"""What this building makes itself: the journal for the centre, phones seen, files fetched, phones adopted here.

SQLite in WAL mode, written by several processes in short transactions. Standard library only.
An append that returned is on disk; a fact with an id that is there already is not written twice.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.directory.localdb import LocalDatabase
from appliance.ports import Chance, Clock
from appliance.vocabulary import PhoneState
from wire.facts import Fact, PhoneAdopted
from wire.feed import FactEnvelope
from wire.rows import Phone

MAX_SIGHTINGS = 500
FETCHES_KEPT = 50
MAX_FETCH_PHONES = 5000
ACKNOWLEDGED_KEPT = 20_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS journal(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, fact TEXT NOT NULL, hlc TEXT NOT NULL,
    body TEXT NOT NULL, acknowledged INTEGER NOT NULL DEFAULT 0, refused TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS journal_waiting ON journal(acknowledged, seq);
CREATE INDEX IF NOT EXISTS journal_fact ON journal(fact, seq);
CREATE TABLE IF NOT EXISTS sighting(
    mac TEXT PRIMARY KEY, family TEXT NOT NULL, model TEXT NOT NULL, firmware TEXT NOT NULL, address TEXT NOT NULL,
    state TEXT NOT NULL, evidence TEXT NOT NULL, switch_port TEXT NOT NULL,
    first_seen_at TEXT NOT NULL, last_seen_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fetch(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, mac TEXT NOT NULL, path TEXT NOT NULL, transport TEXT NOT NULL,
    status INTEGER NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, address TEXT NOT NULL,
    user_agent TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS fetch_mac ON fetch(mac, seq);
CREATE TABLE IF NOT EXISTS adoption(mac TEXT PRIMARY KEY, phone TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS clock(one INTEGER PRIMARY KEY CHECK (one = 1), hlc TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A phone that is in no directory, or contradicts itself, asked for something."""

    mac: str
    family: str
    model: str
    firmware: str
    address: str
    state: PhoneState
    evidence: tuple[str, ...]
    switch_port: str = ""


@dataclass(frozen=True, slots=True)
class SeenPhone(Sighting):
    first_seen_at: str = ""
    last_seen_at: str = ""


@dataclass(frozen=True, slots=True)
class Fetch:
    """A file asked for. `status` is HTTP's, also for TFTP. `sha256` of what was served; empty when nothing was."""

    mac: str
    path: str
    transport: str
    status: int
    bytes: int
    sha256: str
    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class FetchRecord(Fetch):
    at: str = ""


class LocalStore(LocalDatabase):
    """The building's own facts. One object may serve several threads; each gets its own connection."""

    schema = SCHEMA

    def __init__(self, path: Path, clock: Clock, chance: Chance) -> None:
        super().__init__(path)
        self._clock = clock
        self._chance = chance

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")

    def append(self, fact: Fact, id: str = "") -> str:
        """Write a fact to the journal; returns its id. With an id that is already there, nothing changes."""
        return self.append_all([(id, fact)])[0]

    def hlc_of(self, id: str) -> str:
        """The stamp of a fact of the journal; empty when it is not there."""
        found = self._connection().execute("SELECT hlc FROM journal WHERE id = ?", (id,)).fetchone()
        return str(found[0]) if found else ""

    def append_all(self, facts: Iterable[tuple[str, Fact]]) -> tuple[str, ...]:
        """Several facts in one transaction: all, or none. An empty id gets a new one."""
        ids = []
        with self._transaction() as connection:
            for given, fact in facts:
                fact_id = given or uuid.uuid4().hex
                body = json.dumps(asdict(fact), ensure_ascii=False)
                known = connection.execute("SELECT 1 FROM journal WHERE id = ?", (fact_id,)).fetchone()
                if not known:
                    connection.execute(
                        "INSERT INTO journal(id, fact, hlc, body) VALUES (?, ?, ?, ?)",
                        (fact_id, fact.fact, self._tick(connection), body),
                    )
                ids.append(fact_id)
        return tuple(ids)

    def _tick(self, connection: sqlite3.Connection) -> str:
        """The next hybrid logical clock: never before the last one, even when the box's clock goes back."""
        found = connection.execute("SELECT hlc FROM clock").fetchone()
        millis = int(self._clock.now().timestamp() * 1000)
        counter, node = 0, ""
        if found:
            last_millis, last_counter, node = found[0].split("-", 2)
            if int(last_millis) >= millis:
                millis, counter = int(last_millis), int(last_counter) + 1
        node = node or uuid.uuid4().hex[:8]
        hlc = f"{millis:013d}-{counter:04d}-{node}"
        connection.execute("INSERT OR REPLACE INTO clock(one, hlc) VALUES (1, ?)", (hlc,))
        return hlc

    def waiting(self, limit: int = 200) -> tuple[FactEnvelope, ...]:
        """The oldest facts that the centre has not acknowledged, in order."""
        found = self._connection().execute(
            "SELECT id, fact, hlc, body FROM journal WHERE acknowledged = 0 ORDER BY seq LIMIT ?", (limit,)
        )
        return tuple(FactEnvelope(i, f, h, json.loads(b)) for i, f, h, b in found)

    def is_acknowledged(self, id: str) -> bool:
        """Whether the centre has this fact; one that is not here any more was, long ago. A refused one never is."""
        found = self._connection().execute("SELECT acknowledged, refused FROM journal WHERE id = ?", (id,)).fetchone()
        return found is None or (bool(found[0]) and not found[1])

    def waiting_count(self) -> int:
        return int(self._connection().execute("SELECT count(*) FROM journal WHERE acknowledged = 0").fetchone()[0])

    def acknowledge(self, ids: Iterable[str], refused: Iterable[tuple[str, str]] = ()) -> None:
        """The centre has these, or refused them (id, why) for good. The newest stay here for the calls page."""
        with self._transaction() as connection:
            connection.executemany("UPDATE journal SET acknowledged = 1 WHERE id = ?", [(i,) for i in ids])
            connection.executemany(
                "UPDATE journal SET acknowledged = 1, refused = ? WHERE id = ?", [(why, i) for i, why in refused]
            )
            connection.execute(
                "DELETE FROM journal WHERE acknowledged = 1 AND seq <= (SELECT max(seq) FROM journal) - ?",
                (ACKNOWLEDGED_KEPT,),
            )

    def recent(self, fact: str, limit: int = 100) -> tuple[FactEnvelope, ...]:
        """The newest facts of a kind, acknowledged or not, newest first."""
        found = self._connection().execute(
            "SELECT id, fact, hlc, body FROM journal WHERE fact = ? ORDER BY seq DESC LIMIT ?", (fact, limit)
        )
        return tuple(FactEnvelope(i, f, h, json.loads(b)) for i, f, h, b in found)

    def since(self, fact: str, moment: datetime) -> tuple[FactEnvelope, ...]:
        """The facts of a kind that were written from a moment on, newest first."""
        found = self._connection().execute(
            "SELECT id, fact, hlc, body FROM journal WHERE fact = ? AND hlc >= ? ORDER BY seq DESC",
            (fact, f"{int(moment.timestamp() * 1000):013d}"),
        )
        return tuple(FactEnvelope(i, f, h, json.loads(b)) for i, f, h, b in found)

    def costing(self, after: int = 0) -> tuple[tuple[int, dict[str, Any]], ...]:
        """Records of calls that cost by the minute and were talked in, of a higher number than `after`, with their
        numbers, in order.
        """
        found = self._connection().execute(
            "SELECT seq, body FROM journal WHERE fact = 'cdr' AND seq > ?"
            " AND body ->> 'call_class' IN ('international', 'premium') AND body ->> 'talk_ms' > 0 ORDER BY seq",
            (after,),
        )
        return tuple((seq, json.loads(body)) for seq, body in found)

    def unreported(self) -> frozenset[int]:
        """Numbers of the call records that the centre does not know of."""
        found = self._connection().execute("SELECT seq FROM journal WHERE acknowledged = 0 AND fact = 'cdr'")
        return frozenset(seq for (seq,) in found)

    def last_seq(self) -> int:
        """The number of the newest fact."""
        return int(self._connection().execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0])

    def record_sighting(self, s: Sighting) -> bool:
        """Note a phone that is given nothing. At most MAX_SIGHTINGS stay, the newest. True when it is a new one."""
        now = self._now()
        with self._transaction() as connection:
            new = connection.execute("SELECT 1 FROM sighting WHERE mac = ?", (s.mac,)).fetchone() is None
            connection.execute(
                "INSERT INTO sighting VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(mac) DO UPDATE SET"
                " family=excluded.family, model=excluded.model, firmware=excluded.firmware, address=excluded.address,"
                " state=excluded.state, evidence=excluded.evidence, switch_port=excluded.switch_port,"
                " last_seen_at=excluded.last_seen_at",
                (
                    s.mac,
                    s.family,
                    s.model,
                    s.firmware,
                    s.address,
                    s.state,
                    json.dumps(s.evidence),
                    s.switch_port,
                    now,
                    now,
                ),
            )
            if new:
                connection.execute(
                    "DELETE FROM sighting WHERE mac NOT IN"
                    " (SELECT mac FROM sighting ORDER BY last_seen_at DESC, rowid DESC LIMIT ?)",
                    (MAX_SIGHTINGS,),
                )
        return new

    def sightings(self) -> tuple[SeenPhone, ...]:
        found = self._connection().execute(
            "SELECT mac, family, model, firmware, address, state, evidence, switch_port, first_seen_at, last_seen_at"
            " FROM sighting ORDER BY last_seen_at DESC"
        )
        return tuple(
            SeenPhone(m, fa, mo, fi, a, PhoneState(st), tuple(json.loads(ev)), sw, first, last)
            for m, fa, mo, fi, a, st, ev, sw, first, last in found
        )

    def forget_sighting(self, mac: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM sighting WHERE mac = ?", (mac,))

    def record_fetch(self, fetch: Fetch) -> None:
        self.record_fetches([fetch])

    def record_fetches(self, fetches: Iterable[Fetch]) -> None:
        """Note files asked for, in one transaction. The last FETCHES_KEPT of a phone stay."""
        now = self._now()
        with self._transaction() as connection:
            for f in fetches:
                connection.execute(
                    "INSERT INTO fetch(mac, path, transport, status, bytes, sha256, address, user_agent, at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (f.mac, f.path[:200], f.transport, f.status, f.bytes, f.sha256, f.address, f.user_agent[:200], now),
                )
                connection.execute(
                    "DELETE FROM fetch WHERE mac = ? AND seq NOT IN"
                    " (SELECT seq FROM fetch WHERE mac = ? ORDER BY seq DESC LIMIT ?)",
                    (f.mac, f.mac, FETCHES_KEPT),
                )
            connection.execute(
                "DELETE FROM fetch WHERE seq <= (SELECT max(seq) FROM fetch) - ?", (MAX_FETCH_PHONES * FETCHES_KEPT,)
            )

    def fetches(self, mac: str, limit: int = FETCHES_KEPT) -> tuple[FetchRecord, ...]:
        """What a phone asked for, newest first."""
        found = self._connection().execute(
            "SELECT mac, path, transport, status, bytes, sha256, address, user_agent, at"
            " FROM fetch WHERE mac = ? ORDER BY seq DESC LIMIT ?",
            (mac, limit),
        )
        return tuple(FetchRecord(*values) for values in found)

    def last_fetch_at(self) -> dict[str, str]:
        """MAC -> when it last was served a file."""
        return dict(
            self._connection().execute("SELECT mac, max(at) FROM fetch WHERE status IN (200, 304) GROUP BY mac")
        )

    def adopt(self, phone: Phone, fact: PhoneAdopted) -> None:
        """Keep a phone adopted here, its secret sealed, and journal it, in one transaction."""
        self.adopt_all([(phone, fact)])

    def adopt_all(self, adoptions: Iterable[tuple[Phone, PhoneAdopted]]) -> None:
        """Several, in one transaction: all, or none."""
        with self._transaction() as connection:
            for phone, fact in adoptions:
                body = json.dumps(asdict(phone))
                connection.execute("INSERT OR REPLACE INTO adoption VALUES (?, ?)", (phone.mac, body))
                connection.execute("DELETE FROM sighting WHERE mac = ?", (phone.mac,))
                connection.execute(
                    "INSERT INTO journal(id, fact, hlc, body) VALUES (?, ?, ?, ?)",
                    (uuid.uuid4().hex, fact.fact, self._tick(connection), json.dumps(asdict(fact))),
                )

    def adopted(self) -> tuple[Phone, ...]:
        """Phones adopted here that the centre's copy did not hold yet, secrets sealed."""
        found = self._connection().execute("SELECT phone FROM adoption ORDER BY mac")
        return tuple(Phone(**json.loads(body)) for (body,) in found)

    def forget_adoption(self, mac: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM adoption WHERE mac = ?", (mac,))
