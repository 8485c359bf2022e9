"""Ring groups: who of the members rings, together or in turn (R-1, R-2). Pure.

Members' own forwards and mailboxes count for nothing here (R-3); what follows is destinations.py's.
"""

from collections.abc import Iterable

from appliance.directory.model import Person, Phone
from appliance.reasons import Because
from appliance.sip_edge.courses import BUSY, OTHER, Course
from appliance.sip_edge.decision import Decision, Trail
from appliance.sip_edge.identity import seen_inside
from appliance.sip_edge.persons import habits_of
from appliance.sip_edge.plan import Reach, Ring, Target
from appliance.sip_edge.ways_out import central_trunks
from wire.services import MOST_TOGETHER, GroupMode, Member, RingGroup

LEAST_S, MOST_S = 5, 300
PERSON, PHONE = "person", "phone"


def ring_members(d: Decision, group: RingGroup, trail: Trail) -> Course:
    """Idle registered members, all at once or one after the other. Busy ones, silent ones and others are skipped."""
    rung: list[tuple[Target, ...]] = []
    seen: set[str] = set()
    busy = False
    for member in d.directory.services_of(Member, group.id):
        targets, is_busy = _member(d, group, member)
        busy |= is_busy
        fresh = tuple(t for t in targets if t.phone_id not in seen)
        seen.update(t.phone_id for t in fresh)
        if fresh:
            rung.append(fresh)
    if not rung:
        d.note(Because.GROUP_EMPTY, group=group.name)
        return Course(left=BUSY if busy else OTHER)
    identity, why = seen_inside(d.calling, group.account_id, d.directory)
    d.reasons.append(why)
    seconds = min(max(group.ring_s, LEAST_S), MOST_S)
    if group.mode == GroupMode.IN_TURN:
        d.note(Because.GROUP_IN_TURN, group=group.name, seconds=str(seconds))
        return Course(tuple(Ring(t, True, seconds, identity, diverted=trail.extensions, if_idle=True) for t in rung))
    d.note(Because.GROUP_TOGETHER, group=group.name, seconds=str(seconds))
    together = tuple(t for targets in rung for t in targets)
    parts = tuple(together[at : at + MOST_TOGETHER] for at in range(0, len(together), MOST_TOGETHER))
    if len(parts) > 1:
        d.note(Because.GROUP_IN_PARTS, group=group.name, first=str(MOST_TOGETHER), all=str(len(together)))
    return Course(tuple(Ring(part, True, seconds, identity, diverted=trail.extensions) for part in parts))


def passed_over(step: Ring, reach: Reach) -> bool:
    """Whether a member whose turn has come is skipped: the plan was made when the first one rang, and he talks now."""
    return step.if_idle and any(reach.calls_of(t.sip_user) for t in step.targets)


def _member(d: Decision, group: RingGroup, member: Member) -> tuple[tuple[Target, ...], bool]:
    """Its phones that can ring now, and whether it was skipped because it is busy."""
    person, phones = _who(d, group, member)
    if person is not None and habits_of(d.directory, person).do_not_disturb:
        d.note(Because.DO_NOT_DISTURB, person=person.name)
        return (), True
    name = person.name if person else group.name
    if any(d.reach.calls_of(p.sip_user) for p in phones):
        d.note(Because.BUSY_SKIPPED, person=name)
        return (), True
    return tuple(_targets(d, phones, name)), False


def _who(d: Decision, group: RingGroup, member: Member) -> tuple[Person | None, tuple[Phone, ...]]:
    directory, account = d.directory, group.account_id
    if member.target_kind == PHONE:
        phone = directory.phone(member.target_id)
        if phone is None or phone.account_id != account:
            d.note(Because.TARGET_MISSING, kind=PHONE, target=member.target_id)
            return None, ()
        person = directory.person(phone.person_id)
        return person if person is not None and person.account_id == account else None, (phone,)
    person = directory.person(member.target_id)
    if member.target_kind != PERSON or person is None or person.account_id != account:
        d.note(Because.TARGET_MISSING, kind=member.target_kind or PERSON, target=member.target_id)
        return None, ()
    return person, tuple(p for p in directory.phones_of(person.id) if p.account_id == account)


def _targets(d: Decision, phones: Iterable[Phone], person: str) -> Iterable[Target]:
    for phone in phones:
        name = phone.label or phone.id
        if phone.id == d.calling.phone_id:
            d.note(Because.CALLING_PHONE_LEFT_OUT, phone=name)
        elif d.reach.registered(phone.sip_user):
            d.note(Because.RINGS, phone=name, person=person)
            yield Target(phone.id, phone.sip_user)
        elif phone.site_id == d.directory.site.id or d.from_building:
            d.note(Because.NOT_REGISTERED, phone=name, person=person)
        elif not d.reach.link_up():
            d.note(Because.ELSEWHERE, phone=name, person=person)
            d.note(Because.LINK_DOWN)
        else:
            d.note(Because.ELSEWHERE, phone=name, person=person)
            for trunk in central_trunks(d)[:1]:
                d.note(Because.BY_OTHER_BUILDING, trunk=trunk.name)
                yield Target(phone.id, phone.sip_user, trunk.id, phone.sip_user, f"phone:{phone.id}")
