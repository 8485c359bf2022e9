"""Why a call goes where it goes: stable codes with parameters, and one catalogue of their sentences in both languages.

The edge gives reasons with each plan and writes them into CDRs; `conserje explain` and the building page put them into
words from here. Machines read the code. Pure, standard library only: Kamailio's workers import it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Self
from urllib.parse import parse_qsl, urlencode

from appliance.errors import Words


class Because(StrEnum):
    """A step of a routing decision. The value never changes once released: CDRs keep it."""

    FROM_PHONE = "from-phone"
    FROM_TRUNK = "from-trunk"
    PHONE_UNKNOWN = "phone-unknown"
    PHONE_OF_NOBODY = "phone-of-nobody"
    PHONE_MAY_NOT_COME = "phone-may-not-come"
    PERSON_MISSING = "person-missing"
    ACCOUNT_MISSING = "account-missing"
    TRUNK_UNKNOWN = "trunk-unknown"
    NOTHING_DIALLED = "nothing-dialled"
    READ_AS = "read-as"
    EMERGENCY = "emergency"
    EMERGENCY_SHOWS = "emergency-shows"
    EMERGENCY_SHOWS_NOTHING = "emergency-shows-nothing"
    SERVICE = "service"
    UNKNOWN_CODE = "unknown-code"
    EXTENSION_LEADS = "extension-leads"
    NO_SUCH_EXTENSION = "no-such-extension"
    OUR_NUMBER = "our-number"
    NUMBER_LEADS = "number-leads"
    NUMBER_UNMAPPED = "number-unmapped"
    DEFAULT_USED = "default-used"
    NO_DEFAULT = "no-default"
    NUMBER_NOT_OURS = "number-not-ours"
    NUMBER_UNREADABLE = "number-unreadable"
    TARGET_MISSING = "target-missing"
    TARGET_OF_ANOTHER_ACCOUNT = "target-of-another-account"
    KIND_NOT_SERVED = "kind-not-served"
    RINGS = "rings"
    NOT_REGISTERED = "not-registered"
    ELSEWHERE = "elsewhere"
    CALLING_PHONE_LEFT_OUT = "calling-phone-left-out"
    NO_PHONE = "no-phone"
    NOBODY_REGISTERED = "nobody-registered"
    INVALID_NUMBER = "invalid-number"
    INTERNATIONAL_REFUSED = "international-refused"
    INTERNATIONAL_ALLOWED = "international-allowed"
    PREMIUM_REFUSED = "premium-refused"
    PREMIUM_ALLOWED = "premium-allowed"
    NOT_PERMITTED = "not-permitted"
    SHOWS_CALLER_ID = "shows-caller-id"
    SHOWS_OWN_NUMBER = "shows-own-number"
    SHOWS_SITE_NUMBER = "shows-site-number"
    SHOWS_EXTENSION = "shows-extension"
    SHOWS_CALLER = "shows-caller"
    SHOWS_NOTHING = "shows-nothing"
    TRUNK_TRIED = "trunk-tried"
    TRUNK_DOWN_SKIPPED = "trunk-down-skipped"
    TRUNK_DOWN_LAST_RESORT = "trunk-down-last-resort"
    NO_TRUNK = "no-trunk"
    VOICE_DOWN = "voice-down"
    NO_INVITE_SEEN = "no-invite-seen"
    NO_END_SEEN = "no-end-seen"
    CLOSED_BY_BUILDING = "closed-by-building"
    FROM_VOICE = "from-voice"
    FROM_BUILDING = "from-building"
    TRANSFERRED_BY = "transferred-by"
    RETURNS_TO = "returns-to"
    NOBODY_PAYS = "nobody-pays"
    HIDDEN = "hidden"
    FORWARDED = "forwarded"
    MUST_ACCEPT = "must-accept"
    FORWARD_REFUSED = "forward-refused"
    FORWARD_TO_SELF = "forward-to-self"
    FORWARD_LOOP = "forward-loop"
    FORWARD_TOO_DEEP = "forward-too-deep"
    DO_NOT_DISTURB = "do-not-disturb"
    CALL_WAITING_OFF = "call-waiting-off"
    NO_OTHER_CALL = "no-other-call"
    WANTS_NO_OTHER = "wants-no-other"
    BUSY_SKIPPED = "busy-skipped"
    GROUP_TOGETHER = "group-together"
    GROUP_IN_TURN = "group-in-turn"
    GROUP_IN_PARTS = "group-in-parts"
    GROUP_EMPTY = "group-empty"
    GROUP_THEN = "group-then"
    MAILBOX_TAKES = "mailbox-takes"
    NO_MAILBOX = "no-mailbox"
    VOICE_ANSWERS = "voice-answers"
    SETTING_CHANGED = "setting-changed"
    CODE_NOT_HERE = "code-not-here"
    LAST_CALL = "last-call"
    NO_LAST_CALL = "no-last-call"
    LAST_CALLER_WITHHELD = "last-caller-withheld"
    PICKS_UP = "picks-up"
    PARKS = "parks"
    FETCHES = "fetches"
    LOCATION_SENT = "location-sent"
    EMERGENCY_TEST = "emergency-test"
    WOULD_TRY = "would-try"
    LIMIT_REACHED = "limit-reached"
    NO_CREDIT = "no-credit"
    OFFLINE_BUDGET_SPENT = "offline-budget-spent"
    CREDIT_LEFT = "credit-left"
    NO_TRUNK_FOR = "no-trunk-for"
    LINK_DOWN = "link-down"
    BY_OTHER_BUILDING = "by-other-building"
    BY_FULL_NUMBER = "by-full-number"
    OTHER_BUILDING = "other-building"
    PLAYS_MUSIC = "plays-music"
    ROOM_BEGINS = "room-begins"
    ROOM_ENTERED = "room-entered"
    ROOM_NOT_OFFERED = "room-not-offered"
    TAKES_PLACE = "takes-place"
    PLACE_BY_RINGING = "place-by-ringing"
    PLACE_GONE = "place-gone"
    PLACE_NOT_OFFERED = "place-not-offered"


NOTHING_ELSE: Mapping[str, Words] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence of an explanation. `params` are plain texts, in the order in which they were given."""

    code: Because
    params: tuple[tuple[str, str], ...] = ()

    def text(self, language: str = "en", instead: Mapping[str, Words] = NOTHING_ELSE) -> str:
        """The sentence in `language` (a BCP 47 tag); a parameter that is not there reads as `?`.

        `instead` says other words for some parameters, for readers who may not see them.
        """
        values = {k: instead[k].text(language) if k in instead else _value(k, v, language) for k, v in self.params}
        return CATALOGUE[self.code].text(language).format_map(_OrQuestionMark(values))

    def encoded(self) -> str:
        """One line for a log or a CDR: the code, then its parameters in URL form. `decode` reads it back."""
        return _encoded(self)

    @classmethod
    def decode(cls, line: str) -> Self:
        """Raises ValueError on a code that this version does not know."""
        code, _, params = line.partition(" ")
        return cls(Because(code), tuple(parse_qsl(params, keep_blank_values=True)))


@lru_cache(maxsize=2048)
def _encoded(reason: Reason) -> str:
    """Remembered: the same people call the same people, and a worker encodes every reason of every call."""
    return f"{reason.code} {urlencode(reason.params)}" if reason.params else str(reason.code)


def because(code: Because, **params: str) -> Reason:
    return Reason(code, tuple(params.items()))


def _value(name: str, value: str, language: str) -> str:
    """A parameter as it is read: what is a code of ours, in words."""
    words = VALUES.get((name, value))
    return words.text(language) if words else value


class _OrQuestionMark(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


B = Because
CATALOGUE: dict[Because, Words] = {
    B.FROM_PHONE: Words(
        "The caller is extension {extension} ({person}) of {account}, on phone {phone}.",
        "Llama la extensión {extension} ({person}) de {account}, desde el teléfono {phone}.",
    ),
    B.FROM_TRUNK: Words(
        "The call came in by trunk {trunk}, from {caller}.", "La llamada entró por la troncal {trunk}, de {caller}."
    ),
    B.PHONE_UNKNOWN: Words(
        "Phone {phone} is not in this building's directory.",
        "El teléfono {phone} no está en el directorio de este edificio.",
    ),
    B.PHONE_MAY_NOT_COME: Words(
        "Phone {phone} stands in another building, and its company wants to be asked before a phone moves.",
        "El teléfono {phone} está en otro edificio, y su empresa quiere que le pregunten antes de moverlo.",
    ),
    B.PHONE_OF_NOBODY: Words(
        "Phone {phone} is not assigned to a person.", "El teléfono {phone} no está asignado a ninguna persona."
    ),
    B.PERSON_MISSING: Words(
        "Phone {phone} names person {person}, who is not in the directory.",
        "El teléfono {phone} nombra a la persona {person}, que no está en el directorio.",
    ),
    B.ACCOUNT_MISSING: Words(
        "Account {account} is not in this building's directory.",
        "La cuenta {account} no está en el directorio de este edificio.",
    ),
    B.TRUNK_UNKNOWN: Words(
        "Trunk {trunk} is not in this building's directory.",
        "La troncal {trunk} no está en el directorio de este edificio.",
    ),
    B.NOTHING_DIALLED: Words("Nothing was dialled.", "No se marcó nada."),
    B.READ_AS: Words("{dialled} is read as {number}: {how}.", "{dialled} se lee como {number}: {how}."),
    B.EMERGENCY: Words(
        "{dialled} is an emergency number: it is sent as {sent}, before any other rule.",
        "{dialled} es un número de emergencia: se envía como {sent}, antes que cualquier otra regla.",
    ),
    B.EMERGENCY_SHOWS: Words(
        "The emergency service is shown {number}, the number to call this site back.",
        "Al servicio de emergencia se le muestra {number}, el número para devolver la llamada a este sitio.",
    ),
    B.EMERGENCY_SHOWS_NOTHING: Words(
        "The site has no call-back number: the emergency service is shown no number that can be called back.",
        "El sitio no tiene número de devolución: al servicio de emergencia no se le muestra un número al cual llamar.",
    ),
    B.SERVICE: Words("{dialled} is the service {service}.", "{dialled} es el servicio {service}."),
    B.UNKNOWN_CODE: Words("{dialled} is not a code of this building.", "{dialled} no es un código de este edificio."),
    B.EXTENSION_LEADS: Words(
        "Extension {extension} of {account} leads to {kind} {target}.",
        "La extensión {extension} de {account} lleva a {kind} {target}.",
    ),
    B.NO_SUCH_EXTENSION: Words(
        "{account} has no extension {extension}.", "{account} no tiene la extensión {extension}."
    ),
    B.OUR_NUMBER: Words(
        "{number} belongs to {account}, in this building: the call stays inside, without a trunk.",
        "{number} es de {account}, en este edificio: la llamada se queda dentro, sin troncal.",
    ),
    B.NUMBER_LEADS: Words(
        "Number {number} of {account} leads to {kind} {target}.",
        "El número {number} de {account} lleva a {kind} {target}.",
    ),
    B.NUMBER_UNMAPPED: Words("Number {number} is mapped to nothing.", "El número {number} no está asignado a nada."),
    B.DEFAULT_USED: Words(
        "The default destination of {account} is used: {kind} {target}.",
        "Se usa el destino predeterminado de {account}: {kind} {target}.",
    ),
    B.NO_DEFAULT: Words("{account} has no default destination.", "{account} no tiene destino predeterminado."),
    B.NUMBER_NOT_OURS: Words(
        "{number} belongs to no account in this building.", "{number} no es de ninguna cuenta de este edificio."
    ),
    B.NUMBER_UNREADABLE: Words("{dialled} cannot be read as a number.", "{dialled} no se puede leer como un número."),
    B.TARGET_MISSING: Words("{kind} {target} is not in the directory.", "{kind} {target} no está en el directorio."),
    B.TARGET_OF_ANOTHER_ACCOUNT: Words(
        "{kind} {target} belongs to another account: short numbers and numbers never lead across accounts.",
        "{kind} {target} es de otra cuenta: las extensiones y los números nunca llevan de una cuenta a otra.",
    ),
    B.KIND_NOT_SERVED: Words(
        "{kind} {target} cannot answer calls in this version.",
        "{kind} {target} no puede contestar llamadas en esta versión.",
    ),
    B.RINGS: Words("Phone {phone} of {person} rings.", "Suena el teléfono {phone} de {person}."),
    B.NOT_REGISTERED: Words(
        "Phone {phone} of {person} is not registered.", "El teléfono {phone} de {person} no está registrado."
    ),
    B.ELSEWHERE: Words(
        "Phone {phone} of {person} is in another building.", "El teléfono {phone} de {person} está en otro edificio."
    ),
    B.CALLING_PHONE_LEFT_OUT: Words(
        "Phone {phone} is the one that calls: it does not ring.", "El teléfono {phone} es el que llama: no suena."
    ),
    B.NO_PHONE: Words("{person} has no phone.", "{person} no tiene teléfono."),
    B.NOBODY_REGISTERED: Words("No phone of {person} can ring now.", "Ningún teléfono de {person} puede sonar ahora."),
    B.INVALID_NUMBER: Words("{dialled} cannot be called: {how}.", "{dialled} no se puede llamar: {how}."),
    B.INTERNATIONAL_REFUSED: Words(
        "{person} may not call abroad.", "{person} no tiene permiso para llamadas internacionales."
    ),
    B.INTERNATIONAL_ALLOWED: Words(
        "{person} may call abroad.", "{person} tiene permiso para llamadas internacionales."
    ),
    B.PREMIUM_REFUSED: Words(
        "{dialled} is a premium number, class=premium, and {person} may not call those.",
        "{dialled} es un número de cobro especial, class=premium, y {person} no tiene permiso para llamarlo.",
    ),
    B.PREMIUM_ALLOWED: Words(
        "{dialled} is a premium number, class=premium, and {person} may call those.",
        "{dialled} es un número de cobro especial, class=premium, y {person} tiene permiso para llamarlo.",
    ),
    B.NOT_PERMITTED: Words(
        "Calls to {dialled} are not permitted: {how}.", "No se permiten llamadas a {dialled}: {how}."
    ),
    B.SHOWS_CALLER_ID: Words(
        "The far end is shown {number}, the caller-ID set for {person}.",
        "Al otro lado se le muestra {number}, el identificador fijado para {person}.",
    ),
    B.SHOWS_OWN_NUMBER: Words(
        "The far end is shown {number}, the direct number of {person}.",
        "Al otro lado se le muestra {number}, el número directo de {person}.",
    ),
    B.SHOWS_SITE_NUMBER: Words(
        "The far end is shown {number}, the call-back number of the site.",
        "Al otro lado se le muestra {number}, el número de devolución del sitio.",
    ),
    B.SHOWS_EXTENSION: Words(
        "The far end is shown extension {extension}.", "Al otro lado se le muestra la extensión {extension}."
    ),
    B.SHOWS_CALLER: Words(
        "The far end is shown {number}, the caller.", "Al otro lado se le muestra {number}, quien llama."
    ),
    B.SHOWS_NOTHING: Words("There is no number to show to the far end.", "No hay un número que mostrar al otro lado."),
    B.TRUNK_TRIED: Words("Trunk {trunk} is tried, as {user}.", "Se intenta la troncal {trunk}, como {user}."),
    B.TRUNK_DOWN_SKIPPED: Words("Trunk {trunk} is down: it is left out.", "La troncal {trunk} está caída: se omite."),
    B.TRUNK_DOWN_LAST_RESORT: Words(
        "Trunk {trunk} is down, as far as is known: it is tried as a last resort, as {user}.",
        "La troncal {trunk} está caída, hasta donde se sabe: se intenta como último recurso, como {user}.",
    ),
    B.NO_TRUNK: Words("This building has no trunk.", "Este edificio no tiene troncales."),
    B.NO_INVITE_SEEN: Words("How this call began was not noted.", "No se registró cómo empezó esta llamada."),
    B.NO_END_SEEN: Words("How this call ended was not noted.", "No se registró cómo terminó esta llamada."),
    B.CLOSED_BY_BUILDING: Words(
        "The building closed this call: it no longer held it.", "El edificio cerró esta llamada: ya no la tenía."
    ),
    B.VOICE_DOWN: Words("voice is not running.", "voice no está funcionando."),
    B.FROM_VOICE: Words(
        "voice goes on with a call from {caller}: {why}.",
        "voice continúa una llamada de {caller}: {why}.",
    ),
    B.FROM_BUILDING: Words(
        "It comes from another building of ours, for {kind} {target}.",
        "Viene de otro edificio nuestro, para {kind} {target}.",
    ),
    B.TRANSFERRED_BY: Words("Phone {phone} transferred this call.", "El teléfono {phone} transfirió esta llamada."),
    B.PLAYS_MUSIC: Words(
        "The phone fetches the company's music for whom it holds.",
        "El teléfono pide la música de la empresa para quien tiene en espera.",
    ),
    B.ROOM_BEGINS: Words("A room for a call of three begins.", "Empieza una sala para una llamada de tres."),
    B.ROOM_ENTERED: Words(
        "Phone {phone} sent the caller into its call of three.",
        "El teléfono {phone} envió a quien llama a su llamada de tres.",
    ),
    B.ROOM_NOT_OFFERED: Words(
        "Nobody in that call of three sent the caller there: refused.",
        "Nadie en esa llamada de tres envió ahí a quien llama: se rechaza.",
    ),
    B.TAKES_PLACE: Words(
        "It takes the place of phone {phone} in its call with phone {target}.",
        "Toma el lugar del teléfono {phone} en su llamada con el teléfono {target}.",
    ),
    B.PLACE_BY_RINGING: Words(
        "Phone {target} does not say that it can replace a call: it rings, and answers by itself if it can.",
        "El teléfono {target} no dice que pueda sustituir una llamada: suena, y contesta solo si puede.",
    ),
    B.PLACE_GONE: Words(
        "The call whose place it is to take is not up any more: the transferor keeps its own.",
        "La llamada cuyo lugar debe tomar ya no existe: quien transfiere conserva la suya.",
    ),
    B.PLACE_NOT_OFFERED: Words(
        "The call whose place it is to take is of another company, or nobody in it transferred this one: refused.",
        "La llamada cuyo lugar debe tomar es de otra empresa, o nadie en ella transfirió esta: se rechaza.",
    ),
    B.RETURNS_TO: Words(
        "If nobody answers, it returns to phone {phone}.",
        "Si nadie contesta, regresa al teléfono {phone}.",
    ),
    B.NOBODY_PAYS: Words(
        "A caller from outside may dial extensions only, not {dialled}.",
        "Quien llama de fuera solo puede marcar extensiones, no {dialled}.",
    ),
    B.HIDDEN: Words(
        "The caller is hidden: the far end sees no number.",
        "Quien llama va oculto: el otro lado no ve ningún número.",
    ),
    B.FORWARDED: Words(
        "Calls of {person} are forwarded to {to}: {when}.",
        "Las llamadas de {person} se desvían a {to}: {when}.",
    ),
    B.MUST_ACCEPT: Words(
        "Who answers at {to} must press 1 to take the call.",
        "Quien conteste en {to} debe presionar 1 para tomar la llamada.",
    ),
    B.FORWARD_REFUSED: Words(
        "{person} cannot forward calls to {to}: not a number, or not permitted.",
        "{person} no puede desviar llamadas a {to}: no es un número, o no está permitido.",
    ),
    B.FORWARD_TO_SELF: Words(
        "{person} forwards to {to}, which is the same person: it is not followed.",
        "{person} desvía a {to}, que es la misma persona: no se sigue.",
    ),
    B.FORWARD_LOOP: Words(
        "The call has been at {to} already: {person}'s way there is not followed.",
        "La llamada ya pasó por {to}: no se sigue el camino de {person} hacia ahí.",
    ),
    B.FORWARD_TOO_DEEP: Words(
        "The call was diverted {most} times already: {person}'s forward is not followed.",
        "La llamada ya se desvió {most} veces: no se sigue el desvío de {person}.",
    ),
    B.DO_NOT_DISTURB: Words("{person} does not want to be disturbed.", "{person} no quiere ser molestado."),
    B.CALL_WAITING_OFF: Words(
        "{person} is in a call and has call waiting off: busy.",
        "{person} está en una llamada y no tiene llamada en espera: ocupado.",
    ),
    B.NO_OTHER_CALL: Words(
        "While this call lasts, its caller takes no other one.",
        "Mientras dure esta llamada, quien la hace no recibe otras.",
    ),
    B.WANTS_NO_OTHER: Words(
        "{person} is in a call and wants no other one meanwhile.",
        "{person} está en una llamada y no quiere otras mientras tanto.",
    ),
    B.BUSY_SKIPPED: Words("{person} is in a call: skipped.", "{person} está en una llamada: se omite."),
    B.GROUP_TOGETHER: Words(
        "The members of {group} ring together, {seconds} s.",
        "Los miembros de {group} suenan juntos, {seconds} s.",
    ),
    B.GROUP_IN_TURN: Words(
        "The members of {group} ring in turn, {seconds} s each.",
        "Los miembros de {group} suenan por turno, {seconds} s cada uno.",
    ),
    B.GROUP_IN_PARTS: Words(
        "{group} has {all} phones to ring: the first {first} together, then the others.",
        "{group} tiene {all} teléfonos por sonar: los primeros {first} juntos, después los demás.",
    ),
    B.GROUP_EMPTY: Words("No member of {group} can ring now.", "Ningún miembro de {group} puede sonar ahora."),
    B.GROUP_THEN: Words(
        "If nobody of {group} answers, the call goes to {kind} {target}.",
        "Si nadie de {group} contesta, la llamada va a {kind} {target}.",
    ),
    B.MAILBOX_TAKES: Words(
        "The mailbox {mailbox} takes the call if nobody else does.",
        "El buzón {mailbox} toma la llamada si nadie más lo hace.",
    ),
    B.NO_MAILBOX: Words("Extension {extension} has no mailbox.", "La extensión {extension} no tiene buzón."),
    B.VOICE_ANSWERS: Words("voice answers: {service}.", "Contesta voice: {service}."),
    B.SETTING_CHANGED: Words(
        "The setting {field} of {person} becomes {value}.",
        "El ajuste {field} de {person} pasa a {value}.",
    ),
    B.CODE_NOT_HERE: Words("Phone {phone} cannot use that code.", "El teléfono {phone} no puede usar ese código."),
    B.LAST_CALL: Words("The last call was with {number}.", "La última llamada fue con {number}."),
    B.LAST_CALLER_WITHHELD: Words("Its last caller showed no number.", "Quien le llamó no mostró su número."),
    B.PICKS_UP: Words("It picks up what rings at {phones}.", "Captura lo que suena en {phones}."),
    B.PARKS: Words("It is parked, to be fetched at its slot.", "Se estaciona, para recogerse en su posición."),
    B.FETCHES: Words("It fetches the call parked at {slot}.", "Recoge la llamada estacionada en {slot}."),
    B.NO_LAST_CALL: Words("There is no earlier call to dial.", "No hay una llamada anterior a la cual marcar."),
    B.LOCATION_SENT: Words("The place is sent along: {location}.", "Se envía el lugar: {location}."),
    B.EMERGENCY_TEST: Words(
        "{dialled} tries the way of an emergency call without making one.",
        "{dialled} prueba el camino de una llamada de emergencia sin hacerla.",
    ),
    B.WOULD_TRY: Words("Trunk {trunk} would be tried.", "Se intentaría la troncal {trunk}."),
    B.LIMIT_REACHED: Words(
        "A limit against fraud stops {person}: {limit}, {value} of {most}.",
        "Un límite contra el fraude detiene a {person}: {limit}, {value} de {most}.",
    ),
    B.NO_CREDIT: Words(
        "The prepaid balance is used up: {balance} MXN, of which {spent} spent since.",
        "El saldo de prepago se agotó: {balance} MXN, de los que se gastaron {spent} desde entonces.",
    ),
    B.OFFLINE_BUDGET_SPENT: Words(
        "Without the centre the company may spend {budget} MXN, and has spent {spent}.",
        "Sin la central la empresa puede gastar {budget} MXN, y ha gastado {spent}.",
    ),
    B.CREDIT_LEFT: Words("The company has {left} MXN left.", "A la empresa le quedan {left} MXN."),
    B.NO_TRUNK_FOR: Words(
        "No trunk takes calls of this class now: {kind}.",
        "Ninguna troncal toma ahora llamadas de esta clase: {kind}.",
    ),
    B.LINK_DOWN: Words(
        "There is no link to the centre and the other buildings.",
        "No hay enlace con la central ni con los otros edificios.",
    ),
    B.BY_OTHER_BUILDING: Words(
        "Trunk {trunk} leads to the other building.",
        "La troncal {trunk} lleva al otro edificio.",
    ),
    B.BY_FULL_NUMBER: Words(
        "{person} can be reached by the full number {number}.",
        "A {person} se le alcanza por el número completo {number}.",
    ),
    B.OTHER_BUILDING: Words(
        "If {person}'s building cannot be reached, the caller hears so.",
        "Si no se alcanza el edificio de {person}, quien llama lo escucha.",
    ),
}

VALUES: dict[tuple[str, str], Words] = {
    ("kind", "person"): Words("person", "la persona"),
    ("kind", "ring_group"): Words("ring group", "el grupo de timbrado"),
    ("kind", "receptionist"): Words("virtual receptionist", "la recepcionista virtual"),
    ("kind", "conference"): Words("conference server", "el servidor de conferencias"),
    ("kind", "phone"): Words("phone", "el teléfono"),
    ("kind", "mailbox"): Words("mailbox", "el buzón"),
    ("how", "national"): Words("ten digits, a national number", "diez dígitos, un número nacional"),
    ("how", "local"): Words("a local number, with the area code added", "un número local, con la lada agregada"),
    ("how", "old-01"): Words("the old 01 taken off", "sin el antiguo 01"),
    ("how", "old-044"): Words("the old 044 taken off", "sin el antiguo 044"),
    ("how", "old-045"): Words("the old 045 taken off", "sin el antiguo 045"),
    ("how", "e164"): Words("already with its country code", "ya con su código de país"),
    ("how", "legacy-mobile-1"): Words("the old mobile 1 after +52 taken off", "sin el antiguo 1 de celular tras +52"),
    ("how", "international-00"): Words("00 and a country code", "00 y un código de país"),
    ("how", "special-code"): Words("a public service code", "un código de servicio público"),
    ("how", "operator-code"): Words("a call by the operator", "una llamada por operadora"),
    ("how", "premium-short-code"): Words("a premium short code", "un código corto de cobro"),
    ("how", "old-form-refused"): Words(
        "a form that ended on 3 August 2020, which this site refuses",
        "una forma que terminó el 3 de agosto de 2020, que este sitio rechaza",
    ),
    ("how", "operator-prefix"): Words("the operator's prefix 02 or 09", "el prefijo de operadora 02 o 09"),
    ("how", "unknown-prefix"): Words("a prefix that means nothing in Mexico", "un prefijo que no existe en México"),
    ("how", "no-such-country"): Words("no country has this code", "ningún país tiene este código"),
    ("how", "wrong-length"): Words("too many or too few digits", "dígitos de más o de menos"),
    ("how", "short"): Words("a short number", "un número corto"),
    ("how", "not-digits"): Words("not digits", "no son dígitos"),
    ("when", "unconditional"): Words("always", "siempre"),
    ("when", "user-busy"): Words("when busy", "si está ocupado"),
    ("when", "no-answer"): Words("when not answered", "si no contesta"),
    ("when", "unavailable"): Words("when no phone is registered", "si ningún teléfono está registrado"),
    ("when", "do-not-disturb"): Words("when not to be disturbed", "si no quiere ser molestado"),
    ("why", "receptionist"): Words("a menu led on", "un menú la dirigió"),
    ("why", "accept"): Words("a forward that must be accepted", "un desvío que se debe aceptar"),
    ("why", "transfer"): Words("a transfer", "una transferencia"),
    ("limit", "hours"): Words("outside the permitted hours", "fuera del horario permitido"),
    ("limit", "calls-person"): Words("calls at once of a person", "llamadas a la vez de una persona"),
    ("limit", "calls-account"): Words("calls at once of the company", "llamadas a la vez de la empresa"),
    ("limit", "calls-site"): Words("calls at once of the building", "llamadas a la vez del edificio"),
    ("limit", "spend-person"): Words("a person's spending a day, in cents", "gasto diario de una persona, en centavos"),
    ("limit", "spend-account"): Words(
        "a company's spending a day, in cents", "gasto diario de una empresa, en centavos"
    ),
    ("limit", "spend-site"): Words(
        "the building's spending a day, in cents", "gasto diario del edificio, en centavos"
    ),
}
