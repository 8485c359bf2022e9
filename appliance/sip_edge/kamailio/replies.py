"""What far ends answer to a call on its way: noted, and passed to the caller with what it is to hear and see of it.

Reply routes of several branches run at once: they write branch flags, never AVPs.
"""

import time
from typing import Any, Protocol

from appliance.directory.live import Live
from appliance.sip_edge.callfacts import Answered, LegKind, LegName, Rang, Replied
from appliance.sip_edge.dialogs import key_of
from appliance.sip_edge.identity import caller_of
from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.kamailio.headers import connected
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.media import RANG, Media
from appliance.sip_edge.kamailio.outward import NO_TRUNK
from appliance.sip_edge.kamailio.places import Places
from appliance.sip_edge.kamailio.record import Record
from appliance.sip_edge.kamailio.rooms import Rooms
from appliance.sip_edge.kamailio.secure import Secure
from appliance.sip_edge.kamailio.spool import now_ms
from appliance.sip_edge.kamailio.standing import STANDING, leg_of
from appliance.sip_edge.kamailio.waiting import WaitingMusic

REPLACES = "replaces"
"""The option tag of RFC 3891."""
SENDING_MS = 50
"""What tm may take to send an answer that is built, on a machine that is busy."""
MOVED = "$avp(moved)"
"""Of a call that a transfer or voice made: the company of who is to know whom it reached."""


class Parts(Protocol):
    """What of a worker's calls an answer concerns."""

    live: Live
    board: Board
    media: Media
    secure: Secure
    places: Places
    rooms: Rooms

    def hold_trunk(self, trunk_id: str, wait: str) -> None: ...


class Replies:
    def __init__(self, ksr: Any, knobs: Knobs, calls: Parts, record: Record, waiting: WaitingMusic) -> None:
        self._ksr = ksr
        self._knobs = knobs
        self._calls = calls
        self._record = record
        self._waiting = waiting

    def leg(self) -> LegName:
        """Whose reply this is."""
        ksr = self._ksr
        index = ksr.tm.t_get_branch_index()
        leg = leg_of(ksr.pv.get(STANDING), index)
        if leg.to:
            return leg
        user = self._calls.board.late(ksr.pv.get("$ci"), ksr.pv.get("$ft")).get(index, "")
        return LegName(LegKind.PHONE.value if user else "", user)

    def came(self) -> None:
        ksr, calls = self._ksr, self._calls
        status = int(ksr.pv.get("$rs"))
        if status <= 100:
            return
        call_id, from_tag = ksr.pv.get("$ci"), ksr.pv.get("$ft")
        answers = 200 <= status < 300
        if answers and not calls.board.is_up(key_of(call_id, from_tag)):
            # Said again after the BYE: nothing of the call is to come back by it.
            calls.secure.remember_way()
            return
        if answers and not calls.places.answered(call_id, from_tag):
            # The first answer stands, and its sound; who called ends this one (RFC 3261 §13.2.2.4).
            self._stands_back(call_id, from_tag)
            calls.secure.remember_way()
            return
        if status >= 200:
            self._final(status)
        elif not ksr.isbflagset(RANG):
            ksr.setbflag(RANG)
            leg = self.leg()
            self._record.note(Rang(call_id, from_tag, now_ms(), leg.kind, leg.to))
        self._assert_connected(status)
        calls.secure.remember_way()
        if self._waiting.plays:
            self._waiting.reply(status)
        else:
            calls.media.reply()
        if answers:
            calls.places.told(call_id, from_tag)

    def _stands_back(self, call_id: str, from_tag: str) -> None:
        """Let the first answer pass: this one would overtake it, and be the first for who called.

        tm lets go of a transaction when an answer is built, before it is sent; who waited for that is woken in its
        stead. One that comes later, or is said again, holds nobody up.
        """
        ago = self._calls.places.told_ms_ago(call_id, from_tag)
        if ago is not None and ago < SENDING_MS:
            time.sleep((SENDING_MS - ago) / 1000)

    def _final(self, status: int) -> None:
        ksr, calls = self._ksr, self._calls
        leg = self.leg()
        call_id, from_tag = ksr.pv.get("$ci"), ksr.pv.get("$ft")
        if status < 300:
            plain = REPLACES not in (ksr.hdr.get("Supported") or "").lower()
            self._record.note(Answered(call_id, from_tag, now_ms(), leg.kind, leg.to), plain=plain)
            calls.rooms.answered()
        elif status not in (401, 407):
            if status == NO_TRUNK and leg.kind == LegKind.TRUNK.value:
                calls.hold_trunk(leg.to, ksr.hdr.get("Retry-After") or "")
            self._record.note(Replied(call_id, from_tag, now_ms(), leg.kind, leg.to, status))

    def _assert_connected(self, status: int) -> None:
        """Tell who was transferred whom it is connected to (RFC 3325 §9.1): its screen showed what it was sent to."""
        ksr, live = self._ksr, self._calls.live
        account_id = ksr.pv.get(MOVED) if 180 <= status < 300 else ""
        leg = self.leg() if account_id else None
        if leg is None or leg.kind != LegKind.PHONE.value:
            return
        directory = live.current()
        phone = directory.phone_by_sip_user(leg.to)
        if phone is not None:
            ksr.hdr.remove("P-Asserted-Identity")
            ksr.hdr.append(connected(caller_of(phone, directory), account_id, directory, self._knobs.voice_address))
