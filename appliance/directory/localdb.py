"""The file of the building's own facts, for the modules that each keep a few tables in it. Standard library only."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local as thread_local
from typing import ClassVar

BUSY_S = 5.0


class LocalDatabase:
    """SQLite in WAL mode, written by several processes in short transactions. Each thread gets its own connection.

    `schema` makes a module's own tables where they are not there yet.
    """

    schema: ClassVar[str] = ""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = thread_local()

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if found is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            found = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
            found.execute("PRAGMA journal_mode = WAL")
            found.execute("PRAGMA synchronous = FULL")
            found.executescript(self.schema)
            self._threads.connection = found
        return found

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
