"""The table that Kamailio writes its contacts through to: made before its start, set aside where it is broken.

While Kamailio runs it takes away what has run out; what is there at its start was good when it ended.
"""

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
LONGEST_REGISTRATION_S = 3600
"""The longest registration that a phone is granted."""
_EPOCH_JULIAN, _DAY_S = 2440587.5, 86400
"""Kamailio's driver keeps moments as Julian days."""


def prepare_contacts(path: Path, now: float, again_s: int) -> None:
    """Make the table of contacts; a file that SQLite cannot read is set aside, and phones register anew.

    `now` as time.time(). A contact that ran out while the box was off, or whose end a clock set anew has moved out of
    reach, is good for `again_s` from now: its phone could not renew it meanwhile, and will by then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _make_contacts(path)
        _prolong(path, now, again_s)
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


def _prolong(path: Path, now: float, again_s: int) -> None:
    # What is granted is scattered by a tenth; twice the longest is certainly out of reach.
    again, unreachable = _julian(now + again_s), _julian(now + 2 * LONGEST_REGISTRATION_S)
    try:
        with closing(sqlite3.connect(path, timeout=2)) as connection, connection:
            connection.execute(
                "UPDATE location SET expires = ? WHERE expires <= ? OR expires > ?", (again, _julian(now), unreachable)
            )
    except sqlite3.OperationalError as busy:
        # A worker of a killed Kamailio may still be writing: its contacts are as fresh as can be.
        log.warning("contacts.db is busy (%s); contacts keep the ends that they have", busy)


def _julian(moment: float) -> float:
    return moment / _DAY_S + _EPOCH_JULIAN
