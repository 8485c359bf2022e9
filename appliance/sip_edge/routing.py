"""Where a call goes, and why. One pure function: calls, `conserje explain` and the pages all ask it (K-5).

Order: emergency, star code, extension of the caller's account, number of this building, the outside. What digits mean
is directory/numbering.py's, whom they lead to destinations.py's, what the outside is offered ways_out.py's, who is
shown identity.py's.
"""

from datetime import datetime

from appliance.directory.model import DialProfile, Directory, Number
from appliance.directory.numbering import (
    EMERGENCY_SENT_AS,
    Dialled,
    Reading,
    bare,
    canonical_number,
    is_emergency,
    normalise,
)
from appliance.reasons import Because
from appliance.sip_edge.destinations import Decision, Way, by_mapping, name_of, only_say, person_at, ring_person
from appliance.sip_edge.identity import (
    Caller,
    caller_of,
    emergency_number,
    from_trunk,
    outside_number,
    towards_account,
)
from appliance.sip_edge.plan import (
    CallAttempt,
    FromPhone,
    FromTrunk,
    FromVoice,
    OnFailure,
    Plan,
    Reach,
    Refuse,
    Say,
    ToVoice,
)
from appliance.sip_edge.said import said
from appliance.sip_edge.ways_out import by_every_trunk, by_trunks
from appliance.vocabulary import Announcement, CallClass

RING_S = 30
SERVICES = {"*9196": "echo"}
"""Star codes that voice answers."""

INTERNAL, OUTBOUND, INBOUND = "internal", "outbound", "inbound"
_SHOWN = 64


def route(attempt: CallAttempt, directory: Directory, now: datetime, reach: Reach, ring_s: int = RING_S) -> Plan:
    """Where this call goes, and why. `now` (aware) is for schedules; `ring_s`: how long phones ring.

    Never raises on what a caller dials, nor on a directory that names what is not there: a number that leads nowhere is
    a Plan that says so. The same question has the same answer.
    """
    decision = Decision(directory, reach, ring_s, attempt.dialled[:_SHOWN])
    match attempt.source:
        case FromPhone(phone_id):
            return _from_phone(decision, phone_id, attempt.dialled)
        case FromTrunk() as source:
            return _from_trunk(decision, source, attempt.dialled)
        case FromVoice(phone_id=phone_id):
            return _from_phone(decision, phone_id, attempt.dialled)


# From one of our phones


def _from_phone(d: Decision, phone_id: str, dialled: str) -> Plan:
    caller = _known_caller(d, phone_id)
    if is_emergency(dialled):
        return _emergency(d, caller)
    if caller is None:
        way: Way = (Refuse(403, "Forbidden"),), OnFailure()
        return d.plan(way, CallClass.UNKNOWN, "", "", d.dialled, INTERNAL)
    digits = bare(dialled)
    if digits.startswith(("*", "#")):
        return _star_code(d, caller, digits)
    extension = d.directory.extension(caller.phone.account_id, digits) if digits else None
    if extension is not None:
        return _to_extension(d, caller, digits, extension.target_kind, extension.target_id)
    return _to_number(d, caller, digits)


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


def _language(d: Decision, caller: Caller | None) -> str:
    """The person's, else the phone's, else the account's, else the site's."""
    if caller is not None:
        account = caller.account.language if caller.account else ""
        person = caller.person.language if caller.person else ""
        if chosen := person or caller.phone.language or account:
            return chosen
    return d.directory.site.language


def _emergency(d: Decision, caller: Caller | None) -> Plan:
    d.note(Because.EMERGENCY, dialled=d.dialled, sent=EMERGENCY_SENT_AS)
    shown, why = emergency_number(caller, d.directory)
    d.reasons.append(why)
    way = by_every_trunk(EMERGENCY_SENT_AS, shown, d.directory, d.reach, _language(d, caller), d.reasons)
    account = caller.phone.account_id if caller else ""
    known = caller.extension if caller else ""
    return d.plan(way, CallClass.EMERGENCY, account, known, EMERGENCY_SENT_AS, OUTBOUND)


def _star_code(d: Decision, caller: Caller, digits: str) -> Plan:
    service = SERVICES.get(digits)
    language = _language(d, caller)
    if service is None:
        d.note(Because.UNKNOWN_CODE, dialled=d.dialled)
        return _internal(d, caller, only_say(Announcement.INVALID_NUMBER, 404, language), CallClass.UNKNOWN, d.dialled)
    d.note(Because.SERVICE, dialled=d.dialled, service=service)
    way: Way = (ToVoice(service, language),), OnFailure()
    if not d.reach.voice_up():
        d.note(Because.VOICE_DOWN)
        way = (Refuse(503, "Service Unavailable"),), OnFailure()
    return _internal(d, caller, way, CallClass.SERVICE, service)


def _to_extension(d: Decision, caller: Caller, digits: str, kind: str, target_id: str) -> Plan:
    account_id = caller.phone.account_id
    d.note(
        Because.EXTENSION_LEADS,
        extension=digits,
        account=caller.account_name,
        kind=kind,
        target=name_of(d, kind, target_id),
    )
    language = _language(d, caller)
    person = person_at(d, kind, target_id, account_id)
    if person is None:
        return _internal(d, caller, only_say(Announcement.NOT_AVAILABLE, 480, language), CallClass.INTERNAL, digits)
    identity, why = towards_account(caller, account_id, d.directory)
    d.reasons.append(why)
    return _internal(d, caller, ring_person(d, person, identity, language, caller.phone.id), CallClass.INTERNAL, digits)


def _to_number(d: Decision, caller: Caller, digits: str) -> Plan:
    site, language = d.directory.site, _language(d, caller)
    if not digits:
        d.note(Because.NOTHING_DIALLED)
        return _internal(d, caller, only_say(Announcement.INVALID_NUMBER, 484, language), CallClass.UNKNOWN, "")
    area = (caller.person.area_code if caller.person else "") or site.area_code
    read = normalise(digits, site.dial_profile, area, site.strict_dialling)
    if read.why is Reading.SHORT:
        d.note(Because.NO_SUCH_EXTENSION, extension=digits, account=caller.account_name)
        return _internal(d, caller, only_say(Announcement.NO_SUCH_EXTENSION, 404, language), CallClass.UNKNOWN, digits)
    destination = read.e164 or read.short or d.dialled
    if read.e164 or read.short:
        d.note(Because.READ_AS, dialled=d.dialled, number=destination, how=read.why)
    number = d.directory.number(read.e164) if read.e164 else None
    if number is not None:
        return _inside(d, caller, number, language)
    refusal = _refusal(d, caller, read, language)
    if refusal is None:
        shown, why = outside_number(caller, d.directory)
        d.reasons.append(why)
        way = by_trunks(destination, shown, d.directory, d.reach, language, d.reasons)
    else:
        way = (refusal,), OnFailure()
    known = caller.extension or outside_number(caller, d.directory)[0]
    return d.plan(way, read.call_class, caller.phone.account_id, known, destination, OUTBOUND)


_REFUSED: dict[Reading, tuple[Because, Announcement, int]] = {
    Reading.OLD_FORM_REFUSED: (Because.INVALID_NUMBER, Announcement.INVALID_PREFIX, 484),
    Reading.UNKNOWN_PREFIX: (Because.INVALID_NUMBER, Announcement.INVALID_PREFIX, 484),
    Reading.NO_SUCH_COUNTRY: (Because.INVALID_NUMBER, Announcement.INVALID_NUMBER, 484),
    Reading.WRONG_LENGTH: (Because.INVALID_NUMBER, Announcement.INVALID_NUMBER, 484),
    Reading.NOT_DIGITS: (Because.INVALID_NUMBER, Announcement.INVALID_NUMBER, 484),
    Reading.OPERATOR_PREFIX: (Because.NOT_PERMITTED, Announcement.NOT_PERMITTED, 403),
    Reading.OPERATOR_CODE: (Because.NOT_PERMITTED, Announcement.NOT_PERMITTED, 403),
}


def _refusal(d: Decision, caller: Caller, read: Dialled, language: str) -> Say | None:
    """Why this number is not called by this caller; None: it may be."""
    if read.why in _REFUSED:
        code, announcement, status = _REFUSED[read.why]
        d.note(code, dialled=d.dialled, how=read.why)
        return said(announcement, status, language)
    person = caller.person
    if read.call_class is CallClass.PREMIUM:
        allowed = person is not None and person.premium and read.why is not Reading.PREMIUM_SHORT_CODE
        d.note(Because.PREMIUM_ALLOWED if allowed else Because.PREMIUM_REFUSED, dialled=d.dialled, person=caller.name)
        if not allowed:
            return said(Announcement.PREMIUM_BLOCKED, 403, language)
    if read.abroad:
        allowed = person is not None and person.international
        d.note(Because.INTERNATIONAL_ALLOWED if allowed else Because.INTERNATIONAL_REFUSED, person=caller.name)
        if not allowed:
            return said(Announcement.NOT_PERMITTED, 403, language)
    return None


def _inside(d: Decision, caller: Caller, number: Number, language: str) -> Plan:
    """A number of a company in this building: it never leaves, so it works when the building is cut off (J-1)."""
    account = d.directory.account(number.account_id)
    d.note(Because.OUR_NUMBER, number=number.e164, account=account.name if account else number.account_id)
    identity, why = towards_account(caller, number.account_id, d.directory, dialled_in_full=True)
    d.reasons.append(why)
    way = by_mapping(d, number, identity, language, caller.phone.id)
    return _internal(d, caller, way, CallClass.INTERNAL, number.e164)


def _internal(d: Decision, caller: Caller, way: Way, call_class: CallClass, destination: str) -> Plan:
    known = caller.extension or outside_number(caller, d.directory)[0]
    return d.plan(way, call_class, caller.phone.account_id, known, destination, INTERNAL)


# In by a trunk


def _from_trunk(d: Decision, source: FromTrunk, dialled: str) -> Plan:
    """Only numbers of this building, and only inwards: nothing that comes by a trunk leaves by one."""
    site = d.directory.site
    identity, why = from_trunk(source)
    trunk = d.directory.trunk(source.trunk_id)
    d.note(Because.FROM_TRUNK, trunk=trunk.name if trunk else source.trunk_id, caller=identity.user or "-")
    called = canonical_number(dialled)
    if trunk is None:
        d.note(Because.TRUNK_UNKNOWN, trunk=source.trunk_id)
        refused: Way = (Refuse(403, "Forbidden"),), OnFailure()
        return d.plan(refused, CallClass.UNKNOWN, "", identity.user, called or d.dialled, INBOUND)
    read = normalise(dialled, DialProfile.MX2017, site.area_code, strict=False)
    number = d.directory.number(called) or (d.directory.number(read.e164) if read.e164 else None)
    if number is None:
        code = Because.NUMBER_NOT_OURS if called else Because.NUMBER_UNREADABLE
        d.note(code, number=called, dialled=d.dialled)
        way = only_say(Announcement.NUMBER_NOT_IN_SERVICE, 404, site.language)
        return d.plan(way, read.call_class, "", identity.user, called or d.dialled, INBOUND)
    d.reasons.append(why)
    account = d.directory.account(number.account_id)
    way = by_mapping(d, number, identity, account.language if account else site.language)
    return d.plan(way, read.call_class, number.account_id, identity.user, number.e164, INBOUND)
