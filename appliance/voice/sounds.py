"""What can be played: cues of the table of sentences, recordings by name, files, and texts to be spoken. Pure words.

A dialogue names them; prompts.py and synthesis.py make audio of them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recording:
    """A file of the language's recordings by its name without .wav, such as `digits/3` or `vm-youhave`.

    Brought to the level of all speech. A name that is not there is passed over with a line in the log.
    """

    name: str


@dataclass(frozen=True, slots=True)
class File:
    """A WAV file (mono, 16 bit, 8 kHz) by its path, from `from_s` on. One that cannot be read is passed over."""

    path: str
    from_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Text:
    """Words spoken by espeak-ng in the language of the Play. Kept once made: texts that recur cost nothing again.

    At most MAX_TEXT characters; the first use takes about a tenth of a second, during which the caller hears nothing.
    """

    words: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence between two sounds."""

    seconds: float


Sound = str | Recording | File | Text | Pause
"""A plain string is a cue: one of sentences.CUES."""
MAX_TEXT = 500
MAX_SOUNDS = 64
