"""The place of one of our phones in a call that it transferred, as sippy's user agent: a dialog that we did not begin.

Same Call-ID and tags, a higher CSeq, and our own sound by a re-INVITE; the far end sees no more than that. Towards the
phone we are for a moment the far end: NOTIFYs on how the transfer stands (RFC 3515), then BYE. What the phone says in
that call from now on, Kamailio answers (sip_edge/kamailio/handover.py). sippy is mended for dialogs of others' making.
"""

import logging
from collections.abc import Callable
from typing import Any

from sippy.CCEvents import CCEventConnect, CCEventDisconnect, CCEventFail, CCEventUpdate
from sippy.MsgBody import MsgBody
from sippy.SipCallId import SipCallId
from sippy.SipFrom import SipFrom
from sippy.SipHeader import SipHeader
from sippy.SipRequest import SipRequest
from sippy.SipRoute import SipRoute
from sippy.SipTo import SipTo
from sippy.SipURL import SipURL
from sippy.Time.Timeout import Timeout

from appliance.held import Held
from appliance.voice.answered import TRYING
from appliance.voice.dialogue import Dial, Status
from appliance.voice.lines import Agent, OfOther, OfSession, sdp_in
from appliance.voice.other import Other, Reporter
from appliance.voice.promoted import GONE
from appliance.voice.refer import ACCEPTED, DONE, LET_GO_S, Notices, event_of, news
from appliance.voice.timed import SERVER, refusal

log = logging.getLogger("conserje.voice.takeover")

GLARE_S = 0.7
"""RFC 3261 §14.1: who did not make the Call-ID waits up to two seconds after 491."""
GLARES = 5


class Place(Agent):
    """Our side of a dialog that another began. `given`: our SDP was answered, or why not."""

    tr: Any
    state: Any

    def __init__(self, config: dict[str, Any], kamailio: tuple[str, int], held: Held) -> None:
        super().__init__(config, kamailio)
        self.held = held
        self.cId = SipCallId(held.call_id)
        self.lUri, self.rUri = _parsed(SipFrom, held.local), _parsed(SipTo, held.remote)
        self.lTag = self.lUri.getTag()
        self.rTarget = SipURL(held.target)
        self.routes = [_parsed(SipRoute, route) for route in held.routes]
        self.lCSeq = held.sequence + 1
        self.origin = "caller"
        # sippy compares with them; nothing of ours was said or heard yet.
        self.lSDP, self.rSDP = MsgBody("v=0"), MsgBody("v=0")
        self._glares = 0
        config["_sip_tm"].regConsumer(self, held.call_id)
        self.changeState((self.UaStateConnected,))

    def offer(self, body: str) -> None:
        event = CCEventUpdate(MsgBody(body))
        if self.held.shown:
            event.extra_headers = [SipHeader(f"P-Asserted-Identity: {self.held.shown}")]
        self.recvEvent(event)

    def again_after_glare(self, status: int, body: str) -> bool:
        """Whether both sent a re-INVITE at once, and ours is tried again."""
        self.lSDP = MsgBody("v=0")  # sippy forgets it, and compares with it
        if status != 491 or self._glares >= GLARES:
            return False
        self._glares += 1
        Timeout(self.offer, GLARE_S, 1, body)
        return True

    def let_be(self) -> None:
        """Leave the dialog to who had it, without a word."""
        if self.state is not None and not self.state.dead:
            self.changeState((self.UaStateDead,))

    def hang_up(self) -> None:
        self.recvEvent(CCEventDisconnect())


class Referrer:
    """The phone that sent a REFER, in whose call we are the far end for as long as it takes to tell it the outcome."""

    def __init__(self, config: dict[str, Any], kamailio: tuple[str, int], request: Any, transaction: Any, held: Held):
        self._tm = config["_sip_tm"]
        self._kamailio = kamailio
        self._request = request
        self._transaction = transaction
        self._target = request.getHFBody("contact").getUrl().getCopy() if request.countHFs("contact") else None
        self._event = event_of(request)
        self._routes = [_parsed(SipRoute, route) for route in reversed(held.routes)]
        self._sequence = held.far_sequence
        self._call_id = held.call_id
        self._over = False
        self._notices = Notices(self._notify)

    @property
    def waits(self) -> bool:
        """Whether its REFER has no answer yet."""
        return self._transaction is not None

    def answer(self, status: Status) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            self._tm.sendResponse(refusal(self._request, status), transaction)

    def told(self, status: Status, lets_go: bool = True) -> None:
        """A final status is the last word; then it is hung up on, unless the call stays its own."""
        if self._over or self.waits:
            return
        final = status.code >= 200
        self._notices.tell(status)
        if final:
            self._over = True
        if final and lets_go:
            Timeout(self._send, LET_GO_S, 1, "BYE", None, [])

    def _notify(self, status: Status, answered: Callable[[Any], None]) -> None:
        self._send("NOTIFY", *news(self._event, status), answered)

    def _send(
        self, method: str, body: Any, headers: list[Any], answered: Callable[[Any], None] | None = None
    ) -> None:
        if self._target is None:
            return
        self._sequence += 1
        to, fr0m = self._request.getHFBody("from"), self._request.getHFBody("to")
        sent = SipRequest(
            method=method,
            ruri=self._target.getCopy(),
            to=_parsed(SipTo, str(to)),
            fr0m=_parsed(SipFrom, str(fr0m)),
            cseq=self._sequence,
            callid=SipCallId(self._call_id),
            routes=[route.getCopy() for route in self._routes],
            target=(self._kamailio, "udp"),
            user_agent=SERVER,
        )
        sent.appendHeaders(headers)
        if body is not None:
            sent.setBody(body)
        self._tm.newTransaction(sent, resp_cb=answered)


class Seated(OfSession, Place):
    """A call that is gone on with in a conversation of its own, as the Line of that one's Session: its answer is our
    re-INVITE. `tell` takes what comes of it, once final.
    """

    def __init__(self, config: dict[str, Any], kamailio: tuple[str, int], held: Held, tell: Reporter) -> None:
        super().__init__(config, kamailio, held)
        self._tell_outcome = tell
        self._body = ""
        self._ours = False

    def _happened(self, event: Any, _: Any) -> None:
        if self.session is None:
            return
        if isinstance(event, CCEventConnect):
            first, self._ours = not self._ours, True
            if first:
                self._seated()
            elif sdp_in(event) is None:
                return
        elif isinstance(event, CCEventDisconnect):
            self._tell_outcome(GONE)
        elif isinstance(event, CCEventFail):
            code, reason = event.getData()[:2]
            if self._ours or self.again_after_glare(code, self._body):
                return
            log.info("%s: the far end refused our re-INVITE: %s", self.held.call_id, code)
            gone = code in (408, 481)
            self._refused(Status(code, reason), gone)
            if not gone:
                self.let_be()
        super()._happened(event, _)

    def _seated(self) -> None:
        self._tell_outcome(DONE)

    def _refused(self, status: Status, gone: bool) -> None:
        self._tell_outcome(status)

    # Line -------------------------------------------------------------------------------------------------------------

    def progress(self, body: str) -> None: ...

    def answer(self, body: str, awaits_answer: bool) -> None:
        self._body = body
        self.offer(body)

    def refuse(self, status: Status) -> None:
        self._tell_outcome(status)
        self.let_be()

    def hang_up(self) -> None:
        self._tell_outcome(GONE)
        super().hang_up()


class Transferred(Seated):
    """The call that was transferred, as the Line of a Session: its answer is 202 to the REFER, and our re-INVITE.

    Who transferred it hears from the conversation how it went.
    """

    def __init__(self, config: dict[str, Any], kamailio: tuple[str, int], held: Held, referrer: Referrer) -> None:
        super().__init__(config, kamailio, held, referrer.told)
        self._referrer = referrer

    def _seated(self) -> None: ...

    def _refused(self, status: Status, gone: bool) -> None:
        self._referrer.told(status, lets_go=gone)

    def answer(self, body: str, awaits_answer: bool) -> None:
        self._referrer.answer(ACCEPTED)
        self._referrer.told(TRYING)
        super().answer(body, awaits_answer)

    def refuse(self, status: Status) -> None:
        self._referrer.answer(status)
        self.let_be()

    def report(self, status: Status) -> None:
        self._referrer.told(status)

    def show(self, asserted: str, *more: tuple[str, str]) -> None:
        """By UPDATE alone, as any trunk (lines.IncomingCall)."""
        if self._peer_updates:
            super().show(asserted, *more)


class Consulted(OfOther, Place):
    """The call that was consulted, as the line of the other party."""

    def __init__(self, config: dict[str, Any], kamailio: tuple[str, int], held: Held, other: Other) -> None:
        super().__init__(config, kamailio, held)
        self._other = other
        self._body = ""
        self._ours = False

    def invite(self, wish: Dial, body: str) -> None:
        self._body = body
        self.offer(body)

    def drop(self) -> None:
        self.let_go()
        self.hang_up()

    def _happened(self, event: Any, _: Any) -> None:
        other = self._other
        if isinstance(event, CCEventConnect):
            self._ours = True
            other.answered(sdp_in(event))
        elif isinstance(event, CCEventUpdate):
            other.offered_again(str(event.getData()))
        elif isinstance(event, CCEventDisconnect):
            other.left()
        elif isinstance(event, CCEventFail) and not self._ours:
            code, reason = event.getData()[:2]
            if not self.again_after_glare(code, self._body):
                if code not in (408, 481):
                    self.let_be()
                other.refused(Status(code, reason))


def _parsed(kind: Callable[[str], Any], text: str) -> Any:
    made = kind(text)
    made.parse()
    return made
