"""Which of its menus a receptionist plays at a moment, and whether a week's hours hold one. Pure.

Time zones are the system's own (zoneinfo): Mexico City has no summer time since October 2022, the border
municipalities keep that of the United States.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wire.services import Holiday, MenuMode, OpenHours, Override, Receptionist

FALLBACK_ZONE = "America/Mexico_City"


def menu_mode(
    receptionist: Receptionist,
    hours: Iterable[OpenHours],
    holidays: Iterable[Holiday],
    now: datetime,
    site_timezone: str = FALLBACK_ZONE,
) -> MenuMode:
    """The menu at `now` (aware): by hand, else holiday before business before after-hours (V-2).

    Without a schedule the business menu plays all week. `hours` and `holidays` are those of its schedule.
    """
    match receptionist.override:
        case Override.OPEN:
            return MenuMode.BUSINESS
        case Override.CLOSED:
            return MenuMode.AFTER_HOURS
        case _ if not receptionist.schedule_id:
            return MenuMode.BUSINESS
        case _:
            there = local_time(now, receptionist.timezone or site_timezone)
            if is_holiday(holidays, there):
                return MenuMode.HOLIDAY
            return MenuMode.BUSINESS if is_open(hours, there) else MenuMode.AFTER_HOURS


def local_time(now: datetime, zone: str) -> datetime:
    """`now` on the wall clock of a zone; of FALLBACK_ZONE for a name that is none."""
    try:
        return now.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return now.astimezone(ZoneInfo(FALLBACK_ZONE))


def is_open(hours: Iterable[OpenHours], there: datetime) -> bool:
    """Whether a wall-clock moment lies within one of these ranges: `from` included, `to` not."""
    minute = there.hour * 60 + there.minute
    return any(h.weekday == there.weekday() and h.from_minute <= minute < h.to_minute for h in hours)


def is_holiday(holidays: Iterable[Holiday], there: datetime) -> bool:
    """Whether the wall-clock day is one of these; ISO dates compare as text."""
    day = there.date().isoformat()
    return any(h.first_day <= day <= h.last_day for h in holidays)
