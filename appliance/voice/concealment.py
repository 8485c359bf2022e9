"""Packet-loss concealment on samples: the last pitch period goes on and fades (after ITU-T G.711 Appendix I). Pure.

Costs nothing while nothing is lost: the ear hands over what it decoded last only when there is a hole to fill.
"""

import numpy as np

from appliance.voice.codecs import FRAME_SAMPLES, Pcm

HISTORY_FRAMES = 3
HISTORY_SAMPLES = HISTORY_FRAMES * FRAME_SAMPLES
_SHORTEST, _LONGEST = 40, 120
"""Pitch periods that are looked for, in samples: 200 to 66 Hz."""
_WINDOW = 160
_FADE_FRAMES = 3
_OVERLAP = 40
"""5 ms, to join what was made up to what came."""
_RAMP = np.arange(1, _OVERLAP + 1) / (_OVERLAP + 1)


class Concealment:
    """Fills the holes of one stream, from the first frame of a hole to the frame after it."""

    __slots__ = ("_at", "_frames", "_period")

    def __init__(self) -> None:
        self._period: Pcm | None = None
        self._at = 0
        self._frames = 0

    @property
    def running(self) -> bool:
        """Whether the frame before this one was made up."""
        return self._period is not None

    def fill(self, history: Pcm) -> Pcm:
        """The next frame of a hole. `history` is what was heard before it: HISTORY_SAMPLES, looked at once a hole."""
        if self._period is None:
            self._period = _last_period(history)
            self._at = self._frames = 0
        made = self._going_on(FRAME_SAMPLES)
        loud, quiet = (max(0.0, 1 - n / _FADE_FRAMES) for n in (self._frames, self._frames + 1))
        self._at += FRAME_SAMPLES
        self._frames += 1
        return np.asarray(made * np.linspace(loud, quiet, FRAME_SAMPLES), np.int16)

    def join(self, frame: Pcm) -> None:
        """Lead over, in the first frame after the hole, from what was made up."""
        loud = max(0.0, 1 - self._frames / _FADE_FRAMES)
        tail = self._going_on(_OVERLAP) * loud
        self._period = None
        frame[:_OVERLAP] = tail * (1 - _RAMP) + frame[:_OVERLAP] * _RAMP

    def forget(self) -> None:
        """The stream has stopped: what comes next is a beginning."""
        self._period = None

    def _going_on(self, samples: int) -> Pcm:
        assert self._period is not None
        return self._period[(self._at + np.arange(samples)) % len(self._period)]


def _last_period(history: Pcm) -> Pcm:
    """The lag at which the end of `history` resembles what was before it best; its last stretch of that length."""
    h = history.astype(np.float32)
    end = h[-_WINDOW:]
    past = h[-_WINDOW - _LONGEST :]
    match = np.correlate(past[:-_SHORTEST], end, "valid")
    squares = np.concatenate(([0.0], np.cumsum(past * past)))
    n = len(match)
    energy = squares[_WINDOW : _WINDOW + n] - squares[:n]
    best = int(np.argmax(match / np.sqrt(energy + 1)))
    lag = _LONGEST - best
    period = h[-lag:].copy()
    # The wrap of the period is joined as well, or each repetition would click.
    k = min(lag // 4, _OVERLAP)
    before = h[-lag - k : -lag]
    ramp = np.arange(1, k + 1) / (k + 1)
    period[-k:] = period[-k:] * (1 - ramp) + before * ramp
    return np.asarray(period, np.int16)
