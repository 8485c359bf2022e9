"""A call that is to take another's place (RFC 3891): an attended transfer, or a ringing call that is picked up. Pure.

Only among the phones of one company, and only where somebody in the call sent the caller there. Which calls are up, and
which REFERs were passed on, the workers see (plan.Reach); calls with a trunk or with voice are not decided here.
"""

from appliance.directory.model import Phone
from appliance.reasons import Because
from appliance.sip_edge.decision import Decision, Way
from appliance.sip_edge.destinations import TRANSFER_RING_S
from appliance.sip_edge.dialogs import Replaces
from appliance.sip_edge.identity import seen_inside
from appliance.sip_edge.plan import OnFailure, PickUp, Refuse, Ring, Talk, Target
from appliance.sip_edge.said import said
from appliance.vocabulary import Announcement

GONE = Refuse(481, "Call/Transaction Does Not Exist")
FORBIDDEN = Refuse(403, "Forbidden")


def takes_place(d: Decision, phone: Phone, replaces: Replaces, referred_by: str = "") -> tuple[Way, str] | None:
    """What is done, and whom it leads to. None: it names no call between phones of a company, and what
    was dialled counts.

    `phone` asks; `referred_by`: who transfers, where voice says so of a call that it holds.
    """
    found = next(((key, talk) for key in replaces.keys if (talk := d.reach.talk(key)) is not None), None)
    if found is None:
        d.note(Because.PLACE_GONE)
        return _only(GONE)
    key, talk = found
    transferor = next((who for k in replaces.keys if (who := d.reach.sent_by(phone.sip_user, k))), referred_by)
    if not talk.answered and phone.sip_user not in (talk.caller, *talk.phones) and not transferor:
        return _picked_up(d, phone, key, talk) if talk.phones else None
    if not talk.caller or not talk.phones:
        return None
    others = _others(d, phone, talk, transferor)
    if not others and not talk.answered and transferor == talk.caller and _all_neighbours(d, phone, talk.phones):
        return None
    if not others:
        d.note(Because.PLACE_NOT_OFFERED)
        return _only(FORBIDDEN)
    return _replaced(d, others, talk, replaces, transferor), _destination(d, others[0])


def _only(refusal: Refuse) -> tuple[Way, str]:
    return ((refusal,), OnFailure()), ""


def _picked_up(d: Decision, phone: Phone, key: str, talk: Talk) -> tuple[Way, str]:
    """By a lamp's key: the INVITE names a call that rings at a colleague."""
    rung = [p for user in talk.phones if (p := d.directory.phone_by_sip_user(user)) is not None]
    ours = tuple(p for p in rung if p.account_id == phone.account_id)
    if not ours:
        d.note(Because.PLACE_NOT_OFFERED)
        return _only(GONE)
    d.note(Because.PICKS_UP, phones=", ".join(p.label or p.id for p in ours[:10]))
    gone = said(Announcement.NOTHING_RINGS, GONE.status, d.language)
    return ((PickUp(tuple(Target(p.id, p.sip_user) for p in ours), key), gone), OnFailure()), _destination(d, ours[0])


def _others(d: Decision, phone: Phone, talk: Talk, transferor: str) -> tuple[Phone, ...]:
    """The phones at the transferor's other end; none where it is not in that call, or one is another company's."""
    if transferor == talk.caller:
        users = talk.phones
    elif talk.answered and transferor in talk.phones:
        users = (talk.caller,)
    else:
        return ()
    phones = [d.directory.phone_by_sip_user(user) for user in (transferor, *users)]
    ours = tuple(p for p in phones if p is not None and p.account_id == phone.account_id and p.id != phone.id)
    return ours[1:] if len(ours) == len(phones) else ()


def _all_neighbours(d: Decision, phone: Phone, users: tuple[str, ...]) -> bool:
    """Whether a call rings at other companies' phones alone: whom it leads to they say, as a trunk would."""
    rung = [d.directory.phone_by_sip_user(user) for user in users]
    return all(p is not None and p.account_id != phone.account_id for p in rung)


def _replaced(d: Decision, others: tuple[Phone, ...], talk: Talk, replaces: Replaces, transferor: str) -> Way:
    """Ring them with Replaces; one that will not have it rings as any. The transferor keeps its call if that fails."""
    names = ", ".join(p.label or p.id for p in others)
    by = d.directory.phone_by_sip_user(transferor)
    d.note(Because.TAKES_PLACE, phone=(by.label or by.id) if by else transferor, target=names)
    identity, why = seen_inside(d.calling, others[0].account_id, d.directory)
    d.reasons.append(why)
    targets = tuple(Target(p.id, p.sip_user) for p in others)
    plain = Ring(targets, True, TRANSFER_RING_S, identity)
    if talk.answered and others[0].sip_user in talk.plain:
        d.note(Because.PLACE_BY_RINGING, target=names)
        return (Ring(targets, True, TRANSFER_RING_S, identity, answers=True),), OnFailure()
    after = OnFailure(not_found=(plain,), other=(plain,))
    return (Ring(targets, True, TRANSFER_RING_S, identity, replaces=replaces.text),), after


def _destination(d: Decision, phone: Phone) -> str:
    extension = d.directory.extension_of("person", phone.person_id) if phone.person_id else None
    return extension.digits if extension is not None else phone.label or phone.id
