"""Times, durations and numbers as people read them, in the building's own time zone. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}


@dataclass(frozen=True, slots=True)
class Format:
    """`language`: en or es."""

    language: str
    zone: tzinfo
    now: datetime

    def time(self, at: str) -> str:
        """`14:38:05` today, `21 nov 14:38` this year, with the year before; `—` for what is not a time."""
        then = self._local(at)
        if then is None:
            return "—"
        now = self.now.astimezone(self.zone)
        if then.date() == now.date():
            return f"{then:%H:%M:%S}"
        month = MONTHS[self.language][then.month - 1]
        year = f" {then.year}" if then.year != now.year else ""
        return f"{then.day} {month}{year} {then:%H:%M}"

    def full(self, at: str) -> str:
        """With date, seconds and offset: what a tooltip shows."""
        then = self._local(at)
        return f"{then:%Y-%m-%d %H:%M:%S %z}" if then else "—"

    def _local(self, at: str) -> datetime | None:
        try:
            then = datetime.fromisoformat(at)
        except ValueError:
            return None
        return (then if then.tzinfo else then.replace(tzinfo=UTC)).astimezone(self.zone)


def duration(milliseconds: int) -> str:
    """`1:02:03` or `2:03`."""
    seconds = max(0, milliseconds) // 1000
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"


def zone_of(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
