"""What a handset was told, judged on the RTP that it got: pitches, and sentences whole or by their beginning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.lab.audio import HEARD, RATE_HZ, Pcm, heard, tone_level
from tests.lab.handset import Handset

ALOUD_DBFS = -30.0
WITHIN_S = 30.0
UNLIKE = 0.5
"""Of one sentence's beginning in another sentence; HEARD is far above it."""


def hears(phone: Handset, hz: float, since_s: float = 0.4) -> bool:
    """Whether the last moments of what it heard hold this pitch."""
    if len(phone.datagrams) < 50 * since_s:
        return False
    return tone_level(phone.heard(since_s), hz) > ALOUD_DBFS


def has_heard(phone: Handset, hz: float) -> bool:
    """Whether a tenth of a second of all that it heard holds this pitch."""
    pcm = phone.heard() if phone.datagrams else np.zeros(0, np.int16)
    return any(tone_level(pcm[n : n + 800], hz) > ALOUD_DBFS for n in range(0, len(pcm) - 799, 400))


def said(phone: Handset, words: Pcm) -> bool:
    """Whether these words are in the last of what it heard."""
    return bool(phone.datagrams) and heard(words, phone.heard(len(words) / 8000 + WITHIN_S)) > HEARD


@dataclass
class Listening:
    """`said`, asked again and again: what was judged at one look is not judged again at the next."""

    phone: Handset
    words: Pcm
    judged: float = 0.0
    """When the last packet came that it knows."""

    def __call__(self) -> bool:
        if not self.phone.datagrams:
            return False
        newest = self.phone.datagrams[-1].at
        # A second more: a packet may come late, and sound is placed by its timestamp.
        fresh_s = min(WITHIN_S, newest - self.judged + 1)
        self.judged = newest
        return heard(self.words, self.phone.heard(len(self.words) / 8000 + fresh_s)) > HEARD


def beginning(words: Pcm, others: Sequence[Pcm]) -> Pcm:
    """The shortest beginning, of whole half seconds, that is in none of the others."""
    for samples in range(RATE_HZ, len(words), RATE_HZ // 2):
        if all(heard(words[:samples], other) < UNLIKE for other in others if len(other) >= samples):
            return words[:samples]
    return words
