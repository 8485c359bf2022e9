"""What callers are told: one table of sentences, in es-MX and English, with how each is spoken. Data only.

A sentence with recordings is spoken by Debian's asterisk-core-sounds packages (the texts are then their meaning, not
their letter); one without is synthesised from its text. prompts.py makes audio of it.
"""

from dataclasses import dataclass
from enum import Enum

from appliance.errors import Words
from appliance.vocabulary import Announcement


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


BEEP = "beep"
CUES: tuple[str, ...] = (*(a.value for a in Announcement), BEEP)
"""All that can be played by name."""

SPANISH, ENGLISH = "es-MX", "en"
LANGUAGES = (SPANISH, ENGLISH)


def language_of(tag: str) -> str:
    """The one of LANGUAGES for a BCP 47 tag: any Spanish is es-MX, so is nothing; all else is English."""
    return SPANISH if not tag or tag.lower().startswith("es") else ENGLISH


SENTENCES: dict[Announcement, Sentence] = {
    Announcement.INVALID_PREFIX: Sentence(
        Spoken("El prefijo marcado no es válido. Marque los diez dígitos del número, sin prefijo."),
        Spoken(
            "The prefix you dialed is not valid. Please dial the ten digits of the number, without a prefix.",
            nearest=("cannot-complete-as-dialed", "check-number-dial-again"),
        ),
        Lead.SPECIAL_INFORMATION,
    ),
    Announcement.INVALID_NUMBER: Sentence(
        Spoken(
            "El número que usted marcó no es válido. Verifique el número y marque de nuevo.", nearest=("ss-noservice",)
        ),
        Spoken(
            "Your call cannot be completed as dialed. Please check the number and dial again.",
            recordings=("cannot-complete-as-dialed", "check-number-dial-again"),
        ),
        Lead.SPECIAL_INFORMATION,
    ),
    Announcement.NO_SUCH_EXTENSION: Sentence(
        Spoken("Lo siento, esa no es una extensión válida. Por favor intente de nuevo.", recordings=("pbx-invalid",)),
        Spoken("I am sorry, that is not a valid extension. Please try again.", recordings=("pbx-invalid",)),
    ),
    Announcement.NOT_AVAILABLE: Sentence(
        Spoken("Nadie puede atender su llamada en este momento.", recordings=("vm-nobodyavail",)),
        Spoken("Nobody is available to take your call at the moment.", recordings=("vm-nobodyavail",)),
    ),
    Announcement.BUSY: Sentence(
        Spoken("La línea que usted llama está ocupada. Por favor intente más tarde.", nearest=("please-try-again",)),
        Spoken("The line you are calling is busy. Please try again later.", nearest=("please-try-call-later",)),
    ),
    Announcement.NO_ANSWER: Sentence(
        Spoken("El número que usted llama no contesta. Por favor intente más tarde.", nearest=("vm-nobodyavail",)),
        Spoken(
            "The number is not answering. Please try your call again later.",
            recordings=("number-not-answering", "please-try-call-later"),
        ),
    ),
    Announcement.NOT_PERMITTED: Sentence(
        Spoken("Este teléfono no tiene permiso para hacer esa llamada. Consulte a su administrador."),
        Spoken(
            "This telephone is not permitted to make that call. Please ask your administrator.",
            nearest=("feature-not-avail-line",),
        ),
    ),
    Announcement.PREMIUM_BLOCKED: Sentence(
        Spoken("Las llamadas a números con costo adicional no están permitidas desde este teléfono."),
        Spoken(
            "Calls to premium rate numbers are not permitted from this telephone.",
            nearest=("feature-not-avail-line",),
        ),
    ),
    Announcement.NO_WAY_OUT: Sentence(
        Spoken(
            "Por el momento no es posible hacer llamadas al exterior. Por favor intente más tarde.",
            nearest=("please-try-again",),
        ),
        Spoken(
            "All circuits are busy now. Please try your call again later.",
            recordings=("all-circuits-busy-now", "please-try-call-later"),
        ),
        Lead.SPECIAL_INFORMATION,
    ),
    Announcement.EMERGENCY_NO_WAY_OUT: Sentence(
        Spoken("Este teléfono no puede llamar a emergencias en este momento. Marque desde un celular."),
        Spoken(
            "This telephone cannot reach emergency services now. Please call from a mobile phone.",
            nearest=("all-circuits-busy-now",),
        ),
        times=2,
    ),
    Announcement.NUMBER_NOT_IN_SERVICE: Sentence(
        Spoken(
            "El número que usted marcó no está en servicio. Verifique el número e intente de nuevo.",
            recordings=("ss-noservice",),
        ),
        Spoken(
            "The number you have dialed is not in service. Please check the number and try again.",
            recordings=("ss-noservice",),
        ),
        Lead.SPECIAL_INFORMATION,
    ),
    Announcement.TRY_LATER: Sentence(
        Spoken(
            "No es posible completar su llamada en este momento. Por favor intente más tarde.",
            nearest=("please-try-again",),
        ),
        Spoken("Please try your call again later.", recordings=("please-try-call-later",)),
    ),
}
