"""The service `announce`: say why a call fails as early media, then fail it as the routing chose."""

from dataclasses import dataclass, replace
from enum import Enum

from appliance.voice.dialogue import (
    Arrived,
    Dialogue,
    Effects,
    End,
    Event,
    Expired,
    Finished,
    Left,
    LegLost,
    LegReady,
    OpenLeg,
    Play,
    Progress,
    Refuse,
    StartTimer,
    Status,
)

LONGEST_S = 60.0
"""An announcement that has not ended by then is ended: no sentence is that long."""


class Phase(Enum):
    NEW = "new"
    OPENING = "opening"
    SPEAKING = "speaking"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Announce:
    """RFC 3960 §3: early media that tells of a failure; never answered, so never charged.

    A caller without SDP in its INVITE gives no address to speak to before an answer (RFC 3261 §13.2.1): status alone.
    """

    cues: tuple[str, ...]
    language: str
    then: Status
    phase: Phase = Phase.NEW

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        if self.phase is Phase.OVER:
            return self, ()
        match event:
            case Arrived(early=True) if self.phase is Phase.NEW and self.cues:
                return replace(self, phase=Phase.OPENING), (OpenLeg(), StartTimer("longest", LONGEST_S))
            case Arrived():
                return self._over(Refuse(self.then))
            case LegReady() if self.phase is Phase.OPENING:
                return replace(self, phase=Phase.SPEAKING), (Progress(), Play(self.cues, self.language))
            case Finished() | LegLost() | Expired():
                return self._over(Refuse(self.then))
            case Left():
                return self._over(End())
            case _:
                return self, ()

    def _over(self, last: Refuse | End) -> tuple[Dialogue, Effects]:
        return replace(self, phase=Phase.OVER), (last,)
