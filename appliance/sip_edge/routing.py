"""Where a call goes, and why. One pure function: calls, `conserje explain` and the pages all ask it (K-5).

Order: emergency, code, extension of the caller's account, number of this building, the outside. What digits mean is
directory/numbering.py's, what a code does coded.py's, whom they lead to destinations.py's, what the outside is offered
ways_out.py's, who is shown identity.py's, what it may cost fraud.py's.
"""

from dataclasses import replace
from datetime import datetime

from appliance.directory.model import DialProfile, Directory, Person, Phone
from appliance.directory.moves import is_elsewhere, may_come
from appliance.directory.numbering import Dialled, Reading, bare, canonical_number, is_emergency, normalise
from appliance.reasons import Because
from appliance.sip_edge.coded import carried_out, last_call, mailbox
from appliance.sip_edge.decision import Decision, Way
from appliance.sip_edge.destinations import by_mapping, in_person, lead, name_of, only_say, returning
from appliance.sip_edge.emergency import emergency, emergency_test
from appliance.sip_edge.fraud import over_limits
from appliance.sip_edge.identity import Caller, Calling, caller_of, from_trunk, seen_outside
from appliance.sip_edge.music import MUSIC, to_music
from appliance.sip_edge.persons import habits_of
from appliance.sip_edge.pickups import FETCH, fetched, parked
from appliance.sip_edge.plan import (
    CallAttempt,
    FromPhone,
    FromTrunk,
    FromVoice,
    Identity,
    OnFailure,
    Plan,
    Reach,
    Refuse,
    Say,
)
from appliance.sip_edge.replacing import GONE, takes_place
from appliance.sip_edge.rooms import FACTORY, is_room, to_room
from appliance.sip_edge.said import said
from appliance.sip_edge.slots import is_slot
from appliance.sip_edge.starcodes import Feature, parse
from appliance.sip_edge.ways_out import Offer, by_trunks
from appliance.vocabulary import Announcement, CallClass
from wire.diversion import MOST_DIVERSIONS
from wire.services import Music, TransferSound

RING_S = 30
INTERNAL, OUTBOUND, INBOUND = "internal", "outbound", "inbound"
ACCEPT, TRANSFER, CALL_BACK, ROOM = "accept", "transfer", "call-back", "room"
"""Why voice calls: a forward to be accepted; a transfer that the far end cannot make; *69; a guest for a room."""
_SHOWN = 64
_MOST_CODES = 3
"""Codes before one number: hide, then redial, is one too many for nobody."""


def route(attempt: CallAttempt, directory: Directory, now: datetime, reach: Reach, ring_s: int = RING_S) -> Plan:
    """Where this call goes, and why. `now` (aware) is for schedules; `ring_s`: how long phones ring.

    Never raises on what a caller dials, nor on a directory that names what is not there: a number that leads nowhere is
    a Plan that says so. The same question has the same answer.
    """
    d = Decision(directory, reach, now, ring_s, attempt.dialled[:_SHOWN], diversions=attempt.diversions)
    d.language = directory.site.language
    match attempt.source:
        case FromPhone(phone_id):
            plan = _from_phone(d, attempt, phone_id)
        case FromTrunk() as source:
            plan = _from_trunk(d, attempt, source)
        case FromVoice() as source:
            plan = _from_voice(d, attempt, source)
    called_in = isinstance(attempt.source, FromVoice) and attempt.source.why == ROOM
    if called_in and plan.call_class is not CallClass.EMERGENCY:
        return in_person(plan)
    return returning(d, plan)


# From one of our phones


def _from_phone(d: Decision, attempt: CallAttempt, phone_id: str) -> Plan:
    caller = _known_caller(d, phone_id)
    if caller is None:
        if is_emergency(attempt.dialled):
            # Whoever looks for it has this to go by: its address, as the door knows it.
            d.calling = Calling(outsider=Identity(phone_id))
            return emergency(d, None)
        way: Way = (Refuse(403, "Forbidden"),), OnFailure()
        return d.plan(way, CallClass.UNKNOWN, "", "", d.dialled, INTERNAL)
    if is_elsewhere(caller.phone, d.directory) and not may_come(caller.phone, d.directory):
        return _not_here(d, caller, attempt.dialled)
    person = caller.person
    hidden = attempt.wants_privacy or (person is not None and habits_of(d.directory, person).hide_caller_id)
    d.calling = Calling(caller, account_id=caller.phone.account_id, hidden=hidden)
    d.language = _language(d, caller)
    if attempt.replaces is not None and not is_emergency(attempt.dialled):
        placed = takes_place(d, caller.phone, attempt.replaces)
        if placed is not None:
            way, destination = placed
            return _internal(d, caller.phone.account_id, way, CallClass.INTERNAL, destination or d.dialled)
        if not attempt.dialled:
            d.note(Because.PLACE_GONE)
            return _internal(d, caller.phone.account_id, ((GONE,), OnFailure()), CallClass.UNKNOWN, "")
    if is_room(attempt.dialled):
        sender = d.reach.sent_by(caller.phone.sip_user, attempt.dialled)
        return _to_room(d, caller.phone.account_id, attempt.dialled, sender)
    if attempt.dialled == MUSIC:
        account_id = caller.phone.account_id
        return _internal(d, account_id, to_music(d, account_id), CallClass.SERVICE, MUSIC)
    d.returns_to = _transferor(d, attempt.referred_by)
    return _dialled(d, caller, attempt.dialled, _MOST_CODES)


def _not_here(d: Decision, caller: Caller, dialled: str) -> Plan:
    """A phone that was carried here without its company's word calls for help, and nobody else; it is told so."""
    d.note(Because.PHONE_MAY_NOT_COME, phone=caller.phone.label or caller.phone.id)
    if is_emergency(dialled):
        return emergency(d, caller)
    d.language = _language(d, caller)
    way = only_say(d, Announcement.PHONE_NOT_HERE, 403)
    return d.plan(way, CallClass.UNKNOWN, caller.phone.account_id, caller.extension, d.dialled, INTERNAL)


def _to_room(d: Decision, account_id: str, dialled: str, sender: str) -> Plan:
    return _internal(d, account_id, to_room(d, account_id, dialled, sender), CallClass.SERVICE, FACTORY)


def _known_caller(d: Decision, phone_id: str) -> Caller | None:
    phone = d.directory.phone(phone_id)
    if phone is None:
        d.note(Because.PHONE_UNKNOWN, phone=phone_id)
        return None
    caller = caller_of(phone, d.directory)
    name = phone.label or phone.id
    if caller.account is None:
        d.note(Because.ACCOUNT_MISSING, account=phone.account_id)
    if not phone.person_id:
        d.note(Because.PHONE_OF_NOBODY, phone=name)
    elif caller.person is None:
        d.note(Because.PERSON_MISSING, phone=name, person=phone.person_id)
    else:
        extension = caller.extension or "-"
        d.note(Because.FROM_PHONE, extension=extension, person=caller.name, account=caller.account_name, phone=name)
    return caller


def _language(d: Decision, caller: Caller) -> str:
    """The person's, else the phone's, else the account's, else the site's."""
    account = caller.account.language if caller.account else ""
    person = caller.person.language if caller.person else ""
    return person or caller.phone.language or account or d.directory.site.language


def _transferor(d: Decision, sip_user: str) -> Phone | None:
    """The phone that transferred this call, if it is one of the same account that can ring (X-2)."""
    if not sip_user:
        return None
    phone = d.directory.phone_by_sip_user(sip_user)
    if phone is None or phone.account_id != d.calling.account_id or phone.id == d.calling.phone_id:
        return None
    d.note(Because.TRANSFERRED_BY, phone=phone.label or phone.id)
    if d.calling.caller is not None:
        # Whoever voice goes on for hears what voice plays.
        music = d.directory.service(Music, phone.account_id)
        d.music = music is None or music.transfer == TransferSound.MUSIC
    return phone if d.reach.registered(sip_user) else None


def _dialled(d: Decision, caller: Caller, dialled: str, codes_left: int) -> Plan:
    if is_emergency(dialled):
        return emergency(d, caller)
    digits = bare(dialled)
    if digits.startswith(("*", "#")):
        return _by_code(d, caller, digits, codes_left)
    account_id = caller.phone.account_id
    extension = d.directory.extension(account_id, digits) if digits else None
    if extension is not None:
        return _to_extension(d, account_id, digits, extension.target_kind, extension.target_id)
    if is_slot(digits):
        return _internal(d, account_id, fetched(d, account_id, digits), CallClass.SERVICE, FETCH)
    return _to_number(d, account_id, digits, caller.person)


def _by_code(d: Decision, caller: Caller, digits: str, codes_left: int) -> Plan:
    coded = parse(digits) if codes_left else None
    account_id = caller.phone.account_id
    if coded is None:
        d.note(Because.UNKNOWN_CODE, dialled=d.dialled)
        way = only_say(d, Announcement.INVALID_NUMBER, 404)
        return _internal(d, account_id, way, CallClass.UNKNOWN, d.dialled)
    d.note(Because.SERVICE, dialled=d.dialled, service=coded.feature.value)
    if coded.feature is Feature.ALONE:
        d.note(Because.NO_OTHER_CALL)
        d.alone = True
        return _dialled(d, caller, coded.argument, codes_left - 1)
    if coded.feature in (Feature.HIDE, Feature.SHOW):
        d.calling = Calling(caller, account_id=account_id, hidden=coded.feature is Feature.HIDE)
        return _dialled(d, caller, coded.argument, codes_left - 1)
    if coded.feature in (Feature.REDIAL, Feature.CALL_BACK):
        number, said_first = last_call(d, caller, coded.feature)
        if said_first is None:
            return _dialled(d, caller, number, codes_left - 1)
        way = said_first
        return _internal(d, account_id, way, CallClass.SERVICE, coded.feature.value)
    if coded.feature is Feature.EMERGENCY_TEST:
        return _internal(d, account_id, emergency_test(d, caller), CallClass.SERVICE, coded.feature.value)
    way, service = carried_out(d, caller, coded)
    return _internal(d, account_id, way, CallClass.SERVICE, service)


def _to_extension(d: Decision, account_id: str, digits: str, kind: str, target_id: str) -> Plan:
    account = d.directory.account(account_id)
    d.note(
        Because.EXTENSION_LEADS,
        extension=digits,
        account=account.name if account else account_id,
        kind=kind,
        target=name_of(d, kind, target_id),
    )
    way = lead(d, kind, target_id, account_id) or only_say(d, Announcement.NOT_AVAILABLE, 480)
    return _internal(d, account_id, way, CallClass.INTERNAL, digits)


def _to_number(d: Decision, account_id: str, digits: str, payer: Person | None) -> Plan:
    """`payer`: whose permissions count."""
    site = d.directory.site
    if not digits:
        d.note(Because.NOTHING_DIALLED)
        return _internal(d, account_id, only_say(d, Announcement.INVALID_NUMBER, 484), CallClass.UNKNOWN, "")
    area = (payer.area_code if payer else "") or site.area_code
    read = normalise(digits, site.dial_profile, area, site.strict_dialling)
    if read.why is Reading.SHORT:
        account = d.directory.account(account_id)
        d.note(Because.NO_SUCH_EXTENSION, extension=digits, account=account.name if account else account_id)
        way = only_say(d, Announcement.NO_SUCH_EXTENSION, 404)
        return _internal(d, account_id, way, CallClass.UNKNOWN, digits)
    destination = read.e164 or read.short or d.dialled
    if read.e164 or read.short:
        d.note(Because.READ_AS, dialled=digits, number=destination, how=read.why)
    number = d.directory.number(read.e164) if read.e164 else None
    if number is not None:
        # It never leaves the building, so it works when that is cut off (J-1).
        called = d.directory.account(number.account_id)
        d.note(Because.OUR_NUMBER, number=number.e164, account=called.name if called else number.account_id)
        return _internal(d, account_id, by_mapping(d, number), CallClass.INTERNAL, number.e164)
    refusal = _refusal(d, payer, read, destination)
    if refusal is not None:
        way = (refusal,), OnFailure()
    else:
        d.person_id = payer.id if payer else ""
        forwarder = payer if d.calling.caller is None else None
        shown, why = seen_outside(d.calling, d.directory, forwarder)
        d.reasons.append(why)
        way = by_trunks(d, Offer(destination, shown, read.call_class))
    return d.plan(way, read.call_class, account_id, d.calling.known_as(d.directory), destination, OUTBOUND)


_REFUSED: dict[Reading, tuple[Because, Announcement, int]] = {
    Reading.OLD_FORM_REFUSED: (Because.INVALID_NUMBER, Announcement.INVALID_PREFIX, 484),
    Reading.UNKNOWN_PREFIX: (Because.INVALID_NUMBER, Announcement.INVALID_PREFIX, 484),
    Reading.NO_SUCH_COUNTRY: (Because.INVALID_NUMBER, Announcement.INVALID_NUMBER, 484),
    Reading.WRONG_LENGTH: (Because.INVALID_NUMBER, Announcement.INVALID_NUMBER, 484),
    Reading.NOT_DIGITS: (Because.INVALID_NUMBER, Announcement.INVALID_NUMBER, 484),
    Reading.OPERATOR_PREFIX: (Because.NOT_PERMITTED, Announcement.NOT_PERMITTED, 403),
    Reading.OPERATOR_CODE: (Because.NOT_PERMITTED, Announcement.NOT_PERMITTED, 403),
}


def _refusal(d: Decision, payer: Person | None, read: Dialled, number: str) -> Say | None:
    """Why this number is not called at this person's cost; None: it may be."""
    if read.why in _REFUSED:
        code, announcement, status = _REFUSED[read.why]
        d.note(code, dialled=d.dialled, how=read.why)
        return said(announcement, status, d.language)
    name = payer.name if payer else _nobody(d)
    if read.call_class is CallClass.PREMIUM:
        allowed = payer is not None and payer.premium and read.why is not Reading.PREMIUM_SHORT_CODE
        d.note(Because.PREMIUM_ALLOWED if allowed else Because.PREMIUM_REFUSED, dialled=d.dialled, person=name)
        if not allowed:
            return said(Announcement.PREMIUM_BLOCKED, 403, d.language)
    if read.abroad:
        allowed = payer is not None and payer.international
        d.note(Because.INTERNATIONAL_ALLOWED if allowed else Because.INTERNATIONAL_REFUSED, person=name)
        if not allowed:
            return said(Announcement.NOT_PERMITTED, 403, d.language)
    over = over_limits(d, payer, read.call_class, read.abroad, number) if payer is not None else None
    return said(over, 403, d.language) if over is not None else None


def _nobody(d: Decision) -> str:
    return d.calling.caller.name if d.calling.caller else d.calling.outsider.user or "-"


def _internal(d: Decision, account_id: str, way: Way, call_class: CallClass, destination: str) -> Plan:
    return d.plan(way, call_class, account_id, d.calling.known_as(d.directory), destination, INTERNAL)


# From voice, which holds the call


def _from_voice(d: Decision, attempt: CallAttempt, source: FromVoice) -> Plan:
    """On behalf of who called voice. An outsider reaches what is inside; the outside only at the cost of one of us."""
    account = d.directory.account(source.account_id)
    phone = d.directory.phone(source.phone_id) if source.phone_id else None
    caller = caller_of(phone, d.directory) if phone is not None and phone.account_id == source.account_id else None
    private = not source.caller or attempt.wants_privacy
    outsider = Identity("" if private else source.caller, source.display, private=private)
    habit = caller is not None and caller.person is not None and habits_of(d.directory, caller.person).hide_caller_id
    d.calling = Calling(caller, outsider, source.account_id, attempt.wants_privacy or habit)
    d.note(Because.FROM_VOICE, caller=d.calling.known_as(d.directory) or "-", why=source.why or "-")
    if caller is not None:
        d.language = _language(d, caller)
    elif account is not None:
        d.language = account.language or d.language
    d.returns_to = _transferor(d, attempt.referred_by)
    if source.why == ACCEPT:
        d.diversions = MOST_DIVERSIONS
    if attempt.goto is not None:
        kind, target_id = attempt.goto
        way = lead(d, kind, target_id, source.account_id) or only_say(d, Announcement.NOT_AVAILABLE, 480)
        return _internal(d, source.account_id, way, CallClass.INTERNAL, name_of(d, kind, target_id))
    if is_emergency(attempt.dialled):
        return emergency(d, caller)
    if is_room(attempt.dialled) and attempt.referred_by:
        # Of a party that is held by voice: who sent it there voice knows.
        return _to_room(d, source.account_id, attempt.dialled, attempt.referred_by)
    digits = bare(attempt.dialled)
    coded = parse(digits)
    if coded is not None and coded.feature in (Feature.HIDE, Feature.SHOW) and source.why == CALL_BACK:
        d.calling = replace(d.calling, hidden=coded.feature is Feature.HIDE)
        digits, coded = coded.argument, None
    if coded is not None and coded.feature is Feature.DEPOSIT:
        way = mailbox(d, source.account_id, coded.argument, deposit=True)
        return _internal(d, source.account_id, way, CallClass.SERVICE, coded.feature.value)
    if coded is not None and coded.feature is Feature.PARK and d.returns_to is not None:
        way = parked(d, source.account_id, coded.argument)
        return _internal(d, source.account_id, way, CallClass.SERVICE, coded.feature.value)
    extension = d.directory.extension(source.account_id, digits) if digits else None
    if extension is not None:
        return _to_extension(d, source.account_id, digits, extension.target_kind, extension.target_id)
    payer = _payer(d, source, attempt.referred_by, caller)
    if payer is None:
        d.note(Because.NOBODY_PAYS, dialled=d.dialled)
        way = only_say(d, Announcement.NO_SUCH_EXTENSION, 404)
        return _internal(d, source.account_id, way, CallClass.UNKNOWN, d.dialled)
    return _to_number(d, source.account_id, digits, payer)


def _payer(d: Decision, source: FromVoice, referred_by: str, caller: Caller | None) -> Person | None:
    """Whose permissions count: who forwards, who transfers, or our caller itself."""
    person = caller.person if caller else None
    if source.why == ACCEPT:
        person = d.directory.person(source.on_behalf)
    elif source.why in (TRANSFER, ROOM):
        phone = d.directory.phone_by_sip_user(referred_by) if referred_by else None
        person = d.directory.person(phone.person_id) if phone is not None else person
    return person if person is not None and person.account_id == source.account_id else None


# In by a trunk


def _from_trunk(d: Decision, attempt: CallAttempt, source: FromTrunk) -> Plan:
    """Only numbers of this building, and inwards: nothing that comes by a trunk leaves by one, unless forwarded."""
    identity, why = from_trunk(source, attempt.wants_privacy)
    trunk = d.directory.trunk(source.trunk_id)
    d.note(Because.FROM_TRUNK, trunk=trunk.name if trunk else source.trunk_id, caller=identity.user or "-")
    called = canonical_number(attempt.dialled)
    if trunk is None:
        d.note(Because.TRUNK_UNKNOWN, trunk=source.trunk_id)
        refused: Way = (Refuse(403, "Forbidden"),), OnFailure()
        return d.plan(refused, CallClass.UNKNOWN, "", identity.user, called or d.dialled, INBOUND)
    d.calling, d.told = Calling(outsider=identity), trunk.trusted
    if attempt.goto is not None:
        return _from_building(d, *attempt.goto)
    read = normalise(attempt.dialled, DialProfile.MX2017, d.directory.site.area_code, strict=False)
    number = d.directory.number(called) or (d.directory.number(read.e164) if read.e164 else None)
    if number is None:
        code = Because.NUMBER_NOT_OURS if called else Because.NUMBER_UNREADABLE
        d.note(code, number=called, dialled=d.dialled)
        way = only_say(d, Announcement.NUMBER_NOT_IN_SERVICE, 404)
        return d.plan(way, read.call_class, "", identity.user, called or d.dialled, INBOUND)
    d.reasons.append(why)
    account = d.directory.account(number.account_id)
    d.language = account.language if account else d.language
    way = by_mapping(d, number)
    return d.plan(way, read.call_class, number.account_id, identity.user, number.e164, INBOUND)


def _from_building(d: Decision, kind: str, target_id: str) -> Plan:
    """From another building of ours, to a phone of a company that is in both. 404: it is not here."""
    d.from_building = True
    d.note(Because.FROM_BUILDING, kind=kind, target=name_of(d, kind, target_id))
    row = d.directory.phone(target_id) if kind == "phone" else d.directory.person(target_id)
    account_id = row.account_id if row is not None and kind in ("phone", "person") else ""
    way: Way | None = None
    if isinstance(row, Person) and any(_stands_here(d, p) for p in d.directory.phones_of(row.id)):
        d.calling = Calling(outsider=d.calling.outsider, account_id=account_id)
        way = lead(d, kind, target_id, account_id)
    elif isinstance(row, Phone):
        way = lead(d, kind, target_id, account_id)
    if way is None:
        way = (Refuse(404, "Not Found"),), OnFailure()
    known = d.calling.outsider.user
    return d.plan(way, CallClass.INTERNAL, account_id, known, name_of(d, kind, target_id), INBOUND)


def _stands_here(d: Decision, phone: Phone) -> bool:
    return phone.site_id == d.directory.site.id or d.reach.registered(phone.sip_user)
