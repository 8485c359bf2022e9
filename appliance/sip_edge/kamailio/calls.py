"""Carries plans out: a step is sent, its failure asks failover.py for the next, every turn is noted as a call fact.

The plan travels in the transaction's AVPs, so any worker can go on with it and none remembers a call. What differs
between legs (From, headers, SDP) is put on in the branch route, so that the next step starts from the caller's own
INVITE. Reply routes of several branches run at once: they write branch flags, never AVPs.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from appliance.directory.live import Live
from appliance.directory.model import Directory, Phone, Trunk, TrunkKind
from appliance.sip_edge.callfacts import Began, By, CallFact, Cancelled, Ended, LegKind, LegName, Replied, invite
from appliance.sip_edge.carry import pack, unpack
from appliance.sip_edge.dialogs import key_of
from appliance.sip_edge.failover import CANCELLED, following, step_at, tries_next_address
from appliance.sip_edge.kamailio.asked import PREFIX, Asked, perhaps_there, remove_ours
from appliance.sip_edge.kamailio.board import Board, RingingCall
from appliance.sip_edge.kamailio.door import Door
from appliance.sip_edge.kamailio.headers import Sending, without
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.legible import told
from appliance.sip_edge.kamailio.media import RANG, UPLINK, VOICE, Media
from appliance.sip_edge.kamailio.meter import Meter
from appliance.sip_edge.kamailio.outward import NO_TRUNK, NOT_REACHED, SENT, Outward
from appliance.sip_edge.kamailio.parking import Parking
from appliance.sip_edge.kamailio.pickup import TAKEN, Pickup
from appliance.sip_edge.kamailio.places import Places
from appliance.sip_edge.kamailio.reach import NowReach
from appliance.sip_edge.kamailio.record import Record
from appliance.sip_edge.kamailio.referrals import Referrals
from appliance.sip_edge.kamailio.replies import MOVED, REPLACES, Replies
from appliance.sip_edge.kamailio.rooms import Rooms
from appliance.sip_edge.kamailio.secure import Secure
from appliance.sip_edge.kamailio.spool import Spool, now_ms
from appliance.sip_edge.kamailio.standing import STANDING, At, Standing
from appliance.sip_edge.kamailio.voices import Voices
from appliance.sip_edge.kamailio.waiting import WaitingMusic
from appliance.sip_edge.plan import (
    CallAttempt,
    FromPhone,
    FromTrunk,
    FromVoice,
    PickUp,
    Plan,
    Refuse,
    Ring,
    Say,
    Target,
    ToTrunk,
    ToVoice,
)
from appliance.sip_edge.routing import route

NO_CODEC = 488
LOOP, LOOP_REASON = 482, "Loop Detected"
SILENT_TRUNK_S = "10"
"""A trunk that did not even say 100 is left alone until the edge service has asked it itself."""


class Calls:
    def __init__(self, ksr: Any, knobs: Knobs, live: Live, spool: Spool, door: Door) -> None:
        self._ksr = ksr
        self._knobs = knobs
        self.live = live
        self._asked = Asked(ksr)
        self.media = Media(ksr, knobs)
        self.secure = Secure(ksr, knobs)
        self.board = Board(ksr)
        self.referrals = Referrals(ksr, knobs, self.board)
        self.rooms = Rooms(ksr, self.board, Voices(ksr, knobs.voice_sip_port, knobs.voice_workers))
        self.reach = NowReach(ksr, knobs.realm, self.board, self.rooms)
        self.places = Places(ksr, knobs)
        self._pickup = Pickup(ksr, knobs, self.board)
        self._parking = Parking(ksr, self.board, knobs.park_s)
        self._waiting = WaitingMusic(ksr, knobs, self.media)
        self.meter = Meter(ksr)
        self.record = Record(ksr, spool, self.board, self.meter)
        self._outward = Outward(ksr, knobs, door, self.secure, self.media, self.board, self.reach)
        self._replies = Replies(ksr, knobs, self, self.record, self._waiting)

    # A new call

    def begin_from_phone(self, phone: Phone, directory: Directory) -> None:
        there = perhaps_there(self._ksr)
        attempt = self._asked.from_phone(phone.id, there)
        if not attempt.referred_by and attempt.replaces is None:
            # Not every phone repeats the Referred-By that it was given.
            sender = self.referrals.sent(phone.sip_user, attempt.dialled)
            attempt = replace(attempt, referred_by=sender) if sender else attempt
        self._begin(attempt, VOICE, directory, there)

    def begin_from_stranger(self, directory: Directory) -> None:
        """A phone that could not prove itself calls for help: it is known by its address alone."""
        there = perhaps_there(self._ksr)
        self._begin(self._asked.from_phone(self._ksr.pv.get("$si"), there), VOICE, directory, there)

    def begin_from_trunk(self, trunk: Trunk, directory: Directory) -> None:
        ksr = self._ksr
        asserted = ksr.pv.get("$ai") if trunk.trusted else None
        caller = asserted.partition(":")[2].partition("@")[0] if asserted else ksr.pv.get("$fU")
        display = told(ksr, "fn").strip('" ')
        source = FromTrunk(trunk.id, unquote(caller or ""), display)
        ours = trunk.trunk_kind == TrunkKind.CENTRAL and trunk.trusted
        there = perhaps_there(ksr)
        self._begin(self._asked.from_trunk(source, ours, there), UPLINK, directory, there)

    def begin_from_voice(self, directory: Directory) -> None:
        """voice goes on with a call that it holds; it was known by where it sends from."""
        there = perhaps_there(self._ksr)
        self._begin(self._asked.from_voice(there), VOICE, directory, there)

    def _begin(self, attempt: CallAttempt, side: str, directory: Directory, there: frozenset[str]) -> None:
        ksr = self._ksr
        call_id, from_tag = attempt.call_id, ksr.pv.get("$ft")
        if self.board.is_up(key_of(call_id, from_tag)):
            # Our own request that a trunk sent back, or one that came by two ways (RFC 3261 §8.2.2.2).
            ksr.sl.sl_send_reply(LOOP, LOOP_REASON)
            return
        plan = route(attempt, directory, datetime.now(UTC), self.reach, self._knobs.ring_s)
        instead_of = attempt.replaces.keys if attempt.replaces else ()
        plan = self._parking.settled(plan, key_of(call_id, from_tag), instead_of)
        calling = directory.phone(attempt.source.phone_id) if isinstance(attempt.source, FromPhone) else None
        caller = calling.sip_user if calling is not None else ""
        outer = self._knobs.outer(self.secure.by_tls(), not ksr.is_UDP())
        plan = self.rooms.settled(plan, key_of(call_id, from_tag), caller, outer)
        plain = REPLACES not in (ksr.hdr.get("Supported") or "").lower()
        moved = isinstance(attempt.source, FromPhone) and (attempt.referred_by or attempt.replaces)
        if moved or isinstance(attempt.source, FromVoice):
            ksr.pv.sets(MOVED, plan.account_id)
        if plan.music:
            self._waiting.begins(plan.account_id, directory)
        for header in there:
            if header != PREFIX:
                ksr.hdr.remove(header)
        if PREFIX in there:
            remove_ours(ksr)
        if attempt.replaces and (required := ksr.hdr.get("Require")):
            # Which phones are to replace a call the plan says.
            ksr.hdr.remove("Require")
            ksr.hdr.append("".join(f"Require: {tag}\r\n" for tag in without(required, REPLACES)))
        self.secure.remember_way()
        ksr.tm.t_newtran()
        if not self.board.begins(call_id, from_tag, caller, plain, plan.alone):
            ksr.tm.t_reply(LOOP, LOOP_REASON)
            return
        if self.places.known(key_of(call_id, from_tag)):
            # Of another call by this name, whose end got lost.
            self.places.ends(call_id, from_tag)
        # What cannot be sent is ours to answer, by the plan's next step.
        ksr.tm.t_set_disable_internal_reply(1)
        self.meter.begins(attempt, from_tag, plan, directory.site.id)
        standing = Standing(At(0), side, pack(plan))
        self.record.tell(plan, call_id, from_tag)
        facts: list[CallFact] = [invite(attempt, plan, from_tag, now_ms())]
        self._run(plan, standing, directory, facts)

    def signed(self, call_id: str, from_tag: str) -> bool:
        """Whether a request follows a Record-Route that we wrote for this very call."""
        return self._outward.signed(call_id, from_tag)

    def cancel(self) -> None:
        """CANCEL (RFC 3261 §16.10). A caller's CANCEL ends its call; how is noted when the last branch is done."""
        ksr = self._ksr
        if ksr.tm.t_check_trans() > 0:
            self.record.note(Cancelled(ksr.pv.get("$ci"), ksr.pv.get("$ft"), now_ms()))
            ksr.tm.t_relay()
        else:
            ksr.sl.sl_send_reply(481, "Call/Transaction Does Not Exist")

    # Steps

    def _run(self, plan: Plan, standing: Standing, directory: Directory, facts: list[CallFact]) -> None:
        """Send the step where the call stands, or the first after it that can be sent; refuse where none can."""
        call_id, from_tag = self._ksr.pv.get("$ci"), self._ksr.pv.get("$ft")
        while True:
            step = step_at(plan, standing.at.step)
            if isinstance(step, PickUp) and (call := self._pickup.found(step)) and self._gives(call, facts):
                return
            standing = self._outward.aimed(step, standing, directory)
            status, reason = sent = self._outward.send(step, standing, directory, facts)
            if sent == SENT:
                if isinstance(step, Ring):
                    self.meter.rings(step, standing.at.turn)
                self.record.note(*facts)
                return
            if self._ksr.tm.t_is_canceled() > 0:
                # Its CANCEL overtook the branch, which Kamailio then does not send.
                self.record.note(*facts, Ended(call_id, from_tag, now_ms(), By.CALLER.value, CANCELLED))
                self._ksr.tm.t_reply(CANCELLED, "Request Terminated")
                return
            at = None if isinstance(step, Refuse | Say) else self._next(plan, standing.at, status, False, directory)
            if at is None:
                self._refuse(status, reason, facts)
                return
            standing = replace(standing, at=at)

    def _next(self, plan: Plan, at: At, status: int, rang: bool, directory: Directory) -> At | None:
        step = step_at(plan, at.step)
        if tries_next_address(step, status, rang) and self._outward.has_more(step, at, directory):
            return At(at.step, hops=at.hops)
        return self._next_step(plan, at, status, rang)

    @staticmethod
    def _next_step(plan: Plan, at: At, status: int, rang: bool) -> At | None:
        step = step_at(plan, at.step)
        if isinstance(step, Ring) and not step.together and at.turn + 1 < len(step.targets) and status < 600:
            return At(at.step, at.turn + 1)
        position = following(plan, at.step, status, rang)
        return None if position is None else At(position)

    def _refuse(self, status: int, reason: str, facts: Iterable[CallFact] = ()) -> None:
        ksr = self._ksr
        self.record.note(*facts, Ended(ksr.pv.get("$ci"), ksr.pv.get("$ft"), now_ms(), By.BUILDING.value, status))
        ksr.tm.t_reply(status, reason)

    def _gives(self, call: RingingCall, facts: Iterable[CallFact]) -> bool:
        """Ring the phone that asked for this call with it, its own call ended first. False: it came too late."""
        call_id, from_tag = self._ksr.pv.get("$ci"), self._ksr.pv.get("$ft")
        user, _ = self.board.parties(call_id, from_tag)
        phone = self.live.current().phone_by_sip_user(user)

        def ends() -> None:
            self.record.note(*facts, Ended(call_id, from_tag, now_ms(), By.BUILDING.value, TAKEN))

        return phone is not None and self._pickup.give(call, Target(phone.id, user), ends)

    # On its way, and back

    def branch(self) -> None:
        """Branch route: what this leg alone is to see."""
        taking = self._pickup.taking
        if taking is not None:
            self._pickup.frees()
        sending = self._taken_over(taking.target) if taking is not None else None
        self._outward.branch(sending, apart=self._waiting.plays)

    def _taken_over(self, target: Target) -> Sending:
        """The branch that a pickup adds, in the name of the call that it is added to."""
        ksr = self._ksr
        call_id, from_tag = ksr.pv.get("$ci"), ksr.pv.get("$ft")
        standing = Standing.of(ksr.pv.get(STANDING))
        leg = LegName(LegKind.PHONE.value, target.sip_user, target.phone_id)
        self.board.joins(call_id, from_tag, int(ksr.pv.get("$T_branch_idx")), target.sip_user)
        self.record.note(Began(call_id, from_tag, now_ms(), standing.at.step, (leg,)))
        return self._pickup.sending(standing)

    def reply(self) -> None:
        """Reply route of an initial INVITE."""
        self._replies.came()

    def failed(self) -> None:
        """Failure route: every branch of a step is done and none answered."""
        ksr = self._ksr
        call_id, from_tag = ksr.pv.get("$ci"), ksr.pv.get("$ft")
        if ksr.tm.t_is_canceled() > 0:
            self.record.note(Ended(call_id, from_tag, now_ms(), By.CALLER.value, CANCELLED))
            self.media.over()
            return
        status = ksr.tm.t_get_status_code()
        standing = Standing.of(ksr.pv.get(STANDING))
        plan, at = unpack(standing.plan), standing.at
        step = step_at(plan, at.step)
        directory = self.live.current()
        facts: list[CallFact] = []
        if status in (401, 407):
            if isinstance(step, ToTrunk) and not at.tried and self._outward.log_in(step, standing, directory):
                return
            status = NO_TRUNK
        if ksr.tm.t_branch_timeout() > 0:
            leg = self._replies.leg()
            facts.append(Replied(call_id, from_tag, now_ms(), leg.kind, leg.to, 408))
            if isinstance(step, ToTrunk) and not ksr.isbflagset(RANG):
                self.hold_trunk(step.trunk_id, SILENT_TRUNK_S)
        gone = status in (408, NO_TRUNK) and not ksr.isbflagset(RANG)
        if isinstance(step, Say | ToVoice) and gone and not at.tried and self._knobs.voice_workers > 1:
            # That worker died or takes no new calls: another one may.
            self._run(plan, replace(standing, at=replace(at, tried=1)), directory, facts)
            return
        if isinstance(step, Say):
            # Said or not, the caller gets what the plan says.
            self.media.over()
            self._refuse(step.status, step.reason, facts)
            return
        if isinstance(step, ToVoice) and status == NO_CODEC:
            # Whatever else voice would say, this caller could not hear (Y-3).
            self.media.over()
            self.record.note(*facts, Ended(call_id, from_tag, now_ms(), By.CALLEE.value, status))
            return
        next_at = self._next(plan, at, status, bool(ksr.isbflagset(RANG)), directory)
        if next_at is not None:
            self._run(plan, replace(standing, at=next_at), directory, facts)
            return
        self.media.over()
        if status in (401, 407, NO_TRUNK) or 300 <= status < 400:
            # A challenge or a redirection of the far end means nothing to our caller.
            self._refuse(NOT_REACHED if status < 400 else status, "Temporarily Unavailable", facts)
            return
        by = By.BUILDING if ksr.tm.t_branch_timeout() > 0 else By.CALLEE
        self.record.note(*facts, Ended(call_id, from_tag, now_ms(), by.value, status))

    def hold_trunk(self, trunk_id: str, wait: str) -> None:
        """What of a trunk was asked, and cannot take calls, is left alone for so many seconds."""
        at = Standing.of(self._ksr.pv.get(STANDING)).at
        for name in self._outward.asked(trunk_id, at, self.live.current()):
            self.record.skip_trunk(name, wait)
