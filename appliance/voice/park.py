"""The service `park`: a caller waits at a slot with music until a colleague fetches it, or goes back to who parked it.

Both meet in a room named after company and slot. Which slot is free, and who may fetch, Kamailio has seen to
(sip_edge/kamailio/parking.py). Who dialled the code by hand hears the slot first: the one who parks by an attended
transfer, whose place the parked caller then takes. Pure.
"""

from dataclasses import dataclass, replace
from enum import Enum

from appliance.vocabulary import Announcement
from appliance.voice.answered import TRYING
from appliance.voice.dialogue import (
    Connected,
    Dialogue,
    Effects,
    Event,
    Expired,
    Follow,
    HangUp,
    Join,
    Joined,
    LeaveRoom,
    NotJoined,
    Play,
    Refers,
    Report,
    RoomChanged,
    SendOn,
    StartTimer,
    StopPlaying,
    StopTimer,
)
from appliance.voice.parts import Caller, LastWords, Move, Waiting, goto
from appliance.voice.sounds import Pause
from appliance.voice.speech import digits
from appliance.voice.transfer import DONE

PARK, FETCH = "park", "fetch"
TIMER = "parked"
WAIT_S = 60.0
RETURNS = 3
"""How often a call that nobody takes goes back to who parked it."""
MOST_MEMBERS = 3
"""The parked caller, who fetches it, and for a moment who parked it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of a company. `track`: its music on hold. `back`: id of the person who parked; empty: nobody to go to."""

    account_id: str
    number: str
    track: str = ""
    back: str = ""
    seconds: float = WAIT_S

    @property
    def room(self) -> str:
        return f"park {self.account_id} {self.number}"


TALKING = 2
LET_GO_S = 1.0
"""A phone that hangs up by itself when it has transferred has done so by then."""


class At(Enum):
    BEGIN = "begin"
    WAITING = "waiting"
    FETCHED = "fetched"
    RETURNING = "returning"


@dataclass(frozen=True, slots=True)
class Parked:
    """The caller at the slot."""

    slot: Slot
    caller: Caller
    language: str
    at: At = At.BEGIN
    move: Move | None = None
    returns: int = 0

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        match event:
            case Connected() if self.at is At.BEGIN:
                waits, effects = self._wait()
                number = digits(self.slot.number)
                said = () if self.slot.back else (Play((*number, Pause(0.5), *number), self.language),)
                return waits, (*effects, *said)
            case NotJoined():
                return self, (HangUp(),)
            case RoomChanged(moderators=fetchers) if self.at is At.WAITING and fetchers:
                return replace(self, at=At.FETCHED), (StopTimer(TIMER), StopPlaying())
            case RoomChanged(moderators=0) if self.at is At.FETCHED:
                return self, (HangUp(),)
            case Refers() if self.at is At.FETCHED:
                return Passing().begin(event)
            case Expired(timer) if timer == TIMER and self.at is At.WAITING:
                return self._go_back()
            case _ if self.move is not None:
                return self._moved(self.move, event)
            case _:
                return self, ()

    def _wait(self) -> tuple[Dialogue, Effects]:
        join = Join(self.slot.room, alone=self.slot.track, max_members=MOST_MEMBERS)
        return replace(self, at=At.WAITING, move=None), (join, StartTimer(TIMER, self.slot.seconds))

    def _go_back(self) -> tuple[Dialogue, Effects]:
        if not self.slot.back or self.returns >= RETURNS:
            return self, (HangUp(),)
        dial = goto(self.caller, "person", self.slot.back, "transfer")
        move, effects = Move(dial, Waiting(self.slot.track), self.language).begin()
        gone = replace(self, at=At.RETURNING, move=move, returns=self.returns + 1)
        return gone, (LeaveRoom(), *effects)

    def _moved(self, move: Move, event: Event) -> tuple[Dialogue, Effects]:
        move, effects, refused = move.step(event)
        if refused is None:
            return replace(self, move=move), effects
        waits, more = self._wait()
        return waits, (*effects, *more)


@dataclass(frozen=True, slots=True)
class Fetching:
    """Who fetches the caller at the slot."""

    slot: Slot
    language: str
    words: LastWords | None = None
    members: int = 0

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        if self.words is not None:
            words, effects = self.words.step(event, now)
            return replace(self, words=words), effects
        match event:
            case Connected():
                room = self.slot.room
                join = Join(room, moderator=True, alone=None, max_members=MOST_MEMBERS)
                return self, (join,)
            case Joined(members=1):
                # It hung up, or went back, just now.
                words, effects = LastWords((Announcement.NOTHING_PARKED,), self.language).begin()
                return replace(self, words=words), (LeaveRoom(), *effects)
            case NotJoined() | RoomChanged(members=1):
                return self, (HangUp(),)
            case Joined(members=members) | RoomChanged(members=members):
                return replace(self, members=members), ()
            case Refers() if self.members == TALKING:
                return Passing().begin(event)
            case _:
                return self, ()


@dataclass(frozen=True, slots=True)
class Passing:
    """One of the two at a slot who transfers the other: told when that one is on its way, then hung up on."""

    def begin(self, event: Refers) -> tuple[Dialogue, Effects]:
        return self, (Follow(), Report(TRYING), SendOn(event.dial, event.account_id, event.language))

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        match event:
            case RoomChanged(members=1):
                return self, (Report(DONE), StartTimer(TIMER, LET_GO_S))
            case Expired(timer) if timer == TIMER:
                return self, (HangUp(),)
            case _:
                return self, ()


def meaning(argument: str) -> tuple[str, str, str, float]:
    """`park,<person>,<sound>,<seconds>` or `fetch`: what is asked, who parked, the music, how long it waits."""
    what, back, sound, seconds = (*argument.split(","), "", "", "", "")[:4]
    wait_s = float(seconds) if seconds.isdigit() and len(seconds) < 6 else WAIT_S
    return what, back, sound, wait_s
