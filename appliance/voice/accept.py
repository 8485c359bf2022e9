"""The service `accept` (G-2): ring where a call is forwarded to, and let who answers take it by pressing 1. Pure.

The caller hears ringing and is answered only then: an answering machine out there gets no call, and our routing goes on
where nobody took it.
"""

from dataclasses import dataclass, replace
from enum import Enum

from appliance.voice.answered import Answered
from appliance.voice.dialogue import (
    Answer,
    Arrived,
    Bridge,
    CallerSilent,
    Connected,
    Dial,
    Dialogue,
    DropOther,
    Effects,
    End,
    Event,
    Expired,
    Finished,
    HangUp,
    Left,
    LegLost,
    LegReady,
    NotTaken,
    OpenLeg,
    OtherDigit,
    OtherFinished,
    OtherLeft,
    OtherRefers,
    Play,
    Progress,
    Refers,
    Refuse,
    StartTimer,
    Status,
    StopPlaying,
    StopTimer,
    Taken,
    TellOther,
)
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import NOBODY, Caller
from appliance.voice.sentences import RINGBACK

ASKED = 3
"""So often the sentence is said."""
KEY_S = 3.0
ANSWER_WAIT_S = 32.0
"""RFC 3261 §13.3.1.4: without an ACK for so long the call is over."""
UNAVAILABLE = Status(480, "Temporarily Unavailable")
_KEY, _ACK = "key", "ack"


class Phase(Enum):
    NEW = "new"
    OPENING = "opening"
    RINGING = "ringing"
    ASKING = "asking"
    ACCEPTED = "accepted"
    TALKING = "talking"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Accept:
    """`dial` is the leg to who is asked, `language` theirs."""

    dial: Dial
    language: str
    caller: Caller = NOBODY
    early: bool = False
    asked: int = 0
    phase: Phase = Phase.NEW

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        if self.phase is Phase.OVER:
            return self, ()
        match event, self.phase:
            case Left(), _:
                return self._over(End())
            case (LegLost(), _) | (CallerSilent(), Phase.TALKING):
                return self._over(self._bye(UNAVAILABLE))
            case Arrived(early), Phase.NEW:
                return replace(self, phase=Phase.OPENING, early=early), (OpenLeg(),)
            case LegReady(), Phase.OPENING:
                heard: Effects = (Progress(), Play((RINGBACK,), self.language)) if self.early else ()
                return replace(self, phase=Phase.RINGING), (*heard, self.dial)
            case Finished(), Phase.RINGING | Phase.ASKING if self.early:
                return self, (Play((RINGBACK,), self.language),)
            case Taken(), Phase.RINGING:
                return replace(self, phase=Phase.ASKING)._ask()
            case NotTaken(status), Phase.RINGING:
                return self._over(Refuse(status))
            case OtherFinished(), Phase.ASKING:
                return self, (StartTimer(_KEY, KEY_S),)
            case Expired(timer), Phase.ASKING if timer == _KEY:
                return self._ask() if self.asked < ASKED else self._over(Refuse(UNAVAILABLE))
            case OtherDigit("1"), Phase.ASKING:
                quiet: Effects = (StopPlaying(),) if self.early else ()
                accepted = (StopTimer(_KEY), StartTimer(_ACK, ANSWER_WAIT_S), *quiet, Answer())
                return replace(self, phase=Phase.ACCEPTED), accepted
            case OtherDigit("2"), Phase.ASKING:
                return self._over(DropOther(), Refuse(UNAVAILABLE))
            case Connected(), Phase.ACCEPTED:
                return replace(self, phase=Phase.TALKING), (StopTimer(_ACK), TellOther((), self.language), Bridge())
            case (Refers() | OtherRefers()), Phase.TALKING:
                return Answered.talking(self.caller).step(event, now)
            case (OtherLeft(), _) | (Expired(), Phase.ACCEPTED):
                return self._over(self._bye(UNAVAILABLE))
            case _:
                return self, ()

    def _ask(self) -> tuple[Dialogue, Effects]:
        return replace(self, asked=self.asked + 1), (TellOther((Say.FORWARDED_CALL,), self.language),)

    def _bye(self, status: Status) -> Refuse | HangUp:
        return HangUp() if self.phase in (Phase.ACCEPTED, Phase.TALKING) else Refuse(status)

    def _over(self, *last: Refuse | HangUp | End | DropOther) -> tuple[Dialogue, Effects]:
        return replace(self, phase=Phase.OVER), last
