"""What a leg hears: packets in, the samples of each tick out, holes concealed. One kind for each way of decoding.

G.711 is decoded for all legs of the engine at once, so its ear hands out codes and takes the samples back.
"""

from typing import Protocol

import numpy as np

from appliance.voice.codecs import FRAME_BYTES, FRAME_SAMPLES, LAWS, Law, Pcm
from appliance.voice.concealment import HISTORY_FRAMES, Concealment
from appliance.voice.jitter import LOST, JitterBuffer
from appliance.voice.native import G722Decoder, OpusDecoder, opus_samples
from appliance.voice.rtp import Packet

_SLOT_BYTES = FRAME_BYTES // 2
_SLOT_SAMPLES = FRAME_SAMPLES // 2
_MAX_SLOTS = 18
"""180 ms in one packet: what fits a datagram of G.711. Opus ends at 120 ms."""


class Ear(Protocol):
    buffer: JitterBuffer

    def put(self, packet: Packet) -> None: ...
    def hear(self) -> bytes | Pcm | None:
        """This tick's frame: samples, or G.711 codes to be decoded, and settled where the ear is `mending`."""

    @property
    def mending(self) -> bool:
        """Whether the frame before was made up."""

    def settle(self, frame: Pcm) -> None:
        """Join a decoded frame, in place, to what was made up before it."""


class _Bytewise:
    """A codec with a byte for a sample's time: G.711, G.722."""

    __slots__ = ("_concealment", "buffer")

    def __init__(self) -> None:
        self.buffer = JitterBuffer()
        self._concealment = Concealment()

    @property
    def mending(self) -> bool:
        return self._concealment.running

    def settle(self, frame: Pcm) -> None:
        self._concealment.join(frame)

    def put(self, packet: Packet) -> None:
        data = packet.payload
        if len(data) == FRAME_BYTES:
            pieces: tuple[bytes, ...] = (data[:_SLOT_BYTES], data[_SLOT_BYTES:])
        else:
            n = min(len(data) // _SLOT_BYTES, _MAX_SLOTS)
            pieces = tuple(data[i * _SLOT_BYTES : (i + 1) * _SLOT_BYTES] for i in range(n))
        if pieces:
            self.buffer.put(packet.sequence, packet.timestamp, pieces, packet.ssrc)

    def _made_up(self, lost: bool, before: list[Pcm]) -> Pcm | None:
        """For a tick without a frame: what fills the hole, given all that came just before it."""
        if lost and len(before) == HISTORY_FRAMES:
            return self._concealment.fill(np.concatenate(before))
        self._concealment.forget()
        return None


class LawEar(_Bytewise):
    """G.711: `hear` gives codes. Codes are also what it remembers, as samples are views into those of all legs."""

    __slots__ = ("_before", "_law")

    def __init__(self, law: Law) -> None:
        super().__init__()
        self._law = law
        self._before: tuple[bytes, ...] = ()

    def hear(self) -> bytes | Pcm | None:
        got = self.buffer.take()
        if isinstance(got, tuple):
            codes = got[0] + got[1]
            self._before = (*self._before[1 - HISTORY_FRAMES :], codes)
            return codes
        return self._made_up(got is LOST, [self._law.decode(codes) for codes in self._before] if got is LOST else [])


class G722Ear(_Bytewise):
    __slots__ = ("_before", "_decoder")

    def __init__(self) -> None:
        super().__init__()
        self._decoder = G722Decoder()
        self._before: tuple[Pcm, ...] = ()

    def hear(self) -> Pcm | None:
        got = self.buffer.take()
        if not isinstance(got, tuple):
            return self._made_up(got is LOST, list(self._before))
        frame = self._decoder.decode(got[0] + got[1])
        if self.mending:
            self.settle(frame)
        self._before = (*self._before[1 - HISTORY_FRAMES :], frame)
        return frame


class OpusEar:
    """Packets of any length; a lost one is repaired by the next where that is here, else concealed by libopus."""

    __slots__ = ("_decoder", "_heard", "_left", "buffer")

    def __init__(self) -> None:
        self.buffer = JitterBuffer(480)
        self._decoder = OpusDecoder()
        self._left = np.zeros(0, np.int16)
        self._heard = False

    def put(self, packet: Packet) -> None:
        slots = min(opus_samples(packet.payload) // _SLOT_SAMPLES, _MAX_SLOTS)
        if slots:
            pieces = (packet.payload, *([b""] * (slots - 1)))
            self.buffer.put(packet.sequence, packet.timestamp, pieces, packet.ssrc)

    def hear(self) -> Pcm | None:
        got = self.buffer.take()
        if isinstance(got, tuple):
            self._heard = True
            decoded = [self._decoder.decode(packet) for packet in got if packet]
            self._left = np.concatenate((self._left, *decoded))
        if len(self._left) < FRAME_SAMPLES:
            if got is None or not self._heard:
                return None
            following = self.buffer.following() if got is LOST else b""
            self._left = np.concatenate((self._left, self._decoder.conceal(FRAME_SAMPLES, following)))
        frame, self._left = self._left[:FRAME_SAMPLES], self._left[FRAME_SAMPLES:]
        return frame if len(frame) == FRAME_SAMPLES else None

    @property
    def mending(self) -> bool:
        return False  # libopus joins by itself

    def settle(self, frame: Pcm) -> None: ...


def ear_for(codec: str) -> Ear:
    if codec == "OPUS":
        return OpusEar()
    return G722Ear() if codec == "G722" else LawEar(LAWS[codec])
