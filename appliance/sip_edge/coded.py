"""What a code does: settings changed and said back, voice's services, the last call again. Pure.

Which code was dialled is starcodes.py's; codes that stand before a number are routing.py's.
"""

from appliance.directory.model import DestinationKind, Directory
from appliance.reasons import Because
from appliance.sip_edge.decision import Decision, Way, by_voice, voice_way
from appliance.sip_edge.destinations import only_say
from appliance.sip_edge.forwarding import forwardable
from appliance.sip_edge.identity import Caller, number_of_person
from appliance.sip_edge.persons import habits_of, mailbox_of
from appliance.sip_edge.pickups import colleagues, parked, phones_at, picked_up
from appliance.sip_edge.plan import WITHHELD, OnFailure, PreferenceChange
from appliance.sip_edge.said import said
from appliance.sip_edge.starcodes import Coded, Feature
from appliance.vocabulary import Announcement, Cue
from wire.services import ForwardMode, Mailbox, Override, Receptionist

YES, NO = "yes", ""
RECEPTIONIST = "receptionist"

_F = Feature
_FORWARDS: dict[Feature, tuple[str, Cue]] = {
    _F.FORWARD_ALL: ("forward_to", Cue.FORWARD_ALL_ON),
    _F.FORWARD_BUSY: ("forward_busy_to", Cue.FORWARD_BUSY_ON),
    _F.FORWARD_NO_ANSWER: ("forward_no_answer_to", Cue.FORWARD_NO_ANSWER_ON),
}
_SWITCHES: dict[Feature, tuple[str, str, Cue]] = {
    _F.FORWARD_ALL_OFF: ("forward_mode", ForwardMode.DISABLED, Cue.FORWARD_ALL_OFF),
    _F.FORWARD_BUSY_OFF: ("forward_busy_to", "", Cue.FORWARD_BUSY_OFF),
    _F.FORWARD_NO_ANSWER_OFF: ("forward_no_answer_to", "", Cue.FORWARD_NO_ANSWER_OFF),
    _F.CALL_WAITING: ("call_waiting", YES, Cue.CALL_WAITING_ON),
    _F.CALL_WAITING_OFF: ("call_waiting", NO, Cue.CALL_WAITING_OFF),
    _F.DO_NOT_DISTURB: ("do_not_disturb", YES, Cue.DO_NOT_DISTURB_ON),
    _F.DO_NOT_DISTURB_OFF: ("do_not_disturb", NO, Cue.DO_NOT_DISTURB_OFF),
}
_OVERRIDES: dict[Feature, tuple[Override, Cue]] = {
    _F.RECEPTIONIST_AUTO: (Override.AUTO, Cue.RECEPTIONIST_AUTO),
    _F.RECEPTIONIST_OPEN: (Override.OPEN, Cue.RECEPTIONIST_OPEN),
    _F.RECEPTIONIST_CLOSED: (Override.CLOSED, Cue.RECEPTIONIST_CLOSED),
}


def carried_out(d: Decision, caller: Caller, coded: Coded) -> tuple[Way, str]:
    """What is done about a code, and the service's name for the record. Changes are left in the decision."""
    feature, argument = coded.feature, coded.argument
    name = feature.value
    if feature in _FORWARDS:
        return _forward(d, caller, feature, argument), name
    if feature in _SWITCHES:
        return _switch(d, caller, feature), name
    if feature in _OVERRIDES:
        return _override(d, caller, feature, argument), name
    match feature:
        case Feature.ECHO:
            return voice_way(d, by_voice(d, "echo", caller.phone.account_id)), name
        case Feature.WHO_AM_I:
            number = number_of_person(caller.person, d.directory) if caller.person else ""
            digits = ",".join(part for part in (caller.extension, number) if part)
            return voice_way(d, by_voice(d, "whoami", caller.phone.account_id, arg=digits)), name
        case Feature.OWN_MAILBOX:
            return _own_mailbox(d, caller), name
        case Feature.OTHER_MAILBOX | Feature.DEPOSIT:
            return mailbox(d, caller.phone.account_id, argument, feature is Feature.DEPOSIT), name
        case Feature.RECEPTIONIST_GREETING:
            return _greeting(d, caller, argument), name
        case Feature.GROUP_PICKUP:
            return picked_up(d, colleagues(d.directory, caller.phone)), name
        case Feature.PICKUP:
            return picked_up(d, phones_at(d.directory, caller.phone, argument)), name
        case Feature.PARK:
            return parked(d, caller.phone.account_id, argument), name
        case _:
            d.note(Because.UNKNOWN_CODE, dialled=d.dialled)
            return only_say(d, Announcement.INVALID_NUMBER, 404), name


def last_call(d: Decision, caller: Caller, feature: Feature) -> tuple[str, Way | None]:
    """What redial and call-back dial; or what is said instead: that there is nothing, or first who it was.

    voice says the number of the last caller, and calls it when 1 is pressed. Where voice is dead it is called at once.
    """
    back = feature is Feature.CALL_BACK
    number = d.reach.last_caller(caller.phone.id) if back else d.reach.last_dialled(caller.phone.id)
    if not number:
        d.note(Because.NO_LAST_CALL)
        return "", only_say(d, Announcement.NO_LAST_CALL, 404)
    if back and number == WITHHELD:
        d.note(Because.LAST_CALLER_WITHHELD)
        return "", only_say(d, Announcement.LAST_CALLER_WITHHELD, 404)
    d.note(Because.LAST_CALL, number=number)
    if not back or not d.reach.voice_up():
        return number, None
    # What was asked for this call, or is habit, counts for the one that voice makes.
    privacy = "*67" if d.calling.hidden else "*82"
    return number, voice_way(d, by_voice(d, "call-back", caller.phone.account_id, number, f"{privacy}{number}"))


def mailbox(d: Decision, account_id: str, digits: str, deposit: bool) -> Way:
    """To the mailbox of an extension: to leave a message there (*99), or to listen (*98, which may ask for it)."""
    service = "deposit" if deposit else "mailbox"
    if not digits:
        return voice_way(d, by_voice(d, service, account_id))
    box = mailbox_at(d.directory, account_id, digits)
    if box is None:
        d.note(Because.NO_MAILBOX, extension=digits)
        return only_say(d, Announcement.NO_MAILBOX, 404)
    d.note(Because.MAILBOX_TAKES, mailbox=box.name)
    return voice_way(d, by_voice(d, service, account_id, box.id, "direct" if deposit else ""))


def mailbox_at(directory: Directory, account_id: str, digits: str) -> Mailbox | None:
    """The mailbox behind an extension of a company: a person's, or a shared one."""
    extension = directory.extension(account_id, digits)
    if extension is None:
        return None
    if extension.target_kind == DestinationKind.MAILBOX:
        box = directory.service(Mailbox, extension.target_id)
        return box if box is not None and box.account_id == account_id and box.enabled else None
    person = directory.person(extension.target_id) if extension.target_kind == DestinationKind.PERSON else None
    return mailbox_of(directory, person) if person is not None and person.account_id == account_id else None


def _own_mailbox(d: Decision, caller: Caller) -> Way:
    box = mailbox_of(d.directory, caller.person) if caller.person else None
    if box is None:
        d.note(Because.NO_MAILBOX, extension=caller.extension or "-")
        return only_say(d, Announcement.NO_MAILBOX, 404)
    return voice_way(d, by_voice(d, "mailbox", caller.phone.account_id, box.id))


def confirmed(d: Decision, account_id: str, *cues: str) -> Way:
    """Said back by voice. Where voice is dead the change was made all the same, and the call just ends."""
    step = by_voice(d, "confirm", account_id, arg=",".join(cues))
    return (step, said(Announcement.TRY_LATER, 480, d.language)), OnFailure()


def _forward(d: Decision, caller: Caller, feature: Feature, digits: str) -> Way:
    person = caller.person
    if person is None:
        return _not_here(d, caller)
    field, cue = _FORWARDS[feature]
    digits = digits or habits_of(d.directory, person).forward_to
    if not digits or not forwardable(d.directory, person, digits):
        d.note(Because.FORWARD_REFUSED, person=person.name, to=digits or "-")
        return only_say(d, Announcement.FORWARD_REFUSED, 403)
    _change(d, caller, field, digits)
    if feature is Feature.FORWARD_ALL:
        _change(d, caller, "forward_mode", ForwardMode.ALWAYS)
    return confirmed(d, person.account_id, cue, f"digits:{digits}")


def _switch(d: Decision, caller: Caller, feature: Feature) -> Way:
    if caller.person is None:
        return _not_here(d, caller)
    field, value, cue = _SWITCHES[feature]
    _change(d, caller, field, value)
    return confirmed(d, caller.person.account_id, cue)


def _change(d: Decision, caller: Caller, field: str, value: str) -> None:
    assert caller.person is not None
    d.note(Because.SETTING_CHANGED, person=caller.name, field=field, value=value or "-")
    d.changes.append(PreferenceChange(caller.person.id, caller.person.account_id, field, value))


def _override(d: Decision, caller: Caller, feature: Feature, digits: str) -> Way:
    """A receptionist's hours by hand (V-6): the one named by its extension, or the company's only one."""
    account_id = caller.phone.account_id
    override, cue = _OVERRIDES[feature]
    found = _receptionists(d, account_id, digits)
    if caller.person is None or len(found) != 1:
        return _not_here(d, caller)
    d.note(Because.SETTING_CHANGED, person=found[0].name, field="override", value=override)
    d.changes.append(PreferenceChange(found[0].id, account_id, "override", override, RECEPTIONIST))
    return confirmed(d, account_id, cue)


def _greeting(d: Decision, caller: Caller, digits: str) -> Way:
    """A receptionist's greeting recorded by phone (V-5): voice asks for the PIN of the person's mailbox and which."""
    account_id = caller.phone.account_id
    found = _receptionists(d, account_id, digits)
    if caller.person is None or not found:
        return _not_here(d, caller)
    target = found[0].id if len(found) == 1 else ""
    return voice_way(d, by_voice(d, "greeting", account_id, target))


def _receptionists(d: Decision, account_id: str, digits: str) -> tuple[Receptionist, ...]:
    """The one named by its extension, or all of the company's."""
    found = d.directory.services(Receptionist, account_id)
    extension = d.directory.extension(account_id, digits) if digits else None
    if digits:
        found = tuple(r for r in found if extension is not None and extension.target_id == r.id)
    return found


def _not_here(d: Decision, caller: Caller) -> Way:
    d.note(Because.CODE_NOT_HERE, phone=caller.phone.label or caller.phone.id)
    return only_say(d, Announcement.NOT_ALLOWED_HERE, 403)
