"""REFER (RFC 3515), which sippy's user agents lack: what a phone is told of its transfer, and who may transfer.

A phone of ours in a call with voice may send on whom it talks to. Kamailio has judged that REFER and completed it
(sip_edge/kamailio/handover.py); without its headers there is none that we take. Untyped towards sippy.
"""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

from sippy.MsgBody import MsgBody
from sippy.SipContentType import SipContentType
from sippy.SipHeader import SipHeader
from sippy.Time.Timeout import Timeout

from appliance.held import Held
from appliance.voice.dialogue import OtherRefers, Status
from appliance.voice.services import HEADERS, REFERRER, Request, refers
from appliance.voice.timed import refusal

ACCEPTED = Status(202, "Accepted")
DONE = Status(200, "OK")
NOBODY = Status(403, "Nobody Here To Transfer")
"""In a menu, in a mailbox, while it still rings: the call goes on, the phone shows that it did not work."""
SUBSCRIBED_S = 300
LET_GO_S = 1.0
"""From the last NOTIFY to our BYE: a phone that hangs up by itself has done so by then."""
_SIPFRAG = SipContentType("message/sipfrag;version=2.0")


def event_of(request: Any) -> str:
    return f"refer;id={request.getHFBody('cseq').getCSeqNum()}"


def headers_of(request: Any) -> dict[str, str]:
    """Kamailio's own, in lower case."""
    return {name: str(request.getHFBody(name)) for name in HEADERS if request.countHFs(name)}


def asked_in(request: Any) -> OtherRefers | None:
    """What a REFER that Kamailio completed asks for; None where it names a call that cannot be gone on with."""
    asked = refers(Request("refer", headers_of(request)))
    try:
        if asked.dial.dialog:
            Held.of(asked.dial.dialog)
    except ValueError:
        return None
    return asked


def news(event: str, status: Status) -> tuple[Any, list[Any]]:
    """Body and headers of a NOTIFY; a final status is the last one."""
    state = "terminated;reason=noresource" if status.code >= 200 else f"active;expires={SUBSCRIBED_S}"
    body = MsgBody(f"SIP/2.0 {status.code} {status.reason}\r\n", _SIPFRAG)
    return body, [SipHeader(f"Event: {event}"), SipHeader(f"Subscription-State: {state}")]


class Notices:
    """The NOTIFYs of one REFER, each sent when the one before it has its answer: of two at once the later one may come
    first, and it ends what the phone knows of its transfer (RFC 3515 §2.4.7).
    """

    def __init__(self, send: Callable[[Status, Callable[[Any], None]], None]) -> None:
        self._send = send
        self._untold: list[Status] = []

    def tell(self, status: Status) -> None:
        self._untold.append(status)
        if len(self._untold) == 1:
            self._send(status, self._answered)

    def last(self, status: Status) -> None:
        """At once, whatever waits: the call ends."""
        self._untold = [status]
        self._send(status, self._answered)

    def _answered(self, response: Any) -> None:
        code, _ = response.getSCode()
        if code < 200:
            return
        self._untold = self._untold[1:]
        if self._untold:
            self._send(self._untold[0], self._answered)


class Referable:
    """What a user agent whose other end is a phone of ours has besides: that phone may transfer the call.

    `_asks` takes its wish, and says whether it is followed.
    """

    _followed = ""
    """The REFER that is being followed, as NOTIFY names it."""
    _untold: list[Status] | None = None
    """What is to be told of it once it has its answer; None: it has."""
    _notices: Notices
    _departed = False

    def recvRequest(self: Any, req: Any, sip_t: Any) -> Any:
        if req.getMethod() == "REFER" and self.isConnected() and req.countHFs(REFERRER):
            return self._follow(req), None, None
        return super().recvRequest(req, sip_t)  # type: ignore[misc]

    def _follow(self: Any, req: Any) -> Any:
        number = req.getHFBody("cseq").getCSeqNum()
        if self.rCSeq is not None and self.rCSeq >= number:
            return refusal(req, Status(500, "Server Internal Error"))
        self.rCSeq = number
        if self._followed:
            return refusal(req, Status(491, "Request Pending"))
        asked = asked_in(req)
        if asked is None:
            return refusal(req, Status(400, "Bad Request"))
        self._followed, self._untold = event_of(req), []
        self._notices = Notices(partial(self._notify, self._followed))
        if not self._asks(asked):
            self._followed, self._untold = "", None
            return refusal(req, NOBODY)
        Timeout(self._tell_all, 0, 1)
        return refusal(req, ACCEPTED)

    @abstractmethod
    def _asks(self, asked: OtherRefers) -> bool:
        """Whether there is a dialogue that goes on with it."""

    def report(self, status: Status) -> None:
        """NOTIFY to who transferred the call; a final status is the last one."""
        if self._followed and self._untold is not None:
            self._untold.append(status)
        elif self._followed:
            self._tell(status)

    def _tell_all(self) -> None:
        untold, self._untold = self._untold or [], None
        for status in untold:
            self._tell(status)

    def _tell(self: Any, status: Status) -> None:
        final = status.code >= 200
        if final:
            self._followed = ""
        self._notices.tell(status)
        if final and self._departed:
            Timeout(self.disconnect, LET_GO_S, 1)

    def _notify(self: Any, event: str, status: Status, answered: Callable[[Any], None]) -> None:
        if self.isConnected():
            body, headers = news(event, status)
            self.newTransaction(self.genRequest("NOTIFY", body, extra_headers=headers), resp_cb=answered)

    def depart(self) -> Callable[[Status], None]:
        """The phone is out of the call: its line ends when it has been told how its transfer did."""
        self._departed = True
        return self.report

    def let_go(self) -> None:
        """Before our BYE: a phone that has transferred the call learns that it went."""
        if self._followed:
            self._followed, self._untold = "", None
            self._notices.last(DONE)
