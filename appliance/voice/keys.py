"""Each key that a caller presses, once, however many ways its phone sends it: RFC 4733, SIP INFO, tones. Pure."""

from enum import IntEnum

SAME_KEY_S = 2.0
"""A key by a better way is taken for one that was heard by a worse way so shortly before: INFO comes at its release."""


class Way(IntEnum):
    """The better ones are the greater."""

    TONES = 1
    INFO = 2
    EVENTS = 3


class Keys:
    """Of one call. The best way that has ever brought a key is the one that is listened to from then on.

    Speech may be taken for a tone, and a gateway may send both; whoever sends events means events.
    """

    __slots__ = ("_at", "_key", "_way")

    def __init__(self) -> None:
        self._way = Way.TONES
        self._key = ""
        self._at = 0.0

    def heard(self, key: str, way: Way, now: float) -> str:
        """The key, where this is news of it; else nothing."""
        if way < self._way:
            return ""
        repeats = way > self._way and key == self._key and now - self._at <= SAME_KEY_S
        self._way = way
        if repeats:
            self._key = ""
            return ""
        self._key, self._at = key, now
        return key

    def forget_the_way(self) -> None:
        """Another phone may be at the other end now (a transfer)."""
        self._way = Way.TONES
