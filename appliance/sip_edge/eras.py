"""How far the box's clock was set while the box ran: an era begins with each step, and what is dated keeps its era.

Contacts, subscriptions and call facts are dated by the wall clock. A process that reckons with those dates watches for
a step, ends, and is started again at once: then it reads each date as if the clock had always stood as it does now.
"""

import fcntl
import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.settings import Settings

STEP_MS = 5_000
"""Less is no step: a contact, renewed after half of its time, has more left than that."""
KAMAILIO_FIRST_S = 3.0
"""What begins anew besides Kamailio waits so long: calls need Kamailio, and a small box starts one thing at a time."""


@dataclass(frozen=True, slots=True)
class Eras:
    """`steps_ms`: by how much the clock was set, oldest first."""

    steps_ms: tuple[int, ...] = ()

    @property
    def now(self) -> int:
        """The number of this era: how many steps came before it."""
        return len(self.steps_ms)

    def since(self, era: int) -> int:
        """Milliseconds to add to a date that was noted in that era."""
        return sum(self.steps_ms[era:])

    def after(self, ahead_ms: int, before_ms: int) -> "Eras":
        """These, where the clock stood so far ahead of the monotonic one before, and stands so far ahead now."""
        by_ms = ahead_ms - before_ms
        return Eras((*self.steps_ms, by_ms)) if abs(by_ms) > STEP_MS else self


class ClockWatch:
    """Since when a process reckons: made at its start, asked now and then whether the clock was set meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._began_ms = _ahead_ms()
        self.eras = _noted(settings, self._began_ms)

    def stepped(self) -> bool:
        return abs(_ahead_ms() - self._began_ms) > STEP_MS


def write_era(settings: Settings, era: int) -> None:
    """This process becomes Kamailio, which reckons with dates of this era."""
    _write(_of_kamailio(settings), f"{os.getpid()} {era}")


def end_kamailio_of_former_era(settings: Settings, eras: Eras) -> bool:
    """Kill a Kamailio that began before the clock was set; its supervisor starts the next. Whether there was one.

    It is not asked to end: by the new clock it would first forget every contact that has run out.
    """
    try:
        pid, era = (int(word) for word in _of_kamailio(settings).read_text().split())
        if era == eras.now or Path(f"/proc/{pid}/comm").read_text().strip() != "kamailio":
            return False
        os.kill(pid, signal.SIGKILL)
    except (OSError, ValueError):
        return False
    return True


def _of_kamailio(settings: Settings) -> Path:
    return settings.paths.run_dir / "edge" / "kamailio-era"


def _ahead_ms() -> int:
    return (time.time_ns() - time.monotonic_ns()) // 1_000_000


def _noted(settings: Settings, ahead_ms: int) -> Eras:
    """The eras so far, with the one that began by now. Whoever is started first after a step notes it.

    How far ahead the clock is, is kept in memory: across a power failure nothing is known of it, and nothing is moved.
    """
    steps, ahead = settings.paths.state_dir / "clock-steps.json", settings.paths.run_dir / "clock-ahead"
    for path in (steps, ahead):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    with ahead.open("a+") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        known = Eras()
        with suppress(OSError, ValueError, TypeError):
            known = Eras(tuple(int(step) for step in json.loads(steps.read_text())))
        kept.seek(0)
        before = kept.read()
        now = known.after(ahead_ms, int(before)) if before.lstrip("-").isdigit() else known
        if now is not known:
            _write(steps, json.dumps(now.steps_ms))
        if now is not known or not before:
            kept.truncate(0)
            kept.write(str(ahead_ms))
        return now


def _write(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)
