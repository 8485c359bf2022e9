"""What a Kamailio worker does with each SIP message: sorts it, and hands it to the door, the registrar or the calls.

No decision of routing is taken here. An exception that gets out of a callback would leave the sender without any
answer: each callback is wrapped, answers 500, says so once in the log and counts.
"""

import ctypes
import signal
import sqlite3
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any

from appliance.directory.live import Live
from appliance.directory.model import Phone
from appliance.directory.moves import is_elsewhere, may_come
from appliance.errors import Problem
from appliance.sip_edge.callfacts import Arrived, By, Ended
from appliance.sip_edge.kamailio.calls import Calls
from appliance.sip_edge.kamailio.door import Door, TrunkNames, Unproved
from appliance.sip_edge.kamailio.gate import Gate
from appliance.sip_edge.kamailio.handover import Course, Handover
from appliance.sip_edge.kamailio.hold import Hold
from appliance.sip_edge.kamailio.knobs import TRUNK_ADDRESSES, Knobs
from appliance.sip_edge.kamailio.legible import told
from appliance.sip_edge.kamailio.presence import PresenceRelay
from appliance.sip_edge.kamailio.secure import SECURE, Secure
from appliance.sip_edge.kamailio.spool import Spool, now_ms
from appliance.sip_edge.kamailio.superseded import Superseded

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, SUBSCRIBE, REGISTER"
IN_DIALOG_ONLY = frozenset({"BYE", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE"})
ANSWERED_WITH_SDP = frozenset({"INVITE", "UPDATE", "PRACK"})
HOLDS = frozenset({"INVITE", "UPDATE"})
MAX_FORWARDS = 70
SANE_MESSAGE, SANE_URIS = 1511, 7
"""Bits of sanity_check(): RFC 3261 §16.3 step 1, as the module's documentation counts them."""
PR_SET_PDEATHSIG = 1
BUSY_MS = 3000
CONTACTS_LOCK = "contacts"
WITHOUT_DATABASE = frozenset({0, -4, -127})
"""Ranks for which Kamailio's modules open no connection: the main process, TCP's, and the one before all."""

Callback = Callable[..., int]


def guarded(callback: Callable[..., None]) -> Callback:
    """Answer 500 where a callback raises, so that no caller waits in vain; say it once, and count it."""

    @wraps(callback)
    def run(self: "Worker", *arguments: Any) -> int:
        try:
            callback(self, *arguments)
        except UnicodeDecodeError:
            self.refuse_unreadable(callback.__name__)
        except Exception:  # noqa: BLE001 - whatever it is, the sender must get an answer
            self.report_uncaught(callback.__name__)
        return 1

    return run


class Worker:
    """The object that Kamailio calls back. One a process; made before the fork, so it opens nothing by itself."""

    def __init__(self, ksr: Any, knobs: Knobs) -> None:
        self._ksr = ksr
        self._knobs = knobs
        self._live = Live(knobs.path("live_dir"))
        names = TrunkNames(knobs.path("edge_dir") / TRUNK_ADDRESSES)
        self._names = names
        self._gate = Gate(ksr, knobs.ban_after, knobs.flood_per_s > 0, self._is_trunk)
        self._door = Door(ksr, knobs, self._gate, names)
        self._secure = Secure(ksr, knobs)
        self._calls = Calls(ksr, knobs, self._live, Spool(knobs.path("spool_dir"), knobs.era), self._door)
        self._hold = Hold(ksr, knobs, self._live, self._calls.board)
        self._handover = Handover(ksr, knobs, self._calls, self._door)
        self._superseded = Superseded(ksr)
        self._presence = PresenceRelay(ksr, knobs, self._door, self._secure)

    # What Kamailio calls. Names are in kamailio.cfg.j2, in t_on_*() and in KEMI itself.

    def child_init(self, rank: int) -> int:
        """Once in each process, after the fork."""
        # A main process that was killed takes its workers along; else they would keep the port from its successor.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if rank in WITHOUT_DATABASE:
            return 0
        # What is written survives kill -9. A power cut takes the phones as well: they register anew when it is over.
        for pragma in (f"busy_timeout={BUSY_MS}", "synchronous=OFF"):
            if self._ksr.sqlops.sql_query("location", f"PRAGMA {pragma}", "pragma") >= 0:
                self._ksr.sqlops.sql_result_free("pragma")
        return 0

    @guarded
    def ksr_request_route(self, _message: Any) -> None:
        ksr = self._ksr
        if not self._gate.admits():
            return
        if ksr.maxfwd.process_maxfwd(MAX_FORWARDS) < 0:
            ksr.sl.sl_send_reply(483, "Too Many Hops")
            return
        if ksr.sanity.sanity_check(SANE_MESSAGE, SANE_URIS) < 0:
            return
        method = ksr.pv.get("$rm")
        if method == "CANCEL":
            self._calls.cancel()
            return
        if method != "ACK" and self._is_repeated():
            return
        ours = method == "NOTIFY" and self._presence.is_from_lamps()
        if ksr.siputils.has_totag() > 0 and method != "SUBSCRIBE" and not ours:
            self._in_dialog(method)
            return
        try:
            self._out_of_dialog(method)
        except Problem as problem:
            ksr.warn(f"{problem.code}: {problem}\n")
            ksr.sl.send_reply(503, "Service Unavailable")
        except sqlite3.Error as broken:
            ksr.err(f"the directory cannot be read: {broken}\n")
            ksr.sl.send_reply(503, "Service Unavailable")

    @guarded
    def ksr_branch(self, _message: Any) -> None:
        self._calls.branch()

    @guarded
    def ksr_reply(self, _message: Any) -> None:
        self._calls.reply()

    @guarded
    def ksr_reply_in_dialog(self, _message: Any) -> None:
        self._secure.remember_way()
        self._hold.answering()
        self._calls.media.in_dialog_reply()
        self._hold.answered()
        self._handover.replied()

    @guarded
    def ksr_failure_referral(self, _message: Any) -> None:
        self._handover.failed()

    @guarded
    def ksr_failure(self, _message: Any) -> None:
        self._calls.failed()

    def ksr_xhttp_event(self, _message: Any, _event: str) -> int:
        """JSON-RPC for the edge service: on loopback and the control port only. Phones' ports speak SIP."""
        ksr = self._ksr
        if int(ksr.pv.get("$Rp")) == self._knobs.control_port and ksr.pv.get("$si") == "127.0.0.1":
            ksr.jsonrpcs.dispatch()
        else:
            ksr.xhttp.xhttp_reply(403, "Forbidden", "text/plain", "")
        return 1

    # Sorting

    def _is_repeated(self) -> bool:
        ksr = self._ksr
        if ksr.tmx.t_precheck_trans() > 0:
            ksr.tm.t_check_trans()
            return True
        return bool(ksr.tm.t_check_trans() == 0)

    def _in_dialog(self, method: str) -> None:
        """Requests that follow the route that our Record-Route set (RFC 3261 §16.4)."""
        ksr = self._ksr
        self._calls.rooms.back_to_voice()
        if ksr.rr.loose_route() > 0:
            downstream = ksr.rr.is_direction("downstream") > 0
            call_id, from_tag = ksr.pv.get("$ci"), ksr.pv.get("$ft" if downstream else "$tt")
            if not self._calls.signed(call_id, from_tag):
                if method != "ACK":
                    ksr.sl.sl_send_reply(403, "Forbidden")
                return
            if self._calls.places.strays(call_id, from_tag, ksr.pv.get("$tt" if downstream else "$ft") or ""):
                self._relay_bare()
                return
            course = self._handover.course(method, call_id, from_tag, downstream)
            if course is Course.DONE or (method == "REFER" and self._handover.refers(call_id, from_tag, downstream)):
                return
            if course is Course.BARE:
                self._relay_bare()
                return
            if method not in ("ACK", "BYE"):
                self._calls.places.passes(call_id, from_tag, downstream)
            if method == "BYE":
                self._handover.ends(call_id, from_tag)
                self._calls.places.ends(call_id, from_tag)
                by = By.CALLER if downstream else By.CALLEE
                ended = Ended(call_id, from_tag, now_ms(), by.value)
                self._calls.record.note(ended)
            self._secure.remember_way()
            if method in HOLDS and ksr.sdpops.sdp_content() > 0:
                self._hold.asked(call_id, from_tag, downstream)
            by_tls = self._secure.take_way()
            self._calls.media.in_dialog(method, secure=by_tls)
            if method == "REFER":
                self._calls.referrals.passes(call_id, from_tag, downstream, by_tls)
            if method in ANSWERED_WITH_SDP:
                ksr.tm.t_on_reply("ksr_reply_in_dialog")
            if ksr.tm.t_relay() < 0:
                ksr.sl.sl_reply_error()
        elif method == "ACK":
            if ksr.tm.t_check_trans() > 0:
                ksr.tm.t_relay()
        else:
            ksr.sl.sl_send_reply(481, "Call/Transaction Does Not Exist")

    def _relay_bare(self) -> None:
        """Pass on what is no part of the call's own course: nothing is noted of it, and its sound is left alone."""
        self._secure.take_way()
        if self._ksr.tm.t_relay() < 0:
            self._ksr.sl.sl_reply_error()

    def _out_of_dialog(self, method: str) -> None:
        ksr = self._ksr
        if method not in ("INVITE", "REGISTER"):
            self._gate.knock()
        if method == "OPTIONS":
            ksr.hdr.append_to_reply(f"Allow: {ALLOW}\r\nAccept: application/sdp\r\n")
            ksr.sl.sl_send_reply(200, "OK")
        elif method == "INVITE":
            self._invite()
        elif method == "REGISTER":
            self._register()
        elif method == "SUBSCRIBE":
            self._presence.subscribe(self._live.current())
        elif method == "NOTIFY" and self._presence.is_from_lamps():
            self._presence.notify()
        elif method == "PUBLISH":
            if self._door.phone(self._live.current(), method) is not None:
                ksr.sl.sl_send_reply(489, "Bad Event")
        elif method in IN_DIALOG_ONLY:
            ksr.hdr.append_to_reply(f"Allow: {ALLOW}\r\n")
            ksr.sl.sl_send_reply(405, "Method Not Allowed")
        elif method != "ACK":
            ksr.sl.sl_send_reply(501, "Not Implemented")

    def _is_trunk(self, address: str) -> bool:
        """Whether any trunk sends from this address. While the directory cannot be read, none is known."""
        try:
            trunks = self._live.current().trunks()
        except (Problem, sqlite3.Error):
            return False
        return any(address == t.host or any(address == h.address for h in self._names.hops(t.id)) for t in trunks)

    def _register(self) -> None:
        directory = self._live.current()
        phone = self._door.phone(directory, "REGISTER")
        if phone is None:
            return
        ksr = self._ksr
        came = is_elsewhere(phone, directory)
        if ksr.pv.get("$tU") != phone.sip_user or (came and not may_come(phone, directory)):
            ksr.sl.sl_send_reply(403, "Forbidden")
            return
        if ksr.is_TCP():
            # A phone on TCP is reached over the connection that it opened, also when its contact names another port.
            ksr.pv.sets("$avp(received)", f"sip:{ksr.pv.get('$si')}:{ksr.pv.get('$sp')};transport=tcp")
        if self._secure.by_tls():
            ksr.setbflag(SECURE)
        # One writer at a time: a worker that found SQLite busy would sleep a whole millisecond.
        ksr.cfgutils.lock(CONTACTS_LOCK)
        try:
            self._superseded.leave(f"sip:{phone.sip_user}@{self._knobs.realm}")
            ksr.registrar.save("location", 0)
        finally:
            ksr.cfgutils.unlock(CONTACTS_LOCK)
        if came:
            self._note_arrival(phone)

    def _note_arrival(self, phone: Phone) -> None:
        """A phone of another building is registered here: the edge service looks whether it is that very device."""
        ksr = self._ksr
        if ksr.registrar.registered_uri("location", f"sip:{phone.sip_user}@{self._knobs.realm}") <= 0:
            return  # it signed off
        call_id, address = ksr.pv.get("$ci"), ksr.pv.get("$si")
        arrived = Arrived(call_id, "", now_ms(), phone.id, phone.account_id, phone.site_id, phone.mac, address)
        self._calls.record.note(arrived)

    def _invite(self) -> None:
        ksr = self._ksr
        directory = self._live.current()
        ours = bool(ksr.is_myself_ruri())
        if not ours and not ksr.hdr.get("Replaces"):
            ksr.sl.sl_send_reply(403, "Relaying Denied")
            return
        if self._door.is_voice():
            self._calls.begin_from_voice(directory)
            return
        trunk = self._door.trunk(directory)
        if trunk is not None and ours:
            self._calls.begin_from_trunk(trunk, directory)
            return
        if trunk is not None:
            ksr.sl.sl_send_reply(403, "Relaying Denied")
            return
        caller = self._door.caller(directory)
        if isinstance(caller, Unproved):
            self._calls.begin_from_stranger(directory)
        elif caller is not None:
            self._calls.begin_from_phone(caller, directory)

    def refuse_unreadable(self, where: str) -> None:
        """SIP is UTF-8 (RFC 3261 §7). Octets that are none, where we must read them, make a bad request."""
        self._ksr.htable.sht_inc("count", "unreadable")
        if where == "ksr_request_route":
            self._ksr.sl.send_reply(400, "Bad Request")

    def report_uncaught(self, where: str) -> None:
        ksr = self._ksr
        ksr.htable.sht_inc("count", "uncaught")
        call_id = told(ksr, "ci")
        ksr.err(f"uncaught in {where}, Call-ID {call_id}: {traceback.format_exc()}\n")
        if where == "ksr_request_route":
            ksr.sl.send_reply(500, "Server Internal Error")
        elif where == "ksr_failure":
            ksr.tm.t_reply(500, "Server Internal Error")
