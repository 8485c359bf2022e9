"""Whom an extension or a number leads to, and what happens there: rings, forwards, mailbox, menus. Pure.

Which phones ring is persons.py's and groups.py's, where a forward leads forwarding.py's, what is left when nothing
answers the endings here.
"""

from dataclasses import replace

from appliance.directory.model import DestinationKind, Number, Person
from appliance.reasons import Because
from appliance.sip_edge.courses import BUSY, OTHER, Course, ended, sequence, then
from appliance.sip_edge.decision import Decision, Trail, Way, by_voice
from appliance.sip_edge.forwarding import onward
from appliance.sip_edge.fraud import costs, over_limits
from appliance.sip_edge.groups import ring_members
from appliance.sip_edge.identity import number_of_person, seen_inside, seen_outside
from appliance.sip_edge.persons import Phones, habits_of, mailbox_of, phones_of, takes_no_other
from appliance.sip_edge.plan import OnFailure, Plan, Refuse, Ring, Say, Step, Target, ToVoice
from appliance.sip_edge.said import said
from appliance.sip_edge.ways_out import Offer, offers, to_other_buildings
from appliance.vocabulary import Announcement, CallClass
from wire.services import ConferenceServer, ForwardMode, Mailbox, Preferences, Receptionist, RingGroup

TRANSFER_RING_S = 30
RETURNED = "Devuelta:"
NOWHERE = Trail()
MEMBER_PHONE = "phone"
"""What another building asks for when it rings one of our phones as a member of a group."""


def only_say(d: Decision, announcement: Announcement, status: int) -> Way:
    return (said(announcement, status, d.language),), OnFailure()


def by_mapping(d: Decision, number: Number) -> Way:
    """Where a number leads; where that cannot answer, the account's default destination, once (N-2)."""
    account = d.directory.account(number.account_id)
    name = account.name if account else number.account_id
    mapping = d.directory.mapping(number.id)
    way = None
    if mapping is None:
        d.note(Because.NUMBER_UNMAPPED, number=number.e164)
    else:
        target = name_of(d, mapping.target_kind, mapping.target_id)
        d.note(Because.NUMBER_LEADS, number=number.e164, account=name, kind=mapping.target_kind, target=target)
        way = lead(d, mapping.target_kind, mapping.target_id, number.account_id)
    if way is None and account is None:
        d.note(Because.ACCOUNT_MISSING, account=number.account_id)
    elif way is None and account is not None and not account.default_kind:
        d.note(Because.NO_DEFAULT, account=name)
    elif way is None and account is not None:
        kind, target_id = account.default_kind, account.default_target_id
        d.note(Because.DEFAULT_USED, account=name, kind=kind, target=name_of(d, kind, target_id))
        way = lead(d, kind, target_id, account.id)
    return way or only_say(d, Announcement.NOT_AVAILABLE, 480)


def lead(d: Decision, kind: str, target_id: str, account_id: str, trail: Trail = NOWHERE) -> Way | None:
    """The whole way to a destination of this account; None where there is no such thing, with the reason."""
    if kind == MEMBER_PHONE and d.from_building:
        return _one_phone(d, target_id, account_id)
    course = _course(d, kind, target_id, account_id, trail)
    if course is None:
        return None
    person = d.directory.person(target_id) if kind == DestinationKind.PERSON else None
    return ended(course, _endings(d, mailbox_of(d.directory, person) if person else None))


def _course(d: Decision, kind: str, target_id: str, account_id: str, trail: Trail) -> Course | None:
    """What is tried at a destination. None where it is not there, or another company's."""
    if kind == DestinationKind.PERSON:
        person = d.directory.person(target_id)
        return _to_person(d, person, trail) if _is_of(d, kind, target_id, person, account_id) and person else None
    if kind == DestinationKind.RING_GROUP:
        group = d.directory.service(RingGroup, target_id)
        return _to_group(d, group, trail) if _is_of(d, kind, target_id, group, account_id) and group else None
    if kind == DestinationKind.RECEPTIONIST:
        found = d.directory.service(Receptionist, target_id)
        return _by_voice(d, kind, target_id, account_id) if _is_of(d, kind, target_id, found, account_id) else None
    if kind == DestinationKind.CONFERENCE:
        server = d.directory.service(ConferenceServer, target_id)
        return _by_voice(d, kind, target_id, account_id) if _is_of(d, kind, target_id, server, account_id) else None
    if kind == DestinationKind.MAILBOX:
        box = d.directory.service(Mailbox, target_id)
        if not _is_of(d, kind, target_id, box, account_id) or box is None or not box.enabled:
            return None
        return Course(_deposit(d, box, "direct"))
    d.note(Because.KIND_NOT_SERVED, kind=kind, target=target_id)
    return None


def _is_of(d: Decision, kind: str, target_id: str, row: object | None, account_id: str) -> bool:
    if row is None:
        d.note(Because.TARGET_MISSING, kind=kind, target=target_id)
        return False
    if getattr(row, "account_id", "") != account_id:
        d.note(Because.TARGET_OF_ANOTHER_ACCOUNT, kind=kind, target=target_id)
        return False
    return True


def _by_voice(d: Decision, service: str, target_id: str, account_id: str) -> Course:
    d.note(Because.VOICE_ANSWERS, service=service)
    return Course((by_voice(d, service, account_id, target_id),))


# Persons


def _to_person(d: Decision, person: Person, trail: Trail) -> Course:
    """A person's phones, or where the person has sent calls instead; without last words."""
    habits = habits_of(d.directory, person)
    trail = trail.at(DestinationKind.PERSON, person.id)
    box = mailbox_of(d.directory, person)
    seconds = trail.seconds or _patience(d, box)
    if habits.forward_mode == ForwardMode.ALWAYS:
        course = _forward(d, person, habits, habits.forward_to, "unconditional", trail, seconds)
        if course is not None:
            return course
    if habits.do_not_disturb:
        d.note(Because.DO_NOT_DISTURB, person=person.name)
        return _when_busy(d, person, habits, "do-not-disturb", trail, seconds)
    if takes_no_other(d, person, habits):
        return _when_busy(d, person, habits, "user-busy", trail, seconds)
    phones = phones_of(d, person)
    if not phones.here:
        return _when_away(d, person, habits, phones, trail, seconds)
    identity, why = seen_inside(d.calling, person.account_id, d.directory)
    d.reasons.append(why)
    busy = _forward(d, person, habits, habits.forward_busy_to, "user-busy", trail, seconds)
    silent = _forward(d, person, habits, habits.forward_no_answer_to, "no-answer", trail, seconds)
    after = OnFailure(busy=sequence(busy) if busy else (), no_answer=sequence(silent) if silent else ())
    return Course((Ring(phones.here, True, seconds, identity, diverted=trail.extensions),), after)


def _patience(d: Decision, box: Mailbox | None) -> int:
    """How long a person's phones ring: a transferred call its own time, else until the mailbox answers."""
    if d.returns_to is not None:
        return min(TRANSFER_RING_S, d.ring_s)
    return min(max(box.answer_after_s, 1), 300) if box is not None else d.ring_s


def _when_busy(d: Decision, person: Person, habits: Preferences, reason: str, trail: Trail, seconds: int) -> Course:
    return _forward(d, person, habits, habits.forward_busy_to, reason, trail, seconds) or Course(left=BUSY)


def _when_away(d: Decision, person: Person, habits: Preferences, phones: Phones, trail: Trail, seconds: int) -> Course:
    """None of the person's phones is registered here."""
    if not phones.elsewhere or d.from_building:
        d.note(Because.NOBODY_REGISTERED if phones.any else Because.NO_PHONE, person=person.name)
        return _when_offline(d, person, habits, trail, seconds) or Course(left=OTHER)
    identity, why = seen_inside(d.calling, person.account_id, d.directory)
    d.reasons.append(why)
    number = d.directory.number_of(DestinationKind.PERSON, person.id)
    e164 = number.e164 if number is not None and number.account_id == person.account_id else ""
    extension = d.directory.extension_of(DestinationKind.PERSON, person.id)
    party = f"{DestinationKind.PERSON}:{person.id}"
    inside = Offer(e164 or (extension.digits if extension else ""), identity, CallClass.INTERNAL, party=party)
    steps: tuple[Step, ...] = to_other_buildings(d, inside, party)
    if e164:
        d.note(Because.BY_FULL_NUMBER, person=person.name, number=e164)
        shown, why = seen_outside(d.calling, d.directory)
        d.reasons.append(why)
        steps += offers(d, Offer(e164, shown, CallClass.NATIONAL, party=party))
    offline = _when_offline(d, person, habits, trail, seconds)
    if offline is not None:
        return then(Course(steps), offline)
    d.note(Because.OTHER_BUILDING, person=person.name)
    unreachable = (said(Announcement.OTHER_BUILDING, 480, d.language),)
    return Course(steps, OnFailure(other=unreachable)) if steps else Course(unreachable)


def _when_offline(d: Decision, person: Person, habits: Preferences, trail: Trail, seconds: int) -> Course | None:
    if habits.forward_mode == ForwardMode.OFFLINE:
        course = _forward(d, person, habits, habits.forward_to, "unavailable", trail, seconds)
        if course is not None:
            return course
    return _forward(d, person, habits, habits.forward_no_answer_to, "no-answer", trail, seconds)


def _forward(
    d: Decision, person: Person, habits: Preferences, digits: str, reason: str, trail: Trail, seconds: int
) -> Course | None:
    """Where a person's call goes instead. None: not forwarded, or not there."""
    if not digits:
        return None
    found = onward(d, person, digits, trail)
    if found is None:
        return None
    d.note(Because.FORWARDED, person=person.name, to=digits, when=reason)
    extension = d.directory.extension_of(DestinationKind.PERSON, person.id)
    number = number_of_person(person, d.directory)
    trail = trail.diverting(number, extension.digits if extension else "", reason, seconds)
    if habits.forward_confirm and d.reach.voice_up():
        d.note(Because.MUST_ACCEPT, to=digits)
        return Course((by_voice(d, "accept", person.account_id, person.id, digits),))
    if found.kind:
        return _course(d, found.kind, found.target_id, found.account_id, trail)
    assert found.read is not None
    if over_limits(d, person, found.read.call_class, found.read.abroad, found.target_id):
        return None
    shown, why = seen_outside(d.calling, d.directory, person)
    d.reasons.append(why)
    d.person_id = d.person_id or person.id
    if costs(found.read.call_class, found.read.abroad):
        d.charged = found.read.call_class
    steps = offers(d, Offer(found.target_id, shown, found.read.call_class, seconds, trail.diverted))
    return Course(steps) if steps else None


# Groups


def _to_group(d: Decision, group: RingGroup, trail: Trail) -> Course:
    """A group's members, then its own destination for calls that nobody answers."""
    trail = trail.at(DestinationKind.RING_GROUP, group.id)
    rings = ring_members(d, group, trail)
    kind, target_id = group.no_answer_kind, group.no_answer_target_id
    if not kind:
        return rings
    if (kind, target_id) in trail.been:
        d.note(Because.FORWARD_LOOP, person=group.name, to=name_of(d, kind, target_id))
        return rings
    d.note(Because.GROUP_THEN, group=group.name, kind=kind, target=name_of(d, kind, target_id))
    backup = _course(d, kind, target_id, group.account_id, trail)
    if backup is None:
        return rings
    person = d.directory.person(target_id) if kind == DestinationKind.PERSON else None
    box = mailbox_of(d.directory, person) if person else None
    if box is not None and d.returns_to is None:
        steps, after = ended(backup, _endings(d, box))
        backup = Course(steps, after)
    return then(rings, backup)


def _one_phone(d: Decision, phone_id: str, account_id: str) -> Way | None:
    """One phone alone, for another building's group: no forward and no mailbox takes the call (R-3)."""
    phone = d.directory.phone(phone_id)
    if phone is None or phone.account_id != account_id or not d.reach.registered(phone.sip_user):
        d.note(Because.TARGET_MISSING, kind=MEMBER_PHONE, target=phone_id)
        return None
    identity, why = seen_inside(d.calling, account_id, d.directory)
    d.reasons.append(why)
    return (Ring((Target(phone.id, phone.sip_user),), True, 300, identity),), OnFailure()


# What is left


def _endings(d: Decision, box: Mailbox | None) -> OnFailure:
    """Back to who transferred it, else the mailbox, else a sentence."""
    back = _back(d)
    if box is not None and not back:
        d.note(Because.MAILBOX_TAKES, mailbox=box.name)
        taken, otherwise = _deposit(d, box, "no-answer")
        # The same but for why it comes there, which stands last.
        busy = replace(taken, params=(*taken.params[:-1], ("arg", BUSY)))
        return OnFailure((busy, otherwise), (taken, otherwise), (taken, otherwise))
    return OnFailure(
        (*back, said(Announcement.BUSY, 486, d.language)),
        (*back, said(Announcement.NO_ANSWER, 480, d.language)),
        (*back, said(Announcement.NOT_AVAILABLE, 480, d.language)),
    )


def _deposit(d: Decision, box: Mailbox, why: str) -> tuple[ToVoice, Say]:
    step = by_voice(d, "deposit", box.account_id, box.id, why)
    return (step, said(Announcement.NOT_AVAILABLE, 480, d.language))


def _back(d: Decision) -> tuple[Step, ...]:
    """Ring the phone that transferred this call (X-2)."""
    phone = d.returns_to
    if phone is None:
        return ()
    d.note(Because.RETURNS_TO, phone=phone.label or phone.id)
    shown, _ = seen_inside(d.calling, phone.account_id, d.directory)
    identity = type(shown)(shown.user, shown.display, shown.asserted, shown.private, RETURNED)
    return (Ring((Target(phone.id, phone.sip_user),), True, TRANSFER_RING_S, identity),)


def returning(d: Decision, plan: Plan) -> Plan:
    """A transferred call that is not answered, or cannot be made, goes back to who transferred it before all words."""
    if d.returns_to is None or plan.call_class is CallClass.EMERGENCY:
        return plan
    ways = (plan.steps, plan.after.busy, plan.after.no_answer, plan.after.other, plan.after.not_found)
    if not any(_only_words(way) for way in ways):
        return plan
    back = _back(d)
    steps, *after = [(*way[:-1], *back, way[-1]) if _only_words(way) else way for way in ways]
    return replace(plan, steps=steps, after=OnFailure(*after), reasons=tuple(d.reasons))


def in_person(plan: Plan) -> Plan:
    """Nobody but who is called is to answer in a room of people: no mailbox, no sentence."""
    ways = (plan.steps, plan.after.busy, plan.after.no_answer, plan.after.other, plan.after.not_found)
    steps, *after = [tuple(one for step in way for one in _in_person(step)) for way in ways]
    return replace(plan, steps=steps or (Refuse(480, "Temporarily Unavailable"),), after=OnFailure(*after))


def _in_person(step: Step) -> tuple[Step, ...]:
    match step:
        case Say():
            return (Refuse(step.status, step.reason),)
        case ToVoice(service="deposit"):
            return ()
        case Ring():
            nested = (step.after.busy, step.after.no_answer, step.after.other, step.after.not_found)
            after = [tuple(one for s in way for one in _in_person(s)) for way in nested]
            return (replace(step, after=OnFailure(*after)),)
        case _:
            return (step,)


def _only_words(way: tuple[Step, ...]) -> bool:
    """Whether a way ends in a sentence that who transferred the call has not been rung before."""
    returns = any(isinstance(step, Ring) and step.identity.prefix == RETURNED for step in way)
    return bool(way) and isinstance(way[-1], Say) and not returns


def name_of(d: Decision, kind: str, target_id: str) -> str:
    if kind == DestinationKind.PERSON:
        person = d.directory.person(target_id)
        return person.name if person else target_id
    found: RingGroup | Receptionist | Mailbox | ConferenceServer | None = None
    if kind == DestinationKind.RING_GROUP:
        found = d.directory.service(RingGroup, target_id)
    elif kind == DestinationKind.RECEPTIONIST:
        found = d.directory.service(Receptionist, target_id)
    elif kind == DestinationKind.MAILBOX:
        found = d.directory.service(Mailbox, target_id)
    elif kind == DestinationKind.CONFERENCE:
        found = d.directory.service(ConferenceServer, target_id)
    return found.name if found else target_id
