"""How good a G.711 conversation is by what was measured of it: ITU-T G.107's E-model, with its defaults. Pure.

Not PESQ nor POLQA, which compare recordings and need a licence: it rates delay and loss, so what a mixer does to the
samples must be measured beside it (`fidelity_db`).
"""

import math

import numpy as np

from tests.lab.audio import Pcm

R_DEFAULT = 93.2
"""G.107 table 3: all parameters at their defaults, no delay, no loss."""
BPL_G711_CONCEALED = 25.1
"""G.113 table I.2: G.711 whose receiver conceals losses (appendix I of G.711), random loss."""
FRAME = 160


def rating(delay_ms: float, loss_share: float) -> float:
    """R for this mouth-to-ear delay and share of packets that are lost, or too late to be played (one by one)."""
    return R_DEFAULT - _delay_impairment(delay_ms) - _loss_impairment(loss_share)


def mos(r: float) -> float:
    """G.107 annex B: the mean opinion score that a rating stands for."""
    if r <= 0:
        return 1.0
    return 4.5 if r >= 100 else 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6


def fidelity_db(sent: Pcm, heard: Pcm) -> float:
    """Segmental signal-to-noise ratio of `heard` against `sent`, aligned, of the frames in which something is said."""
    length = min(len(sent), len(heard)) // FRAME * FRAME
    wanted = sent[:length].astype(np.float64).reshape(-1, FRAME)
    wrong = wanted - heard[:length].astype(np.float64).reshape(-1, FRAME)
    signal, noise = np.sum(wanted**2, axis=1), np.maximum(np.sum(wrong**2, axis=1), 1.0)
    said = signal > FRAME * 300.0**2
    assert said.any(), "nothing was said"
    return float(np.mean(10 * np.log10(signal[said] / noise[said])))


def _delay_impairment(delay_ms: float) -> float:
    """Idd (G.107 eq. 3-27): none up to 100 ms."""
    if delay_ms <= 100:
        return 0.0
    x = math.log2(delay_ms / 100)
    return float(25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2))


def _loss_impairment(share: float) -> float:
    """Ie,eff (G.107 eq. 3-29) of G.711, whose Ie is 0."""
    percent = 100 * share
    return 95 * percent / (percent + BPL_G711_CONCEALED)
