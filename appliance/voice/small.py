"""The small services: `confirm` speaks what a code did, `whoami` an extension, `music` plays. Pure."""

from dataclasses import dataclass

from appliance.voice.dialogue import Connected, Dialogue, Effects, Event, Music
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import LastWords
from appliance.voice.sentences import CUES
from appliance.voice.sounds import Pause, Sound
from appliance.voice.speech import digits

MAX_CUES = 8
_DIGITS = "digits:"


@dataclass(frozen=True, slots=True)
class Speak:
    """Say these, then hang up."""

    words: tuple[Sound, ...]
    language: str

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        return LastWords(self.words, self.language).begin() if isinstance(event, Connected) else (self, ())


def confirmation(cues: str) -> tuple[Sound, ...]:
    """What `cues` says: names of cues and `digits:5512345678`, parted by commas; unknown ones are passed over."""
    said: list[Sound] = []
    for cue in [one.strip() for one in cues.split(",")][:MAX_CUES]:
        if cue.startswith(_DIGITS):
            said += [Pause(0.2), *digits(cue.removeprefix(_DIGITS)[:20])]
        elif cue.lower() in CUES:
            said.append(cue.lower())
    return tuple(said) or (Say.GOODBYE,)


def extension(number: str) -> tuple[Sound, ...]:
    return (Say.YOUR_EXTENSION, Pause(0.2), *digits(number[:20]), Pause(0.6), *digits(number[:20]))


@dataclass(frozen=True, slots=True)
class Listen:
    """Music until the caller is taken back, or hangs up."""

    track: str

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        return self, (Music(self.track),) if isinstance(event, Connected) else ()
