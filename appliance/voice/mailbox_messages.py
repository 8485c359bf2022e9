"""Listening to a mailbox's messages one after the other, with keys for each. Pure."""

from dataclasses import dataclass, replace
from enum import Enum

from appliance.vocabulary import Announcement
from appliance.voice.dialogue import (
    Ask,
    Digit,
    Effects,
    Event,
    Expired,
    Finished,
    Play,
    StartTimer,
    StopTimer,
)
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import KEYS, SILENCE_S, Caller, Move, Waiting, sorry, to_digits
from appliance.voice.questions import Letter, MarkMessage
from appliance.voice.sounds import File, Pause, Recording, Sound
from appliance.voice.speech import day, digits, time_of_day

REPEATS = 2
"""So often the keys are named again to a silent listener, before the main menu."""
FROM = Recording("vm-from-phonenumber")
UNKNOWN = Recording("vm-unknown-caller")


class Playing(Enum):
    MESSAGE = "message"
    DATE = "date"
    KEYS = "keys"
    LAST = "last"
    """The words after which the main menu comes."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Its outcome: True when the listener is done. `letters` in the order in which they are heard."""

    caller: Caller
    language: str
    letters: tuple[Letter, ...]
    index: int = 0
    playing: Playing = Playing.MESSAGE
    repeats: int = 0
    move: Move | None = None

    def begin(self, *before: Sound) -> tuple["Listening", Effects]:
        """The message at `index`, its date first."""
        letter = self.letters[self.index]
        play = Play((*before, *self._envelope(letter), Pause(0.3), File(letter.path), Pause(0.3)), self.language)
        return replace(self, playing=Playing.MESSAGE, repeats=0), (StopTimer(KEYS), play)

    def step(self, event: Event) -> tuple["Listening", Effects, bool]:
        if self.move is not None:
            return self._moving(self.move, event)
        match event:
            case Digit(key) if self.playing is not Playing.LAST:
                return self._pressed(key)
            case Finished():
                return self._finished()
            case Expired(timer) if timer == KEYS:
                if self.repeats >= REPEATS:
                    return self, (), True
                return replace(self, repeats=self.repeats + 1)._name_keys()
            case _:
                return self, (), False

    def _envelope(self, letter: Letter) -> tuple[Sound, ...]:
        when = (*day(letter.at.date(), letter.today, self.language), *time_of_day(letter.at, self.language))
        who: tuple[Sound, ...] = (FROM, *digits(letter.caller)) if letter.caller else (UNKNOWN,)
        return (*when, Pause(0.2), *who)

    def _finished(self) -> tuple["Listening", Effects, bool]:
        match self.playing:
            case Playing.MESSAGE:
                heard, marks = self._mark("old")
                listening, effects, over = heard._name_keys()
                return listening, (*marks, *effects), over
            case Playing.DATE:
                return self._name_keys()
            case Playing.KEYS:
                return self, (StartTimer(KEYS, SILENCE_S),), False
            case Playing.LAST:
                return self, (), True

    def _name_keys(self) -> tuple["Listening", Effects, bool]:
        play = Play((Say.MESSAGE_KEYS,), self.language)
        return replace(self, playing=Playing.KEYS), (StopTimer(KEYS), play), False

    def _pressed(self, key: str) -> tuple["Listening", Effects, bool]:
        match key:
            case "1":
                return *self.begin(), False
            case "4":
                return *replace(self, index=max(0, self.index - 1)).begin(), False
            case "5":
                play = Play(self._envelope(self.letters[self.index]), self.language)
                return replace(self, playing=Playing.DATE), (StopTimer(KEYS), play), False
            case "6" | "#":
                return self._next()
            case "7":
                return self._sorted("deleted", Say.DELETED)
            case "8":
                return self._call_back()
            case "9":
                return self._sorted("old", Say.SAVED)
            case "*":
                return self, (StopTimer(KEYS),), True
            case _:
                play = Play((Say.INVALID_OPTION, Say.MESSAGE_KEYS), self.language)
                return replace(self, playing=Playing.KEYS), (StopTimer(KEYS), play), False

    def _sorted(self, state: str, says: Say) -> tuple["Listening", Effects, bool]:
        marked, marks = self._mark(state)
        listening, effects, over = marked._next(says)
        return listening, (*marks, *effects), over

    def _mark(self, state: str) -> tuple["Listening", Effects]:
        """A deleted message goes out of the row; one that is old already stays so."""
        letter = self.letters[self.index]
        if state == "deleted":
            left = self.letters[: self.index] + self.letters[self.index + 1 :]
            return replace(self, letters=left, index=self.index - 1), (Ask(MarkMessage(letter.message_id, state)),)
        if not letter.new:
            return self, ()
        letters = tuple(replace(one, new=False) if one is letter else one for one in self.letters)
        return replace(self, letters=letters), (Ask(MarkMessage(letter.message_id, state)),)

    def _next(self, *before: Sound) -> tuple["Listening", Effects, bool]:
        if self.index + 1 < len(self.letters):
            return *replace(self, index=self.index + 1).begin(*before), False
        play = Play((*before, Say.NO_MORE_MESSAGES), self.language)
        return replace(self, playing=Playing.LAST), (StopTimer(KEYS), play), False

    def _call_back(self) -> tuple["Listening", Effects, bool]:
        """Only from a phone of ours: whoever calls in from outside with a PIN does not call out at our cost."""
        number = self.letters[self.index].caller
        if not number or not self.caller.phone_id:
            play = Play((Say.NO_CALL_BACK, Say.MESSAGE_KEYS), self.language)
            return replace(self, playing=Playing.KEYS), (StopTimer(KEYS), play), False
        move, effects = Move(to_digits(self.caller, number, "transfer"), Waiting(), self.language).begin()
        return replace(self, move=move), effects, False

    def _moving(self, move: Move, event: Event) -> tuple["Listening", Effects, bool]:
        move, effects, refused = move.step(event)
        if refused is None:
            return replace(self, move=move), effects, False
        words: Announcement = sorry(refused)
        play = Play((words, Say.MESSAGE_KEYS), self.language)
        return replace(self, move=None, playing=Playing.KEYS), (*effects, play), False
