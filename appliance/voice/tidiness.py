"""When a process of many short calls looks for garbage in cycles.

Python looks by itself when there is much that is new, and then at all there is: with a minute of calls in memory that
holds up every caller for 50 ms and more. Here what is young is looked at as ever, and all of it when nobody calls, or
as seldom as it is slow.
"""

import gc
import time

from appliance.voice.children import give_back_memory

NEVER = 1_000_000
IDLE_SHARE, BUSY_SHARE = 0.05, 0.001
"""Of the time, at most, that goes into looking at everything: while nobody calls, and while somebody does."""

BUSY_LEAST_S, BUSY_MOST_S = 30.0, 120.0
"""Between two looks while somebody calls. A call leaves some 20 KiB to be found: what waits for long is much."""


class Tidiness:
    """`begin` once, when what stays is there; `look` about once a second."""

    def __init__(self) -> None:
        self._done_at = 0.0
        self._took_s = 0.0
        self._seen = 0
        self._last = 0

    def begin(self) -> None:
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, NEVER)
        self._collect(0)
        gc.freeze()
        give_back_memory()

    def look(self, calls: int, ever: int) -> bool:
        """`calls` there are now, `ever` there were. True when it has looked at everything."""
        since = time.monotonic() - self._done_at
        # Short calls: none at this moment is not yet nobody.
        quiet, self._last = not calls and ever == self._last, ever
        wait_s = self._took_s / IDLE_SHARE if quiet else max(BUSY_LEAST_S, self._took_s / BUSY_SHARE)
        wait_s = min(wait_s, BUSY_MOST_S)
        if ever == self._seen or since < wait_s:
            return False
        self._collect(ever)
        return True

    def _collect(self, ever: int) -> None:
        # Processor time: where a machine is busy with other things, a look takes seconds and the next would be far off.
        began = time.thread_time()
        gc.collect()
        self._took_s = time.thread_time() - began
        self._done_at = time.monotonic()
        self._seen = ever
