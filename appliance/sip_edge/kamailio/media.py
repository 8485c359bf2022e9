"""rtpengine in the path of a call, through Kamailio's rtpengine module.

An offer is made per branch, so that the next step's branch starts again from the caller's own SDP. Whatever fails
here, the call goes on without relay: hearing each other directly beats not being connected.
"""

from typing import Any

from appliance.sip_edge.kamailio.knobs import Knobs

RELAYED, LATE, RANG, PLAYED = 1, 2, 3, 5
"""Branch flags: its SDP goes through rtpengine; its INVITE had none, so the answer brings the offer; it rang; music was
begun when it did. The fourth is secure.SECURE."""

VOICE, UPLINK = "voice", "uplink"
"""The two interfaces that rtpengine is started with, where phones and trunks are on different addresses."""

FLAGS = (
    "replace-origin replace-session-connection ICE=remove SDES-no-NULL_HMAC_SHA1_80 SDES-no-NULL_HMAC_SHA1_32"
    " SDES-no-F8_128_HMAC_SHA1_80 SDES-no-F8_128_HMAC_SHA1_32 generate-RTCP"
)
"""Of SRTP's ciphers rtpengine knows two that do not encrypt, and F8, which nobody needs. It tells both ends itself what
it saw of their sound (RFC 3550 §6.4), as voice has no RTCP; what it was told in turn is in its `query`."""
STRICT = " strict-source"
"""Packets that come from elsewhere than the address that a party named are dropped (Q-8)."""
_APART = " via-branch=extra"
PLAIN, _ENCRYPTED = " RTP/AVP", " RTP/SAVP DTLS=off"
OFFER_METHODS = frozenset({"INVITE", "UPDATE", "PRACK", "ACK"})


class Media:
    def __init__(self, ksr: Any, knobs: Knobs) -> None:
        self._ksr = ksr
        self._several_sides = knobs.several_sides
        self._flags = FLAGS + (STRICT if knobs.strict_source else "")

    def offer(self, caller_side: str, callee_side: str, secure: bool = False, apart: bool = False) -> None:
        """In a branch route: put rtpengine into this branch. `secure`: it is offered SRTP with SDES keys (RFC 4568).

        `apart`: with ports of its own, as more than one branch will answer before the call is answered.
        """
        ksr = self._ksr
        if ksr.sdpops.sdp_content() < 0:
            ksr.setbflag(LATE)
            return
        if self.is_dead():
            return
        sides = f" direction={caller_side} direction={callee_side}" if self._several_sides else ""
        flags = self._flags + (_ENCRYPTED if secure else PLAIN) + sides + (_APART if apart else "")
        if ksr.rtpengine.rtpengine_offer(flags) > 0:
            ksr.setbflag(RELAYED)

    def reply(self, apart: bool = False) -> None:
        """In the reply route of an initial INVITE: the answer, early or final. `apart` as its offer was."""
        ksr = self._ksr
        if ksr.sdpops.sdp_content() < 0:
            return
        if ksr.isbflagset(RELAYED):
            ksr.rtpengine.rtpengine_answer(self._flags + (_APART if apart else ""))
        elif ksr.isbflagset(LATE) and not self.is_dead():
            ksr.rtpengine.rtpengine_offer(self._flags)

    def in_dialog(self, method: str, secure: bool = False) -> None:
        ksr = self._ksr
        if method == "BYE":
            if not self.is_dead():
                ksr.rtpengine.rtpengine_delete("")
        elif method in OFFER_METHODS and ksr.sdpops.sdp_content() > 0 and not self.is_dead():
            ksr.rtpengine.rtpengine_manage(self._flags + (_ENCRYPTED if secure else PLAIN))

    def in_dialog_reply(self) -> None:
        ksr = self._ksr
        if ksr.sdpops.sdp_content() > 0 and not self.is_dead():
            ksr.rtpengine.rtpengine_manage(self._flags)

    def over(self) -> None:
        """The call failed: nothing is relayed any more."""
        if not self.is_dead():
            self._ksr.rtpengine.rtpengine_delete("")

    def is_dead(self) -> bool:
        """What the edge service saw lately; nothing seen: ask rtpengine itself."""
        return bool(self._ksr.htable.sht_get("state", "media") == 0)
