"""Which of a site's trunks a call of this class may use now, and which come first. Pure.

Whether a trunk is up, what it is sent and what comes after it is ways_out.py's.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.directory.model import Directory, Trunk
from appliance.vocabulary import CallClass
from wire.services import TrunkUse

DAY_MINUTES = 1440


def trunks_for(directory: Directory, call_class: CallClass, now: datetime) -> tuple[Trunk, ...]:
    """The trunks that this call may use, in the order in which they are tried. `now` is aware.

    An emergency may use every one, whatever its use says. Without a TrunkUse a trunk takes any call at any time. Where
    priorities are equal, a trunk that names the call's class goes before one that takes all.
    """
    here = local_time(now, directory.site.timezone)
    found = [(t, directory.service(TrunkUse, t.id)) for t in directory.trunks()]
    if call_class is not CallClass.EMERGENCY:
        found = [(t, use) for t, use in found if use is None or serves(use, call_class, here)]
    return tuple(t for t, _ in sorted(found, key=lambda f: (f[0].priority, not _names(f[1], call_class), f[0].id)))


def serves(use: TrunkUse, call_class: CallClass, local: datetime) -> bool:
    """Whether a use allows a call of this class at this local time."""
    return _takes(use, call_class) and _at_time(use, local)


def local_time(now: datetime, timezone: str) -> datetime:
    """`now` on the site's clock; a zone that does not exist is UTC, so that a slip of the pen closes no way out."""
    try:
        return now.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError):
        return now


def registering(directory: Directory, trunks: Iterable[Trunk]) -> tuple[Trunk, ...]:
    """The trunks where this building is to register (RFC 3261 §10)."""
    uses = [(t, directory.service(TrunkUse, t.id)) for t in trunks]
    return tuple(t for t, use in uses if use is not None and use.registers and t.username)


def _takes(use: TrunkUse, call_class: CallClass) -> bool:
    classes = _classes(use)
    return not classes or call_class.value in classes


def _names(use: TrunkUse | None, call_class: CallClass) -> bool:
    return use is not None and call_class.value in _classes(use)


def _classes(use: TrunkUse) -> frozenset[str]:
    return frozenset(c.strip() for c in use.classes.split(",") if c.strip())


def _at_time(use: TrunkUse, local: datetime) -> bool:
    """A range over midnight belongs to the day on which it begins."""
    minute, weekday = local.hour * 60 + local.minute, local.weekday()
    start, end = use.from_minute, use.to_minute
    if start == end == 0:
        return _on_day(use, weekday)
    if start < end:
        return _on_day(use, weekday) and start <= minute < min(end, DAY_MINUTES)
    return (_on_day(use, weekday) and minute >= start) or (_on_day(use, (weekday - 1) % 7) and minute < end)


def _on_day(use: TrunkUse, weekday: int) -> bool:
    return not use.weekdays or str(weekday) in use.weekdays
