"""The two kinds of SIP dialog that voice holds, as sippy's user agents: calls that come in, and calls that we make.

Mends what sippy does not do. Untyped towards sippy, typed towards session.py and other.py.
"""

from typing import Any

from sippy.CCEvents import (
    CCEventConnect,
    CCEventDisconnect,
    CCEventFail,
    CCEventPreConnect,
    CCEventRedirect,
    CCEventRing,
    CCEventTry,
    CCEventUpdate,
)
from sippy.MsgBody import MsgBody
from sippy.SipCallId import SipCallId
from sippy.SipContact import SipContact
from sippy.SipHeader import SipHeader

from appliance.held import Held
from appliance.voice.dialogue import Dial, OtherRefers, Status
from appliance.voice.dtmf_info import TYPES, key_of
from appliance.voice.other import Other, Reporter
from appliance.voice.refer import DONE, Referable
from appliance.voice.refresh import EXTENSION
from appliance.voice.remembered import Remembered
from appliance.voice.session import Session
from appliance.voice.timed import ALLOW, METHODS, SERVER, Timed, refusal

LINGER_S = 10.0
"""How long an ended dialog still answers a repeated BYE: a loopback peer repeats for less."""
ANONYMOUS = "anonymous"
MEMORY = "_conserje_remembered"
"""Where sippy's configuration, which all user agents share, has the dialogs remembered."""
DEPARTED = Status(488, "Not Acceptable Here")
"""To a phone that has transferred the call and is about to be hung up on."""
HANDED_ON = "X-Conserje-Held"
"""In an INFO from voice to voice: `yes` while what it sends is the sound of who holds, then `no`. A phone that says so
makes itself silent, as by a hold.
"""
REDIRECTED = Status(480, "Temporarily Unavailable")
"""Our own Kamailio redirects nobody; a 3xx from beyond it is no answer."""


class Agent(Timed):
    """What both kinds of call have in common."""

    godead_timeout = LINGER_S
    local_ua = SERVER

    def __init__(self, config: dict[str, Any], next_hop: tuple[str, int] | None = None) -> None:
        super().__init__(config, event_cb=self._happened, nh_address=next_hop)
        self.lContact = SipContact()
        self.lContact.address.name = None  # sippy's own says "Anonymous"
        self._offering = False
        self._remembered: Remembered | None = config.get(MEMORY)
        self._kept: Held | None = None

    def changeState(self, newstate: Any) -> None:
        """A dialog that is up is remembered until it is over, in case this process does not end it."""
        super().changeState(newstate)
        if self._remembered is None:
            return
        if self._kept is None and self.isConnected():
            self._kept = self._as_held()
            self._remembered.keep(self._kept)
        elif self._kept is not None and not self.isConnected():
            self._remembered.forget(self._kept)
            self._kept = None

    def _as_held(self) -> Held:
        routes = tuple(str(route) for route in self.routes or ())
        return Held(str(self.cId), str(self.lUri), str(self.rUri), str(self.rTarget), routes, self.lCSeq)

    def recvRequest(self, req: Any, sip_t: Any) -> Any:
        """A re-INVITE without SDP asks for our offer (RFC 3261 §14.2); sippy would take it for a hold."""
        method = req.getMethod()
        connected = self.state is not None and self.state.connected
        if method not in METHODS:
            return refusal(req, Status(405, "Method Not Allowed"), ("Allow", ALLOW)), None, None
        if connected and method == "INFO":
            return self._info(req)
        if connected and method == "INVITE" and req.getBody() is None and self.rSDP is not None:
            offer = self._own_offer()
            if offer is not None:
                self._offering = True
                self.lSDP = MsgBody(offer)
                req.setBody(self.rSDP.getCopy())
        return super().recvRequest(req, sip_t)

    def sendUasResponse(self, scode: int, *args: Any, **named: Any) -> None:
        if self._offering and scode >= 200:
            self._offering = False
            named["ack_wait"] = scode < 300
        super().sendUasResponse(scode, *args, **named)

    def _info(self, req: Any) -> Any:
        """RFC 2976. Answered here: sippy would hand it on to a far end that we do not have."""
        number = req.getHFBody("cseq").getCSeqNum()
        if self.rCSeq is not None and self.rCSeq >= number:
            return refusal(req, Status(500, "Server Internal Error")), None, None
        self.rCSeq = number
        if req.countHFs(HANDED_ON.lower()):
            self._far_holds(str(req.getHFBody(HANDED_ON.lower())) == "yes")
        body = req.getBody()
        if body is None:
            return refusal(req, Status(200, "OK")), None, None
        kind = str(body.getType())
        if kind not in TYPES:
            return refusal(req, Status(415, "Unsupported Media Type"), ("Accept", ", ".join(TYPES))), None, None
        key = key_of(kind, str(body))
        if key:
            self._pressed(key)
        return refusal(req, Status(200, "OK")), None, None

    def newTransaction(self, req: Any, *args: Any, **named: Any) -> Any:
        transaction = super().newTransaction(req, *args, **named)
        if self.isConnected():
            transaction.agent = self
        return transaction

    def routed(self, ack: Any) -> Any:
        """Where an ACK within a dialog goes: along its route set (RFC 3261 §12.2.1.1).

        sippy would take the reply's Record-Route, which a reply within a dialog has not.
        """
        ack.delHFs("route")
        ack.appendHeaders([SipHeader(name="route", body=route.getCopy()) for route in self.routes or ()])
        return self.rAddr[0]

    def accept_offer(self, body: str) -> None:
        if self.takes(body):
            return
        self.lSDP = MsgBody(body)  # sippy goes on with the one before
        self.recvEvent(CCEventConnect((200, "OK", MsgBody(body))))

    def refuse_offer(self, status: Status) -> None:
        if self.takes(status):
            return
        before = self.rSDP
        self.recvEvent(CCEventFail((status.code, status.reason)))
        self.rSDP = before  # sippy forgets it, and the next re-INVITE compares with it

    def hand_on(self, held: bool) -> None:
        if self.isConnected():
            said = SipHeader(f"{HANDED_ON}: {'yes' if held else 'no'}")
            self.newTransaction(self.genRequest("INFO", None, extra_headers=[said]))

    def _happened(self, event: Any, agent: Any) -> None: ...
    def _far_holds(self, held: bool) -> None: ...
    def _own_offer(self) -> str | None: ...
    def _pressed(self, key: str) -> None: ...


class OfSession(Referable, Agent):
    """An agent whose offers, answers, keys and transfers are a Session's; None: it has departed."""

    session: Session | None = None

    def _happened(self, event: Any, _: Any) -> None:
        """What any of them hands on; what else an event means is for each kind."""
        session = self.session
        if session is None:
            return
        if isinstance(event, CCEventConnect):
            session.answered(sdp_in(event))
        elif isinstance(event, CCEventUpdate):
            session.offered_again(str(event.getData()))
        elif isinstance(event, CCEventDisconnect | CCEventFail | CCEventRedirect):
            session.left()

    def _own_offer(self) -> str | None:
        return self.session.offer_again() if self.session else None

    def _offered(self, offer: str) -> None:
        if self.session is not None:
            self.session.offered_again(offer)

    def _reanswered(self, answer: str) -> None:
        if self.session is not None:
            self.session.answered(answer)

    def _pressed(self, key: str) -> None:
        if self.session is not None:
            self.session.pressed(key)

    def _far_holds(self, held: bool) -> None:
        if self.session is not None:
            self.session.far_holds(held)

    def _asks(self, asked: OtherRefers) -> bool:
        return self.session is not None and self.session.refers(asked)

    def depart(self) -> Reporter:
        self.session = None
        return super().depart()


class OfOther(Referable, Agent):
    """An agent whose offers, answers and transfers are an Other's."""

    _other: Other

    def _own_offer(self) -> str | None:
        return self._other.offer_again()

    def _offered(self, offer: str) -> None:
        self._other.offered_again(offer)

    def _reanswered(self, answer: str) -> None:
        self._other.answered_again(answer)

    def _far_holds(self, held: bool) -> None:
        self._other.far_holds(held)

    def _asks(self, asked: OtherRefers) -> bool:
        return self._other.refers(asked)


class IncomingCall(OfSession):
    """sippy's user agent as the Line of a Session; mends what it does not do."""

    told_for = ""
    """The company whose people a caller from outside is told of, by Kamailio and as that one sees fit."""

    def show(self, asserted: str, *more: tuple[str, str]) -> None:
        """To a trunk by UPDATE alone: no carrier is made one more offer for the sake of a name."""
        if not self.told_for:
            super().show(asserted, *more)
        elif self._peer_updates:
            super().show(asserted, ("X-Conserje-Account", self.told_for), *more)

    def _happened(self, event: Any, _: Any) -> None:
        if self.session is None and isinstance(event, CCEventUpdate):
            self.refuse_offer(DEPARTED)
        elif self.session is not None and isinstance(event, CCEventTry):
            body = event.getData()[3]
            self.session.arrive(str(body) if body is not None else None)
        else:
            super()._happened(event, _)

    # Line -------------------------------------------------------------------------------------------------------------

    def progress(self, body: str) -> None:
        self.recvEvent(CCEventRing((183, "Session Progress", MsgBody(body))))

    def answer(self, body: str, awaits_answer: bool) -> None:
        kind = CCEventPreConnect if awaits_answer else CCEventConnect
        self.recvEvent(kind((200, "OK", MsgBody(body))))

    def refuse(self, status: Status) -> None:
        self.recvEvent(CCEventFail((status.code, status.reason)))

    def hang_up(self) -> None:
        self.recvEvent(CCEventDisconnect())


class OutgoingCall(OfOther):
    """sippy's user agent as the line of another party, through our Kamailio."""

    def __init__(self, config: dict[str, Any], kamailio: tuple[str, int], other: Other) -> None:
        super().__init__(config, kamailio)
        self._other = other

    def invite(self, wish: Dial, body: str) -> None:
        self.recvEvent(_invitation(wish, body))

    def drop(self) -> None:
        self.let_go()
        self.recvEvent(CCEventDisconnect())

    def _happened(self, event: Any, _: Any) -> None:
        other = self._other
        other.shown(self.asserted)
        if isinstance(event, CCEventRing):
            if event.getData()[0] > 100:
                other.rings(sdp_in(event))
        elif isinstance(event, CCEventConnect):
            other.answered(sdp_in(event))
        elif isinstance(event, CCEventUpdate):
            other.offered_again(str(event.getData()))
        elif isinstance(event, CCEventFail):
            code, reason = event.getData()[:2]
            other.refused(Status(code, reason))
        elif isinstance(event, CCEventRedirect):
            other.refused(REDIRECTED)
        elif isinstance(event, CCEventDisconnect):
            other.left()


class CalledIn(OfSession):
    """Who is called into a conversation of its own, as the Line of that one's Session: its answer is our INVITE.

    `tell` takes what comes of it, once final.
    """

    def __init__(self, config: dict[str, Any], kamailio: tuple[str, int], wish: Dial, tell: Reporter) -> None:
        super().__init__(config, kamailio)
        self._wish = wish
        self._tell_outcome = tell

    def _happened(self, event: Any, _: Any) -> None:
        if self.session is None:
            return
        if isinstance(event, CCEventConnect):
            self._tell_outcome(DONE)
        elif isinstance(event, CCEventFail):
            self._tell_outcome(Status(*event.getData()[:2]))
        elif isinstance(event, CCEventRedirect | CCEventDisconnect):
            self._tell_outcome(REDIRECTED)
        super()._happened(event, _)

    # Line

    def progress(self, body: str) -> None: ...

    def answer(self, body: str, awaits_answer: bool) -> None:
        self.recvEvent(_invitation(self._wish, body))

    def refuse(self, status: Status) -> None:
        self._tell_outcome(status)

    def hang_up(self) -> None:
        self._tell_outcome(REDIRECTED)
        self.recvEvent(CCEventDisconnect())


def sdp_in(event: Any) -> str | None:
    """Of a response: its description, if it brought any."""
    body = event.getData()[2]
    return str(body) if body is not None else None


def _invitation(wish: Dial, body: str) -> Any:
    event = CCEventTry((SipCallId(), wish.number or ANONYMOUS, wish.user, MsgBody(body), None, wish.name or None))
    said = (*wish.headers, ("Supported", EXTENSION), ("Allow", f"{ALLOW}, REFER"))
    event.extra_headers = [SipHeader(f"{header}: {value}") for header, value in said]
    return event
