"""What is known of the link to the centre: pure, with hysteresis, so that a flapping link does not flap on the page.

Routing never looks at this: a call between two phones knows nothing of the centre.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from appliance.vocabulary import LinkState

FAILURES_TO_DOWN = 2
"""A long poll that breaks and the try after it."""
LATE = timedelta(seconds=3)
"""A try after a failure that is out for longer is lost as well: a name that cannot be looked up takes ten seconds and
more. With the poll's own time limit (`central.poll_wait_s` and 3 s) a cut shows within 15 s (S-1).
"""
SUCCESSES_TO_UP = 2
TWO_CHANGES_TAKE = timedelta(seconds=120)
"""A cut and its mending are both shown at once; after two changes the third waits: one a minute, however it flaps."""


@dataclass(frozen=True, slots=True)
class LinkWatch:
    """`state` is what is shown, `since` when it changed; the rest is memory between observations."""

    state: LinkState = LinkState.UNKNOWN
    since: datetime | None = None
    failures: int = 0
    failed_at: datetime | None = None
    """When the first of them was noticed."""
    successes: int = 0
    changes: tuple[datetime, ...] = ()
    """When the last two shown changes happened, oldest first. The first state shown is not a change."""


def observe(watch: LinkWatch, ok: bool, now: datetime) -> LinkWatch:
    """The watch after one exchange with the centre went well or not, at `now` (aware)."""
    watch = replace(
        watch,
        failures=0 if ok else watch.failures + 1,
        failed_at=None if ok else watch.failed_at or now,
        successes=watch.successes + 1 if ok else 0,
    )
    if watch.state is LinkState.UNKNOWN:
        return _show(watch, LinkState.UP if ok else LinkState.DOWN, now)
    wanted = watch.state
    if watch.state is LinkState.UP and watch.failures >= FAILURES_TO_DOWN:
        wanted = LinkState.DOWN
    elif watch.state is LinkState.DOWN and watch.successes >= SUCCESSES_TO_UP:
        wanted = LinkState.UP
    if wanted is watch.state or _flapping(watch, now):
        return watch
    return _show(watch, wanted, now)


def overdue(watch: LinkWatch, now: datetime) -> LinkWatch:
    """The watch while nothing came back yet: past LATE, a failure is a cut."""
    late = watch.failed_at is not None and now - watch.failed_at >= LATE
    return observe(watch, False, now) if late and watch.state is LinkState.UP else watch


def _flapping(watch: LinkWatch, now: datetime) -> bool:
    # A clock that was set back since is no reason to show an old state for as long.
    return len(watch.changes) == 2 and timedelta(0) <= now - watch.changes[0] < TWO_CHANGES_TAKE


def _show(watch: LinkWatch, state: LinkState, now: datetime) -> LinkWatch:
    changes = watch.changes if watch.state is LinkState.UNKNOWN else (*watch.changes, now)[-2:]
    return replace(watch, state=state, since=now, changes=changes)
