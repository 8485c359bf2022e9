"""The door of a mailbox: which one it is, and the PIN that opens it. Pure.

Three wrong PINs end the call and lock the mailbox; the desk counts them over calls. A mailbox without a PIN is opened
from its owner's own phone alone. Of a mailbox that does not exist a caller hears nothing else than of a wrong PIN.
"""

from dataclasses import dataclass, replace

from appliance.voice.dialogue import Ask, Effects, Event, Expired, StartTimer, StopTimer, Told
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Caller, Entry
from appliance.voice.questions import Door, OfAccess, Tried, TryPin
from appliance.voice.sounds import Sound
from wire.pins import MAX_DIGITS

TRIES = 3
_DESK, _DESK_S = "desk", 10.0
_EXTENSION_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Opening:
    """Its outcome: the Door, opened; or the sentence with which the call ends."""

    caller: Caller
    language: str
    door: Door | None = None
    wrong: int = 0
    silences: int = 0
    entry: Entry | None = None

    def begin(self) -> tuple["Opening", Effects, Door | Say | None]:
        return (*self._ask_extension(), None) if self.door is None else self._knock(self.door)

    def step(self, event: Event) -> tuple["Opening", Effects, Door | Say | None]:
        match event:
            case Told(OfAccess(), answer) if self.entry is None:
                unknown = Door("", self.language, has_pin=True, at_home=False)
                opening, effects, came = self._knock(answer if isinstance(answer, Door) else unknown)
                return opening, (StopTimer(_DESK), *effects), came
            case Told(TryPin(), answer) if self.entry is None and self.door is not None:
                opening, effects, came = self._tried(self.door, answer)
                return opening, (StopTimer(_DESK), *effects), came
            case Expired(timer) if timer == _DESK and self.entry is None:
                return self, (), Say.GOODBYE
            case _ if self.entry is not None:
                return self._typing(self.entry, event)
            case _:
                return self, (), None

    def _ask_extension(self, *before: Sound) -> tuple["Opening", Effects]:
        entry, effects = Entry((*before, Say.ENTER_EXTENSION), self.language, _EXTENSION_DIGITS).begin()
        return replace(self, entry=entry), effects

    def _knock(self, door: Door) -> tuple["Opening", Effects, Door | Say | None]:
        known = replace(self, door=door, entry=None)
        if door.locked:
            return known, (), Say.MAILBOX_LOCKED
        if not door.has_pin:
            return known, (), door if door.at_home else Say.PIN_ONLY_AT_HOME
        return *known._ask_pin(), None

    def _ask_pin(self, *before: Sound) -> tuple["Opening", Effects]:
        entry, effects = Entry((*before, Say.ENTER_PIN), self.language, MAX_DIGITS).begin()
        return replace(self, entry=entry), effects

    def _typing(self, entry: Entry, event: Event) -> tuple["Opening", Effects, Door | Say | None]:
        entry, effects, typed = entry.step(event)
        if typed is None:
            return replace(self, entry=entry), effects, None
        if typed in ("", "#", "*"):
            return self._silent()
        asked = replace(self, entry=None)
        if self.door is None:
            question: OfAccess | TryPin = OfAccess(self.caller, self.language, extension=typed)
        else:
            question = TryPin(self.door.mailbox_id, typed, self.caller)
        return asked, (*effects, StartTimer(_DESK, _DESK_S), Ask(question)), None

    def _silent(self) -> tuple["Opening", Effects, Door | Say | None]:
        again = replace(self, silences=self.silences + 1)
        if again.silences >= TRIES:
            return again, (), Say.GOODBYE
        return *(again._ask_extension() if self.door is None else again._ask_pin()), None

    def _tried(self, door: Door, answer: object) -> tuple["Opening", Effects, Door | Say | None]:
        if answer is Tried.RIGHT:
            return self, (), door
        if answer is Tried.LOCKED:
            return self, (), Say.MAILBOX_LOCKED
        again = replace(self, wrong=self.wrong + 1)
        if again.wrong >= TRIES:
            return again, (), Say.MAILBOX_LOCKED
        return *again._ask_pin(Say.WRONG_PIN), None
