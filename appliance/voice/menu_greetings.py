"""The service `greeting` (V-5): a person of the company records a receptionist's greeting by phone. Pure.

The PIN of the person's own mailbox opens it. What is recorded is heard again before it is kept, and counts when it is.
"""

from dataclasses import dataclass, replace
from enum import Enum

from appliance.voice.dialogue import (
    Ask,
    Connected,
    Dialogue,
    Effects,
    Event,
    Expired,
    Left,
    Record,
    Recorded,
    StartTimer,
    StopTimer,
    Told,
    Why,
)
from appliance.voice.mailbox_door import Opening
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Caller, Entry, LastWords
from appliance.voice.questions import (
    Desk,
    Door,
    DropMenuGreeting,
    KeepMenuGreeting,
    Lobby,
    RecordMenuGreeting,
)
from appliance.voice.sentences import SPANISH
from appliance.voice.sounds import File, Sound, Text
from wire.services import MenuMode

TRIES = 3
LONGEST_S = 180.0
"""Of a greeting: callers wait for its end."""
LEAST_S = 1.0
MOST_DESKS = 9
_DESK, _DESK_S = "desk", 10.0
_MODES = {"1": MenuMode.BUSINESS, "2": MenuMode.AFTER_HOURS, "3": MenuMode.HOLIDAY}


class At(Enum):
    DOOR = "door"
    DESKS = "desks"
    MODES = "modes"
    ASKING = "asking"
    """Waits for the desk."""
    ANNOUNCED = "announced"
    RECORDING = "recording"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class MenuGreetings:
    lobby: Lobby
    caller: Caller
    at: At = At.DOOR
    opening: Opening | None = None
    desk: Desk | None = None
    menu_id: str = ""
    entry: Entry | None = None
    path: str = ""
    seconds: float = 0.0
    failures: int = 0

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        match event, self.at:
            case Connected(), At.DOOR if self.opening is None:
                opening = Opening(self.caller, self.lobby.language, self.lobby.door)
                return self._opened(*opening.begin())
            case Left(), _:
                return self._left()
            case _, At.DOOR if self.opening is not None:
                return self._opened(*self.opening.step(event))
            case _, At.ASKING:
                return self._asked(event)
            case _, At.ANNOUNCED if self.entry is not None:
                return self._announced(self.entry, event)
            case Recorded(), At.RECORDING:
                return self._recorded(event)
            case _ if self.entry is not None:
                return self._in_keys(self.entry, event)
            case _:
                return self, ()

    def _opened(self, opening: Opening, effects: Effects, came: Door | Say | None) -> tuple[Dialogue, Effects]:
        match came:
            case None:
                return replace(self, opening=opening), effects
            case Door(has_pin=True):
                inside = replace(self, opening=None)
                begun, said = inside._modes(inside.lobby.desks[0]) if len(self.lobby.desks) == 1 else inside._desks()
                return begun, (*effects, *said)
            case Door():
                return self._end(Say.PIN_ONLY_AT_HOME)
            case _:
                return self._end(came)

    def _end(self, *says: Sound) -> tuple[Dialogue, Effects]:
        words = says if says == (Say.GOODBYE,) else (*says, Say.GOODBYE)
        return LastWords(words, self.lobby.language).begin()

    def _left(self) -> tuple[Dialogue, Effects]:
        """What is being recorded is thrown away when it is finished; what was kept is kept."""
        drop: Effects = (Ask(DropMenuGreeting(self.path)),) if self.path and self.at is At.REVIEW else ()
        return (self, ()) if self.at is At.RECORDING else (replace(self, path=""), drop)

    # Which one --------------------------------------------------------------------------------------------------------

    def _prompt(self, at: At, *says: Sound) -> tuple["MenuGreetings", Effects]:
        entry, effects = Entry(says, self.lobby.language, longest=1).begin()
        return replace(self, at=at, entry=entry), effects

    def _desks(self, *before: Sound) -> tuple["MenuGreetings", Effects]:
        form = "Para {name}, marque {n}." if self.lobby.language == SPANISH else "For {name}, press {n}."
        named = (Text(form.format(name=one.name, n=n + 1)) for n, one in enumerate(self.lobby.desks[:MOST_DESKS]))
        return self._prompt(At.DESKS, *before, *named)

    def _modes(self, desk: Desk, *before: Sound) -> tuple["MenuGreetings", Effects]:
        return replace(self, desk=desk, path="")._prompt(At.MODES, *before, Say.MENU_GREETINGS)

    def _in_keys(self, entry: Entry, event: Event) -> tuple[Dialogue, Effects]:
        entry, effects, key = entry.step(event)
        if key is None:
            return replace(self, entry=entry), effects
        done, more = self._pressed(key)
        return done, (*effects, *more)

    def _pressed(self, key: str) -> tuple[Dialogue, Effects]:
        match self.at:
            case At.DESKS if key.isdigit() and 1 <= int(key) <= len(self.lobby.desks):
                return self._modes(self.lobby.desks[int(key) - 1])
            case At.MODES if self.desk is not None and (menu := self.desk.menus.get(_MODES.get(key, ""))):
                return replace(self, menu_id=menu)._ask(RecordMenuGreeting(menu))
            case At.REVIEW if key == "1":
                return self._ask(KeepMenuGreeting(self.menu_id, self.path, self.seconds, self.caller))
            case At.REVIEW if key == "2":
                return self._record()
            case At.REVIEW if key == "*" and self.desk is not None:
                drop = Ask(DropMenuGreeting(self.path))
                back, effects = self._modes(self.desk)
                return back, (drop, *effects)
            case At.DESKS | At.MODES if key in ("*", "#"):
                return self._end(Say.GOODBYE)
            case _:
                return self._failed(key)

    def _failed(self, key: str) -> tuple[Dialogue, Effects]:
        failed = replace(self, failures=self.failures + 1)
        if failed.failures >= TRIES:
            drop: Effects = (Ask(DropMenuGreeting(self.path)),) if self.at is At.REVIEW else ()
            words, effects = self._end(Say.GOODBYE)
            return words, (*drop, *effects)
        wrong: tuple[Sound, ...] = (Say.INVALID_OPTION,) if key else ()
        if self.at is At.REVIEW:
            return failed._review(*wrong)
        return failed._desks(*wrong) if self.desk is None else failed._modes(self.desk, *wrong)

    # Recording --------------------------------------------------------------------------------------------------------

    def _ask(self, question: object) -> tuple["MenuGreetings", Effects]:
        return replace(self, at=At.ASKING, entry=None), (StartTimer(_DESK, _DESK_S), Ask(question))

    def _asked(self, event: Event) -> tuple[Dialogue, Effects]:
        assert self.desk is not None
        match event:
            case Told(RecordMenuGreeting(), str() as path) if path:
                begun, effects = replace(self, path=path)._prompt(At.ANNOUNCED, Say.RECORD_GREETING)
            case Told(KeepMenuGreeting(), answer):
                begun, effects = self._modes(self.desk, Say.MENU_GREETING_KEPT if answer else Say.NOT_KEPT)
            case Told(RecordMenuGreeting()) | Expired("desk"):
                begun, effects = self._modes(self.desk, Say.NOT_KEPT)
            case _:
                return self, ()
        return begun, (StopTimer(_DESK), *effects)

    def _announced(self, entry: Entry, event: Event) -> tuple[Dialogue, Effects]:
        """The recording starts when the words have been said, or at a key that cuts them short."""
        entry, effects, key = entry.step(event)
        began = any(isinstance(effect, StartTimer) for effect in effects)
        if key is None and not began:
            return replace(self, entry=entry), effects
        return self._record()

    def _record(self) -> tuple["MenuGreetings", Effects]:
        record = Record(self.path, LONGEST_S, 0.0, LEAST_S, beep=True, stop_keys="#")
        return replace(self, at=At.RECORDING, entry=None), (StopTimer("keys"), record)

    def _recorded(self, made: Recorded) -> tuple[Dialogue, Effects]:
        assert self.desk is not None
        if made.why is Why.LEFT:
            return replace(self, path=""), (Ask(DropMenuGreeting(self.path)),)
        if not made.path:
            return self._modes(self.desk, Say.TOO_SHORT)
        return replace(self, seconds=made.seconds)._review()

    def _review(self, *before: Sound) -> tuple["MenuGreetings", Effects]:
        return self._prompt(At.REVIEW, *before, File(self.path), Say.KEEP_MENU_GREETING)
