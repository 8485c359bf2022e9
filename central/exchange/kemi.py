"""The exchange's routing, inside Kamailio's Python: who speaks, and which buildings the call is offered to.

Calls come from buildings that registered, and go to buildings that registered; what a carrier of ours sends is
inbound.py's, all else is refused. Which buildings those are is the book's to say. Pure Python, nothing that blocks.
"""

import ctypes
import os
import signal
import sqlite3
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import KSR

from central.exchange.book import REALM, Book
from central.exchange.inbound import ADDRESS, BOOK, CARRIERS, NOTES, NUMBER, Inbound

MAX_FORWARDS = 20
SANE_MESSAGE, SANE_URIS = 1511, 7
PR_SET_PDEATHSIG = 1
GOTO = "X-Conserje-Goto"
SEEN_FROM = "from"
SOUND = "replace-origin replace-session-connection ICE=remove strict-source"
HA1 = 1
"""Flag: what is compared with is HA1, not a password."""
NOBODY = "0" * 32
"""What an unknown user's answer is compared with: known and unknown users are refused alike."""
IN_DIALOG_ONLY = frozenset({"BYE", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE", "SUBSCRIBE", "PUBLISH"})


def guarded(callback: Callable[..., None]) -> Callable[..., int]:
    """Answer 500 where a callback raises, so that no building waits in vain; say it, and count it."""

    @wraps(callback)
    def run(self: "Exchange", *arguments: Any) -> int:
        try:
            callback(self, *arguments)
        except Exception:  # noqa: BLE001 - whatever it is, the sender must get an answer
            KSR.htable.sht_inc("count", "uncaught")
            KSR.err(f"uncaught in {callback.__name__}: {traceback.format_exc()}\n")
            KSR.sl.send_reply(500, "Server Internal Error")
        return 1

    return run


class Exchange:
    """The object that Kamailio calls back; one a process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: Book | None = None
        carriers = os.environ.get(CARRIERS, "").split()
        self._inbound = Inbound(KSR, carriers, path.with_name(NOTES), os.environ.get(ADDRESS, ""))

    def child_init(self, _rank: int) -> int:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        return 0

    @guarded
    def ksr_request_route(self, _message: Any) -> None:
        if KSR.pike.pike_check_req() < 0:
            return
        if KSR.maxfwd.process_maxfwd(MAX_FORWARDS) < 0:
            KSR.sl.sl_send_reply(483, "Too Many Hops")
            return
        if KSR.sanity.sanity_check(SANE_MESSAGE, SANE_URIS) < 0:
            return
        method = KSR.pv.get("$rm")
        if method == "CANCEL":
            if KSR.tm.t_check_trans() > 0:
                KSR.tm.t_relay()
            return
        if method != "ACK" and KSR.tmx.t_precheck_trans() > 0:
            KSR.tm.t_check_trans()
            return
        if KSR.tm.t_check_trans() == 0:
            return
        if KSR.siputils.has_totag() > 0:
            self._in_dialog(method)
        elif method == "REGISTER":
            self._register()
        elif method == "INVITE":
            self._invite()
        elif method == "OPTIONS":
            site = self._speaker()
            if site is not None:
                self._inbound.sign_of_life(site)
            KSR.sl.sl_send_reply(200, "OK")
        elif method in IN_DIALOG_ONLY:
            KSR.sl.sl_send_reply(405, "Method Not Allowed")
        elif method != "ACK":
            KSR.sl.sl_send_reply(501, "Not Implemented")

    def _in_dialog(self, method: str) -> None:
        if self._is_ours() and KSR.rr.loose_route() > 0:
            self._media()
            if method == "BYE":
                self._inbound.over(0)
            if KSR.tm.t_relay() < 0:
                KSR.sl.sl_reply_error()
        elif method == "ACK":
            if KSR.tm.t_check_trans() > 0:
                KSR.tm.t_relay()
        else:
            KSR.sl.sl_send_reply(481, "Call/Transaction Does Not Exist")

    def _register(self) -> None:
        user = KSR.pv.get("$au") or ""
        found = self._book.login(user) if user else None
        right = KSR.auth.pv_auth_check(REALM, found[1] if found else NOBODY, HA1, 0) > 0
        if not right or found is None:
            KSR.auth.auth_challenge(REALM, 0)
            return
        if KSR.pv.get("$tU") != user:
            KSR.sl.sl_send_reply(403, "Forbidden")
            return
        KSR.htable.sht_sets(SEEN_FROM, self._source(), found[0])
        KSR.registrar.save("location", 0)
        self._inbound.sign_of_life(found[0])

    def _invite(self) -> None:
        site = self._speaker()
        if site is None and self._inbound.is_carrier(self._source()):
            self._inbound.invited(self._book)
            return
        kind, colon, target = unquote(KSR.hdr.get(GOTO) or "").strip().partition(":")
        if site is None or not colon:
            KSR.sl.sl_send_reply(403, "Forbidden")
            return
        users = self._book.users_for(site, kind, target)
        asked, branches = KSR.pv.get("$rU") or "", 0
        for user in users:
            uri = f"sip:{user}@{REALM}"
            look_up = KSR.registrar.lookup_to_dset if branches else KSR.registrar.lookup_uri
            branches += look_up("location", uri) > 0
        if not branches:
            status, reason = (480, "Temporarily Unavailable") if users else (404, "Not Found")
            KSR.sl.sl_send_reply(status, reason)
            return
        KSR.pv.sets("$avp(asked)", asked)
        KSR.rr.record_route()
        KSR.tm.t_on_branch("ksr_branch")
        KSR.tm.t_on_failure("ksr_failure")
        if KSR.tm.t_relay() < 0:
            KSR.sl.sl_reply_error()

    @guarded
    def ksr_branch(self, _message: Any) -> None:
        """Each building reads the number that was asked for, at its own address."""
        KSR.pv.sets("$rU", KSR.pv.get("$avp(asked)"))
        lines = self._inbound.lines()
        if lines:
            KSR.hdr.remove("P-Asserted-Identity")
            KSR.hdr.append(lines)
        KSR.tm.t_on_reply("ksr_reply")
        KSR.rtpengine.rtpengine_manage(SOUND)

    @guarded
    def ksr_reply(self, _message: Any) -> None:
        if int(KSR.pv.get("$rs")) == 200 and KSR.pv.get("$rm") == "INVITE":
            self._inbound.answered()
        if int(KSR.pv.get("$rs")) > 100 and KSR.pv.get("$rb"):
            KSR.rtpengine.rtpengine_manage(SOUND)

    @guarded
    def ksr_failure(self, _message: Any) -> None:
        KSR.rtpengine.rtpengine_delete("")
        if KSR.pv.get(NUMBER):
            self._inbound.failed(self._book)

    @staticmethod
    def _media() -> None:
        """A re-INVITE's sound, or the end of it."""
        if KSR.pv.get("$rm") == "BYE":
            KSR.rtpengine.rtpengine_delete("")
        elif KSR.pv.get("$rb"):
            KSR.rtpengine.rtpengine_manage(SOUND)
            KSR.tm.t_on_reply("ksr_reply")

    def _speaker(self) -> str | None:
        """The site that registered from where this came."""
        found = KSR.htable.sht_get(SEEN_FROM, self._source())
        return str(found) if found else None

    def _is_ours(self) -> bool:
        return self._speaker() is not None or self._inbound.is_carrier(self._source())

    @staticmethod
    def _source() -> str:
        return f"{KSR.pv.get('$si')}:{KSR.pv.get('$sp')}"

    @property
    def _book(self) -> Book:
        if self._open is None:
            self._open = Book(self._path)
        return self._open


def mod_init() -> Exchange:
    path = Path(os.environ[BOOK])
    # Made here when it is not there yet: a worker opens it for reading alone.
    try:
        Book(path, readonly=False).close()
    except sqlite3.Error as wrong:
        KSR.err(f"the exchange's book cannot be opened: {wrong}\n")
    return Exchange(path)
