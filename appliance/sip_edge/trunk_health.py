"""Whether a trunk is up: from the answers to OPTIONS, with hysteresis, Retry-After and damping. Pure.

Asking is trunk_tender.py's; which trunk a call takes is routing's.
"""

from dataclasses import dataclass, replace

from appliance.vocabulary import LinkState

TO_DOWN, TO_UP = 3, 3
"""Missed or good answers in a row that change the state."""
SOON_S = 1.0
"""After a bad answer of a trunk that is up, or a good one of one that is down, the next is asked for so soon."""
MEMORY_S = 600.0
STEADY_S = (0.0, 0.0, 30.0, 60.0, 120.0)
"""How long a trunk must answer well before it is up again, by how often it went down within MEMORY_S: a first death is
forgiven at once, a trunk that flaps is left alone for longer and longer."""
LONGEST_RETRY_S = 3600.0
SILENCE = 0
TIMEOUT, NOT_IMPLEMENTED = 408, 501
OUT_OF_SERVICE = 503


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a SIP status, or SILENCE. `retry_after_s` out of its header; 0: none."""

    status: int
    retry_after_s: float = 0.0
    latency_ms: float = 0.0

    @property
    def good(self) -> bool:
        """Whether it shows a trunk alive: whatever it has against an OPTIONS, it is no trouble of its own."""
        if self.status == TIMEOUT:
            return False
        return 200 <= self.status < 500 or self.status >= 600 or self.status == NOT_IMPLEMENTED


@dataclass(frozen=True, slots=True)
class Health:
    """Times are a monotonic clock's seconds."""

    state: LinkState = LinkState.UNKNOWN
    missed: int = 0
    answered: int = 0
    good_since: float = 0.0
    not_before: float = 0.0
    """What Retry-After asked for: not asked, and not up, before then."""
    deaths: tuple[float, ...] = ()
    next_at: float = 0.0
    latency_ms: float = 0.0
    last_status: int = SILENCE


def observe(health: Health, answer: Answer, now: float, every_s: float) -> Health:
    """The health after one probe; `every_s`: how often a steady trunk is asked."""
    if answer.good:
        return _well(health, answer, now, every_s)
    health = replace(
        health,
        missed=health.missed + 1,
        answered=0,
        last_status=answer.status,
        next_at=now + (every_s if health.state is LinkState.DOWN else min(SOON_S, every_s)),
    )
    if answer.status == OUT_OF_SERVICE:
        # It says so itself: no need to ask three times.
        wait = min(answer.retry_after_s, LONGEST_RETRY_S)
        health = replace(health, not_before=now + wait, next_at=now + max(wait, every_s))
        return _down(health, now)
    return _down(health, now) if health.missed >= TO_DOWN else health


def _well(health: Health, answer: Answer, now: float, every_s: float) -> Health:
    health = replace(
        health,
        missed=0,
        answered=health.answered + 1,
        good_since=health.good_since if health.answered else now,
        latency_ms=answer.latency_ms,
        last_status=answer.status,
        next_at=now + (min(SOON_S, every_s) if health.state is LinkState.DOWN else every_s),
    )
    if health.state is LinkState.UNKNOWN:
        return replace(health, state=LinkState.UP)
    steady = now - health.good_since >= patience_s(health, now)
    if health.state is LinkState.DOWN and health.answered >= TO_UP and steady and now >= health.not_before:
        return replace(health, state=LinkState.UP)
    return health


def patience_s(health: Health, now: float) -> float:
    """How long this trunk must answer well before it is believed."""
    lately = sum(now - at < MEMORY_S for at in health.deaths)
    return STEADY_S[min(lately, len(STEADY_S) - 1)]


def _down(health: Health, now: float) -> Health:
    if health.state is LinkState.DOWN:
        return health
    deaths = (*(at for at in health.deaths if now - at < MEMORY_S), now)
    return replace(health, state=LinkState.DOWN, deaths=deaths[-len(STEADY_S) :])
