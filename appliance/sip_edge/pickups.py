"""Taking over what rings elsewhere (*8, **extension), and parking (*85, slots 71 to 79): who may take what. Pure.

Only within a company. Which call rings there now, and which slot is free, the workers see (kamailio/pickup.py,
kamailio/parking.py); what a parked caller hears is voice's (voice/park.py).
"""

from collections.abc import Iterable

from appliance.directory.model import Directory, Phone
from appliance.reasons import Because
from appliance.sip_edge.decision import Decision, Way, by_voice
from appliance.sip_edge.plan import OnFailure, PickUp, Target
from appliance.sip_edge.said import said
from appliance.sip_edge.slots import is_slot
from appliance.vocabulary import Announcement
from wire.services import Member, Music, RingGroup

PARK, FETCH = "park", "fetch"
"""The service of voice that holds parked calls, and what is asked of it to have one back."""
MOST_PHONES = 200


def colleagues(directory: Directory, phone: Phone) -> tuple[Phone, ...]:
    """Whose calls *8 takes: all members of the ring groups that this phone is in; in none, the whole company."""
    groups = directory.services(RingGroup, phone.account_id)
    members = [(g, _members(directory, g)) for g in groups]
    own = [phones for _, phones in members if any(p.id == phone.id for p in phones)]
    found: Iterable[Phone] = [p for phones in own for p in phones] if own else directory.phones()
    return _others(found, phone)


def phones_at(directory: Directory, phone: Phone, digits: str) -> tuple[Phone, ...]:
    """Whose calls **digits takes: the phones of a person, or of a group's members."""
    extension = directory.extension(phone.account_id, digits)
    if extension is None:
        return ()
    match extension.target_kind:
        case "person":
            return _others(directory.phones_of(extension.target_id), phone)
        case "ring_group":
            group = directory.service(RingGroup, extension.target_id)
            return _others(_members(directory, group) if group else (), phone)
        case _:
            return ()


def _members(directory: Directory, group: RingGroup) -> list[Phone]:
    found: list[Phone] = []
    for member in directory.services_of(Member, group.id):
        if member.target_kind == "person":
            found += directory.phones_of(member.target_id)
        elif (phone := directory.phone(member.target_id)) is not None:
            found.append(phone)
    return found


def _others(phones: Iterable[Phone], own: Phone) -> tuple[Phone, ...]:
    same = {p.id: p for p in phones if p.account_id == own.account_id and p.id != own.id and p.sip_user}
    return tuple(same.values())[:MOST_PHONES]


def picked_up(d: Decision, phones: tuple[Phone, ...]) -> Way:
    """What rings longest at these phones; where nothing rings, the caller hears so."""
    names = ", ".join(p.label or p.id for p in phones[:10]) or "-"
    d.note(Because.PICKS_UP, phones=names)
    nothing = said(Announcement.NOTHING_RINGS, 404, d.language)
    if not phones:
        return (nothing,), OnFailure()
    return (PickUp(tuple(Target(p.id, p.sip_user) for p in phones)), nothing), OnFailure()


def parked(d: Decision, account_id: str, slot: str) -> Way:
    """Park this caller, at `slot` if one is named; a slot dialled by hand, and not by a transfer, is fetched from.

    A transferred caller hears music; who dials *85 hears the slot first, and may then hand over the call at its side.
    """
    if slot and not is_slot(slot):
        return (said(Announcement.INVALID_NUMBER, 404, d.language),), OnFailure()
    back = d.returns_to
    if slot and back is None:
        return fetched(d, account_id, slot)
    d.note(Because.PARKS)
    music = d.directory.service(Music, account_id)
    arg = f"{PARK},{back.person_id if back is not None else ''},{music.hold_sound_id if music else ''}"
    step = by_voice(d, PARK, account_id, slot, arg)
    return (step, said(Announcement.NOT_AVAILABLE, 480, d.language)), OnFailure()


def fetched(d: Decision, account_id: str, slot: str) -> Way:
    d.note(Because.FETCHES, slot=slot)
    step = by_voice(d, PARK, account_id, slot, FETCH)
    return (step, said(Announcement.NOTHING_PARKED, 404, d.language)), OnFailure()
