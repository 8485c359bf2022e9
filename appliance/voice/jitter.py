"""A small jitter buffer: packets in, in any order, 20 ms frames out, one a tick.

Holds back a little audio to even out the network and drops the oldest when a sender runs fast. It fills nothing in:
where there is no frame it says so, and the caller of `frame` knows what to play.
"""

from appliance.voice.codecs import FRAME_BYTES
from appliance.voice.rtp import newer

PREFILL_FRAMES = 2
MAX_FRAMES = 10
_MAX_WAITING = 16


class JitterBuffer:
    """Of encoded G.711 audio, whatever the sender's packet time. Constant memory: at most MAX_FRAMES and 16 packets."""

    __slots__ = ("_audio", "_next", "_running", "_waiting", "dropped", "lost")

    def __init__(self) -> None:
        self._audio = bytearray()
        self._waiting: dict[int, bytes] = {}
        self._next: int | None = None
        self._running = False
        self.lost = 0
        self.dropped = 0

    def put(self, sequence: int, payload: bytes) -> None:
        """Take a packet in. One that comes after its turn is dropped."""
        if self._next is None or sequence == self._next:
            self._take(sequence, payload)
            while (ready := self._waiting.pop(self._next or 0, None)) is not None:
                self._take(self._next or 0, ready)
        elif newer(sequence, self._next, 16):
            self._waiting[sequence] = payload
            if len(self._waiting) > _MAX_WAITING or (sequence - self._next) % 65536 > _MAX_WAITING:
                self._skip()
        else:
            self.dropped += 1

    def frame(self) -> bytes | None:
        """The next 20 ms, or None: nothing has come, or the buffer is filling again after it ran dry."""
        if not self._running and len(self._audio) < PREFILL_FRAMES * FRAME_BYTES:
            if self._waiting:
                self._skip()
            return None
        if len(self._audio) < FRAME_BYTES and self._waiting:
            self._skip()
        if len(self._audio) < FRAME_BYTES:
            self._running = False
            return None
        self._running = True
        out = bytes(self._audio[:FRAME_BYTES])
        del self._audio[:FRAME_BYTES]
        return out

    def _take(self, sequence: int, payload: bytes) -> None:
        self._audio += payload
        self._next = (sequence + 1) % 65536
        excess = len(self._audio) - MAX_FRAMES * FRAME_BYTES
        if excess > 0:
            del self._audio[:excess]
            self.dropped += 1

    def _skip(self) -> None:
        """What is missing will not come: go on with the packets that wait behind it."""
        assert self._next is not None
        expected = self._next
        first = min(self._waiting, key=lambda s: (s - expected) % 65536)
        self.lost += (first - expected) % 65536
        self._take(first, self._waiting.pop(first))
        while (ready := self._waiting.pop(self._next, None)) is not None:
            self._take(self._next, ready)
