"""The table that Kamailio writes its contacts through to: made before its start, set aside where it is broken."""

import logging
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

log = logging.getLogger(__name__)

CONTACTS_SCHEMA = """
CREATE TABLE IF NOT EXISTS location(
    id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) NOT NULL UNIQUE ON CONFLICT REPLACE,
    username VARCHAR(64) NOT NULL, domain VARCHAR(64), contact VARCHAR(512) NOT NULL,
    received VARCHAR(255), path VARCHAR(512),
    expires DATETIME NOT NULL, q REAL NOT NULL DEFAULT 1.0, callid VARCHAR(255) NOT NULL, cseq INTEGER NOT NULL,
    last_modified DATETIME NOT NULL, flags INTEGER NOT NULL DEFAULT 0, cflags INTEGER NOT NULL DEFAULT 0,
    user_agent VARCHAR(255), socket VARCHAR(64), methods INTEGER, instance VARCHAR(255),
    reg_id INTEGER NOT NULL DEFAULT 0, server_id INTEGER NOT NULL DEFAULT 0, connection_id INTEGER NOT NULL DEFAULT 0,
    keepalive INTEGER NOT NULL DEFAULT 0, partition INTEGER NOT NULL DEFAULT 0);
"""
"""Kamailio's own columns. Its driver reads types from their declared names."""


def prepare_contacts(path: Path) -> None:
    """Make the table of contacts; a file that SQLite cannot read is set aside, and phones register anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _make_contacts(path)
    except sqlite3.DatabaseError as broken:
        aside = path.with_suffix(".broken")
        log.warning("contacts.db cannot be read (%s); it is kept as %s and phones register anew", broken, aside.name)
        path.replace(aside)
        for extra in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{path}{extra}").unlink()
        _make_contacts(path)


def _make_contacts(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        connection.execute("PRAGMA page_size = 1024")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(CONTACTS_SCHEMA)
        connection.execute("SELECT count(*) FROM location").fetchone()
