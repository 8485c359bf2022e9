"""The service `conference`: the room's number, its PIN, and life in the room with its keys (C-1, C-3). Pure.

Keys in a room: *1 microphone, *4 how many are here, *0 help; for a moderator also *2 lock, *3 end, *5 silence others.
"""

from dataclasses import dataclass, replace
from enum import Enum

from appliance.voice.dialogue import (
    Ask,
    Chime,
    Connected,
    Dialogue,
    Digit,
    Effects,
    EndRoom,
    Event,
    Expired,
    Finished,
    Join,
    Joined,
    LeaveRoom,
    LockRoom,
    MuteInRoom,
    NotJoined,
    Play,
    PlayFile,
    Refers,
    RoomChanged,
    RoomEnded,
    Shut,
    SilenceRoom,
    StartTimer,
    StopPlaying,
    StopTimer,
    Told,
)
from appliance.voice.guests import brought_in
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Entry, LastWords
from appliance.voice.questions import Foyer, Hall, OfRoom, Role, TryRoomPin
from appliance.voice.sentences import ROOM_JOINED, ROOM_LEFT
from appliance.voice.sounds import Recording, Sound
from appliance.voice.speech import Gender, number

TRIES = 3
ROOMS = 10
"""C-2: rooms that a company has in use at once."""
_DESK, _DESK_S = "desk", 5.0
_STAR, _STAR_S = "star", 4.0
_ID_DIGITS, _PIN_DIGITS = 12, 12
_SHUT = {Shut.FULL: Say.ROOM_FULL, Shut.NO_ROOMS: Say.NO_ROOMS, Shut.LOCKED: Say.ROOM_LOCKED}


class At(Enum):
    NUMBER = "number"
    FINDING = "finding"
    PIN = "pin"
    TRYING = "trying"
    JOINING = "joining"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Conference:
    foyer: Foyer
    role: Role = Role.MEMBER
    """Of who is led straight into a room."""
    at: At = At.NUMBER
    wrong: int = 0
    entry: Entry | None = None
    hall: Hall | None = None
    room: "InRoom | None" = None

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        match event, self.at:
            case Connected(), _:
                return self._enter(self.foyer.hall, led=True) if self.foyer.hall else self._ask_number()
            case _, At.NUMBER if self.entry is not None:
                return self._number(self.entry, event)
            case (Told(OfRoom(), answer), At.FINDING):
                return self._found(answer)
            case Expired("desk"), At.FINDING | At.TRYING:
                return self._end(Say.GOODBYE)
            case _, At.PIN if self.entry is not None:
                return self._pin(self.entry, event)
            case Told(TryRoomPin(), answer), At.TRYING:
                return self._tried(answer)
            case Joined() as joined, At.JOINING if self.hall is not None and self.room is not None:
                room, effects = self.room.entered(joined)
                return replace(self, at=At.ROOM, room=room), effects
            case NotJoined(why=why), At.JOINING:
                return self._end(_SHUT[why], Say.GOODBYE)
            case Refers(), At.ROOM if self.room is not None and self.room.lets_in:
                # With the rights of who brings it in: who transfers leaves, and a room may live by its moderator.
                role = Role.MODERATOR if self.room.moderator else Role.MEMBER
                return self, brought_in(event, Conference(replace(self.foyer, hall=self.hall), role))
            case _, At.ROOM if self.room is not None:
                room, effects, last = self.room.step(event)
                if not last:
                    return replace(self, room=room), effects
                over, goodbye = self._end(*last)
                return over, (*effects, *goodbye)
            case _:
                return self, ()

    @property
    def _language(self) -> str:
        return self.foyer.language

    def _end(self, *words: Sound) -> tuple[Dialogue, Effects]:
        last, effects = LastWords(words, self._language).begin()
        return last, (LeaveRoom(), *effects)

    def _ask_number(self, *before: Sound) -> tuple[Dialogue, Effects]:
        entry, effects = Entry((*before, Say.ENTER_ROOM), self._language, _ID_DIGITS).begin()
        return replace(self, at=At.NUMBER, entry=entry, hall=None), effects

    def _number(self, entry: Entry, event: Event) -> tuple[Dialogue, Effects]:
        entry, effects, typed = entry.step(event)
        if typed is None:
            return replace(self, entry=entry), effects
        if typed in ("", "#", "*"):
            return self._wrong()
        question = OfRoom(self.foyer.account_id, typed, self.foyer.internal)
        asked = (StartTimer(_DESK, _DESK_S), Ask(question))
        return replace(self, at=At.FINDING, entry=None), (*effects, *asked)

    def _found(self, answer: object) -> tuple[Dialogue, Effects]:
        if not isinstance(answer, Hall):
            found, effects = self._wrong(Say.NO_SUCH_ROOM)
        else:
            found, effects = self._enter(answer)
        return found, (StopTimer(_DESK), *effects)

    def _enter(self, hall: Hall, led: bool = False) -> tuple[Dialogue, Effects]:
        known = replace(self, hall=hall)
        if led or not hall.asks:
            return known._join(self.role if led else Role.MEMBER)
        return known._ask_pin()

    def _ask_pin(self, *before: Sound) -> tuple[Dialogue, Effects]:
        entry, effects = Entry((*before, Say.ENTER_ROOM_PIN), self._language, _PIN_DIGITS).begin()
        return replace(self, at=At.PIN, entry=entry), effects

    def _pin(self, entry: Entry, event: Event) -> tuple[Dialogue, Effects]:
        entry, effects, typed = entry.step(event)
        assert self.hall is not None
        if typed is None:
            return replace(self, entry=entry), effects
        if typed in ("", "#") and self.hall.open:
            return self._join(Role.MEMBER)
        if typed in ("", "#", "*"):
            return self._wrong()
        asked = (StartTimer(_DESK, _DESK_S), Ask(TryRoomPin(self.hall.row_id, typed)))
        return replace(self, at=At.TRYING, entry=None), (*effects, *asked)

    def _tried(self, answer: object) -> tuple[Dialogue, Effects]:
        if isinstance(answer, Role) and answer is not Role.NOBODY:
            tried, effects = self._join(answer)
        else:
            tried, effects = self._wrong(Say.WRONG_ROOM_PIN)
        return tried, (StopTimer(_DESK), *effects)

    def _wrong(self, *says: Say) -> tuple[Dialogue, Effects]:
        """C-1: wrong thrice, goodbye. Numbers and PINs count together."""
        again = replace(self, wrong=self.wrong + 1)
        if again.wrong >= TRIES:
            return again._end(*says, Say.GOODBYE)
        return again._ask_pin(*says) if self.hall is not None else again._ask_number(*says)

    def _join(self, role: Role) -> tuple[Dialogue, Effects]:
        assert self.hall is not None
        room = InRoom(self.hall, self._language, self.foyer.track, role is Role.MODERATOR)
        join = Join(
            self.hall.room, moderator=room.moderator, muted=room.waits, alone=self.foyer.track,
            max_members=self.hall.max_members, max_rooms=ROOMS, company=self.foyer.account_id,
        )  # fmt: skip
        return replace(self, at=At.JOINING, entry=None, room=room), (StopPlaying(), join)


@dataclass(frozen=True, slots=True)
class InRoom:
    """One member. `held`: muted and with music until a moderator is there. `silenced`: by a moderator; of a moderator,
    that the others are. Its outcome: last words, when it is over.
    """

    hall: Hall
    language: str
    track: str
    moderator: bool
    members: int = 1
    moderators: int = 0
    locked: bool = False
    muted: bool = False
    held: bool = False
    silenced: bool = False
    star: bool = False

    @property
    def waits(self) -> bool:
        return self.hall.wait_for_moderator and not self.moderator

    @property
    def lets_in(self) -> bool:
        """Whether this one may bring somebody along."""
        return not self.held and (self.moderator or not self.locked)

    def entered(self, joined: Joined) -> tuple["InRoom", Effects]:
        held = self.waits and not joined.moderators
        here = replace(
            self, members=joined.members, moderators=joined.moderators, locked=joined.locked, held=held,
            silenced=joined.silenced,
        )  # fmt: skip
        effects: Effects = (MuteInRoom(here._mute),) if not held and (self.waits or here._mute) else ()
        if joined.members > 1:
            effects = (*effects, Chime((ROOM_JOINED,), self.language))
        says = () if not held and joined.members > 1 else (Say.WAIT_FOR_MODERATOR if held else Say.ALONE,)
        says = (Say.MUTED,) if not says and here._mute else says
        return here, (*effects, Play(says, self.language)) if says else effects

    @property
    def _mute(self) -> bool:
        return self.muted or (self.silenced and not self.moderator)

    def step(self, event: Event) -> tuple["InRoom", Effects, tuple[Sound, ...]]:
        match event:
            case RoomChanged() as change:
                return self._changed(change)
            case RoomEnded():
                return self, (), (Say.ROOM_ENDED, Say.GOODBYE)
            case Expired(timer) if timer == _STAR:
                return replace(self, star=False), (), ()
            case Digit("*") if not self.star:
                return replace(self, star=True), (StartTimer(_STAR, _STAR_S),), ()
            case Digit(key) if self.star:
                return replace(self, star=False)._pressed(key)
            case Finished() if self.held:
                return self, (PlayFile(self.track, loop=True),), ()
            case _:
                return self, (), ()

    def _changed(self, change: RoomChanged) -> tuple["InRoom", Effects, tuple[Sound, ...]]:
        if self.hall.host_leaves_ends and self.moderators and not change.moderators and not self.moderator:
            return self, (), (Say.ROOM_ENDED, Say.GOODBYE)
        effects: Effects = ()
        if change.members < self.members and change.eldest:
            effects = (Chime((ROOM_LEFT,), self.language),)
        here = replace(
            self, members=change.members, moderators=change.moderators, locked=change.locked, silenced=change.silenced
        )
        if self.held and change.moderators:
            return replace(here, held=False), (*effects, StopPlaying(), MuteInRoom(here._mute)), ()
        if here._mute is not self._mute and not self.held:
            said = Play((Say.MUTED if here._mute else Say.UNMUTED,), self.language)
            return here, (*effects, MuteInRoom(here._mute), said), ()
        return here, effects, ()

    def _pressed(self, key: str) -> tuple["InRoom", Effects, tuple[Sound, ...]]:
        quiet: Effects = (StopTimer(_STAR),)
        match key:
            case "1" if self.silenced and not self.moderator:
                return self, (*quiet, Play((Say.MUTED,), self.language)), ()
            case "1" if not self.held:
                muted = not self.muted
                play = Play((Say.MUTED if muted else Say.UNMUTED,), self.language)
                return replace(self, muted=muted), (*quiet, MuteInRoom(muted), play), ()
            case "2" if self.moderator:
                locked = not self.locked
                play = Play((Say.LOCKED if locked else Say.UNLOCKED,), self.language)
                return replace(self, locked=locked), (*quiet, LockRoom(locked), play), ()
            case "3" if self.moderator:
                return self, (*quiet, EndRoom()), (Say.ROOM_ENDED, Say.GOODBYE)
            case "5" if self.moderator:
                silenced = not self.silenced
                play = Play((Say.SILENCED if silenced else Say.UNSILENCED,), self.language)
                return replace(self, silenced=silenced), (*quiet, SilenceRoom(silenced), play), ()
            case "4":
                people = (Recording("conf-thereare"), *number(self.members, self.language, Gender.NONE))
                return self, (*quiet, Play(people, self.language)), ()
            case "0":
                keys = (Say.ROOM_KEYS, Say.MODERATOR_KEYS) if self.moderator else (Say.ROOM_KEYS,)
                return self, (*quiet, Play(keys, self.language)), ()
            case _:
                return self, quiet, ()
