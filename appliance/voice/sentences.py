"""What callers are told: one table of sentences, in es-MX and English, with how each is spoken. Data only.

A sentence with recordings is spoken by Debian's asterisk-core-sounds packages (the texts are then their meaning, not
their letter); one without is synthesised from its text. prompts.py makes audio of it.
"""

from collections.abc import Mapping
from typing import Any

from appliance.vocabulary import Announcement
from appliance.voice.menu_sentences import CONFIRMATIONS, MENU_SENTENCES
from appliance.voice.spoken import ENGLISH, LANGUAGES, SPANISH, Lead, Sentence, Spoken, language_of

__all__ = [
    "ANNOUNCEMENTS",
    "BEEP",
    "CUES",
    "ENGLISH",
    "LANGUAGES",
    "RINGBACK",
    "ROOM_JOINED",
    "ROOM_LEFT",
    "SENTENCES",
    "SPANISH",
    "TONES",
    "Lead",
    "Sentence",
    "Spoken",
    "language_of",
]

BEEP = "beep"
RINGBACK = "ringback"
"""One ring as a caller hears it in Mexico: 425 Hz for a second, then four of silence."""
ROOM_JOINED, ROOM_LEFT = "room-joined", "room-left"
TONES = (BEEP, RINGBACK, ROOM_JOINED, ROOM_LEFT)

ANNOUNCEMENTS: dict[Announcement, Sentence] = {
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
    Announcement.NO_CREDIT: Sentence(
        Spoken("Su empresa no tiene saldo para esta llamada."),
        Spoken("Your company has no credit for this call.", nearest=("all-circuits-busy-now",)),
    ),
    Announcement.LIMIT_REACHED: Sentence(
        Spoken(
            "No se puede hacer esta llamada: se alcanzó el límite fijado contra el fraude. Avise a su administrador."
        ),
        Spoken("This call cannot be made: a limit against fraud was reached. Please tell your administrator."),
    ),
    Announcement.OUTSIDE_HOURS: Sentence(
        Spoken("Estas llamadas no están permitidas fuera de horario."),
        Spoken("These calls are not permitted outside office hours."),
    ),
    Announcement.OTHER_BUILDING: Sentence(
        Spoken("Esa extensión está en otro edificio, con el que no hay enlace en este momento."),
        Spoken("That extension is in another building, which cannot be reached at the moment."),
    ),
    Announcement.FORWARD_REFUSED: Sentence(
        Spoken("No es posible desviar sus llamadas a ese número."),
        Spoken("Your calls cannot be forwarded to that number."),
    ),
    Announcement.NO_MAILBOX: Sentence(
        Spoken("Esa extensión no tiene buzón de voz."), Spoken("That extension has no voice mailbox.")
    ),
    Announcement.NO_LAST_CALL: Sentence(
        Spoken("No hay una llamada anterior a la cual marcar."), Spoken("There is no earlier call to dial.")
    ),
    Announcement.LAST_CALLER_WITHHELD: Sentence(
        Spoken("Quien le llamó por última vez no mostró su número."), Spoken("Your last caller did not show a number.")
    ),
    Announcement.NOT_ALLOWED_HERE: Sentence(
        Spoken("Este teléfono no puede usar ese código."), Spoken("This telephone cannot use that code.")
    ),
    Announcement.PHONE_NOT_HERE: Sentence(
        Spoken(
            "Este teléfono es de otro edificio y su empresa no ha permitido que se use aquí. Consulte a su "
            "administrador. Las llamadas de emergencia sí salen."
        ),
        Spoken(
            "This telephone belongs to another building, and its company has not allowed it to be used here. Please "
            "ask your administrator. Emergency calls do go through."
        ),
    ),
    Announcement.NOTHING_RINGS: Sentence(
        Spoken("No hay ninguna llamada que tomar."), Spoken("Nothing is ringing that you could pick up.")
    ),
    Announcement.NOTHING_PARKED: Sentence(
        Spoken("No hay ninguna llamada estacionada ahí."), Spoken("No call is parked there.")
    ),
}

_TABLES: tuple[Mapping[Any, Sentence], ...] = (ANNOUNCEMENTS, CONFIRMATIONS, MENU_SENTENCES)
SENTENCES: dict[str, Sentence] = {cue.value: sentence for table in _TABLES for cue, sentence in table.items()}
"""Every sentence by its cue."""
CUES: tuple[str, ...] = (*SENTENCES, *TONES)
"""All that can be played by name."""
