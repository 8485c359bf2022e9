"""The audio codecs that voice speaks: G.711 in both laws (ITU-T G.711), by table in numpy.

Samples are 8 kHz, signed 16-bit, in numpy arrays; encoded audio is bytes, 160 to a 20 ms frame. G.722 and Opus will be
further rows of CODECS; who picks one is sdp.py.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec by its SDP name. `payload_type` is the static one of RFC 3551; a call may agree on another."""

    name: str
    payload_type: int
    silence: bytes
    """One frame of digital silence."""
    comfort: bytes = field(repr=False)
    """A second of comfort noise, whole frames, to be looped where there is nothing to say."""
    _encode: NDArray[np.uint8] = field(repr=False, compare=False)
    _decode: Pcm = field(repr=False, compare=False)

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


def _codec(name: str, payload_type: int, values: Pcm) -> Codec:
    encode = _nearest_codes(values)
    chance = np.random.default_rng(_COMFORT_SEED)
    noise = np.asarray(chance.normal(scale=_COMFORT_RMS, size=_COMFORT_FRAMES * FRAME_SAMPLES), np.int16)
    silence = bytes([int(encode[0])]) * FRAME_BYTES
    return Codec(name, payload_type, silence, encode[noise.view(np.uint16)].tobytes(), encode, values)


PCMU = _codec("PCMU", 0, _mulaw_values())
PCMA = _codec("PCMA", 8, _alaw_values())
CODECS: dict[str, Codec] = {c.name: c for c in (PCMU, PCMA)}
