"""The service `deposit`: the mailbox's greeting, a tone, and the caller's message (L-1). Pure.

A message that was recorded is kept whatever the caller does next; the desk numbers, counts and journals it.
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
    HangUp,
    Left,
    Play,
    Record,
    Recorded,
    StartTimer,
    StopPlaying,
    Told,
)
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import LastWords
from appliance.voice.questions import DropMessage, KeepMessage, Slot
from appliance.voice.sounds import Sound

SILENCE_S = 3.0
SHORTEST_S = 2.0
_DESK = "desk"
_DESK_S = 10.0


class At(Enum):
    GREETING = "greeting"
    RECORDING = "recording"
    KEEPING = "keeping"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Deposit:
    slot: Slot
    at: At = At.GREETING
    left: bool = False

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        match event, self.at:
            case Connected(), At.GREETING:
                if not self.slot.path:
                    words = (*self.slot.greeting, Say.MAILBOX_FULL, Say.GOODBYE)
                    return LastWords(words, self.slot.language).begin()
                return self, (Play(self.slot.greeting, self.slot.language),)
            case (Finished(), At.GREETING) | (Digit("#"), At.GREETING):
                return self._record()
            case Left(), At.GREETING:
                return replace(self, at=At.OVER, left=True), (Ask(DropMessage(self.slot.message_id)),)
            case Left(), _:
                return replace(self, left=True), ()
            case Recorded(path=""), At.RECORDING:
                return self._end((Say.TOO_SHORT, Say.GOODBYE), Ask(DropMessage(self.slot.message_id)))
            case Recorded() as recorded, At.RECORDING:
                kept = Ask(KeepMessage(self.slot.message_id, recorded.seconds))
                return replace(self, at=At.KEEPING), (StartTimer(_DESK, _DESK_S), kept)
            case Told(KeepMessage(), answer), At.KEEPING:
                return self._end((Say.MESSAGE_KEPT if answer else Say.NOT_KEPT, Say.GOODBYE))
            case Expired(timer), At.KEEPING if timer == _DESK:
                return self._end((Say.NOT_KEPT, Say.GOODBYE))
            case Finished(), At.OVER:
                return self, (HangUp(),)
            case _:
                return self, ()

    def _record(self) -> tuple[Dialogue, Effects]:
        record = Record(self.slot.path, self.slot.longest_s, SILENCE_S, SHORTEST_S, beep=True, stop_keys="#")
        return replace(self, at=At.RECORDING), (StopPlaying(), record)

    def _end(self, words: tuple[Sound, ...], *before: Ask) -> tuple[Dialogue, Effects]:
        over = replace(self, at=At.OVER)
        return over, before if self.left else (*before, Play(words, self.slot.language))
