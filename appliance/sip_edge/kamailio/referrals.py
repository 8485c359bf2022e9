"""REFERs between our phones on their way (RFC 3515): who sends whom where is signed, remembered, and led past us.

What the receiver may do with it is the routing's to say when its INVITE comes (plan.Reach.sent_by).
"""

from typing import Any

from appliance.sip_edge.dialogs import led_by, refer_to
from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.kamailio.knobs import Knobs

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
        none may say another's name. A call that is to be replaced is asked for by us, not at the phone that has it.
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
        if asked is None or asked.replaces is None:
            return
        for key in asked.replaces.keys:
            ksr.htable.sht_sets(REFERRED, f"{receiver} {key}", sender)
        ksr.hdr.remove("Refer-To")
        ksr.hdr.append(f"Refer-To: {led_by(value, self._outer(by_tls))}\r\n")

    def _outer(self, by_tls: bool) -> str:
        """Us, as the receiver reaches us."""
        knobs = self._knobs
        if by_tls:
            return f"{knobs.voice_address}:{knobs.tls_port};transport=tls"
        transport = ";transport=tcp" if ";transport=tcp" in (self._ksr.pv.get("$ru") or "").lower() else ""
        return f"{knobs.voice_address}:{knobs.port}{transport}"
