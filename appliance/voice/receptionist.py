"""The service `receptionist`: a greeting, keys, extensions dialled directly, names spelled, and three failures. Pure.

Which menu it is, and what each key does, comes from the desk as a Counter; where a caller then goes is routing's.
"""

from dataclasses import dataclass, replace
from enum import Enum

from appliance.voice.dialogue import (
    Ask,
    Connected,
    Dialogue,
    Digit,
    Effects,
    Event,
    Expired,
    Finished,
    NotTaken,
    Play,
    StartTimer,
    StopPlaying,
    StopTimer,
    Told,
)
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import BETWEEN_DIGITS_S, KEYS, SILENCE_S, Caller, Entry, LastWords, Move, goto, sorry
from appliance.voice.questions import Counter, Listed, OfReceptionist
from appliance.voice.sounds import Pause, Sound, Text
from appliance.voice.speech import digits as said_digits
from wire.rows import DestinationKind
from wire.services import KeyAction

FAILURES = 3
LONGEST_EXTENSION = 8
MOVES = 5
"""So often a caller may come back from somebody who did not answer."""
DESK_S = 5.0
_DESK = "desk"


class At(Enum):
    MENU = "menu"
    TURNING = "turning"
    """To another receptionist's menu, as soon as the desk has it."""
    SPELLING = "spelling"
    NAMES = "names"
    MOVING = "moving"


@dataclass(frozen=True, slots=True)
class Receptionist:
    counter: Counter
    caller: Caller
    at: At = At.MENU
    typed: str = ""
    failures: int = 0
    moves: int = 0
    entry: Entry | None = None
    names: tuple[Listed, ...] = ()
    move: Move | None = None

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        match event, self.at:
            case Connected(), _:
                return self._menu()
            case _, At.MENU:
                return self._in_menu(event)
            case Told(OfReceptionist(), answer), At.TURNING:
                return self._turned(answer)
            case Expired(timer), At.TURNING if timer == _DESK:
                return self._turned(None)
            case _, At.SPELLING:
                return self._spelling(event)
            case _, At.NAMES:
                return self._offering(event)
            case _, At.MOVING:
                return self._moving(event)
            case _:
                return self, ()

    # The menu ---------------------------------------------------------------------------------------------------------

    def _menu(self, *before: Sound) -> tuple[Dialogue, Effects]:
        begun = replace(self, at=At.MENU, typed="", entry=None, names=(), move=None)
        return begun, (StopTimer(KEYS), Play((*before, *self.counter.greeting), self.counter.language))

    def _in_menu(self, event: Event) -> tuple[Dialogue, Effects]:
        match event:
            case Finished() if not self.typed:
                return self, (StartTimer(KEYS, SILENCE_S),)
            case Expired(timer) if timer == KEYS:
                return self._decide() if self.typed else self._failed()
            case Digit("#") if self.typed:
                return self._decide()
            case Digit(key):
                return self._pressed(key)
            case _:
                return self, ()

    def _pressed(self, key: str) -> tuple[Dialogue, Effects]:
        """A key alone acts at once, unless an extension begins so: then the next digits are awaited (V-4)."""
        typed = self.typed + key
        held = replace(self, typed=typed)
        if held._more_may_follow:
            quiet: Effects = () if self.typed else (StopPlaying(),)
            return held, (*quiet, StartTimer(KEYS, BETWEEN_DIGITS_S))
        return held._decide()

    @property
    def _more_may_follow(self) -> bool:
        """Also where what was typed leads nowhere: the rest of a wrong extension is not taken for keys."""
        if not self.counter.direct_dial:
            return False
        book = self.counter.book
        astray = 1 < len(self.typed) < LONGEST_EXTENSION and self.typed not in book.by_digits
        return self.typed in book.prefixes or astray

    def _decide(self) -> tuple[Dialogue, Effects]:
        found = self.counter.book.by_digits.get(self.typed) if self.counter.direct_dial else None
        if found is not None:
            return self._go(found.kind, found.target_id)
        action = self.counter.keys.get(self.typed)
        return self._act(*action) if action else self._failed(Say.INVALID_OPTION)

    def _act(self, action: str, target_id: str) -> tuple[Dialogue, Effects]:
        match action:
            case KeyAction.REPEAT:
                return self._menu()
            case KeyAction.HANG_UP:
                return self._goodbye()
            case KeyAction.DIAL_BY_NAME:
                return self._spell()
            case _:
                return self._go(action, target_id)

    def _failed(self, *says: Sound) -> tuple[Dialogue, Effects]:
        failed = replace(self, failures=self.failures + 1)
        if failed.failures < FAILURES:
            return failed._menu(*says)
        kind, target_id = self.counter.default
        if kind and failed.failures == FAILURES:
            return failed._go(kind, target_id)
        return failed._goodbye(*says)

    def _goodbye(self, *before: Sound) -> tuple[Dialogue, Effects]:
        return LastWords((*before, Say.GOODBYE), self.counter.language).begin()

    # Elsewhere --------------------------------------------------------------------------------------------------------

    def _go(self, kind: str, target_id: str) -> tuple[Dialogue, Effects]:
        if kind == DestinationKind.RECEPTIONIST:
            ask = Ask(OfReceptionist(target_id, self.counter.language))
            return replace(self, at=At.TURNING), (StopPlaying(), StopTimer(KEYS), StartTimer(_DESK, DESK_S), ask)
        move, effects = Move(goto(self.caller, kind, target_id), self.counter.waiting, self.counter.language).begin()
        return replace(self, at=At.MOVING, move=move, moves=self.moves + 1), effects

    def _turned(self, answer: object) -> tuple[Dialogue, Effects]:
        if isinstance(answer, Counter):
            turned, effects = replace(self, counter=answer)._menu()
        else:
            turned, effects = self._failed(Say.INVALID_OPTION)
        return turned, (StopTimer(_DESK), *effects)

    def _moving(self, event: Event) -> tuple[Dialogue, Effects]:
        assert self.move is not None
        move, effects, refused = self.move.step(event)
        if refused is None:
            return replace(self, move=move), effects
        return self._came_back(event)

    def _came_back(self, event: Event) -> tuple[Dialogue, Effects]:
        """Nobody took the call: say so, then the menu again, or after three failures and many tries goodbye."""
        assert isinstance(event, NotTaken)
        words = sorry(event.status)
        if self.moves >= MOVES or self.failures >= FAILURES:
            return self._goodbye(words)
        return self._menu(words)

    # Names ------------------------------------------------------------------------------------------------------------

    def _spell(self) -> tuple[Dialogue, Effects]:
        entry, effects = Entry((Say.SPELL_NAME,), self.counter.language).begin()
        return replace(self, at=At.SPELLING, entry=entry), effects

    def _spelling(self, event: Event) -> tuple[Dialogue, Effects]:
        assert self.entry is not None
        entry, effects, typed = self.entry.step(event)
        match typed:
            case None:
                return replace(self, entry=entry), effects
            case "*":
                return self._menu()
            case "" | "#":
                return self._failed()
            case _:
                names = self.counter.book.named(typed)
                return replace(self, names=names)._offer() if names else self._failed(Say.NO_SUCH_NAME)

    def _offer(self) -> tuple[Dialogue, Effects]:
        """The first of `names`: its name, its extension, and what to press."""
        if not self.names:
            return self._menu(Say.NO_MORE_NAMES)
        one = self.names[0]
        said = (Text(one.name), Pause(0.2), *said_digits(one.digits), Pause(0.3), Say.PICK_NAME)
        entry, effects = Entry(said, self.counter.language, longest=1).begin()
        return replace(self, at=At.NAMES, entry=entry), effects

    def _offering(self, event: Event) -> tuple[Dialogue, Effects]:
        assert self.entry is not None
        entry, effects, typed = self.entry.step(event)
        match typed:
            case None:
                return replace(self, entry=entry), effects
            case "1":
                return self._go(self.names[0].kind, self.names[0].target_id)
            case "2":
                return replace(self, names=self.names[1:])._offer()
            case "":
                return self._failed()
            case _:
                return self._menu()
