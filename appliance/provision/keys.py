"""A phone's programmable keys, and the minute of the night when it looks for changes. Pure."""

import hashlib
from dataclasses import dataclass

from appliance.directory.model import KeyKind, LineKey

RESYNC_HOURS = (1, 4)
"""Night hours, local, within which phones look for changes by themselves."""
PICKUP = "**"
"""Before an extension: takes the call that rings there."""
PARK = "*85"


@dataclass(frozen=True, slots=True)
class Key:
    """A programmable key. `position` from 1; `kind`: line | blf | speed | park | none.

    `value`: what it dials or whom it watches, "" on a line key. A phone is given one for every key that it has, so that
    none keeps what a former tenant put there.
    """

    position: int
    kind: str = "none"
    value: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time of the day, local."""

    hour: int
    minute: int

    @property
    def hhmm(self) -> str:
        """0217"""
        return f"{self.hour:02d}{self.minute:02d}"

    @property
    def colon(self) -> str:
        """02:17"""
        return f"{self.hour:02d}:{self.minute:02d}"


FIRST_MINUTE = ClockTime(RESYNC_HOURS[0], 0)


def resync_at(mac: str) -> ClockTime:
    """A minute of the night that is always the same for this phone, and spread evenly over many phones."""
    first, last = RESYNC_HOURS
    minute = int.from_bytes(hashlib.sha256(mac.encode()).digest()[:4], "big") % ((last - first) * 60)
    return ClockTime(first + minute // 60, minute % 60)


def keys_for(count: int, label: str, said: tuple[LineKey, ...]) -> tuple[Key, ...]:
    """One for each of a phone's `count` keys; `label` is its line's.

    The first is the line where nothing else is said; what is said of keys beyond the last is dropped.
    """
    kinds = set(KeyKind)
    wanted = {k.position: k for k in reversed(said) if k.key_kind in kinds}
    made = []
    for position in range(1, count + 1):
        key = wanted.get(position)
        if key is None:
            made.append(Key(position, "line", "", label) if position == 1 else Key(position))
        elif key.key_kind == KeyKind.LINE:
            made.append(Key(position, "line", "", key.label or label))
        else:
            value = key.value or (PARK if key.key_kind == KeyKind.PARK else "")
            made.append(Key(position, str(key.key_kind), value, key.label or value) if value else Key(position))
    return tuple(made)
