"""Polling: how every test here waits. A test never sleeps; it asks until the answer comes or its time is over."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
STEP_S = 0.02
LONGEST_STEP_S = 0.25


class NotInTime(AssertionError):
    """What was waited for did not come; the message says what, how long, and the last answer."""


def until(condition: Callable[[], T | None], seconds: float, what: str) -> T:
    """The first true answer of `condition`, asked again and again for at most `seconds`.

    Raises NotInTime. What `condition` raises passes through, except OSError and AssertionError: these mean "not yet".
    """
    end = time.monotonic() + seconds
    step = STEP_S
    last: object = None
    while True:
        try:
            answer = condition()
        except (OSError, AssertionError) as not_yet:
            last = not_yet
        else:
            if answer:
                return answer
            last = answer
        if time.monotonic() >= end:
            raise NotInTime(f"{what}: not within {seconds:g} s (last: {last!r:.600})")
        time.sleep(step)
        step = min(step * 1.5, LONGEST_STEP_S)
