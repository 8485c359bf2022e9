"""Wakes the buildings that wait for news: one watcher thread a web process asks the database while anybody waits.

So an edit wakes buildings on every web process, whichever process or command made it; no message bus is needed.
"""

import threading
import time
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from central.database import Database
from central.errors import UnavailableProblem
from central.model import SiteState

MANY = 500
"""More sites than this are asked for by reading them all: a list of names would cost more."""


class _Waiter:
    __slots__ = ("after", "site_id", "woken")

    def __init__(self, site_id: str, after: int) -> None:
        self.site_id = site_id
        self.after = after
        self.woken = threading.Event()


class FeedWatch:
    """`alive` is asked at each look: once it says no, everybody is sent home, so that a process ends without breaking
    off an answer (rolling restarts)."""

    def __init__(self, database: Database, interval_ms: int, alive: Callable[[], bool] = lambda: True) -> None:
        self._database = database
        self._interval_s = interval_ms / 1000
        self._alive = alive
        self._waiters: set[_Waiter] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def wait(self, site_id: str, after: int, seconds: float) -> None:
        """Return when the site has a newer revision than `after`, or when the time is over, or the process ends."""
        waiter = _Waiter(site_id, after)
        with self._changed:
            self._waiters.add(waiter)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="feed-watch", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        try:
            waiter.woken.wait(seconds)
        finally:
            with self._changed:
                self._waiters.discard(waiter)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiters:
                    self._changed.wait()
                waiting = tuple(self._waiters)
            ending = not self._alive()
            newest = {} if ending else self._newest({w.site_id for w in waiting})
            for waiter in waiting:
                if ending or newest.get(waiter.site_id, waiter.after) != waiter.after:
                    waiter.woken.set()
            time.sleep(self._interval_s)

    def _newest(self, site_ids: set[str]) -> dict[str, int]:
        """A database that is away is asked again at the next look: who waits goes on waiting until its time is over."""
        try:
            with self._database.reading() as session:
                query = select(SiteState.site_id, SiteState.revision)
                if len(site_ids) <= MANY:
                    query = query.where(SiteState.site_id.in_(site_ids))
                return {row.site_id: row.revision for row in session.execute(query)}
        except (UnavailableProblem, SQLAlchemyError):
            return {}
