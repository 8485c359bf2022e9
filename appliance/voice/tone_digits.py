"""Digits sent as tones, looked for in all legs at once: numpy finds the frames that may hold one, SpanDSP judges."""

import numpy as np

from appliance.voice.codecs import FRAME_SAMPLES, RATE_HZ, Pcm
from appliance.voice.native import ToneDigits

_HERTZ = np.array([697, 770, 852, 941, 1209, 1336, 1477, 1633])
_ANGLES = 2 * np.pi / RATE_HZ * np.outer(np.arange(FRAME_SAMPLES), _HERTZ)
_WAVES = np.concatenate((np.cos(_ANGLES), np.sin(_ANGLES)), axis=1).astype(np.float32)
_QUIETEST = FRAME_SAMPLES * 100.0**2
"""Energy of a frame at about -50 dBFS, under which no key is looked for (Q.24 asks for -29 dBm at the least)."""
_PURITY = 0.4
"""How much of a frame's energy its loudest low and high tones must hold to be looked at closely."""
_ATTENTION_TICKS = 4
"""A key ends with some frames that hold none."""


def suspicious(frames: Pcm) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Of each row of 160 samples, whether it may hold a key: Goertzel's sums for the eight tones in one product."""
    x = frames.astype(np.float32)
    energy = np.einsum("ij,ij->i", x, x)
    parts = x @ _WAVES
    power = parts[:, :8] ** 2 + parts[:, 8:] ** 2
    both = power[:, :4].max(axis=1) + power[:, 4:].max(axis=1)
    found: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = (energy > _QUIETEST) & (
        both > _PURITY * FRAME_SAMPLES / 2 * energy
    )
    return found


class Listener:
    """One leg's. Holds a receiver only while there is something to judge."""

    __slots__ = ("_left", "_receiver")

    def __init__(self) -> None:
        self._receiver: ToneDigits | None = None
        self._left = 0

    @property
    def attentive(self) -> bool:
        """Whether it wants to hear each frame, suspicious or not."""
        return self._left > 0

    def hear(self, frame: Pcm, suspicion: bool, before: Pcm | None) -> str:
        """The keys made out with this frame, and the one before it, in which the key may have begun."""
        if suspicion:
            self._left = _ATTENTION_TICKS
        keys = ""
        if self._receiver is None:
            self._receiver = ToneDigits()
            if before is not None:
                keys = self._receiver.hear(before)
        keys += self._receiver.hear(frame)
        self._left -= 1
        if not self._left:
            self._receiver = None
        return keys
