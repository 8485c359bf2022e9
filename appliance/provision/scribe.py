"""Writes down what the doors did, behind the phone's back: fetches, sightings and the log, in batches.

A thread of its own with a bounded queue: writing never holds up an answer, and a flood of requests loses records
(counted), never memory.
"""

import json
import logging
import queue
import sqlite3
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from appliance.directory.local import FETCHES_KEPT, Fetch, LocalStore, Sighting
from appliance.directory.served import GivenFile, GivenFiles
from appliance.errors import DirectoryProblem
from appliance.provision.bounds import SaidOnce, Tally

WAITING_MOST = 8192
BATCH_S = 0.2
TALLY_EVERY = 50
"""Batches between two lines of counts: about ten seconds."""

log = logging.getLogger("conserje.provision")


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and its outcome. `reason` empty: served. `keep`: it belongs in the phone's history.

    `given`: what a known phone now has, in plain text.
    """

    fetch: Fetch
    reason: str = ""
    keep: bool = True
    sighting: Sighting | None = None
    given: GivenFile | None = None


@dataclass
class Scribe:
    """`note` from any thread. The writing thread starts at the first note, so a fork may come before."""

    local: LocalStore
    given: GivenFiles | None = None
    tally: Tally = field(default_factory=Tally)
    _queue: "queue.SimpleQueue[Entry | None]" = field(default_factory=queue.SimpleQueue)
    _once: SaidOnce = field(default_factory=SaidOnce)
    _thread: threading.Thread | None = None
    _starting: threading.Lock = field(default_factory=threading.Lock)

    def note(self, entry: Entry) -> None:
        if self._thread is None:
            self._start()
        # About so many, when several threads note at once: the queue of the standard library that counts costs more.
        if self._queue.qsize() < WAITING_MOST:
            self._queue.put(entry)
        else:
            self.tally.count("not-recorded")

    def finish(self) -> None:
        """Write what waits, and end."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(timeout=2)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="scribe", daemon=True)
                self._thread.start()

    def _write(self) -> None:
        batches = 0
        pause = threading.Event()
        while True:
            batch, last = self._next_batch()
            self._keep(batch)
            self._tell(batch)
            batches += 1
            if last or batches % TALLY_EVERY == 0:
                self._tell_counts()
            if last:
                return
            # Gather for a moment: one transaction then serves many requests.
            pause.wait(BATCH_S)

    def _next_batch(self) -> tuple[list[Entry], bool]:
        """All that waits, at least one; whether the end was among it."""
        found = [self._queue.get()]
        with suppress(queue.Empty):
            while len(found) < WAITING_MOST:
                found.append(self._queue.get_nowait())
        return [e for e in found if e is not None], None in found

    def _keep(self, batch: list[Entry]) -> None:
        # A phone's history holds its last fetches only: of each phone the newest suffice, however many came.
        fetches: dict[str, deque[Fetch]] = {}
        sightings: dict[str, Sighting] = {}
        given: dict[tuple[str, str], GivenFile] = {}
        for entry in batch:
            if entry.keep and entry.fetch.mac:
                fetches.setdefault(entry.fetch.mac, deque(maxlen=FETCHES_KEPT)).append(entry.fetch)
            if entry.sighting and entry.sighting.mac:
                sightings[entry.sighting.mac] = entry.sighting
            if entry.given:
                given[entry.given.mac, entry.given.name] = entry.given
        self._store(lambda: self.local.record_fetches([f for kept in fetches.values() for f in kept]), bool(fetches))
        if self.given is not None:
            self._store(partial(self.given.keep, tuple(given.values())), bool(given))
        for sighting in sightings.values():
            self._store(lambda s=sighting: self.local.record_sighting(s), True)  # type: ignore[misc]

    def _store(self, write: Callable[[], object], wanted: bool) -> None:
        if not wanted:
            return
        try:
            write()
        except (sqlite3.Error, OSError, DirectoryProblem) as failed:
            # A full disk must not stop phones from being served; the page shows an old history.
            self.tally.count("not-recorded")
            if self._once.first(("store", type(failed))):
                log.error("provision.record.failed %s", failed)

    def _tell(self, batch: list[Entry]) -> None:
        """One line for what happened, with how often where it was more than once."""
        for (fetch, reason), times in Counter((e.fetch, e.reason) for e in batch).items():
            if reason and not self._once.first((fetch.address, reason, fetch.mac)):
                continue
            line = {
                "event": "provision.refused" if reason else "provision.served",
                "address": fetch.address,
                "mac": fetch.mac,
                "path": fetch.path[:200],
                "transport": fetch.transport,
                "status": fetch.status,
                "bytes": fetch.bytes,
                "user_agent": fetch.user_agent[:200],
                **({"reason": reason} if reason else {}),
                **({"times": times} if times > 1 else {}),
            }
            log.info("%s", json.dumps(line, ensure_ascii=True))

    def _tell_counts(self) -> None:
        if counts := self.tally.changed():
            log.warning("%s", json.dumps({"event": "provision.counts", **counts}))
