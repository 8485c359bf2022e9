"""What sippy's user agent lacks within a dialog: UPDATE (RFC 3311), session timers (RFC 4028), glare, a moved contact.

Untyped towards sippy. What is agreed and when to act is refresh.py's; what an offer comes to, the Session's or Other's.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from sippy.MsgBody import MsgBody
from sippy.SipHeader import SipHeader
from sippy.Time.Timeout import Timeout
from sippy.UA import UA

from appliance.voice.dialogue import Status
from appliance.voice.refresh import (
    EXTENSION,
    SHORTEST_S,
    Refresh,
    TooBrief,
    answered_to_us,
    asked_of_us,
    in_answer,
    in_refresh,
    option_tags,
)

log = logging.getLogger("conserje.voice.signalling")

SERVER = "Conserje"
METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE")
ALLOW = ", ".join(METHODS)
SHORTEST = "_conserje_session_min_s"
"""Where sippy's configuration, which all user agents share, keeps the shortest session that we agree to."""
GLARE_S = 2.5
"""RFC 3261 §14.1: who made the Call-ID tries again after 2.1 to 4 s."""
BUSY_S = "2"
SDP_TYPE = "application/sdp"
_GONE = (408, 481)
_NOT_THIS_WAY = (405, 501)


class Timed(UA):  # type: ignore[misc]
    """A dialog that knows how long it is to last."""

    rSDP: Any
    lSDP: Any
    rCSeq: Any

    def __init__(self, config: dict[str, Any], **more: Any) -> None:
        super().__init__(config, **more)
        self._shortest_s: int = config.get(SHORTEST, SHORTEST_S)
        self._asked: Refresh | None = None
        self._agreed: Refresh | None = None
        self._alarm: Any = None
        self._peer_updates = False
        self._refreshing = False
        """A re-INVITE of ours awaits its answer."""
        self._updating = False
        self._answer: str | Status | None = None
        self.asserted = ""
        """Who the far end is, as P-Asserted-Identity said it last."""

    # What comes

    def isYours(self, req: Any = None, call_id: Any = None, from_tag: Any = None, to_tag: Any = None) -> Any:
        """sippy knows an early dialog by its INVITE's branch alone; an UPDATE has its own."""
        if req is not None and req.getMethod() == "UPDATE":
            call_id = str(req.getHFBody("call-id"))
            from_tag, to_tag = req.getHFBody("from").getTag(), req.getHFBody("to").getTag()
            req = None
        return super().isYours(req, call_id, from_tag, to_tag)

    def recvRequest(self, req: Any, sip_t: Any) -> Any:
        method = req.getMethod()
        if method not in ("INVITE", "UPDATE"):
            return super().recvRequest(req, sip_t)
        brief = too_brief(req, self._shortest_s)
        if brief is not None:
            return brief, None, None
        if method == "INVITE" and self._refreshing:
            return refusal(req, Status(491, "Request Pending")), None, None
        asked = _asked(req, self._shortest_s)
        self._asked = asked if isinstance(asked, Refresh) else None
        self._peer_updates = self._peer_updates or "update" in _tags(req, "allow")
        if self.isConnected():
            self._move(req)
        return self._update(req) if method == "UPDATE" else super().recvRequest(req, sip_t)

    def recvResponse(self, resp: Any, tr: Any) -> None:
        self.asserted = _value(resp, "p-asserted-identity") or self.asserted
        super().recvResponse(resp, tr)
        code, _ = resp.getSCode()
        if 200 <= code < 300 and resp.getHFBody("cseq").getCSeq()[1] == "INVITE" and self.isConnected():
            self._peer_updates = "update" in _tags(resp, "allow")
            self._agree(answered_to_us(_value(resp, "session-expires")))

    def sendUasResponse(
        self, scode: int, reason: str, body: Any = None, contacts: Any = None, extra_headers: Any = None,
        ack_wait: bool = False,
    ) -> None:  # fmt: skip
        headers = list(extra_headers or ())
        if 200 <= scode < 300:
            headers += self._with_terms()
            self._agree(self._asked)
        super().sendUasResponse(scode, reason, body, contacts, headers or None, ack_wait)

    def _update(self, req: Any) -> Any:
        number = req.getHFBody("cseq").getCSeqNum()
        if self.rCSeq is not None and self.rCSeq >= number:
            return refusal(req, Status(500, "Server Internal Error")), None, None
        self.rCSeq = number
        body = req.getBody()
        if body is None:
            return self._updated(req, None), None, None
        if body.getType() != SDP_TYPE:
            return refusal(req, Status(415, "Unsupported Media Type"), ("Accept", SDP_TYPE)), None, None
        if self._refreshing or self._offers():
            return refusal(req, Status(491, "Request Pending")), None, None
        if not self.isConnected():
            # RFC 3311 §5.2: the offer of the INVITE is not answered for good yet.
            return refusal(req, Status(500, "Server Internal Error"), ("Retry-After", BUSY_S)), None, None
        answer = self._answer_to(str(body))
        if isinstance(answer, Status):
            return refusal(req, answer), None, None
        self.rSDP, self.lSDP = body.getCopy(), MsgBody(answer)
        return self._updated(req, self.lSDP), None, None

    def _updated(self, req: Any, body: Any) -> Any:
        headers = self._with_terms() if self.isConnected() else []
        response = req.genResponse(200, "OK", body, server=SERVER)
        for header in (SipHeader(name="contact", body=self.lContact), *headers):
            response.appendHeader(header)
        if self.isConnected():
            self._agree(self._asked)
        return response

    def _answer_to(self, offer: str) -> str | Status:
        self._updating, self._answer = True, None
        try:
            self._offered(offer)
        finally:
            self._updating = False
        return self._answer or Status(500, "Server Internal Error")

    def takes(self, answer: str | Status) -> bool:
        """Whether this answers an UPDATE, which has no transaction of sippy's to be answered by."""
        if self._updating:
            self._answer = answer
        return self._updating

    def _offers(self) -> bool:
        return isinstance(self.state, UA.UacStateUpdating)

    def _move(self, req: Any) -> None:
        """RFC 3261 §12.2.2: INVITE and UPDATE say where the next request is to go."""
        if req.countHFs("contact"):
            self.rTarget = req.getHFBody("contact").getUrl().getCopy()
            if not self.routes:
                self.rAddr = self.rTarget.getTAddr()

    # The timer

    def _with_terms(self) -> list[Any]:
        said = (("Allow", ALLOW), ("Supported", EXTENSION), *(in_answer(self._asked) if self._asked else ()))
        return [SipHeader(f"{name}: {value}") for name, value in said]

    def _agree(self, agreed: Refresh | None) -> None:
        self._stop()
        self._agreed = agreed
        if agreed is not None:
            self._alarm = Timeout(self._due, agreed.refresh_after_s if agreed.ours else agreed.give_up_after_s)

    def _stop(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _due(self) -> None:
        self._alarm = None
        agreed = self._agreed
        if agreed is None or not self.isConnected():
            return
        if not agreed.ours:
            log.info("%s: nobody refreshed the session within %d s: it ends", self.cId, agreed.seconds)
            self.disconnect()
        elif self._offers():
            self._alarm = Timeout(self._due, GLARE_S)
        else:
            self._send_refresh(agreed)

    def show(self, asserted: str, *more: tuple[str, str]) -> None:
        """Tell the far end who it talks to now (RFC 3325), where nothing else is being agreed on."""
        if self.isConnected() and not self._offers() and not self._refreshing:
            terms = in_refresh(self._agreed) if self._agreed is not None else ()
            self._send_again((("P-Asserted-Identity", asserted), *more, *terms), self._told_who)

    def _send_refresh(self, agreed: Refresh) -> None:
        self._send_again(in_refresh(agreed), self._refreshed)

    def _send_again(self, said: Iterable[tuple[str, str]], answered: Callable[[Any], None]) -> None:
        """UPDATE without SDP where the far end takes one, else our last SDP once more."""
        headers = [SipHeader(f"{name}: {value}") for name, value in said]
        self._refreshing = not self._peer_updates
        method, body = ("UPDATE", None) if self._peer_updates else ("INVITE", self.lSDP)
        self.newTransaction(self.genRequest(method, body, extra_headers=headers), resp_cb=answered)

    def _told_who(self, resp: Any) -> None:
        """A far end that will not have it shows what it showed, and goes on."""
        code, _ = resp.getSCode()
        self._refreshing = self._refreshing and code < 200
        if 200 <= code < 300 and self.isConnected():
            self._taken_again(resp)

    def _taken_again(self, resp: Any) -> None:
        answer = resp.getBody()
        if answer is not None:
            self.rSDP = answer.getCopy()
            self._reanswered(str(answer))
        if self._agreed is not None:
            self._agree(answered_to_us(_value(resp, "session-expires")) or self._agreed)

    def _refreshed(self, resp: Any) -> None:
        code, _ = resp.getSCode()
        if code < 200:
            return
        self._refreshing = False
        agreed = self._agreed
        if agreed is None or not self.isConnected():
            return
        if code < 300:
            self._taken_again(resp)
        elif code in _GONE:
            self.disconnect()
        elif code == 422:
            least = _value(resp, "min-se").strip()
            longer = int(least) if least.isdecimal() and len(least) < 10 else agreed.seconds * 2
            self._agreed = Refresh(max(longer, agreed.seconds + 1), True)
            self._send_refresh(self._agreed)
        elif code in _NOT_THIS_WAY and self._peer_updates:
            self._peer_updates = False
            self._send_refresh(agreed)
        elif code == 491:
            self._alarm = Timeout(self._due, GLARE_S)
        else:
            # RFC 4028 §10: what cannot be refreshed ends when its time is up.
            self._agreed = Refresh(agreed.seconds, ours=False)
            self._alarm = Timeout(self._due, max(0.0, agreed.give_up_after_s - agreed.refresh_after_s))

    # For the two kinds of call

    def _offered(self, offer: str) -> None: ...
    def _reanswered(self, answer: str) -> None: ...


def refusal(request: Any, status: Status, *headers: tuple[str, str]) -> Any:
    """A response made outside any dialog."""
    response = request.genResponse(status.code, status.reason, server=SERVER)
    for name, value in headers:
        response.appendHeader(SipHeader(f"{name}: {value}"))
    return response


def too_brief(request: Any, shortest_s: int) -> Any:
    """422 for a session that is asked to last less than we agree to; None for any other."""
    asked = _asked(request, shortest_s)
    if isinstance(asked, TooBrief):
        return refusal(request, Status(422, "Session Interval Too Small"), ("Min-SE", str(asked.least_s)))
    return None


def unsupported(request: Any) -> tuple[str, ...]:
    """The option tags that a request requires and we do not know."""
    return tuple(tag for tag in _tags(request, "require") if tag != EXTENSION)


def _asked(request: Any, shortest_s: int) -> Refresh | TooBrief | None:
    return asked_of_us(
        _value(request, "session-expires"), (*_tags(request, "supported"), *_tags(request, "require")), shortest_s
    )


def _value(message: Any, name: str) -> str:
    """The first header of this name, "" without one. Session-Expires and Supported have short names, too."""
    for known in (name, _SHORT.get(name)):
        if known and message.countHFs(known):
            return str(message.getHFBody(known))
    return ""


def _tags(message: Any, name: str) -> tuple[str, ...]:
    names = [n for n in (name, _SHORT.get(name)) if n]
    return option_tags(*(str(body) for n in names for body in message.getHFBodys(n)))


_SHORT = {"session-expires": "x", "supported": "k"}
