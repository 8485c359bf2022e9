"""The 20 ms clock: how late its ticks come, and the right to come before others."""

import os
from contextlib import suppress

import numpy as np

TICK_S = 0.020
WINDOW_TICKS = 3000
"""A minute."""
_REAL_TIME_PRIORITY = 10
_NICE = -10


class Punctuality:
    """How late the ticks of the last minute came."""

    def __init__(self) -> None:
        self._late = np.zeros(WINDOW_TICKS)
        self._seen = 0

    def record(self, late_s: float) -> None:
        self._late[self._seen % WINDOW_TICKS] = max(0.0, late_s)
        self._seen += 1

    def late_p99_ms(self) -> float:
        seen = self._late[: min(self._seen, WINDOW_TICKS)]
        return round(float(np.percentile(seen, 99)) * 1000, 3) if len(seen) else 0.0


def as_early_as_allowed() -> None:
    """Real-time scheduling where the system grants it, else a better niceness, else nothing: the tick report tells."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(_REAL_TIME_PRIORITY))
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
