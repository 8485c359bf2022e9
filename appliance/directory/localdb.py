"""The file of the building's own facts, for the modules that each keep a few tables in it. Standard library only."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local as thread_local
from typing import ClassVar

BUSY_S = 5.0


class _Held:
    """Closes its connection with its thread or its LocalDatabase, whichever goes first: the connection itself is part
    of a cycle, to which the garbage collector comes late, or never.
    """

    __slots__ = ("connection",)

    def __init__(self, path: Path) -> None:
        # Used in its own thread only; whoever drops it may be another one.
        self.connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)

    def __del__(self) -> None:
        if connection := getattr(self, "connection", None):
            connection.close()


class LocalDatabase:
    """SQLite in WAL mode, written by several processes in short transactions. Each thread gets its own connection.

    `schema` makes a module's own tables where they are not there yet.
    """

    schema: ClassVar[str] = ""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = thread_local()

    def _connection(self) -> sqlite3.Connection:
        held: _Held | None = getattr(self._threads, "held", None)
        if held is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            held = _Held(self._path)
            held.connection.execute("PRAGMA journal_mode = WAL")
            held.connection.execute("PRAGMA synchronous = FULL")
            held.connection.executescript(self.schema)
            self._threads.held = held
        return held.connection

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
