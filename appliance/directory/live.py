"""The directory as every process reads it: one immutable SQLite file in memory, replaced whole at each revision.

`Live.current()` follows the `current` link at each call, so a process sees a new revision at its next request and no
call ever waits for a reload. Standard library only: Kamailio's workers import this.
"""

import os
import sqlite3
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from appliance.directory import tables
from appliance.directory.model import Account, Extension, LineKey, Mapping, Number, Person, Phone, Row, Site, Trunk
from appliance.errors import DirectoryProblem, Words
from wire.services import ServiceRow, parent_field

REMEMBERED = 32_768
"""Look-ups remembered per revision and process, about 12 MiB: the whole of a building of 5,000 extensions at work.

A scanner dialling at random cannot grow a worker."""

LINK = "current"
R = TypeVar("R", bound=Row)
S = TypeVar("S", bound=ServiceRow)


class LiveDirectory:
    """A Directory (model.py) over one published file. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        meta = tables.read_meta(self._connection)
        self.revision = int(meta["revision"])
        self._remembered: dict[tuple[Any, ...], tuple[Row, ...]] = {}

    def __del__(self) -> None:
        # A connection and its statements name each other: left to the garbage collector, which looks at old things next
        # to never in some processes, it would hold a file of memory that was replaced long ago.
        if connection := getattr(self, "_connection", None):
            connection.close()

    def _find(self, row_type: type[R], where: str, *values: str) -> tuple[R, ...]:
        key = (row_type, where, values)
        found = self._remembered.get(key)
        if found is None:
            kind = row_type.kind
            fetched = self._connection.execute(f"{tables.select(kind)} {where}", values).fetchall()
            found = tuple(tables.row_of(kind, v) for v in fetched)
            if len(self._remembered) >= REMEMBERED:
                # The older half: what a building asks all day is asked again at once.
                self._remembered = dict(islice(self._remembered.items(), REMEMBERED // 2, None))
            self._remembered[key] = found
        return found  # type: ignore[return-value]

    def _one(self, row_type: type[R], where: str, *values: str) -> R | None:
        # As _find() does, without another call: a decision asks fourteen times.
        found = self._remembered.get((row_type, where, values))
        if found is None:
            found = self._find(row_type, where, *values)
        return found[0] if found else None  # type: ignore[return-value]

    @property
    def site(self) -> Site:
        found = self._one(Site, "LIMIT 1")
        if found is None:
            raise _never_published()
        return found

    def account(self, account_id: str) -> Account | None:
        return self._one(Account, "WHERE id = ?", account_id)

    def accounts(self) -> tuple[Account, ...]:
        return self._find(Account, "ORDER BY name, id")

    def person(self, person_id: str) -> Person | None:
        return self._one(Person, "WHERE id = ?", person_id)

    def extension(self, account_id: str, digits: str) -> Extension | None:
        return self._one(Extension, "WHERE account_id = ? AND digits = ?", account_id, digits)

    def extension_of(self, target_kind: str, target_id: str) -> Extension | None:
        where = "WHERE target_kind = ? AND target_id = ? ORDER BY digits"
        return self._one(Extension, where, target_kind, target_id)

    def extensions(self, account_id: str) -> tuple[Extension, ...]:
        return self._find(Extension, "WHERE account_id = ? ORDER BY digits", account_id)

    def number(self, e164: str) -> Number | None:
        return self._one(Number, "WHERE e164 = ?", e164)

    def mapping(self, number_id: str) -> Mapping | None:
        return self._one(Mapping, "WHERE id = ?", number_id)

    def number_of(self, target_kind: str, target_id: str) -> Number | None:
        where = "WHERE id IN (SELECT id FROM mapping WHERE target_kind = ? AND target_id = ?) ORDER BY e164"
        return self._one(Number, where, target_kind, target_id)

    def phone(self, phone_id: str) -> Phone | None:
        return self._one(Phone, "WHERE id = ?", phone_id)

    def phone_by_mac(self, mac: str) -> Phone | None:
        return self._one(Phone, "WHERE mac = ?", mac)

    def phone_by_sip_user(self, sip_user: str) -> Phone | None:
        return self._one(Phone, "WHERE sip_user = ?", sip_user)

    def phones_of(self, person_id: str) -> tuple[Phone, ...]:
        return self._find(Phone, "WHERE person_id = ? ORDER BY id", person_id)

    def phones(self) -> tuple[Phone, ...]:
        return self._find(Phone, "ORDER BY id")

    def keys_of(self, phone_id: str) -> tuple[LineKey, ...]:
        return self._find(LineKey, "WHERE phone_id = ? ORDER BY position, id", phone_id)

    def trunks(self) -> tuple[Trunk, ...]:
        return self._find(Trunk, "ORDER BY priority, id")

    def trunk(self, trunk_id: str) -> Trunk | None:
        return self._one(Trunk, "WHERE id = ?", trunk_id)

    def service(self, row_type: type[S], row_id: str) -> S | None:
        return self._one(row_type, "WHERE id = ?", row_id)

    def services_of(self, row_type: type[S], parent_id: str) -> tuple[S, ...]:
        order = "position, id" if "position" in tables.NAMES[row_type.kind] else "id"
        return self._find(row_type, f"WHERE {parent_field(row_type)} = ? ORDER BY {order}", parent_id)

    def services(self, row_type: type[S], account_id: str) -> tuple[S, ...]:
        return self._find(row_type, "WHERE account_id = ? ORDER BY id", account_id)


def _never_published() -> DirectoryProblem:
    return DirectoryProblem(
        Words("This building has no directory yet.", "Este edificio todavía no tiene directorio."),
        Words(
            "Enrol it with `conserje enrol`, or wait for its first copy from the centre.",
            "Dé de alta el edificio con `conserje enrol`, o espere la primera copia de la central.",
        ),
    )


class Live:
    """The way to the revision in force. One per process; opens its file on first use, so a fork may come before."""

    def __init__(self, live_dir: Path) -> None:
        self._link = str(live_dir / LINK)
        """In letters: this is asked at each request."""
        self._folder = live_dir
        self._name = ""
        self._directory: LiveDirectory | None = None

    @property
    def name(self) -> str:
        """Of the file that current() last answered with: another name, another copy."""
        return self._name

    def current(self) -> LiveDirectory:
        """The revision in force. Raises DirectoryProblem when none was ever published."""
        for _ in range(3):
            try:
                name = os.readlink(self._link)
                if name != self._name or self._directory is None:
                    self._directory = LiveDirectory(self._folder / name)
                    self._name = name
                return self._directory
            except (FileNotFoundError, sqlite3.OperationalError):
                # Published again between the two looks: the link has moved on, look again.
                continue
        raise _never_published()
