"""The phone families as a running process holds them: read again when a file changes, the last good of each kept."""

import logging
import threading
from pathlib import Path

from appliance.ports import Clock
from appliance.provision.families import DESCRIPTOR, Families, load_families

LOOK_AGAIN_S = 2.0
log = logging.getLogger("conserje.provision")

_Stamp = tuple[tuple[str, int, int], ...]


class Catalogue:
    """Families of a folder. A family that a change broke goes on as it was; a folder that is gone is gone."""

    def __init__(self, templates_dir: Path, clock: Clock, compiled: bool = True) -> None:
        """Not `compiled`: for a process that renders no files (families.load_families)."""
        self._compiled = compiled
        self._folder = templates_dir
        self._clock = clock
        self._looked_at = float("-inf")
        self._stamp: _Stamp | None = None
        self._families = Families(())
        self._reading = threading.Lock()

    def current(self) -> Families:
        """The same object until something changed. Looks at the disk at most every LOOK_AGAIN_S seconds."""
        now = self._clock.monotonic()
        # One thread reads anew; the others go on with what there is, and wait only where there is nothing yet.
        if now - self._looked_at < LOOK_AGAIN_S or not self._reading.acquire(blocking=self._stamp is None):
            return self._families
        try:
            stamp = self._now_on_disk()
            if stamp != self._stamp:
                self._families = self._read_anew()
                # As it was before reading: a file that changed meanwhile is read again.
                self._stamp = stamp
            self._looked_at = now
        finally:
            self._reading.release()
        return self._families

    def _now_on_disk(self) -> _Stamp:
        found = []
        for path in sorted(self._folder.rglob("*")):
            try:
                at = path.stat()
            except OSError:
                continue
            found.append((str(path), at.st_mtime_ns, at.st_size))
        return tuple(found)

    def _read_anew(self) -> Families:
        read = load_families(self._folder, self._compiled)
        for problem in read.problems:
            log.error("provision.template.broken %s", problem.text())
        good = {f.name: f for f in read.families}
        for old in self._families.families:
            if old.name not in good and (self._folder / old.name / DESCRIPTOR).exists():
                good[old.name] = old
        return Families(tuple(good[name] for name in sorted(good)), read.problems)
