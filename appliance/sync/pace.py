"""How fast a journal goes up: pure. What a quiet building says goes at once; a backlog goes in batches with pauses.

After an outage of the centre, thousands of buildings come back in one moment, each with hours of calls to tell. Chance
spreads them, and a centre that takes long over a batch is left as much time again for everybody else.
"""

from dataclasses import dataclass

BATCH = 200
"""Facts in one request; the centre takes 500."""
PAUSE_S = (0.25, 0.75)
"""Between two batches of a backlog: two requests a second, four hundred facts; an hour of 1,000 phones in 20 s."""
EVERY_S = 1.0
"""How often a building that has sent all looks for more."""
RETRY_S = (1.0, 2.0)
"""Between tries while the centre cannot be reached."""
LONG_OUTAGE_S = 60.0
LONG_RETRY_S = (1.0, 10.0)
"""The same in an outage of LONG_OUTAGE_S or more: so the first batches of many buildings spread over ten seconds."""
BUSY_S = (3.0, 9.0)
"""After the centre said that it is busy (503)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One batch: how many facts, whether the centre answered for any, the seconds that it took."""

    facts: int
    answered: bool
    took_s: float


def pause_s(sent: Sent, chance: float) -> float:
    """How long to wait before the next batch. `chance`: of [0, 1)."""
    if sent.facts < BATCH or not sent.answered:
        return EVERY_S
    low, high = PAUSE_S
    return max(low + (high - low) * chance, sent.took_s)


def retry_s(away_s: float, chance: float) -> float:
    """How long to wait before the next try of a building that could not reach the centre for `away_s`."""
    low, high = LONG_RETRY_S if away_s >= LONG_OUTAGE_S else RETRY_S
    return low + (high - low) * chance


def busy_s(chance: float) -> float:
    """How long to leave a busy centre alone."""
    low, high = BUSY_S
    return low + (high - low) * chance
