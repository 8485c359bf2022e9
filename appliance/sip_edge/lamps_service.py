"""The lamps service: answers SUBSCRIBE, and tells each watcher of a change within a second (RFC 6665, 4235, 3842).

A SIP user agent on loopback, behind Kamailio, which checks who subscribes. It reads the call facts that workers spool
and holds no call: with it dead, calls go on and phones keep their subscriptions; started again, it goes on with them.
"""

import logging
import secrets
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from threading import Event

from appliance.directory.live import Live, LiveDirectory
from appliance.errors import Problem
from appliance.kamailio_rpc import Kamailio
from appliance.settings import Settings
from appliance.sip_edge.control import Rtpengine
from appliance.sip_edge.engines import contacts_db
from appliance.sip_edge.eras import KAMAILIO_FIRST_S, ClockWatch, Eras
from appliance.sip_edge.lamps_board import BoardKeeper
from appliance.sip_edge.lamps_sources import MailCounts, Registrations, SilentCalls, StoredMail
from appliance.sip_edge.lights import Lights
from appliance.sip_edge.listening import Listener, check_free
from appliance.sip_edge.sipwords import Message, reply
from appliance.sip_edge.spooled import SpoolReader
from appliance.sip_edge.subscriptions import Granted, opened
from appliance.sip_edge.watchers import Watchers

log = logging.getLogger(__name__)

TURN_S = 0.05
MAIL_S, LOOK_S, MEDIA_S, MEND_S = 0.5, 1.0, 30.0, 10.0
AT_ONCE = 200
"""Datagrams read, and NOTIFYs sent, in one turn: a burst of them is spread over the next."""
MAX_DATAGRAM = 65_535
RECEIVE_BUFFER = 1 << 20
LOOPBACK = "127.0.0.1"


def run(settings: Settings) -> None:
    """Serve until told to end (SIGTERM, SIGINT)."""
    logging.basicConfig(level=logging.INFO, format="lamps: %(message)s")
    ending = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    check_free((Listener("udp", LOOPBACK, settings.sip.lamps_port),), "lamps")
    watch = ClockWatch(settings)
    lamps = Lamps(settings, StoredMail(settings), watch.eras)
    while not ending.is_set():
        if watch.stepped():
            ending.wait(KAMAILIO_FIRST_S)
            return
        lamps.turn()


class Lamps:
    """One turn takes what came, and sends what is due; it waits TURN_S at most."""

    def __init__(self, settings: Settings, mail: MailCounts, eras: Eras = Eras()) -> None:  # noqa: B008 - frozen
        self._live = Live(settings.paths.live_dir)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._socket.bind((LOOPBACK, settings.sip.lamps_port))
        self._kamailio_at = (LOOPBACK, settings.sip.port)
        self._spool = SpoolReader(settings.paths.call_spool_dir, eras)
        self._lights = Lights()
        self._register = opened(settings.paths.state_dir / "lamps.db", eras)
        self._watchers = Watchers(self._register.all(), self._lights, mail, settings.sip.realm, settings.sip.lamps_port)
        self._board = BoardKeeper(Kamailio(settings.sip.control_port))
        self._phones = Registrations(contacts_db(settings))
        self._silent = SilentCalls(Rtpengine(settings.media.ng_port), settings.media.silent_call_s)
        self._due: dict[str, float] = {}
        self._complained = ""

    def turn(self) -> None:
        self._receive()
        now = time.monotonic()
        # Facts first: a lamp after a restart shows what is, before anybody is told.
        while facts := self._spool.read():
            for fact in facts:
                self._lights.note(fact)
        directory = self._directory()
        if directory is None:
            return
        self._watchers.follow(directory, self._lights.touched())
        self._when_due("mail", MAIL_S, now, self._watchers.look_at_mail)
        self._when_due("look", LOOK_S, now, lambda: self._look(directory))
        self._when_due("media", MEDIA_S, now, lambda: self._silent.end(self._lights))
        self._when_due("mend", MEND_S, now, lambda: self._board.mend(self._lights))
        for datagram in self._watchers.due(directory, AT_ONCE):
            self._send(datagram)
        try:
            self._register.keep(*self._watchers.changed())
            self._complained = ""
        except sqlite3.Error as full:
            self._complain(f"subscriptions cannot be written: {full}")

    def _receive(self) -> None:
        self._socket.settimeout(TURN_S)
        for _ in range(AT_ONCE):
            try:
                data, source = self._socket.recvfrom(MAX_DATAGRAM)
            except (TimeoutError, BlockingIOError):
                return
            except OSError:
                # An ICMP error of a Kamailio that is starting: its time-out is ours to see.
                return
            self._socket.setblocking(False)
            message = Message.of(data)
            if message is not None and source == self._kamailio_at:
                self._take(message)

    def _take(self, message: Message) -> None:
        if message.status:
            self._watchers.replied(message)
            return
        if message.method != "SUBSCRIBE":
            self._send(reply(message, 405, "Method Not Allowed", "", ("Allow: SUBSCRIBE",)))
            return
        directory = self._directory()
        if directory is None:
            self._send(reply(message, 503, "Service Unavailable", "", ("Retry-After: 5",)))
            return
        answer = self._watchers.asked(message, directory, secrets.token_hex(8))
        if not isinstance(answer, Granted):
            self._send(reply(message, answer.status, answer.reason, secrets.token_hex(4), answer.more))
            return
        made = answer.subscription
        left = 0 if answer.ends else max(0, made.expires_s - int(time.time()))
        more = (f"Expires: {left}", f"Contact: <{made.us}>")
        self._send(reply(message, 200, "OK", made.local_tag, more))

    def _look(self, directory: LiveDirectory) -> None:
        new, anew = self._phones.look()
        now_ms = time.time_ns() // 1_000_000
        phones = [p for user in anew if (p := directory.phone_by_sip_user(user)) is not None]
        # What is a second old may be of its new life.
        gone = frozenset().union(*(self._lights.began_anew(p.id, now_ms - 1500) for p in phones))
        for phone in phones:
            self._watchers.began_anew(phone.id, now_ms // 1000 - 3)
        if gone:
            self._board.mend(self._lights, gone)
        self._watchers.registered(directory, new)
        self._watchers.run_out(int(time.time()))
        self._lights.expire(now_ms)
        self._board.look(self._lights, directory)

    def _directory(self) -> LiveDirectory | None:
        try:
            directory = self._live.current()
            directory.site  # noqa: B018 - a directory without a site is none
        except (Problem, sqlite3.Error) as problem:
            self._complain(str(problem))
            return None
        return directory

    def _complain(self, what: str) -> None:
        if what != self._complained:
            log.warning("%s", what)
            self._complained = what

    def _when_due(self, what: str, every_s: float, now: float, do: Callable[[], object]) -> None:
        if now >= self._due.get(what, 0.0):
            self._due[what] = now + every_s
            do()

    def _send(self, datagram: bytes) -> None:
        try:
            self._socket.sendto(datagram, self._kamailio_at)
        except OSError as refused:
            self._complain(f"Kamailio cannot be sent to: {refused}")
