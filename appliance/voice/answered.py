"""A call that is answered before anything is said: ask the desk about it, get a leg, answer, then converse. Pure.

Around every service but `announce` and `echo`. It sees to what all share: a leg that is lost, a caller who leaves or
falls silent for good, a conversation that has no end, so that a service says only what is its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from appliance.voice.dialogue import (
    Answer,
    Arrived,
    Ask,
    CallerSilent,
    Connected,
    Dialogue,
    DropOther,
    Effects,
    End,
    Event,
    Expired,
    Finished,
    Follow,
    HangUp,
    LeaveRoom,
    Left,
    LegLost,
    LegReady,
    OpenLeg,
    OtherLeft,
    OtherRefers,
    Party,
    Play,
    Refers,
    Refuse,
    Report,
    SentOn,
    StartTimer,
    Status,
    StopPlaying,
    StopTimer,
    TellOther,
    Told,
    TradePlaces,
)
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import NOBODY, Caller, Waiting, as_from
from appliance.voice.questions import OfWaiting
from appliance.voice.sentences import SPANISH
from appliance.voice.transfer import Transfer

DESK_WAIT_S = 5.0
ANSWER_WAIT_S = 32.0
"""RFC 3261 §13.3.1.4: 64*T1 without an ACK, the call is over. Counts only where the answer comes in the ACK."""
LONGEST_S = 86_400.0
"""Where nobody set another (media.longest_voice_call_s). A caller who is gone is found out long before: by silence, by
rtpengine, by session timers. So this is for what none of them sees, and longer than any meeting or bridged call.
"""
LAST_WORDS_S = 15.0
TRYING = Status(100, "Trying")
UNAVAILABLE = Status(503, "Service Unavailable")
NOT_FOUND = Status(404, "Not Found")
_DESK, _ACK, _LONGEST = "(desk)", "(ack)", "(longest)"


class Phase(Enum):
    NEW = "new"
    ASKING = "asking"
    OPENING = "opening"
    ANSWERED = "answered"
    TALKING = "talking"
    ENDING = "ending"
    """It has lasted too long, and is told so."""
    LEFT = "left"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Answered:
    """`question` goes to the desk first, unless it is None. `talk` makes of its answer the conversation, or a refusal.

    The conversation begins with Connected and hears every event from then on; after Left its effects reach nobody, but
    what it asks the desk is done.
    """

    question: object
    talk: Callable[[object], Dialogue | Status]
    longest_s: float = LONGEST_S
    language: str = SPANISH
    caller: Caller = NOBODY
    shows: bool = False
    """The caller is to be told whom it talks to: a call of ours reached its phone, or it came by a trusted trunk."""
    answer_wait_s: float = ANSWER_WAIT_S
    patient: bool = False
    """It only plays: who listens need not send anything, for as long as it lasts."""
    phase: Phase = Phase.NEW
    inner: Dialogue | None = None
    moving: OtherRefers | Refers | None = None
    """One of the two transfers the other, and the desk is asked what is to be heard meanwhile."""

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        if self.phase is Phase.OVER:
            return self, ()
        match event:
            case Left():
                return self._left(now)
            case CallerSilent() if self.patient:
                return self, ()
            case LegLost() | CallerSilent():
                # A phone whose plug was pulled says no BYE; in a room it would sit for ever.
                return self._lost(now)
            case Expired(timer) if timer == _LONGEST and self.phase is Phase.TALKING:
                return replace(self, phase=Phase.ENDING), self._too_long()
            case (Finished() | Expired() | OtherLeft()) if self.phase is Phase.ENDING:
                return self._lost(now)
            case Expired(timer) if timer in (_DESK, _ACK, _LONGEST):
                return self._over(HangUp() if self._was_answered else Refuse(UNAVAILABLE))
            case Arrived() if self.phase is Phase.NEW:
                if self.question is None:
                    return self._told(None)
                return replace(self, phase=Phase.ASKING), (StartTimer(_DESK, DESK_WAIT_S), Ask(self.question))
            case Told() if self.phase is Phase.ASKING:
                return self._told(event.answer)
            case LegReady() if self.phase is Phase.OPENING:
                return replace(self, phase=Phase.ANSWERED), (StartTimer(_ACK, self.answer_wait_s), Answer())
            case Connected() if self.phase is Phase.ANSWERED:
                begun, effects = replace(self, phase=Phase.TALKING)._pass_on(event, now)
                return begun, (StopTimer(_ACK), StartTimer(_LONGEST, self.longest_s), *effects)
            case OtherRefers() if self.phase is Phase.TALKING and self.moving is None:
                return replace(self, moving=event), (Follow(), Ask(OfWaiting(event.account_id)))
            case SentOn(dial, account_id, language) if self.phase is Phase.TALKING and self.moving is None:
                sent = OtherRefers(as_from(dial, self.caller.number, self.caller.name), account_id, language)
                return replace(self, moving=sent), (Ask(OfWaiting(account_id)),)
            case Refers(party=Party() as party) if self.phase is Phase.TALKING and self.moving is None:
                return self._trade(event, party)
            case OtherLeft() if self.moving is not None:
                # It hung up as soon as it had transferred: the caller stays.
                return self, ()
            case Told(OfWaiting(), waiting) if self.moving is not None and self.phase is Phase.TALKING:
                return self._moved(self.moving, waiting if isinstance(waiting, Waiting) else Waiting(""), now)
            case _ if self.phase in (Phase.TALKING, Phase.LEFT):
                return self._pass_on(event, now)
            case _:
                return self, ()

    @property
    def _was_answered(self) -> bool:
        return self.phase in (Phase.ANSWERED, Phase.TALKING, Phase.ENDING)

    def _too_long(self) -> Effects:
        said = (Say.TOO_LONG, Say.GOODBYE)
        return StartTimer(_LONGEST, LAST_WORDS_S), TellOther(said, self.language), Play(said, self.language)

    def _told(self, answer: object) -> tuple[Dialogue, Effects]:
        begun = self.talk(answer)
        if isinstance(begun, Status):
            return self._over(Refuse(begun))
        return replace(self, phase=Phase.OPENING, inner=begun), (StopTimer(_DESK), OpenLeg())

    def _moved(self, moving: OtherRefers | Refers, waiting: Waiting, now: float) -> tuple[Dialogue, Effects]:
        """The conversation is over; the caller is on the way to somebody else (X-2)."""
        told, shows = isinstance(moving, OtherRefers), self.shows or bool(self.caller.phone_id)
        transfer = Transfer(moving.dial, waiting, moving.language, told, shows)
        begun, effects = replace(self, inner=transfer, moving=None)._pass_on(Connected(), now)
        return begun, (StopPlaying(), LeaveRoom(), DropOther(), *effects)

    @classmethod
    def talking(cls, caller: Caller) -> "Answered":
        """Around a conversation that is over but for what becomes of its call: who transfers whom."""
        return cls(None, lambda _: NOT_FOUND, phase=Phase.TALKING, caller=caller)

    def _trade(self, event: Refers, party: Party) -> tuple[Dialogue, Effects]:
        """The caller goes, the other party is on the way to somebody else (X-2, X-3)."""
        dial = as_from(event.dial, party.number, party.name, party.shown)
        caller = Caller(event.account_id, party.number, party.name)
        traded = replace(self, moving=replace(event, dial=dial), caller=caller, shows=bool(party.shown))
        return traded, (Follow(), TradePlaces(), Report(TRYING), Ask(OfWaiting(event.account_id)))

    def _left(self, now: float) -> tuple[Dialogue, Effects]:
        if self.phase not in (Phase.TALKING, Phase.ENDING):
            return self._over(End())
        return replace(self, phase=Phase.LEFT)._pass_on(Left(), now)

    def _lost(self, now: float) -> tuple[Dialogue, Effects]:
        """The conversation is told as of a caller who left: what it had taken in is kept."""
        if self.phase not in (Phase.TALKING, Phase.ENDING):
            return self._over(HangUp() if self._was_answered else Refuse(UNAVAILABLE))
        left, effects = replace(self, phase=Phase.LEFT)._pass_on(Left(), now)
        return left, (HangUp(), *effects)

    def _pass_on(self, event: Event, now: float) -> tuple["Answered", Effects]:
        if self.inner is None:
            return self, ()
        inner, effects = self.inner.step(event, now)
        return replace(self, inner=inner), effects

    def _over(self, last: Refuse | HangUp | End) -> tuple[Dialogue, Effects]:
        return replace(self, phase=Phase.OVER), (last,)
