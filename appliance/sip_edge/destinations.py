"""Whom an extension or a number leads to inside the building, and which of their phones ring. Pure."""

from dataclasses import dataclass, field

from appliance.directory.model import DestinationKind, Directory, Number, Person
from appliance.reasons import Because, Reason, because
from appliance.sip_edge.plan import Identity, OnFailure, Plan, Reach, Ring, Step, Target
from appliance.sip_edge.said import said
from appliance.vocabulary import Announcement, CallClass

Way = tuple[tuple[Step, ...], OnFailure]
"""The steps of a plan, and what follows their failure."""


@dataclass(slots=True)
class Decision:
    """One decision in the making: what it may look at, and the reasons so far."""

    directory: Directory
    reach: Reach
    ring_s: int
    dialled: str
    reasons: list[Reason] = field(default_factory=list)

    def note(self, code: Because, **params: str) -> None:
        self.reasons.append(because(code, **params))

    def plan(
        self, way: Way, call_class: CallClass, account: str, caller: str, destination: str, direction: str
    ) -> Plan:
        steps, after = way
        return Plan(steps, call_class, account, caller, destination, direction, after, tuple(self.reasons))


def only_say(announcement: Announcement, status: int, language: str) -> Way:
    return (said(announcement, status, language),), OnFailure()


def by_mapping(d: Decision, number: Number, identity: Identity, language: str, calling_phone: str = "") -> Way:
    """Where a number leads; where that cannot answer, the account's default destination, once (N-2)."""
    account = d.directory.account(number.account_id)
    name = account.name if account else number.account_id
    mapping = d.directory.mapping(number.id)
    person = None
    if mapping is None:
        d.note(Because.NUMBER_UNMAPPED, number=number.e164)
    else:
        target = name_of(d, mapping.target_kind, mapping.target_id)
        d.note(Because.NUMBER_LEADS, number=number.e164, account=name, kind=mapping.target_kind, target=target)
        person = person_at(d, mapping.target_kind, mapping.target_id, number.account_id)
    if person is None and account is None:
        d.note(Because.ACCOUNT_MISSING, account=number.account_id)
    elif person is None and account is not None and not account.default_kind:
        d.note(Because.NO_DEFAULT, account=name)
    elif person is None and account is not None:
        kind, target_id = account.default_kind, account.default_target_id
        d.note(Because.DEFAULT_USED, account=name, kind=kind, target=name_of(d, kind, target_id))
        person = person_at(d, kind, target_id, account.id)
    if person is None:
        return only_say(Announcement.NOT_AVAILABLE, 480, language)
    return ring_person(d, person, identity, language, calling_phone)


def person_at(d: Decision, kind: str, target_id: str, account_id: str) -> Person | None:
    """The person that a destination is, if it is one of this account; else None, with the reason."""
    if kind != DestinationKind.PERSON:
        d.note(Because.KIND_NOT_SERVED, kind=kind, target=target_id)
        return None
    person = d.directory.person(target_id)
    if person is None:
        d.note(Because.TARGET_MISSING, kind=kind, target=target_id)
        return None
    if person.account_id != account_id:
        d.note(Because.TARGET_OF_ANOTHER_ACCOUNT, kind=kind, target=target_id)
        return None
    return person


def ring_person(d: Decision, person: Person, identity: Identity, language: str, calling_phone: str) -> Way:
    """All registered phones of a person together; the phone that calls is left out, so that nobody rings themselves."""
    targets = []
    phones = d.directory.phones_of(person.id)
    for phone in phones:
        name = phone.label or phone.id
        if phone.id == calling_phone:
            d.note(Because.CALLING_PHONE_LEFT_OUT, phone=name)
        elif phone.account_id != person.account_id:
            d.note(Because.TARGET_OF_ANOTHER_ACCOUNT, kind="phone", target=name)
        elif d.reach.registered(phone.sip_user):
            d.note(Because.RINGS, phone=name, person=person.name)
            targets.append(Target(phone.id, phone.sip_user))
        else:
            here = phone.site_id == d.directory.site.id
            d.note(Because.NOT_REGISTERED if here else Because.ELSEWHERE, phone=name, person=person.name)
    if not targets:
        d.note(Because.NOBODY_REGISTERED if phones else Because.NO_PHONE, person=person.name)
        return only_say(Announcement.NOT_AVAILABLE, 480, language)
    return (Ring(tuple(targets), True, d.ring_s, identity),), OnFailure(
        busy=(said(Announcement.BUSY, 486, language),),
        no_answer=(said(Announcement.NO_ANSWER, 480, language),),
        other=(said(Announcement.NOT_AVAILABLE, 480, language),),
    )


def name_of(d: Decision, kind: str, target_id: str) -> str:
    person = d.directory.person(target_id) if kind == DestinationKind.PERSON else None
    return person.name if person else target_id
