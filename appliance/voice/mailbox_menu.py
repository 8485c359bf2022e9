"""The service `mailbox`: its owner opens it by PIN, hears and sorts messages, sets greeting and PIN (L-2). Pure.

Opening is mailbox_door.py's, listening mailbox_messages.py's, greetings and PIN mailbox_settings.py's; this joins them.
"""

from dataclasses import dataclass, replace
from enum import Enum

from appliance.voice.dialogue import Ask, Connected, Dialogue, Effects, Event, Expired, StartTimer, StopTimer, Told
from appliance.voice.mailbox_door import Opening
from appliance.voice.mailbox_messages import Listening
from appliance.voice.mailbox_settings import Choosing, NewPin
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Caller, Entry, LastWords
from appliance.voice.questions import Door, Letter, ListMessages
from appliance.voice.sounds import Sound
from appliance.voice.speech import messages as said_messages

FAILURES = 3
_DESK = "desk"
_DESK_S = 10.0


class At(Enum):
    DOOR = "door"
    LISTING = "listing"
    MENU = "menu"
    LISTENING = "listening"
    GREETING = "greeting"
    PIN = "pin"


@dataclass(frozen=True, slots=True)
class MailboxMenu:
    """`door`: the mailbox of the calling phone's owner; None: its extension is asked for."""

    caller: Caller
    language: str
    door: Door | None = None
    at: At = At.DOOR
    failures: int = 0
    letters: tuple[Letter, ...] = ()
    before: tuple[Sound, ...] = ()
    opening: Opening | None = None
    entry: Entry | None = None
    listening: Listening | None = None
    choosing: Choosing | None = None
    new_pin: NewPin | None = None

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        match event, self.at:
            case Connected(), _:
                return self._at_door(*Opening(self.caller, self.language, self.door).begin())
            case _, At.DOOR if self.opening is not None:
                return self._at_door(*self.opening.step(event))
            case Told(ListMessages(), tuple() as letters), At.LISTING:
                return replace(self, letters=letters)._menu()
            case (Told(ListMessages(), None), At.LISTING) | (Expired("desk"), At.LISTING):
                return replace(self, letters=())._menu()
            case _, At.MENU if self.entry is not None:
                return self._in_menu(self.entry, event)
            case _, At.LISTENING if self.listening is not None:
                listening, effects, over = self.listening.step(event)
                return self._back(effects) if over else (replace(self, listening=listening), effects)
            case _, At.GREETING if self.choosing is not None:
                choosing, effects, over = self.choosing.step(event)
                return self._back(effects) if over else (replace(self, choosing=choosing), effects)
            case _, At.PIN if self.new_pin is not None:
                return self._changing_pin(self.new_pin, event)
            case _:
                return self, ()

    def _at_door(self, opening: Opening, effects: Effects, came: Door | Say | None) -> tuple[Dialogue, Effects]:
        if isinstance(came, Door):
            opened = replace(self, door=came, language=came.language, opening=None)
            return opened._list(effects) if came.has_pin else opened._first_pin(effects)
        if came is not None:
            words = (Say.GOODBYE,) if came is Say.GOODBYE else (came, Say.GOODBYE)
            last, more = LastWords(words, self.language).begin()
            return last, (*effects, *more)
        return replace(self, opening=opening), effects

    def _list(self, effects: Effects = (), *before: Sound) -> tuple[Dialogue, Effects]:
        assert self.door is not None
        asked = (StartTimer(_DESK, _DESK_S), Ask(ListMessages(self.door.mailbox_id)))
        return replace(self, at=At.LISTING, before=before), (*effects, *asked)

    def _back(self, effects: Effects) -> tuple[Dialogue, Effects]:
        """To the main menu, with the messages counted anew."""
        return replace(self, listening=None, choosing=None, new_pin=None)._list(effects)

    def _menu(self) -> tuple[Dialogue, Effects]:
        new = sum(letter.new for letter in self.letters)
        counts = said_messages(new, len(self.letters) - new, self.language)
        entry, effects = Entry((*self.before, *counts, Say.MAILBOX_KEYS), self.language, longest=1).begin()
        return replace(self, at=At.MENU, entry=entry, before=()), (StopTimer(_DESK), *effects)

    def _in_menu(self, entry: Entry, event: Event) -> tuple[Dialogue, Effects]:
        entry, effects, key = entry.step(event)
        match key:
            case None:
                return replace(self, entry=entry), effects
            case "1" | "2":
                return self._listen(new=key == "1")
            case "3":
                assert self.door is not None
                choosing, effects = Choosing(self.door.mailbox_id, self.language).begin()
                return replace(self, at=At.GREETING, choosing=choosing), effects
            case "4":
                return self._change_pin()
            case "#":
                return LastWords((Say.GOODBYE,), self.language).begin()
            case "*":
                return self._menu()
            case _:
                return self._failed(*((Say.INVALID_OPTION,) if key else ()))

    def _failed(self, *says: Sound) -> tuple[Dialogue, Effects]:
        failed = replace(self, failures=self.failures + 1, before=says)
        if failed.failures >= FAILURES:
            return LastWords((*says, Say.GOODBYE), self.language).begin()
        return failed._menu()

    def _listen(self, new: bool) -> tuple[Dialogue, Effects]:
        chosen = tuple(letter for letter in self.letters if letter.new is new)
        if not chosen:
            return replace(self, before=(Say.NO_MESSAGES,))._menu()
        listening, effects = Listening(self.caller, self.language, chosen).begin()
        return replace(self, at=At.LISTENING, listening=listening), effects

    def _change_pin(self) -> tuple[Dialogue, Effects]:
        assert self.door is not None
        new_pin, effects = NewPin(self.door.mailbox_id, self.language).begin()
        return replace(self, at=At.PIN, new_pin=new_pin), effects

    def _first_pin(self, effects: Effects) -> tuple[Dialogue, Effects]:
        assert self.door is not None
        new_pin, more = NewPin(self.door.mailbox_id, self.language, before=(Say.FIRST_PIN,)).begin()
        return replace(self, at=At.PIN, new_pin=new_pin), (*effects, *more)

    def _changing_pin(self, new_pin: NewPin, event: Event) -> tuple[Dialogue, Effects]:
        new_pin, effects, done = new_pin.step(event)
        assert self.door is not None
        if done is None:
            return replace(self, new_pin=new_pin), effects
        if done:
            return replace(self, new_pin=None, door=replace(self.door, has_pin=True))._list(effects, Say.PIN_CHANGED)
        if self.door.has_pin:
            return self._back(effects)
        return LastWords((Say.GOODBYE,), self.language).begin()  # nobody gets in without a PIN of its own
