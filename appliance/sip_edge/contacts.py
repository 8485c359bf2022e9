"""The table that Kamailio writes its contacts through to: made before its start, set aside where it is broken.

While Kamailio runs it takes away what has run out; what is there at its start was good when it ended. Where the clock
is set, it takes away what has not run out at all until it is started again: that is kept a while, and put back.
"""

import logging
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from appliance.sip_edge.eras import Eras

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
_COLUMNS = (
    "ruid, username, domain, contact, received, path, expires, q, callid, cseq, last_modified, flags, cflags,"
    " user_agent, socket, methods, instance, reg_id, server_id, connection_id, keepalive, partition"
)
NOTICED_S = 15
"""Within so long after the clock was set Kamailio has begun anew."""
_RAN_OUT_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS ran_out(at REAL NOT NULL, {_COLUMNS});
CREATE TRIGGER IF NOT EXISTS location_runs_out BEFORE DELETE ON location WHEN old.expires <= julianday('now') BEGIN
    DELETE FROM ran_out WHERE at NOT BETWEEN julianday('now') - {NOTICED_S} / 86400.0 AND julianday('now');
    INSERT INTO ran_out SELECT julianday('now'), {_COLUMNS} FROM location WHERE id = old.id;
END;
"""  # noqa: S608 - our own names
LONGEST_REGISTRATION_S = 3600
"""The longest registration that a phone is granted."""
_EPOCH_JULIAN, _DAY_S = 2440587.5, 86400
"""Kamailio's driver keeps moments as Julian days."""


def prepare_contacts(path: Path, now: float, again_s: int, eras: Eras = Eras()) -> None:  # noqa: B008 - frozen
    """Make the table of contacts; a file that SQLite cannot read is set aside, and phones register anew.

    Where the clock was set since Kamailio began last, contacts have as long as they had before.

    `now` as time.time(). A contact that ran out while the box was off, or whose end a clock set anew has moved out of
    reach, is good for `again_s` from now: its phone could not renew it meanwhile, and will by then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _make_contacts(path)
        _bring_to(path, now, eras)
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
        connection.executescript(CONTACTS_SCHEMA + _RAN_OUT_SCHEMA)
        connection.execute("SELECT count(*) FROM location").fetchone()


def _bring_to(path: Path, now: float, eras: Eras) -> None:
    moment, lately = _julian(now), NOTICED_S / _DAY_S
    try:
        with closing(sqlite3.connect(path, timeout=2)) as connection, connection:
            ((era,),) = connection.execute("PRAGMA user_version").fetchall()
            by = eras.since(era) / 1000 / _DAY_S
            if by:
                # Kamailio took it away by the new clock, after which it is not to be called before it has registered.
                connection.execute(
                    f"INSERT INTO location({_COLUMNS}) SELECT {_COLUMNS} FROM ran_out"  # noqa: S608 - our own names
                    " WHERE at BETWEEN ? AND ? AND expires + ? > ? AND ruid NOT IN (SELECT ruid FROM location)",
                    (moment - lately, moment + lately, by, moment),
                )
                # Who registered after the clock was set is dated by the new one.
                connection.execute(
                    "UPDATE location SET expires = expires + :by, last_modified = last_modified + :by"
                    " WHERE last_modified NOT BETWEEN :now - :lately AND :now + :lately",
                    {"by": by, "now": moment, "lately": lately},
                )
            connection.execute("DELETE FROM ran_out")
            connection.execute(f"PRAGMA user_version = {eras.now}")
    except sqlite3.OperationalError as busy:
        log.warning("contacts.db is busy (%s); contacts keep the ends that they have", busy)


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
