"""A jitter buffer: packets in, in any order, 20 ms out at each tick, late by as little as the network allows.

Time is counted in slots of 10 ms by RTP timestamps, so a lost packet leaves a hole where it was: LOST, for the ear to
conceal. What is not there and is not missed either (silence suppressed, nothing come yet) is None.
"""

from dataclasses import dataclass
from typing import Final

SLOT_MS = 10
START_SLOTS = 4
"""The delay to begin with: what a good network needs."""
MAX_SLOTS = 50
"""Half a second. What would have to wait longer makes the buffer begin anew at it."""
MISSED_TICKS = 3
"""How long a stream that has stopped without a word is still taken for one with losses."""
REVIEW_TICKS = 150
"""How often the delay is looked at: three seconds."""
SPARE_SLOTS = 4
"""More than this was always in hand: 20 ms of delay are given up."""
_TICK_SLOTS = 2


@dataclass(frozen=True, slots=True)
class _Lost:
    """Something was sent for this time, and is not here."""


LOST: Final = _Lost()


class JitterBuffer:
    """Of one stream. `slot_units`: RTP timestamp units in 10 ms. Memory: MAX_SLOTS pieces at most.

    It learns: what comes too late makes it wait longer, three seconds without need make it wait less.
    """

    __slots__ = (
        "_base", "_dry", "_first", "_highest", "_hold", "_last_sequence", "_least", "_play", "_reviewed", "_seen",
        "_slot_units", "_slots", "_ssrc", "late", "lost",
    )  # fmt: skip

    _base: int
    _play: int
    _hold: int
    _dry: int
    _reviewed: int
    _least: int

    def __init__(self, slot_units: int = 80) -> None:
        self._slot_units = slot_units
        self._slots: dict[int, bytes] = {}
        self._ssrc = -1
        self._begin(0, 0)
        self._first = self._highest = -1
        self.late = 0
        self.lost = 0

    @property
    def delay_ms(self) -> int:
        """How much is in hand now, holes included."""
        return max(0, self._highest + 1 - self._play) * SLOT_MS if self._first >= 0 else 0

    def put(self, sequence: int, timestamp: int, pieces: tuple[bytes, ...], ssrc: int = 0) -> bool:
        """Take a packet in, as one piece for each slot (a piece may be empty: the one before goes on).

        False for what was not taken: a repetition, or one that comes after its turn.
        """
        if ssrc != self._ssrc or self._first < 0:
            self._ssrc = ssrc
            self._begin(sequence, timestamp)
        elif self._repeats(sequence):
            return False
        offset = (timestamp - self._base + 0x80000000) % 0x100000000 - 0x80000000
        slot = (offset + self._slot_units // 2) // self._slot_units
        slack = slot - self._play
        if slack + len(pieces) > MAX_SLOTS or slack < -MAX_SLOTS:
            self._begin(sequence, timestamp)
            slot, slack = 0, START_SLOTS
        elif slack < 0:
            self.late += 1
            self._hold = max(self._hold, -slack)
            self._least = 0
            return False
        self._least = min(self._least, slack)
        for piece in pieces:
            self._slots[slot] = piece
            slot += 1
        self._highest = max(self._highest, slot - 1)
        return True

    def take(self) -> tuple[bytes, ...] | _Lost | None:
        """The two pieces of this tick."""
        if self._first < 0:
            return None
        if self._hold > 0:
            self._hold -= _TICK_SLOTS
            return LOST
        play = self._play
        self._play = play + _TICK_SLOTS
        one, two = self._slots.pop(play, None), self._slots.pop(play + 1, None)
        if one is not None and two is not None:
            self._dry = 0
            self._review()
            return one, two
        if play < self._first:
            return None
        if self._highest > play + 1:
            self.lost += 1
            return LOST
        self._dry += 1
        return LOST if self._dry <= MISSED_TICKS else None

    def following(self) -> bytes:
        """The piece after those just taken, if it is here: an Opus packet may repair the one before it."""
        return self._slots.get(self._play, b"")

    def _review(self) -> None:
        self._reviewed += 1
        if self._reviewed < REVIEW_TICKS:
            return
        if self._least > SPARE_SLOTS:
            for _ in range(_TICK_SLOTS):
                self._slots.pop(self._play, None)
                self._play += 1
        self._reviewed, self._least = 0, MAX_SLOTS

    def _begin(self, sequence: int, timestamp: int) -> None:
        self._slots.clear()
        self._base = timestamp
        self._play = -START_SLOTS
        self._first = self._highest = 0
        self._hold = self._dry = self._reviewed = 0
        self._least = MAX_SLOTS
        self._last_sequence, self._seen = sequence, 1

    def _repeats(self, sequence: int) -> bool:
        """A window over the last 64 sequence numbers, as RFC 3711 §3.3.2 keeps one against replay."""
        ahead = (sequence - self._last_sequence) % 65536
        if ahead == 0:
            return True
        if ahead < 32768:
            self._seen = (self._seen << ahead | 1) & 0xFFFFFFFFFFFFFFFF if ahead < 64 else 1
            self._last_sequence = sequence
            return False
        bit = 1 << (65536 - ahead)
        if bit > 1 << 63:
            return False
        if self._seen & bit:
            return True
        self._seen |= bit
        return False
