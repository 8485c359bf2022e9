"""The building page's own database, `<state_dir>/webui.db`: users, sessions, failed log-ins, audit. SQLite in WAL.

Several workers and the command line write it in short transactions. users.py, sessions.py, throttle.py and audit.py
hold the statements; this module opens it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local as thread_local

FILE_NAME = "webui.db"
BUSY_S = 5.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS user(
    name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, must_change INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL, last_login_at TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS session(
    token_sha256 TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES user(name) ON DELETE CASCADE ON UPDATE CASCADE,
    address TEXT NOT NULL, started REAL NOT NULL, used REAL NOT NULL);
CREATE TABLE IF NOT EXISTS failure(
    key TEXT PRIMARY KEY, count INTEGER NOT NULL, last REAL NOT NULL, blocked_until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS audit(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, user TEXT NOT NULL, address TEXT NOT NULL,
    action TEXT NOT NULL, subject TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL);
"""


class Store:
    """One object may serve several threads; each gets its own connection."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = thread_local()

    @property
    def connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if found is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if not self._path.exists():
                self._path.touch(mode=0o600)
            found = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
            found.execute("PRAGMA journal_mode = WAL")
            found.execute("PRAGMA foreign_keys = ON")
            found.executescript(SCHEMA)
            self._threads.connection = found
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Whole or not at all, on disk when it returns."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def open_store(state_dir: Path) -> Store:
    return Store(state_dir / FILE_NAME)
