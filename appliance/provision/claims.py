"""What is remembered of phones' claim windows and tokens, for all doors of the box, and of sources that are banned.

A small SQLite file beside the identity: hashes, serials and times, never a token or a key. tokens.py decides.
"""

import logging
import os
import sqlite3
from collections import OrderedDict
from contextlib import suppress
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from threading import Lock

from appliance.directory.model import Phone
from appliance.directory.reports import EdgeReport, read_report
from appliance.directory.sealing import open_box
from appliance.errors import DirectoryProblem
from appliance.ports import Chance, Clock
from appliance.provision.tokens import (
    Admission,
    Ask,
    Kind,
    Mint,
    Standing,
    Trusts,
    WindowRule,
    after,
    good,
    identity_of,
    token_hash,
)
from appliance.settings import Settings

STORE = "claims.db"
TOKENS_OF = "tokens.key"
"""The box's secret that tokens are made of, sealed."""

REPORT_KEPT_S = 2.0
BANS_MOST = 1024
BANS_LOOKED_AT_S = 0.1
PHONES_MOST = 5000
_COLUMNS = tuple(f.name for f in fields(Standing))
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS standing({", ".join(_COLUMNS)}, PRIMARY KEY (mac));
CREATE TABLE IF NOT EXISTS token(hash TEXT PRIMARY KEY, mac TEXT, identity TEXT, kind TEXT, serial INTEGER);
CREATE INDEX IF NOT EXISTS token_mac ON token(mac);
CREATE TABLE IF NOT EXISTS ban(source TEXT PRIMARY KEY, until REAL NOT NULL);
"""
log = logging.getLogger("conserje.provision")


@dataclass(frozen=True, slots=True)
class Held:
    """Whose a token is. It is good only for the identity that the phone has now."""

    mac: str
    identity: str
    kind: Kind
    serial: int


def window_rule(settings: Settings) -> WindowRule:
    said = settings.provisioning
    return WindowRule(
        float(said.claim_fresh_s),
        float(said.claim_sitting_s),
        float(said.claim_quiet_s),
        float(said.token_overlap_s),
    )


class Claims:
    """One per process; safe to share between threads. Where the disk fails, this process goes on by its memory."""

    def __init__(self, settings: Settings, clock: Clock, chance: Chance) -> None:
        self._settings = settings
        self._clock = clock
        self._chance = chance
        self.rule = window_rule(settings)
        self._path = settings.paths.state_dir / STORE
        self._lock = Lock()
        self._store: sqlite3.Connection | None = None
        self._version = -1
        self._looked_at = float("-inf")
        self._standings: OrderedDict[str, Standing] = OrderedDict()
        self._issued: set[str] = set()
        self._bans: dict[str, float] = {}
        self._mint: Mint | None = None
        self._registered: tuple[float, frozenset[str]] = (float("-inf"), frozenset())

    def standing(self, phone: Phone) -> Standing:
        """Of this phone with its present identity; a new assignment begins anew."""
        identity = identity_of(phone.mac, phone.sip_user, phone.sip_secret)
        with self._lock:
            found = self._read(phone.mac)
        if found is None or found.identity != identity:
            found = Standing(phone.mac, identity)
        if found.first_given_at and not found.registered and phone.sip_user in self._contacts():
            found = replace(found, registered=True)
            self.keep(found)
        return found

    def good(self, held: Held, standing: Standing) -> bool:
        same = held.mac == standing.mac and held.identity == standing.identity
        return same and good(held.kind, held.serial, standing, self._clock.now().timestamp(), self.rule)

    def given(self, ask: Ask, admission: Admission, standing: Standing) -> None:
        """A file was given: remember what follows from it."""
        changed = after(ask, admission, standing, self._clock.now().timestamp())
        if changed is not standing:
            self.keep(changed)

    def keep(self, standing: Standing) -> None:
        with self._lock:
            self._standings[standing.mac] = standing
            self._standings.move_to_end(standing.mac)
            if len(self._standings) > PHONES_MOST:
                self._standings.popitem(last=False)
            words = f"INSERT OR REPLACE INTO standing VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
            self._write(words, astuple(standing))

    def token(self, kind: Kind, standing: Standing, serial: int) -> str:
        """A token of this phone that the doors will know again."""
        token = self._maker().token(kind, standing, serial)
        kept = token_hash(token)
        if kept not in self._issued:
            with self._lock:
                row = (kept, standing.mac, standing.identity, str(kind), serial)
                if self._write("INSERT OR IGNORE INTO token VALUES (?, ?, ?, ?, ?)", row):
                    # Another assignment of the same phone: nothing of the former is good any more.
                    self._write("DELETE FROM token WHERE mac = ? AND identity <> ?", (row[1], row[2]))
                    self._issued.add(kept)
        return token

    def key(self, standing: Standing, serial: int) -> str:
        return self._maker().key(standing, serial)

    def whose(self, token: str) -> Held | None:
        """Whose a token is, good or not any more; None for one that we never made."""
        with self._lock, suppress(sqlite3.Error):
            row = (
                self._connection()
                .execute("SELECT mac, identity, kind, serial FROM token WHERE hash = ?", (token_hash(token),))
                .fetchone()
            )
            return Held(row[0], row[1], Kind(row[2]), int(row[3])) if row else None
        return None

    def open(self, phone: Phone, seconds: float, anew: bool = False) -> None:
        """Open this phone's window: a technician asks for it, or the box told the phone to fetch its files.

        `anew`: as one that was reset to its factory's state: it is told again whom to trust, by plain HTTP.
        """
        now = self._clock.now().timestamp()
        standing = self.standing(phone)
        trusts = str(Trusts.UNTOLD) if anew else standing.trusts
        self.keep(replace(standing, opened_until=now + seconds, trusts=trusts))

    def claim(self, phone: Phone, seconds: float) -> str:
        """A new claim token for this phone, for once; a former one is over."""
        standing, now = self.standing(phone), self._clock.now().timestamp()
        # Never a serial that was in use before, so that an old link stays dead.
        serial = int(now * 1000)
        standing = replace(standing, claim=serial, claim_until=now + seconds)
        self.keep(standing)
        return self.token(Kind.CLAIM, standing, serial)

    def rotate(self, phone: Phone) -> None:
        """A new second token and key; the former go on for the overlap."""
        standing = self.standing(phone)
        now = self._clock.now().timestamp()
        self.keep(replace(standing, serial=standing.serial + 1, rotated_at=now))

    def ban(self, source: str, seconds: float) -> None:
        """Every door of the box turns this source away for so long."""
        now = self._clock.now().timestamp()
        with self._lock:
            self._bans[source] = now + seconds
            self._write("INSERT OR REPLACE INTO ban VALUES (?, ?)", (source, now + seconds))
            self._write("DELETE FROM ban WHERE until < ?", (now,))
            self._write(
                "DELETE FROM ban WHERE source NOT IN (SELECT source FROM ban ORDER BY until DESC LIMIT ?)",
                (BANS_MOST,),
            )

    def banned(self, source: str) -> bool:
        with self._lock:
            # Every packet asks: what another process banned may come a moment late.
            now = self._clock.monotonic()
            if not 0 <= now - self._looked_at < BANS_LOOKED_AT_S:
                self._looked_at = now
                self._fresh()
            until = self._bans.get(source)
        return until is not None and self._clock.now().timestamp() < until

    def _read(self, mac: str) -> Standing | None:
        self._fresh()
        if mac in self._standings:
            return self._standings[mac]
        with suppress(sqlite3.Error):
            words = f"SELECT {', '.join(_COLUMNS)} FROM standing WHERE mac = ?"  # noqa: S608 - our own columns
            row = self._connection().execute(words, (mac,)).fetchone()
            if row:
                found = Standing(*row)
                self._standings[mac] = replace(found, registered=bool(found.registered), used=bool(found.used))
                return self._standings[mac]
        return None

    def _fresh(self) -> None:
        """Forget what another process may have changed."""
        with suppress(sqlite3.Error):
            (version,) = self._connection().execute("PRAGMA data_version").fetchone()
            if version != self._version:
                self._version = version
                self._standings.clear()
                self._bans = dict(self._connection().execute("SELECT source, until FROM ban"))

    def _write(self, words: str, values: tuple[object, ...]) -> bool:
        try:
            self._connection().execute(words, values)
        except sqlite3.Error as failed:
            log.error("provision.claims.not-kept %s", failed)
            return False
        return True

    def _connection(self) -> sqlite3.Connection:
        if self._store is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as refused:
                raise sqlite3.OperationalError(str(refused)) from refused
            made = sqlite3.connect(self._path, timeout=2.0, isolation_level=None, check_same_thread=False)
            made.execute("PRAGMA journal_mode = WAL")
            # A power cut may lose the last second: a phone is then given its files once more.
            made.execute("PRAGMA synchronous = NORMAL")
            made.executescript(_SCHEMA)
            _widen(made)
            self._store = made
        return self._store

    def _maker(self) -> Mint:
        if self._mint is None:
            self._mint = Mint(_secret(self._settings, self._chance))
        return self._mint

    def _contacts(self) -> frozenset[str]:
        """SIP users that are registered now, as the edge last said."""
        now = self._clock.monotonic()
        if now - self._registered[0] >= REPORT_KEPT_S:
            report = read_report(self._settings.paths.reports_dir, EdgeReport)
            self._registered = (now, frozenset(c.sip_user for c in report.contacts) if report else frozenset())
        return self._registered[1]


def _widen(store: sqlite3.Connection) -> None:
    """A store that an older release made gets the columns that came since, each with what a new phone has there."""
    there = {row[1] for row in store.execute("PRAGMA table_info(standing)")}
    fresh = {f.name: f.default for f in fields(Standing)}
    for name in _COLUMNS:
        if name not in there:
            # Two processes may come here at once: the second finds it done.
            with suppress(sqlite3.OperationalError):
                store.execute(f"ALTER TABLE standing ADD COLUMN {name} DEFAULT {fresh[name]!r}")


def _secret(settings: Settings, chance: Chance) -> bytes:
    """The box's secret for tokens, made on first use; two first users at once agree on one."""
    folder = settings.paths.identity_dir
    box, path = open_box(folder), folder / TOKENS_OF
    if not path.exists():
        temporary = folder / f".{TOKENS_OF}.{os.getpid()}.{chance.token(4)}"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(box.seal(chance.token(32)))
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)
        temporary.unlink()
    try:
        return box.open(path.read_text()).encode()
    except DirectoryProblem:
        # A box that was restored without its seal key: its phones get new tokens.
        Path(path).unlink()
        return _secret(settings, chance)
