"""Calls of three that the building mixes (W-2): who calls the conference URI begins a room, and fills it. Pure.

As RFC 4579 has it: the answer names the room, the phone sends its two parties there by REFER. Only people of the
company enter, and only those whom somebody in the room sent. Which REFERs passed, and who is in which room, the workers
see (kamailio/rooms.py); the mixing is voice's (voice/three_way.py).
"""

import re

from appliance.reasons import Because
from appliance.sip_edge.decision import Decision, Way, by_voice, voice_way
from appliance.sip_edge.plan import OnFailure, Refuse

FACTORY = "conference"
"""User part of the conference URI that phones' files name; with `-` and an id it names a room."""
SERVICE = "three-way"
HOST, GUEST = "host", "guest"
_NAMED = re.compile(FACTORY + r"(?:-([0-9a-f]{16}))?")


def is_room(user: str) -> bool:
    """Whether this user part means a room, or the one that begins rooms."""
    return _NAMED.fullmatch(user) is not None


def uri_user(room: str) -> str:
    return f"{FACTORY}-{room}"


def to_room(d: Decision, account_id: str, dialled: str, sender: str) -> Way:
    """`sender`: sip_user of the phone that sent this caller; empty: nobody did, and a new room begins."""
    named = _NAMED.fullmatch(dialled)
    room = (named[1] or "") if named else ""
    if not sender and not room:
        d.note(Because.ROOM_BEGINS)
        return voice_way(d, by_voice(d, SERVICE, account_id, arg=f",{HOST}"))
    phone = d.directory.phone_by_sip_user(sender) if sender else None
    its = d.reach.room_of(sender) if phone is not None and phone.account_id == account_id else ""
    if phone is None or not its or room not in ("", its):
        d.note(Because.ROOM_NOT_OFFERED)
        return (Refuse(403, "Forbidden"),), OnFailure()
    d.note(Because.ROOM_ENTERED, phone=phone.label or phone.id)
    return voice_way(d, by_voice(d, SERVICE, account_id, arg=f"{its},{GUEST}"))
