"""The service `echo` (*9196): a beep, then the caller's own voice, to judge line and handset by."""

from dataclasses import dataclass, replace
from enum import Enum

from appliance.voice.dialogue import (
    Answer,
    Arrived,
    Connected,
    Dialogue,
    Effects,
    End,
    Event,
    Expired,
    Finished,
    HangUp,
    Left,
    LegLost,
    LegReady,
    OpenLeg,
    Play,
    Reflect,
    Refuse,
    StartTimer,
    Status,
)
from appliance.voice.sentences import BEEP

LONGEST_S = 300.0
ANSWER_WAIT_S = 32.0
"""RFC 3261 §13.3.1.4: 64*T1 without an ACK, the call is over. Counts only where the answer comes in the ACK."""
UNAVAILABLE = Status(503, "Service Unavailable")


class Phase(Enum):
    NEW = "new"
    OPENING = "opening"
    ANSWERED = "answered"
    BEEPING = "beeping"
    REFLECTING = "reflecting"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Echo:
    language: str
    phase: Phase = Phase.NEW

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        if self.phase is Phase.OVER:
            return self, ()
        match event:
            case Arrived() if self.phase is Phase.NEW:
                return replace(self, phase=Phase.OPENING), (OpenLeg(),)
            case LegReady() if self.phase is Phase.OPENING:
                return replace(self, phase=Phase.ANSWERED), (StartTimer("limit", ANSWER_WAIT_S), Answer())
            case Connected() if self.phase is Phase.ANSWERED:
                effects = (StartTimer("limit", LONGEST_S), Play((BEEP,), self.language))
                return replace(self, phase=Phase.BEEPING), effects
            case Finished() if self.phase is Phase.BEEPING:
                return replace(self, phase=Phase.REFLECTING), (Reflect(),)
            case Expired():
                return self._over(HangUp() if self._answered else Refuse(UNAVAILABLE))
            case LegLost():
                return self._over(HangUp() if self._answered else Refuse(UNAVAILABLE))
            case Left():
                return self._over(End())
            case _:
                return self, ()

    @property
    def _answered(self) -> bool:
        return self.phase in (Phase.ANSWERED, Phase.BEEPING, Phase.REFLECTING)

    def _over(self, last: Refuse | HangUp | End) -> tuple[Dialogue, Effects]:
        return replace(self, phase=Phase.OVER), (last,)
