"""Forwarding: what a person's digits lead to, and when nowhere: loops, depth, oneself, a forbidden number (G-2).

Pure. When a forward applies is destinations.py's.
"""

from dataclasses import dataclass

from appliance.directory.model import DestinationKind, Directory, Person
from appliance.directory.numbering import Dialled, Reading, bare, is_emergency, normalise
from appliance.reasons import Because
from appliance.sip_edge.decision import Decision, Trail
from appliance.vocabulary import CallClass
from wire.diversion import MOST_DIVERSIONS


@dataclass(frozen=True, slots=True)
class Onward:
    """Where digits lead: to something of a company here, or (`kind` empty) to a number outside."""

    kind: str
    target_id: str
    account_id: str
    read: Dialled | None = None


REFUSED_READINGS = frozenset({Reading.OPERATOR_CODE, Reading.PREMIUM_SHORT_CODE})


def onward(d: Decision, person: Person, digits: str, trail: Trail) -> Onward | None:
    """Where a call of this person's goes on. None: it does not, and the reasons say why."""
    if d.diversions + len(trail.diverted) >= MOST_DIVERSIONS:
        d.note(Because.FORWARD_TOO_DEEP, person=person.name, most=str(MOST_DIVERSIONS))
        return None
    found = read(d.directory, person, digits)
    if found is None or (found.read is not None and not allowed(person, found.read)):
        d.note(Because.FORWARD_REFUSED, person=person.name, to=digits)
        return None
    if found.kind and (found.kind, found.target_id) in trail.been:
        own = found.kind == DestinationKind.PERSON and found.target_id == person.id
        d.note(Because.FORWARD_TO_SELF if own else Because.FORWARD_LOOP, person=person.name, to=digits)
        return None
    return found


def read(directory: Directory, person: Person, digits: str) -> Onward | None:
    """What a person's digits mean: an extension of the company, a number of this building, or one outside."""
    dialled = bare(digits)
    if not dialled or is_emergency(dialled) or dialled.startswith(("*", "#")):
        return None
    extension = directory.extension(person.account_id, dialled)
    if extension is not None:
        return Onward(extension.target_kind, extension.target_id, person.account_id)
    site = directory.site
    number = normalise(dialled, site.dial_profile, person.area_code or site.area_code, site.strict_dialling)
    if number.call_class is CallClass.UNKNOWN or number.why in REFUSED_READINGS:
        return None
    ours = directory.number(number.e164) if number.e164 else None
    if ours is None:
        return Onward("", number.e164 or number.short, person.account_id, number)
    mapping = directory.mapping(ours.id)
    if mapping is not None:
        return Onward(mapping.target_kind, mapping.target_id, ours.account_id)
    account = directory.account(ours.account_id)
    if account is None or not account.default_kind:
        return None
    return Onward(account.default_kind, account.default_target_id, account.id)


def allowed(person: Person, number: Dialled) -> bool:
    """Whether this person may call such a number, and so may lead others there at the company's cost."""
    if number.call_class is CallClass.PREMIUM and not person.premium:
        return False
    return person.international or not number.abroad


def forwardable(directory: Directory, person: Person, digits: str) -> bool:
    """Whether a forward to these digits could ever be followed: what a code checks before it is set."""
    found = read(directory, person, digits)
    if found is None or (found.kind, found.target_id) == (DestinationKind.PERSON, person.id):
        return False
    return found.read is None or allowed(person, found.read)
