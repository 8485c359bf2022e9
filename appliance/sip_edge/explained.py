"""A plan in a person's words: what `conserje explain` prints, in English or Spanish. Pure."""

from dataclasses import asdict
from typing import Any

from appliance.directory.model import Directory
from appliance.errors import Words
from appliance.sip_edge.plan import Identity, PickUp, Plan, Refuse, Ring, Say, Step, ToTrunk, ToVoice
from appliance.vocabulary import Announcement, CallClass

A = Announcement
_SPOKEN: dict[Announcement, Words] = {
    A.INVALID_PREFIX: Words("prefix not valid", "prefijo no válido"),
    A.INVALID_NUMBER: Words("number not valid", "número no válido"),
    A.NO_SUCH_EXTENSION: Words("no such extension", "la extensión no existe"),
    A.NOT_AVAILABLE: Words("not available", "no disponible"),
    A.BUSY: Words("busy", "ocupado"),
    A.NO_ANSWER: Words("no answer", "no contesta"),
    A.NOT_PERMITTED: Words("call not permitted", "llamada no permitida"),
    A.PREMIUM_BLOCKED: Words("premium numbers are blocked", "números de cobro especial bloqueados"),
    A.NO_WAY_OUT: Words("no way out now", "sin salida por el momento"),
    A.EMERGENCY_NO_WAY_OUT: Words("emergency: dial from a mobile", "emergencia: marque desde un celular"),
    A.NUMBER_NOT_IN_SERVICE: Words("number not in service", "número fuera de servicio"),
    A.TRY_LATER: Words("try later", "intente más tarde"),
    A.NO_CREDIT: Words("no credit", "sin saldo"),
    A.LIMIT_REACHED: Words("limit against fraud reached", "límite contra el fraude alcanzado"),
    A.OUTSIDE_HOURS: Words("not permitted outside hours", "no permitida fuera de horario"),
    A.OTHER_BUILDING: Words("the other building cannot be reached", "sin enlace con el otro edificio"),
    A.FORWARD_REFUSED: Words("cannot be forwarded there", "no se puede desviar ahí"),
    A.NO_MAILBOX: Words("no mailbox", "sin buzón"),
    A.NO_LAST_CALL: Words("no earlier call", "sin llamada anterior"),
    A.LAST_CALLER_WITHHELD: Words("the last caller showed no number", "quien llamó no mostró su número"),
    A.NOT_ALLOWED_HERE: Words("not for this telephone", "no para este teléfono"),
    A.PHONE_NOT_HERE: Words("this telephone may not be used in this building", "el teléfono no puede usarse aquí"),
    A.NOTHING_RINGS: Words("nothing is ringing", "ninguna llamada que tomar"),
    A.NOTHING_PARKED: Words("no call is parked there", "ninguna llamada estacionada ahí"),
}

_CLASSES: dict[CallClass, Words] = {
    CallClass.INTERNAL: Words("internal", "interna"),
    CallClass.NATIONAL: Words("national", "nacional"),
    CallClass.TOLL_FREE: Words("toll-free", "sin costo"),
    CallClass.SHARED_COST: Words("shared cost", "costo compartido"),
    CallClass.PERSONAL: Words("personal number", "número personal"),
    CallClass.PREMIUM: Words("premium", "cobro especial"),
    CallClass.INTERNATIONAL: Words("international", "internacional"),
    CallClass.SPECIAL: Words("public service code", "código de servicio público"),
    CallClass.EMERGENCY: Words("emergency", "emergencia"),
    CallClass.SERVICE: Words("service of this building", "servicio de este edificio"),
    CallClass.UNKNOWN: Words("not a number that can be called", "no es un número que se pueda llamar"),
}

_DIRECTIONS = {
    "internal": Words("inside the building", "dentro del edificio"),
    "outbound": Words("to the outside", "hacia fuera"),
    "inbound": Words("from the outside", "desde fuera"),
}


def class_text(call_class: CallClass, language: str) -> str:
    return _CLASSES[call_class].text(language)


def direction_text(direction: str, language: str) -> str:
    words = _DIRECTIONS.get(direction)
    return words.text(language) if words else direction


def step_text(step: Step, directory: Directory, language: str, named: bool = True) -> str:
    """One step in one sentence. Not `named`: whoever is shown, without a name."""
    match step:
        case Ring(targets, _, seconds, identity):
            names = ", ".join(_phone(directory, t.phone_id) for t in targets)
            shown = _shown(identity, language, named)
            return Words(
                f"Ring {names} for {seconds} s, showing {shown}.", f"Sonar {names} por {seconds} s, mostrando {shown}."
            ).text(language)
        case ToTrunk(trunk_id, user, identity):
            trunk = directory.trunk(trunk_id)
            name, shown = trunk.name if trunk else trunk_id, _shown(identity, language, named)
            return Words(
                f"Offer it to trunk {name} as {user}, showing {shown}.",
                f"Ofrecerla a la troncal {name} como {user}, mostrando {shown}.",
            ).text(language)
        case Say(announcement, status, reason, spoken_in):
            heard = _SPOKEN[announcement].text(language)
            return Words(
                f"Say “{heard}” ({spoken_in}), then refuse with {status} {reason}.",
                f"Decir «{heard}» ({spoken_in}) y rechazar con {status} {reason}.",
            ).text(language)
        case ToVoice(service, _):
            what = " ".join(part for part in (service, step.param("arg")) if part)
            return Words(f"voice answers: {what}.", f"Contesta voice: {what}.").text(language)
        case PickUp(targets):
            names = ", ".join(_phone(directory, t.phone_id) for t in targets) or "-"
            return Words(
                f"Give the caller what rings longest at {names}.", f"Dar al que llama lo que suena hace más en {names}."
            ).text(language)
        case Refuse(status, reason):
            return Words(f"Refuse with {status} {reason}.", f"Rechazar con {status} {reason}.").text(language)


def afterwards(plan: Plan, directory: Directory, language: str, named: bool = True) -> list[tuple[str, str]]:
    """What follows the steps when none was answered: (when, what), in order."""
    after = plan.after
    ways = (
        (Words("If busy", "Si está ocupado"), after.busy),
        (Words("If not answered", "Si no contesta"), after.no_answer),
        (Words("If there is no such number", "Si el número no existe"), after.not_found),
        (Words("If it fails", "Si falla"), after.other),
    )
    return [
        line
        for when, steps in ways
        for s in steps
        for line in _with_own(when.text(language), s, directory, language, named)
    ]


def _with_own(when: str, step: Step, directory: Directory, language: str, named: bool) -> list[tuple[str, str]]:
    """A step, and below it the ways that are its own."""
    lines = [(when, step_text(step, directory, language, named))]
    if isinstance(step, Ring):
        own = (
            (Words("… if busy", "… si está ocupado"), step.after.busy),
            (Words("… if not answered", "… si no contesta"), step.after.no_answer),
        )
        lines += [(w.text(language), step_text(s, directory, language, named)) for w, steps in own for s in steps]
    return lines


def told(plan: Plan, language: str) -> list[str]:
    """What the call changes, and whom it alerts, as it begins."""
    changes = [
        Words(f"Sets {c.field} of {c.person_id} to “{c.value}”.", f"Fija {c.field} de {c.person_id} en «{c.value}».")
        for c in plan.changes
    ]
    alerts = [
        Words(
            f"Raises an alert: {a.kind}, {a.param('location') or a.param('limit')}.",
            f"Levanta una alerta: {a.kind}, {a.param('location') or a.param('limit')}.",
        )
        for a in plan.alerts
    ]
    return [w.text(language) for w in (*changes, *alerts)]


def as_data(plan: Plan, directory: Directory, language: str) -> dict[str, Any]:
    """The whole plan for a machine; each reason with its code, its parameters and its sentence.

    `sentences`: the plan without its reasons for people who may not read names (J-4): (when, what), in order.
    """
    data = asdict(plan)
    for packed, step in zip(data["steps"], plan.steps, strict=True):
        packed["step"] = _STEP_NAMES[type(step)]
    for way in ("busy", "no_answer", "not_found", "other"):
        for packed, step in zip(data["after"][way], getattr(plan.after, way), strict=True):
            packed["step"] = _STEP_NAMES[type(step)]
    at_once = [("", line) for line in told(plan, language)]
    steps = [("", step_text(s, directory, language, named=False)) for s in plan.steps]
    data["sentences"] = [*at_once, *steps, *afterwards(plan, directory, language, named=False)]
    data["kind"] = f"{class_text(plan.call_class, language)}, {direction_text(plan.direction, language)}"
    data["reasons"] = [{"code": r.code, "params": dict(r.params), "text": r.text(language)} for r in plan.reasons]
    return data


_STEP_NAMES: dict[type[Step], str] = {
    Ring: "ring",
    ToTrunk: "trunk",
    Say: "say",
    ToVoice: "voice",
    Refuse: "refuse",
    PickUp: "pickup",
}


def _phone(directory: Directory, phone_id: str) -> str:
    phone = directory.phone(phone_id)
    return (phone.label or phone.id) if phone else phone_id


def _shown(identity: Identity, language: str, named: bool) -> str:
    if not identity.user or identity.private:
        return Words("no number", "ningún número").text(language)
    return f"{identity.user} {identity.display if named else ''}".strip()
