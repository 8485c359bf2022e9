"""The service `call-back` (*69): say who called last, and call them when 1 is pressed. Pure."""

from dataclasses import dataclass, replace

from appliance.voice.dialogue import Connected, Dial, Dialogue, Effects, Event
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Entry, LastWords, Move, Waiting, sorry
from appliance.voice.sounds import Pause, Sound
from appliance.voice.speech import digits

ASKED = 2
"""So often the number is said."""
MEXICO = "+52"


@dataclass(frozen=True, slots=True)
class CallBack:
    """`dial` is the leg to the last caller, whose number is `number`: an extension, or E.164."""

    dial: Dial
    number: str
    language: str
    asked: int = 0
    entry: Entry | None = None
    move: Move | None = None

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        if self.move is not None:
            return self._moving(self.move, event)
        if self.entry is not None:
            return self._asking(self.entry, event)
        return self._ask() if isinstance(event, Connected) else (self, ())

    def _ask(self, *before: Sound) -> tuple[Dialogue, Effects]:
        said = (Say.LAST_CALLER, Pause(0.2), *digits(self.number.removeprefix(MEXICO)), Pause(0.4), Say.CALL_BACK_KEY)
        entry, effects = Entry((*before, *said), self.language, longest=1).begin()
        return replace(self, entry=entry, asked=self.asked + 1), effects

    def _asking(self, entry: Entry, event: Event) -> tuple[Dialogue, Effects]:
        entry, effects, key = entry.step(event)
        if key is None:
            return replace(self, entry=entry), effects
        if key == "1":
            move, more = Move(self.dial, Waiting(), self.language).begin()
            return replace(self, move=move), (*effects, *more)
        wrong = (Say.INVALID_OPTION,) if key else ()
        again, more = self._ask(*wrong) if self.asked < ASKED else self._say(*wrong, Say.GOODBYE)
        return again, (*effects, *more)

    def _moving(self, move: Move, event: Event) -> tuple[Dialogue, Effects]:
        move, effects, refused = move.step(event)
        if refused is None:
            return replace(self, move=move), effects
        last, more = self._say(sorry(refused))
        return last, (*effects, *more)

    def _say(self, *words: Sound) -> tuple[Dialogue, Effects]:
        return LastWords(words, self.language).begin()
