"""How a sentence is written down: its text in both languages, and what speaks it. The tables are sentences.py's."""

from dataclasses import dataclass
from enum import Enum

from appliance.errors import Words

SPANISH, ENGLISH = "es-MX", "en"
LANGUAGES = (SPANISH, ENGLISH)


def language_of(tag: str) -> str:
    """The one of LANGUAGES for a BCP 47 tag: any Spanish is es-MX, so is nothing; all else is English."""
    return SPANISH if not tag or tag.lower().startswith("es") else ENGLISH


class Lead(Enum):
    """What sounds before the words."""

    NOTHING = "nothing"
    SPECIAL_INFORMATION = "special-information"
    """The three rising tones, where the network or the number is at fault (ITU-T E.180)."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """How one language says it. `recordings` are file names without .wav, in order; empty: the text is synthesised.

    `nearest` is what is played, after a tone, where the proper audio is not there (yet).
    """

    text: str
    recordings: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    es: Spoken
    en: Spoken
    lead: Lead = Lead.NOTHING
    times: int = 1
    """How often it is said."""

    def spoken(self, language: str) -> Spoken:
        return self.es if language == SPANISH else self.en

    @property
    def words(self) -> Words:
        return Words(en=self.en.text, es=self.es.text)
