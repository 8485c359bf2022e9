"""A phone family's own NOTIFY, sent by Kamailio to every contact of a phone: "read your files again", "restart".

It comes without a subscription (RFC 6665 wants one), as every maker expects it.
"""

import re
from collections.abc import Mapping
from typing import Any

from appliance.kamailio_rpc import Kamailio

ANSWER_S = 8.0
"""Kamailio gives a contact 5 s (its fr_timer) and then answers 408 itself."""

SILENT = 408
UNREACHED = 0
EVENT = re.compile(r"[A-Za-z0-9._=-]+(;[A-Za-z0-9._=-]+)*")
"""Also "reboot=true" of Cisco's, which is no token (RFC 6665 §8.2.1)."""

_USER = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_NOT_SET = "[not set]"


def notify(kamailio: Kamailio, sip_user: str, event: str, realm: str, from_address: str) -> int:
    """The final status of the contact that answered best; SILENT when none answered, UNREACHED when there is none.

    `kamailio` with a time-out of ANSWER_S at least: it waits without holding one of Kamailio's workers. `event`: the
    value of the header, as the family's descriptor has it.
    """
    if not EVENT.fullmatch(event) or not _USER.fullmatch(sip_user):
        return UNREACHED
    headers = (
        f"From: <sip:conserje@{realm}>\r\nTo: <sip:{sip_user}@{realm}>\r\n"
        f"Contact: <sip:conserje@{from_address}>\r\nEvent: {event}\r\nSubscription-State: terminated\r\n"
    )
    statuses = []
    for contact in contacts(kamailio.call("ul.lookup", "location", sip_user)):
        answer = kamailio.call("tm.t_uac_wait", "NOTIFY", contact.address, contact.next_hop, contact.socket, headers)
        statuses.append(_status(answer))
    return min(statuses, key=lambda s: (s in (SILENT, UNREACHED), s), default=UNREACHED)


class _Contact:
    def __init__(self, address: str, next_hop: str, socket: str) -> None:
        self.address = address
        self.next_hop = next_hop
        self.socket = socket


def contacts(found: Any) -> tuple[_Contact, ...]:
    """Contacts out of the answer to ul.lookup; what does not fit is left out. "." is Kamailio's word for "none"."""
    listed = found.get("Contacts") if isinstance(found, Mapping) else None
    made = []
    for entry in listed if isinstance(listed, list) else ():
        contact = entry.get("Contact") if isinstance(entry, Mapping) else None
        if isinstance(contact, Mapping) and str(contact.get("Address", "")).startswith("sip"):
            made.append(_Contact(str(contact["Address"]), _word(contact, "Received"), _word(contact, "Socket")))
    return tuple(made)


def _word(contact: Mapping[str, Any], name: str) -> str:
    value = str(contact.get(name, ""))
    return "." if value in ("", _NOT_SET) else value


def _status(answer: Any) -> int:
    """tm.t_uac_wait answers [code, reason, reply]."""
    first = answer[0] if isinstance(answer, list) and answer else SILENT
    return first if isinstance(first, int) else SILENT
