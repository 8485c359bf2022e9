"""voice's SIP: sippy behind our words. A user agent server on loopback; sippy's event loop is the loop of this process.

All that is untyped stays in this file. What a call says and does is its Session's; sound is the media engine's.
"""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any
from urllib.parse import unquote

from sippy.Core.EventDispatcher import ED2
from sippy.SipConf import SipConf
from sippy.SipTransactionManager import SipTransactionManager
from sippy.Time.Timeout import Timeout
from sippy.Udp_server import Udp_server, Udp_server_opts

from appliance.errors import Problem
from appliance.held import Held
from appliance.settings import Settings
from appliance.voice import words
from appliance.voice.desk import desk_of
from appliance.voice.dialogue import BringIn, Dialogue, Status
from appliance.voice.floor import Floor
from appliance.voice.lines import MEMORY, CalledIn, IncomingCall, OutgoingCall
from appliance.voice.other import Other, Reporter
from appliance.voice.refer import headers_of
from appliance.voice.remembered import Remembered
from appliance.voice.services import ACCOUNT, CONSULT, HEADERS, REFERRER, SHOWS, Request, begin, transferred
from appliance.voice.session import Session, Timer
from appliance.voice.takeover import Consulted, Place, Referrer, Seated, Transferred
from appliance.voice.tidiness import Tidiness
from appliance.voice.timed import ALLOW, SERVER, SHORTEST, refusal, too_brief, unsupported

log = logging.getLogger("conserje.voice.signalling")

LOOPBACK = "127.0.0.1"
PULSE_S = 1.0
GOODBYE_S = 0.3
"""How long BYEs of a stopping process may take to leave."""
DESK_THREADS = 4
DRAINING = Status(503, "Service Unavailable")
RETRY_AFTER_S = 5
DIALOG = "x-conserje-dialog"


class _OneReader(Udp_server_opts):  # type: ignore[misc]
    """One receiving thread: with sippy's three, a CANCEL can overtake its INVITE."""

    nworkers = 1


class _Transactions(SipTransactionManager):  # type: ignore[misc]
    model_udp_server = (Udp_server, _OneReader)

    def transmitReq(self, transaction: Any, message: Any, address: Any, checksum: Any = None) -> None:
        """The ACK within a dialog goes the dialog's own way."""
        agent = getattr(transaction, "agent", None)
        if agent is not None:
            address = agent.routed(message)
        super().transmitReq(transaction, message, address, checksum)

    def incomingRequest(self, msg: Any, checksum: Any, tids: Any, server: Any) -> None:
        """A call of ours that Kamailio brings back to us is no loop: a caller whom a menu sends to a mailbox.

        sippy would answer 482 where it knows a Via of its own among `tids`; Max-Forwards ends what really turns around.
        """
        super().incomingRequest(msg, checksum, (), server)


class _NoLog:
    """sippy logs each message through this; whoever needs them uses tcpdump."""

    def write(self, *words: object, **more: object) -> None: ...


class Signalling:
    """All calls of this process; the House of their Sessions. Lives in sippy's one thread, but for `_read`."""

    def __init__(self, settings: Settings, port: int, parent: socket.socket) -> None:
        SipConf.my_uaname = SERVER
        self._config: dict[str, Any] = {"_sip_address": LOOPBACK, "_sip_port": port, "_sip_logger": _NoLog()}
        self._config[SHORTEST] = settings.sip.session_min_s
        self._host = settings.network.voice_address
        self._longest_s = float(settings.media.longest_voice_call_s)
        self._kamailio = (LOOPBACK, settings.sip.port)
        self._desk = desk_of(settings)
        self._desk_threads = ThreadPoolExecutor(DESK_THREADS, "desk")
        self.floor = Floor()
        self._parent = parent
        self._media: socket.socket | None = None
        self._sessions: dict[int, Session] = {}
        self._next_leg = 1
        self._draining = False
        self._tidiness = Tidiness()
        self._config["_sip_tm"] = _Transactions(self._config, self._request)
        self._remembered = Remembered(settings.paths.run_dir / "voice" / f"dialogs-{port}")

    def run(self) -> None:
        """Until SIGTERM. Calls are then ended in order."""
        ED2.regSignal(signal.SIGTERM, self._stop)
        self._read(self._parent, self._from_parent, ED2.breakLoop)
        self._pulse()
        Timeout(self._pulse, PULSE_S, -1)
        self._tidiness.begin()
        self._end_left_behind()
        self._config[MEMORY] = self._remembered
        ED2.loop()

    def _end_left_behind(self) -> None:
        """End the calls of a process that was killed on this port; they themselves are not remembered."""
        for held in self._remembered.left_behind():
            log.info("%s: ended, in the place of a process that was killed", held.call_id)
            try:
                Place(self._config, self._kamailio, held).hang_up()
            except Exception:  # whatever sippy finds in it, new calls matter more
                log.exception("%s: cannot be ended", held.call_id)

    # House ------------------------------------------------------------------------------------------------------------

    def tell(self, word: words.Command) -> bool:
        return self._media is not None and words.send(self._media, word)

    def after(self, seconds: float, then: Callable[[], None]) -> Timer:
        timer: Timer = Timeout(then, seconds)
        return timer

    def now(self) -> float:
        return time.monotonic()

    def ended(self, session: Session) -> None:
        self._sessions.pop(session.leg, None)

    def ask(self, question: object, told: Callable[[object], None]) -> None:
        def work() -> None:
            try:
                answer = self._desk.answer(question)
            except (OSError, Problem) as problem:
                log.warning("%s: %s", type(question).__name__, problem)
                answer = None
            ED2.callFromThread(told, answer)

        self._desk_threads.submit(work)

    def new_leg(self, session: Session) -> int:
        leg, self._next_leg = self._next_leg, self._next_leg + 1
        self._sessions[leg] = session
        return leg

    def dial(self, other: Other) -> None:
        if other.wish.dialog:
            other.start(Consulted(self._config, self._kamailio, Held.of(other.wish.dialog), other))
        else:
            other.start(OutgoingCall(self._config, self._kamailio, other))

    def forget(self, leg: int) -> None:
        self._sessions.pop(leg, None)

    def bring_in(self, wish: BringIn, tell: Reporter) -> None:
        dial = wish.dial
        if dial.dialog:
            held = Held.of(dial.dialog)
            line: CalledIn | Seated = Seated(self._config, self._kamailio, held, tell)
            name = held.call_id
        else:
            line, name = CalledIn(self._config, self._kamailio, dial, tell), f"to {dial.user}"
        self._session_of(line, name, wish.conversation).arrive(None)

    def _session_of(self, line: IncomingCall | CalledIn | Seated, call_id: str, conversation: Dialogue) -> Session:
        session = Session(self._next_leg, call_id, conversation, line, self, self._host)
        self._next_leg += 1
        self._sessions[session.leg] = session
        line.session = session
        return session

    # SIP --------------------------------------------------------------------------------------------------------------

    def _request(self, request: Any, transaction: Any) -> Any:
        """A request outside any dialog we know. The answer is sippy's triple (response, on cancel, on no ACK)."""
        method = request.getMethod()
        if not request.getSource()[0].startswith("127."):
            return refusal(request, Status(403, "Forbidden")), None, None
        if method == "REFER" and request.countHFs(DIALOG):
            return self._refer(request, transaction)
        if request.getHFBody("to").getTag() is not None:
            return refusal(request, Status(481, "Call/Transaction Does Not Exist")), None, None
        if self._draining and method in ("OPTIONS", "INVITE"):
            return refusal(request, DRAINING, ("Retry-After", str(RETRY_AFTER_S))), None, None
        if method == "OPTIONS":
            allowed = (("Allow", ALLOW), ("Accept", "application/sdp"))
            return refusal(request, Status(200, "OK"), *allowed), None, None
        if method != "INVITE":
            return refusal(request, Status(405, "Method Not Allowed"), ("Allow", ALLOW)), None, None
        wrong = _unacceptable(request, self._config[SHORTEST])
        if wrong is not None:
            return wrong, None, None
        return self._invite(request, transaction)

    def _invite(self, request: Any, transaction: Any) -> Any:
        call_id = str(request.getHFBody("call-id"))
        service = str(request.getRURI().username or "")
        headers = {name: str(request.getHFBody(name)) for name in HEADERS if request.countHFs(name)}
        conversation = begin(Request(service, headers, self._longest_s))
        if conversation is None:
            return refusal(request, Status(404, "Not Found")), None, None
        log.info("%s: %s %s", call_id, service, headers)
        call = IncomingCall(self._config)
        call.told_for = unquote(headers.get(ACCOUNT, "")) if SHOWS in headers else ""
        self._session_of(call, call_id, conversation)
        cancelled = call.recvRequest(request, transaction)
        if transaction.r487 is not None:
            # sippy makes up a tag of its own for this answer; a caller would see a second dialog (RFC 3261 §9.2).
            transaction.r487.getHFBody("to").setTag(call.lTag)
        return cancelled

    def _refer(self, request: Any, transaction: Any) -> Any:
        """From Kamailio: go on in the place of the phone that sent this REFER."""
        if self._draining:
            return refusal(request, DRAINING), None, None
        headers = headers_of(request)
        try:
            held = Held.of(unquote(str(request.getHFBody(DIALOG))))
            other = Held.of(unquote(headers[CONSULT])) if CONSULT in headers else held
        except ValueError as wrong:
            log.warning("a REFER that cannot be followed: %s", wrong)
            return refusal(request, Status(400, "Bad Request")), None, None
        log.info("%s: transferred by %s", held.call_id, headers.get(REFERRER))
        # It was sent in one of the two calls.
        its = held if held.call_id == str(request.getHFBody("call-id")) else other
        referrer = Referrer(self._config, self._kamailio, request, transaction, its)
        call = Transferred(self._config, self._kamailio, held, referrer)
        conversation = transferred(Request("transfer", headers, self._longest_s))
        self._session_of(call, held.call_id, conversation).arrive(None)
        # Its answer comes when there is a leg.
        return (None, None, None) if referrer.waits else None

    # Links ------------------------------------------------------------------------------------------------------------

    def _from_parent(self, word: words.Word, descriptors: tuple[int, ...]) -> None:
        if isinstance(word, words.Drain):
            self._draining = True
            self._pulse()
        elif isinstance(word, words.NewLink) and descriptors:
            self._lose_media()
            self._media = link = socket.socket(fileno=descriptors[0])
            self._read(link, self._from_media, lambda: self._lose_media(link))

    def _from_media(self, word: words.Word, _: tuple[int, ...]) -> None:
        if isinstance(word, words.LegClosed):
            log.info("leg closed: %s", ", ".join(f"{name} {n}" for name, n in asdict(word).items()))
        if isinstance(word, words.Happening):
            session = self._sessions.get(word.leg)
            if session is not None:
                session.heard(word)

    def _lose_media(self, link: socket.socket | None = None) -> None:
        if self._media is None or link not in (None, self._media):
            return
        self._media = None
        for session in list(self._sessions.values()):
            session.media_died()

    def _read(
        self, link: socket.socket, take: Callable[[words.Word, tuple[int, ...]], None], gone: Callable[[], None]
    ) -> None:
        """Bring each word that comes by `link` into sippy's thread, in order; then `gone`."""

        def read() -> None:
            while (came := words.receive(link)) is not None:
                ED2.callFromThread(take, *came)
            ED2.callFromThread(gone)

        threading.Thread(target=read, daemon=True).start()

    def _pulse(self) -> None:
        if self._draining and not self._sessions:
            ED2.breakLoop()
        words.send(self._parent, words.SignallingPulse(len(self._sessions)))
        self._tidiness.look(len(self._sessions), self._next_leg)

    def _stop(self) -> None:
        for session in list(self._sessions.values()):
            session.media_died()
        Timeout(ED2.breakLoop, GOODBYE_S)


def _unacceptable(request: Any, shortest_s: int) -> Any:
    """The refusal of an INVITE that we cannot even begin with; None for a good one."""
    if unknown := unsupported(request):
        return refusal(request, Status(420, "Bad Extension"), ("Unsupported", ", ".join(unknown)))
    if not request.countHFs("contact"):
        return refusal(request, Status(400, "Missing Contact"))
    body = request.getBody()
    if body is not None and body.getType() != "application/sdp":
        return refusal(request, Status(415, "Unsupported Media Type"), ("Accept", "application/sdp"))
    return too_brief(request, shortest_s)


def main(settings: Settings, port: int, parent: socket.socket) -> None:
    """The signalling process, whole. OSError if the port is taken."""
    Signalling(settings, port, parent).run()
