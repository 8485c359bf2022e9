"""REFER (RFC 3515), which sippy's user agents lack: what a phone is told of its transfer, and who may transfer.

A phone of ours that voice called may send its caller on. Kamailio has judged that REFER and completed it
(sip_edge/kamailio/handover.py); without its headers there is none that we take. Untyped towards sippy.
"""

from typing import Any

from sippy.MsgBody import MsgBody
from sippy.SipContentType import SipContentType
from sippy.SipHeader import SipHeader

from appliance.voice.dialogue import Status
from appliance.voice.other import Other
from appliance.voice.services import HEADERS, REFERRER, Request, refers
from appliance.voice.timed import refusal

ACCEPTED = Status(202, "Accepted")
DONE = Status(200, "OK")
SUBSCRIBED_S = 300
_SIPFRAG = SipContentType("message/sipfrag;version=2.0")


def event_of(request: Any) -> str:
    return f"refer;id={request.getHFBody('cseq').getCSeqNum()}"


def headers_of(request: Any) -> dict[str, str]:
    """Kamailio's own, in lower case."""
    return {name: str(request.getHFBody(name)) for name in HEADERS if request.countHFs(name)}


def news(event: str, status: Status) -> tuple[Any, list[Any]]:
    """Body and headers of a NOTIFY; a final status is the last one."""
    state = "terminated;reason=noresource" if status.code >= 200 else f"active;expires={SUBSCRIBED_S}"
    body = MsgBody(f"SIP/2.0 {status.code} {status.reason}\r\n", _SIPFRAG)
    return body, [SipHeader(f"Event: {event}"), SipHeader(f"Subscription-State: {state}")]


class Referable:
    """What a user agent whose other end is a phone of ours has besides: it may be told to move the call."""

    _other: Other
    _followed = ""
    """The REFER that is being followed, as NOTIFY names it."""

    def recvRequest(self: Any, req: Any, sip_t: Any) -> Any:
        if req.getMethod() == "REFER" and self.isConnected() and req.countHFs(REFERRER):
            return self._follow(req), None, None
        return super().recvRequest(req, sip_t)  # type: ignore[misc]

    def _follow(self: Any, req: Any) -> Any:
        number = req.getHFBody("cseq").getCSeqNum()
        if self.rCSeq is not None and self.rCSeq >= number:
            return refusal(req, Status(500, "Server Internal Error"))
        self.rCSeq = number
        if self._followed or not self._other.refers(refers(Request("refer", headers_of(req)))):
            return refusal(req, Status(491, "Request Pending"))
        self._followed = event_of(req)
        return refusal(req, ACCEPTED)

    def let_go(self: Any) -> None:
        """Before our BYE: a phone that has transferred the call learns that it went."""
        if self._followed and self.isConnected():
            body, headers = news(self._followed, DONE)
            self.newTransaction(self.genRequest("NOTIFY", body, extra_headers=headers))
