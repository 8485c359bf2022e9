"""A person's phones and habits: which can ring, whether they are busy, which mailbox is theirs. Pure.

Where their calls go instead is forwarding.py's and destinations.py's.
"""

from dataclasses import dataclass
from functools import lru_cache

from appliance.directory.model import Directory, Person, Phone
from appliance.reasons import Because
from appliance.sip_edge.decision import Decision
from appliance.sip_edge.plan import Target
from wire.services import Mailbox, Preferences


@dataclass(frozen=True, slots=True)
class Phones:
    """A person's phones: those that can ring here, and those that are in other buildings of the company."""

    here: tuple[Target, ...]
    elsewhere: tuple[Phone, ...]
    any: bool
    """Whether there are any at all, the calling one left out."""


def habits_of(directory: Directory, person: Person) -> Preferences:
    """What the person has set; a row of another company's is not theirs."""
    found = directory.service(Preferences, person.id)
    theirs = found is not None and found.account_id == person.account_id
    return found if theirs and found is not None else _as_new(person.id, person.account_id)


@lru_cache(maxsize=4096)
def _as_new(person_id: str, account_id: str) -> Preferences:
    return Preferences(person_id, account_id)


def mailbox_of(directory: Directory, person: Person) -> Mailbox | None:
    """The person's mailbox, if one is switched on."""
    found = directory.services_of(Mailbox, person.id)
    return next((m for m in found if m.enabled and m.account_id == person.account_id), None)


def phones_of(d: Decision, person: Person) -> Phones:
    """The calling phone is left out, so that nobody rings themselves. Notes what each can do."""
    here, elsewhere = [], []
    found = [p for p in d.directory.phones_of(person.id) if _may_ring(d, p, person)]
    for phone in found:
        name = phone.label or phone.id
        if d.reach.registered(phone.sip_user):
            d.note(Because.RINGS, phone=name, person=person.name)
            here.append(Target(phone.id, phone.sip_user))
        elif phone.site_id != d.directory.site.id:
            d.note(Because.ELSEWHERE, phone=name, person=person.name)
            elsewhere.append(phone)
        else:
            d.note(Because.NOT_REGISTERED, phone=name, person=person.name)
    return Phones(tuple(here), tuple(elsewhere), bool(found))


def _may_ring(d: Decision, phone: Phone, person: Person) -> bool:
    name = phone.label or phone.id
    if phone.id == d.calling.phone_id:
        d.note(Because.CALLING_PHONE_LEFT_OUT, phone=name)
        return False
    if phone.account_id != person.account_id:
        d.note(Because.TARGET_OF_ANOTHER_ACCOUNT, kind="phone", target=name)
        return False
    return True


def takes_no_other(d: Decision, person: Person, habits: Preferences) -> bool:
    """Whether they talk and no other call is to wait for them: as a habit, or for this call alone (*70)."""
    theirs = [p.sip_user for p in d.directory.phones_of(person.id) if p.id != d.calling.phone_id]
    if not habits.call_waiting and any(d.reach.calls_of(user) > 0 for user in theirs):
        d.note(Because.CALL_WAITING_OFF, person=person.name)
        return True
    if any(d.reach.alone(user) for user in theirs):
        d.note(Because.WANTS_NO_OTHER, person=person.name)
        return True
    return False
