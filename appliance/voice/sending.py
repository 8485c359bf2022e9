"""Digits that we send: RFC 4733 packets, one a tick, or the tones themselves where events were not agreed on. Pure."""

from collections import deque
from dataclasses import dataclass

from appliance.voice import tones
from appliance.voice.rtp import KEYS
from appliance.voice.tracks import Track

KEY_TICKS = 5
"""100 ms of a key."""
GAP_TICKS = 5
ENDS = 3
"""The last packet is sent three times (RFC 4733 §2.5.1.4)."""
MAX_KEYS = 64
_VOLUME = 10
"""-10 dBm0."""
_LOW = {
    key: hertz for row, hertz in zip(("123A", "456B", "789C", "*0#D"), (697, 770, 852, 941), strict=True) for key in row
}
_HIGH = {key: (1209, 1336, 1477, 1633)[n] for row in ("123A", "456B", "789C", "*0#D") for n, key in enumerate(row)}


@dataclass(frozen=True, slots=True)
class EventPacket:
    """`body` None: a pause, audio goes."""

    timestamp: int
    first: bool
    body: bytes | None


class EventSender:
    """The keys still to be sent on one leg."""

    def __init__(self, payload_type: int) -> None:
        self.payload_type = payload_type
        self._keys: deque[str] = deque()
        self._tick = 0
        self._start = 0

    def add(self, keys: str) -> None:
        self._keys.extend(key for key in keys.upper() if key in KEYS)
        while len(self._keys) > MAX_KEYS:
            self._keys.pop()

    def next(self, timestamp: int, units: int) -> EventPacket | None:
        """This tick's packet; None when all is sent. `units`: of the timestamp, in a tick."""
        if not self._keys:
            return None
        tick = self._tick
        if tick == 0:
            self._start = timestamp
        self._tick += 1
        if tick >= KEY_TICKS + ENDS - 1:
            if self._tick > KEY_TICKS + ENDS - 1 + GAP_TICKS:
                self._keys.popleft()
                self._tick = 0
            return EventPacket(timestamp, False, None)
        length = min(tick + 1, KEY_TICKS) * units
        ends = 0x80 if tick >= KEY_TICKS - 1 else 0
        body = bytes((KEYS.index(self._keys[0]), ends | _VOLUME)) + length.to_bytes(2, "big")
        return EventPacket(self._start, tick == 0, body)


def key_tracks(keys: str) -> tuple[Track, ...]:
    """The tones of keys with pauses (ITU-T Q.23)."""
    known = [key for key in keys.upper() if key in _LOW][:MAX_KEYS]
    seconds = KEY_TICKS * 0.02
    return tuple(
        Track(part)
        for key in known
        for part in (tones.both(_LOW[key], _HIGH[key], seconds), tones.pause(GAP_TICKS * 0.02))
    )
