"""How the wire's rows lie in SQLite: one table a kind, one column a field, made from the dataclasses themselves.

Used by the revision files (secrets sealed) and by the live file (secrets opened). Standard library only.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import astuple, fields, replace

from wire.rows import BY_KIND, ROW_TYPES, Row, secret_fields
from wire.services import LISTED_BY, SERVICE_ROW_TYPES, parent_field

SQL_TYPES = {"str": "TEXT", "int": "INTEGER", "bool": "INTEGER"}

INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS extension_digits ON extension(account_id, digits)",
    "CREATE INDEX IF NOT EXISTS extension_target ON extension(target_kind, target_id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS number_e164 ON number(e164)",
    "CREATE INDEX IF NOT EXISTS mapping_target ON mapping(target_kind, target_id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS phone_mac ON phone(mac)",
    "CREATE UNIQUE INDEX IF NOT EXISTS phone_sip_user ON phone(sip_user)",
    "CREATE INDEX IF NOT EXISTS phone_person ON phone(person_id)",
    "CREATE INDEX IF NOT EXISTS line_key_phone ON line_key(phone_id)",
    *(
        f"CREATE INDEX IF NOT EXISTS {row_type.kind}_part ON {row_type.kind}({parent_field(row_type)})"
        for row_type in SERVICE_ROW_TYPES
        if row_type in LISTED_BY
    ),
    *(
        f"CREATE INDEX IF NOT EXISTS {row_type.kind}_account ON {row_type.kind}(account_id)"
        for row_type in SERVICE_ROW_TYPES
        if "account_id" in {f.name for f in fields(row_type)}
    ),
)

META = "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL)"


def _type_name(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "str")


COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    t.kind: tuple((f.name, _type_name(f.type)) for f in fields(t)) for t in ROW_TYPES
}

_SELECTS = {
    kind: f"SELECT {', '.join(name for name, _ in columns)} FROM {kind}"  # noqa: S608
    for kind, columns in COLUMNS.items()
}
_SWITCHES = {
    kind: tuple(i for i, (_, type_name) in enumerate(columns) if type_name == "bool")
    for kind, columns in COLUMNS.items()
}
"""Where SQLite's 0 and 1 are to be bool again."""

NAMES = {kind: frozenset(name for name, _ in columns) for kind, columns in COLUMNS.items()}


def create(connection: sqlite3.Connection) -> None:
    """Empty tables, in a new database; in one that an older version wrote, those that it lacks."""
    connection.execute(META)
    for kind, columns in COLUMNS.items():
        body = ", ".join(
            f"{name} {SQL_TYPES[kind_of]} NOT NULL" + (" PRIMARY KEY" if name == "id" else "")
            for name, kind_of in columns
        )
        connection.execute(f"CREATE TABLE IF NOT EXISTS {kind}({body})")
    for index in INDEXES:
        connection.execute(index)


def put(connection: sqlite3.Connection, row: Row) -> None:
    """Insert a row, or replace the one with its id. A clash of another unique column raises sqlite3.IntegrityError."""
    names = [name for name, _ in COLUMNS[row.kind]]
    marks = ", ".join("?" * len(names))
    updates = ", ".join(f"{n}=excluded.{n}" for n in names if n != "id")
    connection.execute(
        f"INSERT INTO {row.kind}({', '.join(names)}) VALUES ({marks}) ON CONFLICT(id) DO UPDATE SET {updates}",  # noqa: S608
        astuple(row),
    )


def delete(connection: sqlite3.Connection, kind: str, row_id: str) -> None:
    connection.execute(f"DELETE FROM {BY_KIND[kind].kind} WHERE id = ?", (row_id,))  # noqa: S608


def row_of(kind: str, values: tuple[object, ...]) -> Row:
    """The dataclass of a fetched tuple; SQLite's 0 and 1 become bool again."""
    switches = _SWITCHES[kind]
    if not switches:
        return BY_KIND[kind](*values)  # type: ignore[arg-type]
    fields_of_row = list(values)
    for index in switches:
        fields_of_row[index] = bool(fields_of_row[index])
    return BY_KIND[kind](*fields_of_row)  # type: ignore[arg-type]


def select(kind: str) -> str:
    """SELECT with the columns in the dataclass's order."""
    return _SELECTS[kind]


def get(connection: sqlite3.Connection, kind: str, row_id: str) -> Row | None:
    found = connection.execute(f"{select(kind)} WHERE id = ?", (row_id,)).fetchone()
    return None if found is None else row_of(kind, found)


def rows(connection: sqlite3.Connection) -> Iterator[Row]:
    """Every row of every kind, each kind in the order of its ids."""
    for kind in COLUMNS:
        for values in connection.execute(f"{select(kind)} ORDER BY id"):
            yield row_of(kind, values)


def read_meta(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, value FROM meta").fetchall())


def write_meta(connection: sqlite3.Connection, values: dict[str, str]) -> None:
    connection.executemany("INSERT OR REPLACE INTO meta(name, value) VALUES (?, ?)", values.items())


def with_secrets(row: Row, change: Callable[[str], str]) -> Row:
    """The row with each non-empty secret field passed through `change` (to seal or to open)."""
    names = [n for n in secret_fields(type(row)) if getattr(row, n)]
    return replace(row, **{n: change(getattr(row, n)) for n in names}) if names else row  # type: ignore[arg-type]
