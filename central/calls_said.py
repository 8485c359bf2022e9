"""What calls in a building said beside their own course, applied here: settings changed by code, alerts to people.

The last writer of each field wins: the building's stamp is the envelope's hlc. An alert is kept in the audit log, where
whoever tells people finds it.
"""

from collections.abc import Iterable
from dataclasses import asdict, fields

from sqlalchemy import select

from central import post
from central.directory.edit import Edit
from central.directory.habits import SWITCHES, set_preferences
from central.directory.receptionists import set_override
from central.errors import WireInputProblem, Words
from central.model import Operator
from wire.facts import EmergencyCalled, LimitBreached, MenuGreetingRecorded, PreferenceChanged, ReceptionistOverridden
from wire.services import Preferences

YES = "yes"
FROM_BUILDINGS = frozenset(f.name for f in fields(Preferences)) - {"id", "account_id", "stamps"}


Said = PreferenceChanged | ReceptionistOverridden | MenuGreetingRecorded | EmergencyCalled | LimitBreached


def apply(edit: Edit, fact: Said, fact_id: str, hlc: str, alerts_to: Iterable[str]) -> None:
    """Raises InputProblem(s), NotFoundProblem or WireInputProblem on what cannot be."""
    match fact:
        case PreferenceChanged():
            if fact.field not in FROM_BUILDINGS:
                raise WireInputProblem(Words(f"There is no setting {fact.field[:40]}.", "No existe ese ajuste."))
            value: str | bool = fact.value == YES if fact.field in SWITCHES else fact.value
            set_preferences(edit, fact.account_id, fact.person_id, {fact.field: value}, hlc)
        case ReceptionistOverridden():
            set_override(edit, fact.account_id, fact.receptionist_id, fact.override, hlc)
        case MenuGreetingRecorded():
            # What callers hear changes when its octets have come (central/menu_greetings.py).
            edit.note("greeting-by-phone", "menu", fact.menu_id, asdict(fact), fact.account_id)
        case EmergencyCalled():
            action = "emergency-test" if fact.test else "emergency"
            edit.note(action, "call", fact_id, asdict(fact), fact.account_id)
            _tell(edit, fact_id, fact.account_id, alerts_to, *_emergency(fact))
        case LimitBreached():
            edit.note("limit-breached", "call", fact_id, asdict(fact), fact.account_id)
            _tell(edit, fact_id, fact.account_id, alerts_to, *_breach(fact))


def _tell(edit: Edit, fact_id: str, account_id: str, alerts_to: Iterable[str], subject: str, text: str) -> None:
    """A letter to each, in the transaction of what it tells of; the same fact again makes none.

    To the office's own list, and to the company's administrators whose user is an e-mail address.
    """
    own = select(Operator.user).where(
        Operator.account_id == account_id, Operator.person_id.is_(None), Operator.user.contains("@")
    )
    for to in dict.fromkeys((*alerts_to, *edit.session.scalars(own))):
        post.queue(edit.session, edit.now, f"alert:{fact_id}:{to}", to, subject, text)


def _emergency(fact: EmergencyCalled) -> tuple[str, str]:
    who = f"{fact.extension} {fact.person}".strip() or "?"
    what = "PRUEBA de emergencia / Emergency TEST" if fact.test else "Llamada de emergencia / Emergency call"
    text = (
        f"{what}\n\nExtensión / Extension: {who}\nLugar / Location: {fact.location}\nHora / Time: {fact.at}\n"
        f"Marcó / Dialled: {fact.dialled}\nDevolver a / Call back: {fact.callback_number or '-'}\n"
    )
    return f"{what}: {who}", text


def _breach(fact: LimitBreached) -> tuple[str, str]:
    what = "Límite contra fraude / Toll-fraud limit"
    text = (
        f"{what}: {fact.limit}, {fact.value or '-'} / {fact.most or '-'}\n\nPersona / Person: {fact.person}\n"
        f"Número / Number: {fact.number}\nHora / Time: {fact.at}\n"
    )
    return f"{what}: {fact.person}", text
