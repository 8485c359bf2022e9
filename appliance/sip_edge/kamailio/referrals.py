"""REFERs between our phones on their way (RFC 3515): who sends whom where is signed, remembered, and led past us.

What the receiver may do with it is the routing's to say when its INVITE comes (plan.Reach.sent_by).
"""

import re
from typing import Any

from appliance.sip_edge.dialogs import led_by, refer_to
from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.rooms import is_room

_PLAIN = re.compile(r"[!-~]{1,300}")
"""What a table of Kamailio's can have in a name: it takes no octet that is none of a text."""
REFERRED = "referred"
"""Table: `sip_user where`, of who was sent: the sip_user who sent it. It forgets in a minute."""


class Referrals:
    def __init__(self, ksr: Any, knobs: Knobs, board: Board) -> None:
        self._ksr = ksr
        self._knobs = knobs
        self._board = board

    def passes(self, call_id: str, from_tag: str, downstream: bool, by_tls: bool) -> None:
        """A REFER within a call between two of our phones.

        Referred-By is written by us (RFC 3892): its receiver repeats it in its INVITE, many phones leave it out, and
        none may say another's name. A call that is to be replaced is asked for by us, not at the phone that has it, and
        so is the room of a call of three.
        """
        ksr = self._ksr
        caller, callee = self._board.parties(call_id, from_tag)
        if not caller or not callee:
            return
        sender, receiver = (caller, callee) if downstream else (callee, caller)
        ksr.hdr.remove("Referred-By")
        ksr.hdr.append(f"Referred-By: <sip:{sender}@{self._knobs.realm}>\r\n")
        value = ksr.hdr.get("Refer-To")
        asked = refer_to(value)
        if asked is None:
            return
        for where in asked.replaces.keys if asked.replaces else (asked.user,):
            if not _PLAIN.fullmatch(where):
                continue
            ksr.htable.sht_sets(REFERRED, f"{receiver} {where}", sender)
        if asked.replaces is None and not is_room(asked.user):
            return
        ksr.hdr.remove("Refer-To")
        by_tcp = ";transport=tcp" in (ksr.pv.get("$ru") or "").lower()
        ksr.hdr.append(f"Refer-To: {led_by(value, self._knobs.outer(by_tls, by_tcp))}\r\n")

    def sent(self, receiver: str, dialled: str) -> str:
        """The sip_user who has just sent this phone to call this number, told once; empty: nobody."""
        if not _PLAIN.fullmatch(dialled) or is_room(dialled):
            return ""
        ksr, name = self._ksr, f"{receiver} {dialled}"
        sender = ksr.htable.sht_get(REFERRED, name)
        if not sender:
            return ""
        ksr.htable.sht_rm(REFERRED, name)
        return str(sender)
