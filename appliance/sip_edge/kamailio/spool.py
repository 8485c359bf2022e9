"""Call facts on their way to the edge service: every worker appends to one file an hour, one write a call step.

O_APPEND makes each write whole; the kernel keeps it through the death of any process of ours.

A call lasts as long as it lasts, also where the clock is set meanwhile: moments are of the clock as it stood when the
process began, and each line says in which era that was (eras.py).
"""

import os
import time
from pathlib import Path

from appliance.sip_edge.callfacts import CallFact, News, lines

NAME = "%Y%m%dT%H.jsonl"
"""UTC, so that names sort by time."""
HOUR_S = 3600
_AHEAD_NS = time.time_ns() - time.monotonic_ns()


def now_ms() -> int:
    return (time.monotonic_ns() + _AHEAD_NS) // 1_000_000


class Spool:
    """The file that is written now. Opens at the first fact, so that it may be made before a fork."""

    def __init__(self, directory: Path, era: int = 0) -> None:
        self._directory = directory
        self._era = era
        self._hour = -1
        self._file = -1

    def append(self, *facts: CallFact | News) -> None:
        """Raises OSError when the disk is full; the caller's call must not suffer from it."""
        os.write(self._opened(), lines(facts, self._era))

    def _opened(self) -> int:
        hour = now_ms() // 1000 // HOUR_S
        if hour != self._hour:
            name = time.strftime(NAME, time.gmtime(hour * HOUR_S))
            opened = os.open(self._directory / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            if self._file >= 0:
                os.close(self._file)
            self._file, self._hour = opened, hour
        return self._file
