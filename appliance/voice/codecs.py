"""The audio codecs that voice speaks: G.711 in both laws (ITU-T G.711) by table in numpy, G.722 and Opus by native.py.

Samples are 8 kHz, signed 16-bit, in numpy arrays, 160 to a 20 ms frame. Which codec a call speaks is sdp.py's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.voice.native import G722Encoder, OpusEncoder

Pcm = NDArray[np.int16]

RATE_HZ = 8000
FRAME_MS = 20
FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1000
FRAME_BYTES = FRAME_SAMPLES
"""Of G.711: one byte a sample."""

_COMFORT_SEED = 1876
_COMFORT_RMS = 14.0
"""About -67 dBFS: a line that is alive, not a sound."""
_COMFORT_FRAMES = 50


class Encoder(Protocol):
    """One direction of one stream; may keep a state."""

    def encode(self, pcm: Pcm) -> bytes:
        """One frame."""


class Codec(Protocol):
    """What sources and legs need of any codec."""

    @property
    def name(self) -> str: ...
    @property
    def payload_type(self) -> int: ...
    @property
    def units(self) -> int:
        """RTP timestamp units of a frame."""

    @property
    def encoder(self) -> Callable[[], Encoder]: ...
    @property
    def comfort_frames(self) -> tuple[bytes, ...]:
        """Comfort noise, to be looped where there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Law:
    """A codec by its SDP name. `payload_type` is the static one of RFC 3551; a call may agree on another."""

    name: str
    payload_type: int
    silence: bytes
    """One frame of digital silence."""
    comfort: bytes = field(repr=False)
    """A second of comfort noise, whole frames, to be looped where there is nothing to say."""
    _encode: NDArray[np.uint8] = field(repr=False, compare=False)
    _decode: Pcm = field(repr=False, compare=False)
    units: int = FRAME_SAMPLES

    @property
    def encoder(self) -> Callable[[], Encoder]:
        return lambda: self

    @property
    def comfort_frames(self) -> tuple[bytes, ...]:
        return tuple(self.comfort[n : n + FRAME_BYTES] for n in range(0, len(self.comfort), FRAME_BYTES))

    def encode(self, pcm: Pcm) -> bytes:
        """One byte for each sample."""
        return self._encode[pcm.view(np.uint16)].tobytes()

    def decode(self, data: bytes) -> Pcm:
        """One sample for each byte."""
        return self._decode[np.frombuffer(data, np.uint8)]

    def frames(self, pcm: Pcm) -> bytes:
        """Encoded and filled up with silence to whole frames."""
        data = self.encode(pcm)
        return data + self.silence[: -len(data) % FRAME_BYTES]


@dataclass(frozen=True, slots=True)
class Stateful:
    """A codec whose frames depend on those before: one encoder for each stream."""

    name: str
    payload_type: int
    units: int
    encoder: Callable[[], Encoder] = field(repr=False)

    @property
    def comfort_frames(self) -> tuple[bytes, ...]:
        return _comfort_of(self)


@cache
def _comfort_of(codec: Stateful) -> tuple[bytes, ...]:
    encoder = codec.encoder()
    return tuple(encoder.encode(frame) for frame in _comfort().reshape(-1, FRAME_SAMPLES))


def _comfort() -> Pcm:
    chance = Random(_COMFORT_SEED)  # noqa: S311 - noise; numpy's own chance would be 3 MiB of each worker
    return np.array([chance.gauss(0, _COMFORT_RMS) for _ in range(_COMFORT_FRAMES * FRAME_SAMPLES)]).astype(np.int16)


def _mulaw_values() -> Pcm:
    codes = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((codes & 0x0F) << 3) + 0x84) << ((codes >> 4) & 7)) - 0x84
    return np.asarray(np.where(codes & 0x80, -magnitude, magnitude), np.int16)


def _alaw_values() -> Pcm:
    codes = np.arange(256, dtype=np.int32) ^ 0x55
    segment, step = (codes >> 4) & 7, (codes & 0x0F) << 4
    magnitude = np.where(segment == 0, step + 8, (step + 0x108) << np.maximum(segment - 1, 0))
    return np.asarray(np.where(codes & 0x80, magnitude, -magnitude), np.int16)


def _nearest_codes(values: Pcm) -> NDArray[np.uint8]:
    """The code of the nearest value for each of the 65,536 samples, indexed by the sample seen as unsigned."""
    order = np.argsort(values, kind="stable")
    ladder = values[order].astype(np.int32)
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    upper = np.clip(np.searchsorted(ladder, samples), 1, 255)
    lower = upper - 1
    nearest = np.where(samples - ladder[lower] < ladder[upper] - samples, lower, upper)
    codes = np.asarray(order[nearest], np.uint8)
    codes[0] = np.flatnonzero(values == values[codes[0]])[-1]  # mu-law has two zeros; the line's is 0xFF
    return codes


def _law(name: str, payload_type: int, values: Pcm) -> Law:
    encode = _nearest_codes(values)
    silence = bytes([int(encode[0])]) * FRAME_BYTES
    return Law(name, payload_type, silence, encode[_comfort().view(np.uint16)].tobytes(), encode, values)


PCMU = _law("PCMU", 0, _mulaw_values())
PCMA = _law("PCMA", 8, _alaw_values())
G722 = Stateful("G722", 9, 160, G722Encoder)
OPUS = Stateful("OPUS", 111, 960, OpusEncoder)
LAWS: dict[str, Law] = {c.name: c for c in (PCMU, PCMA)}
CODECS: dict[str, Codec] = {**LAWS, G722.name: G722, OPUS.name: OPUS}
