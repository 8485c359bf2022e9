"""What an owner sets in a mailbox by phone: its greeting and its PIN. Pure. Which PINs are good is wire/pins.py's."""

from dataclasses import dataclass, field, replace
from enum import Enum

from appliance.voice.dialogue import (
    Ask,
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
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Entry
from appliance.voice.questions import ChooseGreeting, DropGreeting, KeepGreeting, RecordGreeting, SetPin
from appliance.voice.sounds import File, Sound
from wire.pins import MAX_DIGITS
from wire.services import Greeting

TRIES = 3
LONGEST_GREETING_S = 90.0
_DESK, _DESK_S = "desk", 10.0
WEAKNESSES = {
    "length": Say.WEAK_LENGTH,
    "digits": Say.WEAK_DIGITS,
    "sequence": Say.WEAK_SEQUENCE,
    "repeat": Say.WEAK_REPEAT,
    "extension": Say.WEAK_EXTENSION,
}


@dataclass(frozen=True, slots=True)
class NewPin:
    """Twice the same new PIN. Its outcome: True when it is set, False when the caller gave up."""

    mailbox_id: str
    language: str
    before: tuple[Sound, ...] = ()
    first: str = field(default="", repr=False)
    entry: Entry | None = None
    tries: int = 0

    def begin(self) -> tuple["NewPin", Effects]:
        return self._ask(Say.PIN_AGAIN if self.first else Say.NEW_PIN)

    def step(self, event: Event) -> tuple["NewPin", Effects, bool | None]:
        match event:
            case Told(SetPin(), answer) if self.entry is None:
                pin, effects, done = self._answered(answer)
                return pin, (StopTimer(_DESK), *effects), done
            case Expired(timer) if timer == _DESK and self.entry is None:
                return self, (), False
            case _ if self.entry is not None:
                return self._typing(self.entry, event)
            case _:
                return self, (), None

    def _ask(self, says: Say) -> tuple["NewPin", Effects]:
        # One key more than a PIN may have: a longer one is told so, not cut.
        entry, effects = Entry((*self.before, says), self.language, MAX_DIGITS + 1).begin()
        return replace(self, entry=entry, before=()), effects

    def _typing(self, entry: Entry, event: Event) -> tuple["NewPin", Effects, bool | None]:
        entry, effects, typed = entry.step(event)
        match typed:
            case None:
                return replace(self, entry=entry), effects, None
            case "*":
                return self, effects, False
            case "" | "#":
                return self._again(Say.WEAK_LENGTH)
            case _ if not self.first:
                return *replace(self, first=typed).begin(), None
            case _ if typed != self.first:
                return self._again(Say.PIN_MISMATCH)
            case _:
                asked = (StartTimer(_DESK, _DESK_S), Ask(SetPin(self.mailbox_id, typed)))
                return replace(self, entry=None), (*effects, *asked), None

    def _answered(self, answer: object) -> tuple["NewPin", Effects, bool | None]:
        if answer == "":
            return self, (), True
        return self._again(WEAKNESSES.get(str(answer), Say.NOT_KEPT))

    def _again(self, why: Say) -> tuple["NewPin", Effects, bool | None]:
        again = replace(self, first="", tries=self.tries + 1, before=(why,))
        if again.tries >= TRIES:
            return again, (), False
        return *again.begin(), None


class At(Enum):
    KEYS = "keys"
    ASKING = "asking"
    """Waits for the desk."""
    ANNOUNCED = "announced"
    RECORDING = "recording"
    REVIEW = "review"


_KEYS = {"3": Greeting.CUSTOM, "4": Greeting.AWAY, "5": Greeting.DEFAULT}


@dataclass(frozen=True, slots=True)
class Choosing:
    """The menu of greetings. Its outcome: True when the owner is done with it."""

    mailbox_id: str
    language: str
    at: At = At.KEYS
    entry: Entry | None = None
    greeting: Greeting = Greeting.CUSTOM
    path: str = ""
    failures: int = 0

    def begin(self, *before: Sound) -> tuple["Choosing", Effects]:
        entry, effects = Entry((*before, Say.GREETING_KEYS), self.language, longest=1).begin()
        return replace(self, at=At.KEYS, entry=entry, path=""), effects

    def step(self, event: Event) -> tuple["Choosing", Effects, bool]:
        match event, self.at:
            case Left(), _:
                return self._left()
            case _, At.KEYS if self.entry is not None:
                return self._in_keys(self.entry, event)
            case _, At.ASKING:
                return self._asked(event)
            case _, At.ANNOUNCED if self.entry is not None:
                return self._announced(self.entry, event)
            case Recorded(why=Why.LEFT), At.RECORDING:
                return replace(self, path=""), (Ask(DropGreeting(self.path)),), False
            case Recorded() as recorded, At.RECORDING:
                if not recorded.path:
                    return *self._discard(Say.TOO_SHORT), False
                return *self._review(File(recorded.path)), False
            case _, At.REVIEW if self.entry is not None:
                return self._in_review(self.entry, event)
            case _:
                return self, (), False

    def _left(self) -> tuple["Choosing", Effects, bool]:
        """What was being recorded is thrown away once it is finished; what was kept is kept."""
        if self.at is At.RECORDING:
            return self, (), False
        drop: Effects = (Ask(DropGreeting(self.path)),) if self.path and self.at is not At.ASKING else ()
        return replace(self, path=""), drop, False

    def _in_keys(self, entry: Entry, event: Event) -> tuple["Choosing", Effects, bool]:
        entry, effects, key = entry.step(event)
        match key:
            case None:
                return replace(self, entry=entry), effects, False
            case "1" | "2":
                greeting = Greeting.CUSTOM if key == "1" else Greeting.AWAY
                return replace(self, greeting=greeting)._ask(RecordGreeting(self.mailbox_id))
            case "3" | "4" | "5":
                return self._ask(ChooseGreeting(self.mailbox_id, _KEYS[key]))
            case "*" | "#":
                return self, effects, True
            case _:
                failed = replace(self, failures=self.failures + 1)
                if failed.failures >= TRIES:
                    return failed, effects, True
                return *failed.begin(*((Say.INVALID_OPTION,) if key else ())), False

    def _ask(self, question: object) -> tuple["Choosing", Effects, bool]:
        return replace(self, at=At.ASKING, entry=None), (StartTimer(_DESK, _DESK_S), Ask(question)), False

    def _asked(self, event: Event) -> tuple["Choosing", Effects, bool]:
        match event:
            case Told(RecordGreeting(), str() as path) if path:
                entry, effects = Entry((Say.RECORD_GREETING,), self.language, longest=1).begin()
                ready = replace(self, at=At.ANNOUNCED, entry=entry, path=path)
                return ready, (StopTimer(_DESK), *effects), False
            case Told(ChooseGreeting(), answer):
                choosing, effects = self.begin(Say.GREETING_CHOSEN if answer else Say.NO_SUCH_GREETING)
            case Told(KeepGreeting(), answer):
                choosing, effects = self.begin(Say.GREETING_CHOSEN if answer else Say.NOT_KEPT)
            case Told(RecordGreeting()) | Expired("desk"):
                choosing, effects = self.begin(Say.NOT_KEPT)
            case _:
                return self, (), False
        return choosing, (StopTimer(_DESK), *effects), False

    def _announced(self, entry: Entry, event: Event) -> tuple["Choosing", Effects, bool]:
        """The recording starts when the words have been said, or at a key that cuts them short."""
        entry, effects, key = entry.step(event)
        began = any(isinstance(effect, StartTimer) for effect in effects)
        if key is None and not began:
            return replace(self, entry=entry), effects, False
        return *self._record(), False

    def _record(self) -> tuple["Choosing", Effects]:
        record = Record(self.path, LONGEST_GREETING_S, 0.0, 1.0, beep=True, stop_keys="#*")
        return replace(self, at=At.RECORDING, entry=None), (StopTimer("keys"), record)

    def _review(self, *before: Sound) -> tuple["Choosing", Effects]:
        entry, effects = Entry((*before, Say.KEEP_GREETING), self.language, longest=1).begin()
        return replace(self, at=At.REVIEW, entry=entry), effects

    def _discard(self, *says: Sound) -> tuple["Choosing", Effects]:
        drop = Ask(DropGreeting(self.path))
        choosing, effects = self.begin(*says)
        return choosing, (drop, *effects)

    def _in_review(self, entry: Entry, event: Event) -> tuple["Choosing", Effects, bool]:
        entry, effects, key = entry.step(event)
        match key:
            case None:
                return replace(self, entry=entry), effects, False
            case "1":
                return self._ask(KeepGreeting(self.mailbox_id, self.greeting, self.path))
            case "2":
                return *self._review(File(self.path)), False
            case "3":
                return *self._record(), False
            case "*":
                return *self._discard(), False
            case _:
                failed = replace(self, failures=self.failures + 1)
                if failed.failures >= TRIES:
                    choosing, dropped = failed._discard()
                    return choosing, dropped, False
                return *failed._review(), False
