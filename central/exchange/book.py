"""What the exchange knows when a call comes: which building speaks, where a person's phones stand, whose a number is.

One SQLite file, written by export.py for the sites that changed, read by Kamailio's workers. Standard library only:
Kamailio's Python imports this.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from central.exchange.dark import PERSON, Called, Onward, Standing

REALM = "conserje-exchange"
SCHEMA = """
CREATE TABLE IF NOT EXISTS login(user TEXT PRIMARY KEY, site TEXT NOT NULL, ha1 TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS login_site ON login(site);
CREATE TABLE IF NOT EXISTS place(kind TEXT, id TEXT, account TEXT NOT NULL, site TEXT, PRIMARY KEY(kind, id, site));
CREATE INDEX IF NOT EXISTS place_site ON place(site);
CREATE TABLE IF NOT EXISTS present(account TEXT, site TEXT, PRIMARY KEY(account, site));
CREATE INDEX IF NOT EXISTS present_site ON present(site);
CREATE TABLE IF NOT EXISTS number(
    e164 TEXT, site TEXT, account TEXT NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL, PRIMARY KEY(e164, site));
CREATE INDEX IF NOT EXISTS number_site ON number(site);
CREATE TABLE IF NOT EXISTS person(
    id TEXT, site TEXT, account TEXT NOT NULL, shown TEXT NOT NULL, onward TEXT NOT NULL, PRIMARY KEY(id, site));
CREATE INDEX IF NOT EXISTS person_site ON person(site);
CREATE TABLE IF NOT EXISTS known(site TEXT PRIMARY KEY, revision INTEGER NOT NULL);
"""
KINDS = frozenset({"person", "phone"})
VERSION = 2
"""Of what a page says: a book of another version knows no revision of any site."""


@dataclass(frozen=True, slots=True)
class Login:
    """How a building registers here. `ha1`: MD5 of user, realm and password (RFC 2617 §3.2.2.2)."""

    user: str
    ha1: str


@dataclass(frozen=True, slots=True)
class Place:
    """A person or a phone of an account has its place in a building."""

    kind: str
    id: str
    account: str


@dataclass(frozen=True, slots=True)
class NumberEntry:
    """A number of a company, and what it leads to; empty: nothing."""

    e164: str
    account: str
    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """A person of a company: the number shown outside, and where calls go while no phone can ring."""

    id: str
    account: str
    shown: str
    onward: tuple[Onward, ...]


@dataclass(frozen=True, slots=True)
class SitePage:
    """All that the book says of one building at a revision of it."""

    site: str
    revision: int
    logins: tuple[Login, ...]
    places: tuple[Place, ...]
    accounts: tuple[str, ...]
    numbers: tuple[NumberEntry, ...] = ()
    people: tuple[PersonEntry, ...] = ()


def ha1(user: str, password: str) -> str:
    return hashlib.md5(f"{user}:{REALM}:{password}".encode(), usedforsecurity=False).hexdigest()


class Book:
    """One connection to the file. `readonly` in a worker: a book that is not there yet knows nobody."""

    def __init__(self, path: Path, readonly: bool = True) -> None:
        mode = "ro" if readonly else "rwc"
        self._connection = sqlite3.connect(f"file:{path}?mode={mode}", uri=True, isolation_level=None, timeout=1.0)
        if not readonly:
            path.chmod(0o600)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.executescript(SCHEMA)
            ((version,),) = self._connection.execute("PRAGMA user_version").fetchall()
            if version != VERSION:
                self._connection.execute("DELETE FROM known")
                self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        self._connection.close()

    # For export.py

    def revisions(self) -> dict[str, int]:
        return dict(self._connection.execute("SELECT site, revision FROM known").fetchall())

    def write(self, page: SitePage) -> None:
        """Replace what the book says of this site, in one transaction."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            self._strike(cursor, page.site)
            cursor.executemany("INSERT OR REPLACE INTO login VALUES (?, ?, ?)",
                               [(g.user, page.site, g.ha1) for g in page.logins])  # fmt: skip
            cursor.executemany("INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?)",
                               [(p.kind, p.id, p.account, page.site) for p in page.places])  # fmt: skip
            cursor.executemany("INSERT OR REPLACE INTO present VALUES (?, ?)", [(a, page.site) for a in page.accounts])
            cursor.executemany("INSERT OR REPLACE INTO number VALUES (?, ?, ?, ?, ?)",
                               [(n.e164, page.site, n.account, n.kind, n.target) for n in page.numbers])  # fmt: skip
            people = [(p.id, page.site, p.account, p.shown, _lines(p.onward)) for p in page.people]
            cursor.executemany("INSERT OR REPLACE INTO person VALUES (?, ?, ?, ?, ?)", people)
            cursor.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", (page.site, page.revision))
            cursor.execute("COMMIT")

    def forget(self, sites: Iterable[str]) -> None:
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            for site in sites:
                self._strike(cursor, site)
                cursor.execute("DELETE FROM known WHERE site = ?", (site,))
            cursor.execute("COMMIT")

    @staticmethod
    def _strike(cursor: sqlite3.Cursor, site: str) -> None:
        for table in ("login", "place", "present", "number", "person"):
            cursor.execute(f"DELETE FROM {table} WHERE site = ?", (site,))  # noqa: S608 - our own names

    # For the workers

    def login(self, user: str) -> tuple[str, str] | None:
        """(site, ha1) of a user."""
        found = self._connection.execute("SELECT site, ha1 FROM login WHERE user = ?", (user,)).fetchone()
        return None if found is None else (str(found[0]), str(found[1]))

    def users_for(self, from_site: str, kind: str, target_id: str) -> tuple[str, ...]:
        """The log-ins of the other buildings where the target has its place.

        Empty where it has none, and where its company is not in the building that asks: no building reaches into a
        company that it does not house.
        """
        if kind not in KINDS:
            return ()
        found = self._connection.execute(
            "SELECT DISTINCT login.user FROM place"
            " JOIN present ON present.account = place.account AND present.site = ?"
            " JOIN login ON login.site = place.site"
            " WHERE place.kind = ? AND place.id = ? AND place.site <> ? ORDER BY login.user",
            (from_site, kind, target_id, from_site),
        )
        return tuple(str(user) for (user,) in found)

    def users_in(self, site: str) -> tuple[str, ...]:
        """The log-ins of a building."""
        found = self._connection.execute("SELECT user FROM login WHERE site = ? ORDER BY user", (site,))
        return tuple(str(user) for (user,) in found)

    def called(self, e164: str) -> Called | None:
        """What a number leads to, and where that stands: a person's phones, else the company."""
        found = self._connection.execute(
            "SELECT account, kind, target FROM number WHERE e164 = ? ORDER BY site", (e164,)
        ).fetchone()
        if found is None:
            return None
        account, kind, target = (str(value) for value in found)
        sites = self._sites_of(target) if kind == PERSON else ()
        return Called(account, kind, target, sites or self._sites_housing(account))

    def standing(self, person: str) -> Standing | None:
        found = self._connection.execute("SELECT shown, onward FROM person WHERE id = ? ORDER BY site", (person,))
        row = found.fetchone()
        if row is None:
            return None
        onward = (line.partition(" ") for line in str(row[1]).splitlines())
        return Standing(str(row[0]), tuple(Onward(reason, to) for reason, _, to in onward), self._sites_of(person))

    def _sites_of(self, person: str) -> tuple[str, ...]:
        found = self._connection.execute(
            "SELECT DISTINCT site FROM place WHERE kind = 'person' AND id = ? ORDER BY site", (person,)
        )
        return tuple(str(site) for (site,) in found)

    def _sites_housing(self, account: str) -> tuple[str, ...]:
        found = self._connection.execute("SELECT site FROM present WHERE account = ? ORDER BY site", (account,))
        return tuple(str(site) for (site,) in found)


def _lines(onward: Iterable[Onward]) -> str:
    return "\n".join(f"{o.reason} {o.to}" for o in onward)
