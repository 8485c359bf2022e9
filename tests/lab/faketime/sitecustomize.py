"""On the path of a building's processes while they live under libfaketime, whose clock_nanosleep takes no deadline.

Python's time.sleep hands it one (EINVAL, whatever the sleep); select waits for a span, which it leaves alone.
"""

import select
import time


def _sleep(seconds: float) -> None:
    select.select((), (), (), seconds)


time.sleep = _sleep  # type: ignore[assignment]
