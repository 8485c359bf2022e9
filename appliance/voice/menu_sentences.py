"""What the dialogues of voice say beyond the routing's announcements: menus, mailboxes, rooms. Data only.

Recordings of Debian's packages where both mean the same as the text; else the text is synthesised.
"""

from enum import StrEnum

from appliance.vocabulary import Cue
from appliance.voice.spoken import Sentence, Spoken


class Say(StrEnum):
    """A sentence of a dialogue, as a cue."""

    WELCOME = "welcome"
    WELCOME_CLOSED = "welcome-closed"
    WELCOME_HOLIDAY = "welcome-holiday"
    INVALID_OPTION = "invalid-option"
    GOODBYE = "goodbye"
    ONE_MOMENT = "one-moment"
    SPELL_NAME = "spell-name"
    NO_SUCH_NAME = "no-such-name"
    NO_MORE_NAMES = "no-more-names"
    PICK_NAME = "pick-name"

    MAILBOX_OF = "mailbox-of"
    LEAVE_MESSAGE = "leave-message"
    AWAY = "away"
    MAILBOX_FULL = "mailbox-full"
    MESSAGE_KEPT = "message-kept"
    NOT_KEPT = "not-kept"
    TOO_SHORT = "too-short"

    ENTER_EXTENSION = "enter-extension"
    ENTER_PIN = "enter-pin"
    WRONG_PIN = "wrong-pin"
    MAILBOX_LOCKED = "mailbox-locked"
    PIN_ONLY_AT_HOME = "pin-only-at-home"
    FIRST_PIN = "first-pin"
    NEW_PIN = "new-pin"
    PIN_AGAIN = "pin-again"
    PIN_MISMATCH = "pin-mismatch"
    PIN_CHANGED = "pin-changed"
    WEAK_LENGTH = "weak-length"
    WEAK_DIGITS = "weak-digits"
    WEAK_SEQUENCE = "weak-sequence"
    WEAK_REPEAT = "weak-repeat"
    WEAK_EXTENSION = "weak-extension"
    MAILBOX_KEYS = "mailbox-keys"
    MESSAGE_KEYS = "message-keys"
    NO_MESSAGES = "no-messages"
    NO_MORE_MESSAGES = "no-more-messages"
    DELETED = "deleted"
    SAVED = "saved"
    NO_CALL_BACK = "no-call-back"
    GREETING_KEYS = "greeting-keys"
    RECORD_GREETING = "record-greeting"
    KEEP_GREETING = "keep-greeting"
    GREETING_CHOSEN = "greeting-chosen"
    NO_SUCH_GREETING = "no-such-greeting"

    ENTER_ROOM = "enter-room"
    ENTER_ROOM_PIN = "enter-room-pin"
    NO_SUCH_ROOM = "no-such-room"
    WRONG_ROOM_PIN = "wrong-room-pin"
    ROOM_FULL = "room-full"
    NO_ROOMS = "no-rooms"
    ROOM_LOCKED = "room-locked"
    ALONE = "alone"
    WAIT_FOR_MODERATOR = "wait-for-moderator"
    MUTED = "muted"
    UNMUTED = "unmuted"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    SILENCED = "silenced"
    UNSILENCED = "unsilenced"
    ROOM_ENDED = "room-ended"
    ROOM_KEYS = "room-keys"
    MODERATOR_KEYS = "moderator-keys"

    MENU_GREETINGS = "menu-greetings"
    KEEP_MENU_GREETING = "keep-menu-greeting"
    MENU_GREETING_KEPT = "menu-greeting-kept"

    FORWARDED_CALL = "forwarded-call"
    TOO_LONG = "too-long"
    YOUR_EXTENSION = "your-extension"
    LAST_CALLER = "last-caller"
    CALL_BACK_KEY = "call-back-key"


def _said(es: str, en: str, both: str = "", only_en: str = "", only_es: str = "") -> Sentence:
    """`both`, `only_en`, `only_es`: recordings, parted by spaces."""
    recorded_es, recorded_en = (tuple((both or one).split()) for one in (only_es, only_en))
    return Sentence(Spoken(es, recorded_es), Spoken(en, recorded_en))


MENU_SENTENCES: dict[Say, Sentence] = {
    Say.WELCOME: _said(
        "Gracias por llamar. Si conoce la extensión, márquela ahora.",
        "Thank you for calling. If you know the extension, please dial it now.",
    ),
    Say.WELCOME_CLOSED: _said(
        "Gracias por llamar. En este momento la oficina está cerrada. Si conoce la extensión, márquela ahora.",
        "Thank you for calling. The office is closed now. If you know the extension, please dial it now.",
    ),
    Say.WELCOME_HOLIDAY: _said(
        "Gracias por llamar. Hoy la oficina está cerrada por día festivo. Si conoce la extensión, márquela ahora.",
        "Thank you for calling. The office is closed for the holiday. If you know the extension, please dial it now.",
    ),
    Say.INVALID_OPTION: _said(
        "Opción no válida.", "I am sorry, that is not a valid option.", only_en="pm-invalid-option"
    ),
    Say.GOODBYE: _said("Adiós.", "Goodbye.", both="vm-goodbye"),
    Say.ONE_MOMENT: _said("Un momento, por favor.", "One moment, please.", only_en="one-moment-please"),
    Say.SPELL_NAME: _said(
        "Deletree con el teclado el nombre o el apellido de la persona, y termine con la tecla gato.",
        "Spell the first or last name of the person on your keypad, and finish with the pound key.",
    ),
    Say.NO_SUCH_NAME: _said("No se encontró ese nombre.", "No name matches what you entered."),
    Say.NO_MORE_NAMES: _said("No hay más nombres.", "There are no more names."),
    Say.PICK_NAME: _said(
        "Si es la persona que busca, marque uno. Para la siguiente, marque dos.",
        "If this is the person you are looking for, press one. For the next one, press two.",
    ),
    Say.MAILBOX_OF: _said("Usted llamó al buzón de voz de.", "You have reached the voice mail of."),
    Say.LEAVE_MESSAGE: _said(
        "Por favor deje su mensaje después del tono. Al terminar, cuelgue o marque la tecla gato.",
        "Please leave your message after the tone. When done, hang up or press the pound key.",
        both="vm-intro",
    ),
    Say.AWAY: _said(
        "Está fuera de la oficina y revisará sus mensajes más tarde.",
        "They are away from the office and will check their messages later.",
    ),
    Say.MAILBOX_FULL: _said(
        "El buzón está lleno y no puede recibir más mensajes.",
        "The mailbox is full and cannot take any more messages.",
    ),
    Say.MESSAGE_KEPT: _said("Su mensaje ha sido guardado.", "Your message has been saved.", both="vm-msgsaved"),
    Say.NOT_KEPT: _said(
        "Lo sentimos, no fue posible guardar su mensaje.", "We are sorry, your message could not be saved."
    ),
    Say.TOO_SHORT: _said("El mensaje es demasiado corto.", "Your message is too short.", both="vm-tooshort"),
    Say.ENTER_EXTENSION: _said(
        "Marque el número de la extensión, seguido de la tecla gato.",
        "Enter the extension, followed by the pound key.",
    ),
    Say.ENTER_PIN: _said(
        "Marque su clave, seguida de la tecla gato.", "Enter your PIN, followed by the pound key."
    ),
    Say.WRONG_PIN: _said("La clave no es correcta.", "That PIN is not correct."),
    Say.MAILBOX_LOCKED: _said(
        "Por seguridad, este buzón está bloqueado durante cinco minutos.",
        "For security, this mailbox is locked for five minutes.",
    ),
    Say.PIN_ONLY_AT_HOME: _said(
        "Este buzón aún no tiene clave. Asígnela desde su propio teléfono.",
        "This mailbox has no PIN yet. Please set it from its own phone.",
    ),
    Say.FIRST_PIN: _said(
        "Bienvenido a su buzón de voz. Primero, elija una clave.",
        "Welcome to your voice mail. First, please choose a PIN.",
    ),
    Say.NEW_PIN: _said(
        "Marque la nueva clave, de cuatro a diez dígitos, seguida de la tecla gato.",
        "Enter the new PIN, four to ten digits, followed by the pound key.",
    ),
    Say.PIN_AGAIN: _said(
        "Marque otra vez la nueva clave, seguida de la tecla gato.",
        "Enter the new PIN again, followed by the pound key.",
    ),
    Say.PIN_MISMATCH: _said("Las claves no coinciden.", "The PINs do not match."),
    Say.PIN_CHANGED: _said("Su clave ha sido cambiada.", "Your PIN has been changed."),
    Say.WEAK_LENGTH: _said(
        "La clave debe tener de cuatro a diez dígitos.", "The PIN must have four to ten digits."
    ),
    Say.WEAK_DIGITS: _said("La clave sólo puede tener números.", "The PIN can only have digits."),
    Say.WEAK_SEQUENCE: _said(
        "Esa clave es una serie de números seguidos. Elija otra.", "That PIN is a plain sequence. Choose another one."
    ),
    Say.WEAK_REPEAT: _said(
        "Esa clave repite los mismos números. Elija otra.", "That PIN repeats itself. Choose another one."
    ),
    Say.WEAK_EXTENSION: _said(
        "La clave no puede ser su extensión. Elija otra.", "The PIN cannot be your extension. Choose another one."
    ),
    Say.MAILBOX_KEYS: _said(
        "Para oír los mensajes nuevos, marque uno. Para los guardados, dos. Para su saludo, tres. "
        "Para cambiar su clave, cuatro. Para salir, la tecla gato.",
        "For new messages, press one. For saved messages, two. For your greeting, three. "
        "To change your PIN, four. To leave, the pound key.",
    ),
    Say.MESSAGE_KEYS: _said(
        "Para repetirlo, marque uno. Para el anterior, cuatro. Para la fecha, cinco. Para el siguiente, seis. "
        "Para borrarlo, siete. Para devolver la llamada, ocho. Para guardarlo, nueve. Para regresar, asterisco.",
        "To repeat it, press one. For the one before, four. For its date, five. For the next, six. "
        "To delete it, seven. To call back, eight. To save it, nine. To go back, star.",
    ),
    Say.NO_MESSAGES: _said("No hay mensajes.", "There are no messages."),
    Say.NO_MORE_MESSAGES: _said("No hay más mensajes.", "There are no more messages.", both="vm-nomore"),
    Say.DELETED: _said("Mensaje borrado.", "Message deleted.", both="vm-deleted"),
    Say.SAVED: _said("Mensaje guardado.", "Message saved."),
    Say.NO_CALL_BACK: _said(
        "No es posible devolver esta llamada.", "This call cannot be returned."
    ),
    Say.GREETING_KEYS: _said(
        "Para grabar su saludo, marque uno. Para grabar el de ausencia, dos. Para usar su saludo, tres. "
        "Para usar el de ausencia, cuatro. Para usar el saludo general, cinco. Para regresar, asterisco.",
        "To record your greeting, press one. To record your away greeting, two. To use your greeting, three. "
        "To use your away greeting, four. To use the standard greeting, five. To go back, star.",
    ),
    Say.RECORD_GREETING: _said(
        "Grabe su saludo después del tono, y termine con la tecla gato.",
        "Record your greeting after the tone, and finish with the pound key.",
    ),
    Say.KEEP_GREETING: _said(
        "Para guardarlo, marque uno. Para oírlo, dos. Para grabarlo otra vez, tres. Para cancelar, asterisco.",
        "To keep it, press one. To hear it, two. To record it again, three. To cancel, star.",
    ),
    Say.GREETING_CHOSEN: _said("Su saludo ha sido cambiado.", "Your greeting has been changed."),
    Say.NO_SUCH_GREETING: _said("Ese saludo aún no se ha grabado.", "That greeting has not been recorded yet."),
    Say.ENTER_ROOM: _said(
        "Marque el número de la conferencia, seguido de la tecla gato.",
        "Please enter the conference number, followed by the pound key.",
        both="conf-getconfno",
    ),
    Say.ENTER_ROOM_PIN: _said(
        "Marque la clave de la conferencia, seguida de la tecla gato.",
        "Please enter the conference PIN, followed by the pound key.",
        both="conf-getpin",
    ),
    Say.NO_SUCH_ROOM: _said("Esa conferencia no existe.", "There is no such conference."),
    Say.WRONG_ROOM_PIN: _said("La clave no es correcta.", "That PIN is not correct."),
    Say.ROOM_FULL: _said("La sala está llena.", "The conference room is full."),
    Say.NO_ROOMS: _said("No hay salas disponibles.", "There are no conference rooms available."),
    Say.ROOM_LOCKED: _said("La sala está cerrada.", "The conference room is locked."),
    Say.ALONE: _said(
        "Por el momento, usted es el único participante.", "You are currently the only participant."
    ),
    Say.WAIT_FOR_MODERATOR: _said(
        "La conferencia comenzará cuando llegue el moderador.", "The conference will begin when the moderator arrives."
    ),
    Say.MUTED: _said("Su micrófono está apagado.", "You are now muted.", only_en="conf-now-muted"),
    Say.UNMUTED: _said("Su micrófono está encendido.", "You are no longer muted.", only_en="conf-now-unmuted"),
    Say.LOCKED: _said("La sala ya está cerrada.", "The conference is now locked.", only_en="conf-lockednow"),
    Say.UNLOCKED: _said("La sala ya está abierta.", "The conference is now unlocked.", only_en="conf-unlockednow"),
    Say.SILENCED: _said("Los demás están en silencio.", "The others are now muted."),
    Say.UNSILENCED: _said("Los demás pueden hablar de nuevo.", "The others can speak again."),
    Say.ROOM_ENDED: _said("La conferencia ha terminado.", "The conference has ended."),
    Say.ROOM_KEYS: _said(
        "Para apagar o encender su micrófono, marque asterisco uno. Para saber cuántos hay, asterisco cuatro.",
        "To turn your microphone off or on, press star one. To hear how many are here, star four.",
    ),
    Say.MODERATOR_KEYS: _said(
        "Para cerrar o abrir la sala, marque asterisco dos. Para terminar la conferencia, asterisco tres. "
        "Para silenciar a los demás o devolverles la voz, asterisco cinco.",
        "To lock or unlock the room, press star two. To end the conference, star three. "
        "To mute the others or let them speak again, star five.",
    ),
    Say.MENU_GREETINGS: _said(
        "Para grabar el saludo en horario de atención, marque uno. Para el de fuera de horario, dos. "
        "Para el de días festivos, tres. Para salir, asterisco.",
        "To record the greeting for business hours, press one. For after hours, two. For holidays, three. "
        "To leave, star.",
    ),
    Say.KEEP_MENU_GREETING: _said(
        "Para guardarlo, marque uno. Para grabarlo otra vez, dos. Para cancelar, asterisco.",
        "To keep it, press one. To record it again, two. To cancel, star.",
    ),
    Say.MENU_GREETING_KEPT: _said(
        "El saludo de la recepcionista ha sido cambiado.", "The receptionist's greeting has been changed."
    ),
    Say.FORWARDED_CALL: _said(
        "Tiene una llamada. Para aceptarla, marque uno. Para rechazarla, marque dos.",
        "You have a call. To accept it, press one. To refuse it, press two.",
    ),
    Say.TOO_LONG: _said(
        "Esta llamada alcanzó la duración máxima y terminará ahora.",
        "This call has reached the longest time allowed and will end now.",
    ),
    Say.YOUR_EXTENSION: _said("Su extensión es.", "Your extension is."),
    Say.LAST_CALLER: _said("La última llamada que recibió fue del número.", "Your last call came from the number."),
    Say.CALL_BACK_KEY: _said("Para devolverla, marque uno.", "To call back, press one."),
}  # fmt: skip

CONFIRMATIONS: dict[Cue, Sentence] = {
    Cue.FORWARD_ALL_ON: _said(
        "Todas sus llamadas se desvían al número.", "All your calls are forwarded to the number."
    ),
    Cue.FORWARD_ALL_OFF: _said("El desvío de llamadas está desactivado.", "Call forwarding is off."),
    Cue.FORWARD_BUSY_ON: _said(
        "Cuando su línea esté ocupada, sus llamadas se desvían al número.",
        "When your line is busy, your calls are forwarded to the number.",
    ),
    Cue.FORWARD_BUSY_OFF: _said(
        "El desvío por línea ocupada está desactivado.", "Call forwarding on busy is off."
    ),
    Cue.FORWARD_NO_ANSWER_ON: _said(
        "Cuando usted no conteste, sus llamadas se desvían al número.",
        "When you do not answer, your calls are forwarded to the number.",
    ),
    Cue.FORWARD_NO_ANSWER_OFF: _said(
        "El desvío por falta de respuesta está desactivado.", "Call forwarding on no answer is off."
    ),
    Cue.CALL_WAITING_ON: _said("La llamada en espera está activada.", "Call waiting is on."),
    Cue.CALL_WAITING_OFF: _said("La llamada en espera está desactivada.", "Call waiting is off."),
    Cue.DO_NOT_DISTURB_ON: _said("No molestar está activado.", "Do not disturb is on."),
    Cue.DO_NOT_DISTURB_OFF: _said("No molestar está desactivado.", "Do not disturb is off."),
    Cue.RECEPTIONIST_AUTO: _said(
        "La recepcionista sigue su horario automático.", "The receptionist follows its schedule."
    ),
    Cue.RECEPTIONIST_OPEN: _said("La recepcionista está en modo abierto.", "The receptionist is set to open."),
    Cue.RECEPTIONIST_CLOSED: _said("La recepcionista está en modo cerrado.", "The receptionist is set to closed."),
    Cue.EMERGENCY_TEST: _said(
        "Prueba del número de emergencia. Hay una salida disponible. El número que verán es.",
        "Emergency number test. A way out is available. The number that they will see is.",
    ),
    Cue.EMERGENCY_TEST_NO_WAY: _said(
        "Prueba del número de emergencia. Ninguna salida está disponible. Avise a su administrador.",
        "Emergency number test. No way out is available. Please tell your administrator.",
    ),
}  # fmt: skip
