"""Carries plans out: a step is sent, its failure asks failover.py for the next, every turn is noted as a call fact.

The plan travels in the transaction's AVPs, so any worker can go on with it and none remembers a call. What differs
between legs (From, headers, SDP) is put on in the branch route, so that the next step starts from the caller's own
INVITE. Reply routes of several branches run at once: they write branch flags, never AVPs.
"""

import hashlib
import re
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from appliance.directory.live import Live
from appliance.directory.model import Directory, Phone, Trunk, TrunkKind
from appliance.sip_edge.callfacts import (
    Answered,
    Began,
    By,
    CallFact,
    Cancelled,
    Ended,
    LegKind,
    LegName,
    Rang,
    Replied,
    invite,
    legs_of,
    news,
)
from appliance.sip_edge.carry import pack, unpack
from appliance.sip_edge.dialogs import key_of
from appliance.sip_edge.failover import CANCELLED, all_steps, following
from appliance.sip_edge.identity import caller_of
from appliance.sip_edge.kamailio.asked import Asked
from appliance.sip_edge.kamailio.board import Board, RingingCall
from appliance.sip_edge.kamailio.door import Door
from appliance.sip_edge.kamailio.headers import (
    Sending,
    connected,
    goto_header,
    phone_headers,
    shown,
    trunk_headers,
    voice_headers,
    without,
)
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.legible import told
from appliance.sip_edge.kamailio.media import LATE, PLAYED, RANG, RELAYED, UPLINK, VOICE, Media
from appliance.sip_edge.kamailio.meter import Meter
from appliance.sip_edge.kamailio.parking import Parking
from appliance.sip_edge.kamailio.pickup import TAKEN, TAKEN_REASON, Pickup
from appliance.sip_edge.kamailio.places import Places
from appliance.sip_edge.kamailio.reach import NowReach
from appliance.sip_edge.kamailio.referrals import Referrals
from appliance.sip_edge.kamailio.rooms import Rooms
from appliance.sip_edge.kamailio.secure import SECURE, Secure
from appliance.sip_edge.kamailio.spool import Spool, now_ms
from appliance.sip_edge.kamailio.standing import At, Standing
from appliance.sip_edge.kamailio.voices import Voices
from appliance.sip_edge.kamailio.waiting import WaitingMusic
from appliance.sip_edge.plan import (
    CallAttempt,
    FromPhone,
    FromTrunk,
    PickUp,
    Plan,
    Refuse,
    Ring,
    Say,
    Step,
    Target,
    ToTrunk,
    ToVoice,
)
from appliance.sip_edge.recordroute import record_routes, restoring
from appliance.sip_edge.routing import route
from appliance.sip_edge.trunks import uri_of

PHONE_SILENCE_MS = 5000
"""A registered phone that says nothing at all for so long has been unplugged."""
VOICE_SILENCE_MS = 1000
SAYING_MS = 60_000
VOICE_ANSWER_MS = 20_000
NOT_REACHED = 480
NO_CODEC = 488
NO_TRUNK = 503
SILENT_TRUNK_S = "10"
"""A trunk that did not even say 100 is left alone until the edge service has asked it itself."""
LONGEST_HOLD_S = 3600
REPLACES = "replaces"
"""The option tag of RFC 3891."""
SIGNATURE = "cj"
"""Parameter of our Record-Route: 16 hex digits."""

NOT_FROM_OUTSIDE = (
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Remote-Party-ID",
    "Privacy",
    "Proxy-Authorization",
    "Authorization",
    "Route",
    "History-Info",
    "Diversion",
    "Replaces",
)
"""What no caller may say of itself, or was for us alone; with every X-Conserje-*."""

OURS = "^x-conserje-"
"""Kamailio's search is by line, and minds no case."""
_STANDING = "$avp(call)"
_MOVED = "$avp(moved)"
"""Of a call that a transfer made: the company of who was transferred."""


class Calls:
    def __init__(self, ksr: Any, knobs: Knobs, live: Live, spool: Spool, door: Door) -> None:
        self._ksr = ksr
        self._knobs = knobs
        self.live = live
        self._spool = spool
        self._door = door
        self._asked = Asked(ksr)
        self._sending = Sending()
        self.media = Media(ksr, knobs)
        self._voices = Voices(ksr, knobs.voice_sip_port, knobs.voice_workers)
        self.secure = Secure(ksr, knobs)
        self.board = Board(ksr)
        self.referrals = Referrals(ksr, knobs, self.board)
        self.rooms = Rooms(ksr, self.board, self._voices)
        self.reach = NowReach(ksr, knobs.realm, self.board, self.rooms)
        self.places = Places(ksr, knobs)
        self._pickup = Pickup(ksr, knobs, self.board)
        self._parking = Parking(ksr, self.board, knobs.park_s)
        self._waiting = WaitingMusic(ksr, knobs, self.media)
        self.meter = Meter(ksr)

    # A new call

    def begin_from_phone(self, phone: Phone, directory: Directory) -> None:
        attempt = self._asked.from_phone(phone.id)
        if not attempt.referred_by and attempt.replaces is None:
            # Not every phone repeats the Referred-By that it was given.
            attempt = replace(attempt, referred_by=self.referrals.sent(phone.sip_user, attempt.dialled))
        self._begin(attempt, VOICE, directory)

    def begin_from_trunk(self, trunk: Trunk, directory: Directory) -> None:
        ksr = self._ksr
        asserted = ksr.pv.get("$ai") if trunk.trusted else None
        caller = asserted.partition(":")[2].partition("@")[0] if asserted else ksr.pv.get("$fU")
        display = told(ksr, "fn").strip('" ')
        source = FromTrunk(trunk.id, unquote(caller or ""), display)
        ours = trunk.trunk_kind == TrunkKind.CENTRAL and trunk.trusted
        self._begin(self._asked.from_trunk(source, ours), UPLINK, directory)

    def begin_from_voice(self, directory: Directory) -> None:
        """voice goes on with a call that it holds; it was known by where it sends from."""
        self._begin(self._asked.from_voice(), VOICE, directory)

    def _begin(self, attempt: CallAttempt, side: str, directory: Directory) -> None:
        ksr = self._ksr
        call_id, from_tag = attempt.call_id, ksr.pv.get("$ft")
        plan = route(attempt, directory, datetime.now(UTC), self.reach, self._knobs.ring_s)
        instead_of = attempt.replaces.keys if attempt.replaces else ()
        plan = self._parking.settled(plan, key_of(call_id, from_tag), instead_of)
        calling = directory.phone(attempt.source.phone_id) if isinstance(attempt.source, FromPhone) else None
        caller = calling.sip_user if calling is not None else ""
        outer = self._knobs.outer(self.secure.by_tls(), not ksr.is_UDP())
        plan = self.rooms.settled(plan, key_of(call_id, from_tag), caller, outer)
        plain = REPLACES not in (ksr.hdr.get("Supported") or "").lower()
        if isinstance(attempt.source, FromPhone) and (attempt.referred_by or attempt.replaces):
            ksr.pv.sets(_MOVED, plan.account_id)
        if plan.music:
            self._waiting.begins(plan.account_id, directory)
        for header in NOT_FROM_OUTSIDE:
            ksr.hdr.remove(header)
        if attempt.replaces and (required := ksr.hdr.get("Require")):
            # Which phones are to replace a call the plan says.
            ksr.hdr.remove("Require")
            ksr.hdr.append("".join(f"Require: {tag}\r\n" for tag in without(required, REPLACES)))
        if ksr.textops.search(OURS) > 0:
            ksr.textops.remove_hf_re("^[Xx]-[Cc][Oo][Nn][Ss][Ee][Rr][Jj][Ee]-")
        self.secure.remember_way()
        ksr.tm.t_newtran()
        self.board.begins(call_id, from_tag, caller, plain)
        # What cannot be sent is ours to answer, by the plan's next step.
        ksr.tm.t_set_disable_internal_reply(1)
        self.meter.begins(attempt, from_tag, plan, directory.site.id)
        standing = Standing(At(0), side, pack(plan))
        self._tell(plan, call_id, from_tag)
        facts: list[CallFact] = [invite(attempt, plan, from_tag, now_ms())]
        self._run(plan, standing, directory, facts)

    def signed(self, call_id: str, from_tag: str) -> bool:
        """Whether a request follows a Record-Route that we wrote for this very call: nobody relays by a made-up tag."""
        followed = self._ksr.pv.get("$route_uri") or ""
        return f";{SIGNATURE}={self._signature(call_id, from_tag)}" in followed

    def _signature(self, call_id: str, from_tag: str) -> str:
        # Keyed BLAKE2 (RFC 7693 §2.9): OpenSSL's HMAC took a tenth of a worker's time.
        name = f"{call_id} {from_tag}".encode("utf-8", "replace")
        return hashlib.blake2b(name, digest_size=8, key=self._knobs.dialog_key).hexdigest()

    def cancel(self) -> None:
        """CANCEL (RFC 3261 §16.10). A caller's CANCEL ends its call; how is noted when the last branch is done."""
        ksr = self._ksr
        if ksr.tm.t_check_trans() > 0:
            self._note(Cancelled(ksr.pv.get("$ci"), ksr.pv.get("$ft"), now_ms()))
            ksr.tm.t_relay()

    # Steps

    def _run(self, plan: Plan, standing: Standing, directory: Directory, facts: list[CallFact]) -> None:
        """Send the step where the call stands, or the first after it that can be sent; refuse where none can."""
        steps = all_steps(plan)
        call_id, from_tag = self._ksr.pv.get("$ci"), self._ksr.pv.get("$ft")
        while True:
            step = steps[standing.at.step]
            status, reason = self._send(step, standing, directory, facts)
            if status == 0:
                self._note(*facts)
                return
            if self._ksr.tm.t_is_canceled() > 0:
                # Its CANCEL overtook the branch, which Kamailio then does not send.
                self._note(*facts, Ended(call_id, from_tag, now_ms(), By.CALLER.value, CANCELLED))
                self._ksr.tm.t_reply(CANCELLED, "Request Terminated")
                return
            at = None if isinstance(step, Refuse | Say) else self._next(plan, standing.at, status, rang=False)
            if at is None:
                self._refuse(status, reason, facts)
                return
            standing = replace(standing, at=at)

    @staticmethod
    def _next(plan: Plan, at: At, status: int, rang: bool) -> At | None:
        step = all_steps(plan)[at.step]
        if isinstance(step, Ring) and not step.together and at.turn + 1 < len(step.targets) and status < 600:
            return At(at.step, at.turn + 1)
        position = following(plan, at.step, status, rang)
        return None if position is None else At(position)

    def _refuse(self, status: int, reason: str, facts: Iterable[CallFact] = ()) -> None:
        ksr = self._ksr
        self._note(*facts, Ended(ksr.pv.get("$ci"), ksr.pv.get("$ft"), now_ms(), By.BUILDING.value, status))
        ksr.tm.t_reply(status, reason)

    def _send(self, step: Step, standing: Standing, directory: Directory, facts: list[CallFact]) -> tuple[int, str]:
        """Relay the INVITE as this step says. (0, "") when it is on its way; else the status that it failed with."""
        ksr = self._ksr
        ksr.resetdsturi()
        side = standing.side
        match step:
            case Refuse():
                return step.status, step.reason
            case PickUp():
                call = self._pickup.found(step)
                return self._give(call, facts) if call is not None else (404, "Nothing Rings")
            case Ring():
                elsewhere: dict[str, str] = {}
                legs = self._aim_at_phones(step, standing.at, directory, elsewhere)
                if not legs:
                    return NOT_REACHED, "Temporarily Unavailable"
                headers = phone_headers(step, self._knobs.voice_address)
                self._sending = Sending(step.identity, self._knobs.voice_address, headers, side, VOICE, elsewhere)
                ksr.tm.t_set_fr(step.seconds * 1000, PHONE_SILENCE_MS)
            case ToTrunk():
                trunk = directory.trunk(step.trunk_id)
                if trunk is None or not self._aim_at_trunk(trunk, step.user):
                    return NO_TRUNK, "Service Unavailable"
                headers = trunk_headers(step, trunk, self._knobs.uplink_address)
                self._sending = Sending(step.identity, self._knobs.uplink_address, headers, side, UPLINK)
                ksr.tm.t_set_fr(step.seconds * 1000, step.silence_s * 1000)
                legs = list(legs_of(step))
            case Say() | ToVoice():
                if not self.reach.voice_up():
                    return (step.status, step.reason) if isinstance(step, Say) else (503, "Service Unavailable")
                self._aim_at_voice(step, again=bool(standing.at.tried))
                self._sending = Sending(headers=voice_headers(step), caller_side=side)
                ksr.tm.t_set_fr(SAYING_MS if isinstance(step, Say) else VOICE_ANSWER_MS, VOICE_SILENCE_MS)
                legs = list(legs_of(step))
        return self._relay(standing, legs, facts)

    def _give(self, call: RingingCall, facts: list[CallFact]) -> tuple[int, str]:
        """End this call, so that its phone is free, and ring it with the one that it asked for."""
        user, _ = self.board.parties(self._ksr.pv.get("$ci"), self._ksr.pv.get("$ft"))
        self._refuse(TAKEN, TAKEN_REASON, facts)
        facts.clear()
        phone = self.live.current().phone_by_sip_user(user)
        if phone is not None:
            self._pickup.give(call, Target(phone.id, user))
        return 0, ""

    def _relay(self, standing: Standing, legs: list[LegName], facts: list[CallFact]) -> tuple[int, str]:
        ksr = self._ksr
        known = list(standing.legs)
        for index, user in sorted(self.board.late(ksr.pv.get("$ci"), ksr.pv.get("$ft")).items()):
            # Where a pickup had added a branch, the next one counts on from there.
            known += [f"{LegKind.PHONE}:{user}"] if index == len(known) else []
        named = (*known, *(f"{leg.kind}:{leg.to}" for leg in legs))
        ksr.pv.sets(_STANDING, replace(standing, legs=named).text())
        # A contact's own flag says whether it is on TLS; nobody else on our way out is.
        to_phones = any(leg.kind == LegKind.PHONE.value for leg in legs)
        for flag in (RELAYED, LATE, RANG, PLAYED, *(() if to_phones else (SECURE,))):
            # In a failure route the new branch would inherit them from the one that failed.
            ksr.resetbflag(flag)
        ksr.tm.t_on_branch("ksr_branch")
        ksr.tm.t_on_reply("ksr_reply")
        ksr.tm.t_on_failure("ksr_failure")
        # Before it is sent: another worker may have its answer while this one still writes.
        began_ms = now_ms()
        self.board.rings(ksr.pv.get("$ci"), ksr.pv.get("$ft"), (g.to for g in legs if g.kind == LegKind.PHONE))
        if ksr.tm.t_relay() < 0:
            # The branch route had its media relayed already.
            self.media.over()
            return NO_TRUNK, "Service Unavailable"
        began = tuple(dict.fromkeys(legs))
        facts.append(Began(ksr.pv.get("$ci"), ksr.pv.get("$ft"), began_ms, standing.at.step, began))
        return 0, ""

    def _aim_at_phones(
        self, step: Ring, at: At, directory: Directory, elsewhere: dict[str, str]
    ) -> list[LegName]:
        """Every contact of the step's phones becomes a branch; one name a branch, in their order.

        Of phones in other buildings `elsewhere` gets the URI, and the headers that its branch alone is to have.
        """
        ksr = self._ksr
        legs: list[LegName] = []
        for target in step.targets if step.together else (step.targets[at.turn],):
            if target.trunk_id:
                trunk = directory.trunk(target.trunk_id)
                addresses = self._door.addresses(trunk) if trunk is not None else ()
                if trunk is not None and addresses:
                    there = uri_of(addresses[0], trunk, quote(target.user, safe="+*"))
                    elsewhere[there] = goto_header(target.goto)
                    if legs:
                        ksr.corex.append_branch_uri(there)
                    else:
                        ksr.seturi(there)
                    legs.append(LegName(LegKind.TRUNK.value, trunk.id))
                continue
            uri = f"sip:{target.sip_user}@{self._knobs.realm}"
            look_up = ksr.registrar.lookup_to_dset if legs else ksr.registrar.lookup_uri
            if look_up("location", uri) > 0:
                # The R-URI is the first branch; the others are counted.
                branches = 1 + int(ksr.pv.get("$branch(count)") or 0)
                legs += [LegName(LegKind.PHONE.value, target.sip_user, target.phone_id)] * (branches - len(legs))
        return legs

    def _aim_at_trunk(self, trunk: Trunk, user: str) -> bool:
        ksr = self._ksr
        addresses = self._door.addresses(trunk)
        if not addresses:
            return False
        ksr.seturi(uri_of(addresses[0], trunk, quote(user, safe="+*")))
        transport = "udp" if trunk.transport == "udp" else "tcp"
        ksr.corex.set_send_socket(f"{transport}:{self._knobs.uplink_address}:{self._knobs.port}")
        return True

    def _aim_at_voice(self, step: Say | ToVoice, again: bool) -> None:
        ksr = self._ksr
        service = step.service if isinstance(step, ToVoice) else "announce"
        port = self._voices.port(step, ksr.pv.get("$ci"), again)
        ksr.seturi(f"sip:{service}@127.0.0.1:{port}")
        ksr.corex.set_send_socket(f"udp:127.0.0.1:{self._knobs.port}")

    # What comes back

    def branch(self) -> None:
        """Branch route: what this leg alone is to see."""
        ksr, sending = self._ksr, self._sending
        if self._pickup.taking is not None:
            sending = self._taken_over(self._pickup.taking.target)
        parameters = f";{SIGNATURE}={self._signature(ksr.pv.get('$ci'), ksr.pv.get('$ft'))}"
        if sending.identity is not None:
            display, uri = shown(sending.identity, sending.host)
            ksr.uac.uac_replace_from(display, uri)
            parameters += restoring(ksr.pv.get("$fu"), uri)
            # What uac keeps for a Record-Route of Kamailio's own; with a branch more each time it would run over.
            ksr.rr.remove_record_route()
        if sending.headers:
            ksr.hdr.append(sending.headers)
        if (goto := sending.elsewhere.get(ksr.pv.get("$ru") or "")) is not None:
            ksr.hdr.append(goto)
            sending = replace(sending, callee_side=UPLINK)
        caller, callee = self.secure.ends(sending.callee_side)
        ksr.hdr.insert(record_routes(caller, callee, ksr.pv.get("$ft"), parameters))
        secure = bool(ksr.isbflagset(SECURE))
        self.media.offer(sending.caller_side, sending.callee_side, secure, apart=self._waiting.plays)

    def _taken_over(self, target: Target) -> Sending:
        """The branch that a pickup adds, in the name of the call that it is added to."""
        ksr = self._ksr
        call_id, from_tag = ksr.pv.get("$ci"), ksr.pv.get("$ft")
        standing = Standing.of(ksr.pv.get(_STANDING))
        leg = LegName(LegKind.PHONE.value, target.sip_user, target.phone_id)
        self.board.joins(call_id, from_tag, int(ksr.pv.get("$T_branch_idx")), target.sip_user)
        self._note(Began(call_id, from_tag, now_ms(), standing.at.step, (leg,)))
        return self._pickup.sending(standing)

    def _leg(self) -> LegName:
        """Whose reply this is."""
        index = self._ksr.tm.t_get_branch_index()
        leg = Standing.of(self._ksr.pv.get(_STANDING)).leg(index)
        if leg.to:
            return leg
        user = self.board.late(self._ksr.pv.get("$ci"), self._ksr.pv.get("$ft")).get(index, "")
        return LegName(LegKind.PHONE.value if user else "", user)

    def reply(self) -> None:
        """Reply route of an initial INVITE."""
        ksr = self._ksr
        status = int(ksr.pv.get("$rs"))
        if status >= 200:
            leg = self._leg()
            call_id, from_tag = ksr.pv.get("$ci"), ksr.pv.get("$ft")
            if status < 300:
                self.places.answered()
                plain = REPLACES not in (ksr.hdr.get("Supported") or "").lower()
                self._note(Answered(call_id, from_tag, now_ms(), leg.kind, leg.to), plain=plain)
                self.rooms.answered()
            elif status not in (401, 407):
                if status == NO_TRUNK and leg.kind == LegKind.TRUNK.value:
                    self._hold(leg.to, ksr.hdr.get("Retry-After") or "")
                self._note(Replied(call_id, from_tag, now_ms(), leg.kind, leg.to, status))
        elif status > 100 and not ksr.isbflagset(RANG):
            ksr.setbflag(RANG)
            leg = self._leg()
            self._note(Rang(ksr.pv.get("$ci"), ksr.pv.get("$ft"), now_ms(), leg.kind, leg.to))
        if status > 100:
            self._assert_connected(status)
            self.secure.remember_way()
            if self._waiting.plays:
                self._waiting.reply(status)
            else:
                self.media.reply()

    def _assert_connected(self, status: int) -> None:
        """Tell who was transferred whom it is connected to (RFC 3325 §9.1): its screen showed what it was sent to."""
        ksr = self._ksr
        account_id = ksr.pv.get(_MOVED) if 180 <= status < 300 else ""
        leg = self._leg() if account_id else None
        if leg is None or leg.kind != LegKind.PHONE.value:
            return
        directory = self.live.current()
        phone = directory.phone_by_sip_user(leg.to)
        if phone is not None:
            ksr.hdr.remove("P-Asserted-Identity")
            ksr.hdr.append(connected(caller_of(phone, directory), account_id, directory, self._knobs.voice_address))

    def failed(self) -> None:
        """Failure route: every branch of a step is done and none answered."""
        ksr = self._ksr
        call_id, from_tag = ksr.pv.get("$ci"), ksr.pv.get("$ft")
        if ksr.tm.t_is_canceled() > 0:
            self._note(Ended(call_id, from_tag, now_ms(), By.CALLER.value, CANCELLED))
            self.media.over()
            return
        status = ksr.tm.t_get_status_code()
        standing = Standing.of(ksr.pv.get(_STANDING))
        plan, at = unpack(standing.plan), standing.at
        step = all_steps(plan)[at.step]
        directory = self.live.current()
        facts: list[CallFact] = []
        if status in (401, 407):
            if isinstance(step, ToTrunk) and not at.tried and self._log_in(step, standing, directory):
                return
            status = NO_TRUNK
        if ksr.tm.t_branch_timeout() > 0:
            leg = self._leg()
            facts.append(Replied(call_id, from_tag, now_ms(), leg.kind, leg.to, 408))
            if isinstance(step, ToTrunk) and not ksr.isbflagset(RANG):
                self._hold(step.trunk_id, SILENT_TRUNK_S)
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
            self._note(*facts, Ended(call_id, from_tag, now_ms(), By.CALLEE.value, status))
            return
        next_at = self._next(plan, at, status, rang=bool(ksr.isbflagset(RANG)))
        if next_at is not None:
            self._run(plan, replace(standing, at=next_at), directory, facts)
            return
        self.media.over()
        if status in (401, 407, NO_TRUNK) or 300 <= status < 400:
            # A challenge or a redirection of the far end means nothing to our caller.
            self._refuse(NOT_REACHED if status < 400 else status, "Temporarily Unavailable", facts)
            return
        by = By.BUILDING if ksr.tm.t_branch_timeout() > 0 else By.CALLEE
        self._note(*facts, Ended(call_id, from_tag, now_ms(), by.value, status))

    def _log_in(self, step: ToTrunk, standing: Standing, directory: Directory) -> bool:
        """Answer a trunk's challenge (RFC 3261 §22.3). False where we have no name there."""
        ksr = self._ksr
        trunk = directory.trunk(step.trunk_id)
        if trunk is None or not trunk.username:
            return False
        ksr.pv.sets("$avp(trunk_user)", trunk.username)
        ksr.pv.sets("$avp(trunk_secret)", trunk.secret)
        if not self._aim_at_trunk(trunk, step.user) or ksr.uac.uac_auth() < 0:
            return False
        headers = trunk_headers(step, trunk, self._knobs.uplink_address)
        self._sending = Sending(step.identity, self._knobs.uplink_address, headers, standing.side, UPLINK)
        again = replace(standing, at=replace(standing.at, tried=1))
        return self._relay(again, list(legs_of(step)), [])[0] == 0

    def _tell(self, plan: Plan, call_id: str, from_tag: str) -> None:
        """Settings changed and people to be alerted go to the edge service with the call's facts."""
        if plan.changes or plan.alerts:
            try:
                self._spool.append(*news(plan, call_id, from_tag, now_ms()))
            except OSError as full:
                self._ksr.err(f"call {call_id}: its news cannot be written: {full}\n")

    def _hold(self, trunk_id: str, wait: str) -> None:
        """Skip a trunk for so long (Retry-After, RFC 3261 §20.33); the edge service finds out what is wrong with it."""
        found = re.match(r"\s*(\d{1,5})", wait)
        if found and int(found.group(1)):
            self._ksr.htable.sht_seti("held", trunk_id, int(time.time()) + min(int(found.group(1)), LONGEST_HOLD_S))

    def _note(self, *facts: CallFact, plain: bool = False) -> None:
        """A full disk costs a record, never a call. `plain`: board.Board.note."""
        self.board.note(*facts, plain=plain)
        self.meter.note(facts)
        try:
            if facts:
                self._spool.append(*facts)
        except OSError as full:
            if self._ksr.htable.sht_inc("count", "lost_facts") == 1:
                self._ksr.err(f"call facts cannot be written: {full}\n")
