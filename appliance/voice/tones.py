"""Tones of the telephone network, as samples: special information, busy, beep (ITU-T E.180, E.182)."""

import numpy as np

from appliance.voice.codecs import RATE_HZ, Pcm

_LEVEL_DBFS = -18.0
_RAMP_SAMPLES = 40
"""5 ms up and down, so that a tone does not click."""


def sine(hertz: float, seconds: float, dbfs: float = _LEVEL_DBFS) -> Pcm:
    """A tone of that RMS level, with soft edges."""
    n = int(seconds * RATE_HZ)
    wave = 32768 * np.sqrt(2) * 10 ** (dbfs / 20) * np.sin(2 * np.pi * hertz / RATE_HZ * np.arange(n))
    ramp = np.minimum(1.0, np.minimum(np.arange(n), np.arange(n)[::-1]) / _RAMP_SAMPLES)
    return np.asarray(wave * ramp, np.int16)


def pause(seconds: float) -> Pcm:
    return np.zeros(int(seconds * RATE_HZ), np.int16)


def joined(*parts: Pcm) -> Pcm:
    return np.concatenate(parts) if parts else pause(0)


def special_information() -> Pcm:
    """The three rising tones before "this call cannot be completed": 950, 1400, 1800 Hz, 330 ms each (E.180 §3.8)."""
    return joined(sine(950, 0.33), sine(1400, 0.33), sine(1800, 0.33))


def busy(seconds: float) -> Pcm:
    """Mexico: 425 Hz, a quarter of a second on and off."""
    return joined(*[joined(sine(425, 0.25), pause(0.25))] * round(seconds * 2))


def beep() -> Pcm:
    return sine(1400, 0.3)


def ringback() -> Pcm:
    """Mexico: 425 Hz, one second on, four off."""
    return joined(sine(425, 1.0), pause(4.0))


def room_joined() -> Pcm:
    """Two rising tones: somebody came in."""
    return joined(sine(440, 0.12, -24.0), sine(660, 0.16, -24.0))


def room_left() -> Pcm:
    """Two falling tones: somebody went."""
    return joined(sine(660, 0.12, -24.0), sine(440, 0.16, -24.0))


def both(low: float, high: float, seconds: float) -> Pcm:
    """Two tones at once, as a key has them."""
    return sine(low, seconds, _LEVEL_DBFS + 6) + sine(high, seconds, _LEVEL_DBFS + 6)
