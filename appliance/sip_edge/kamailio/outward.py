"""Sends a call on as a step of its plan says: to phones, a trunk or voice, each leg with what it alone is to see.

What differs between legs (From, headers, SDP) is put on in the branch route, so that the next step starts from the
caller's own INVITE.
"""

import hashlib
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from appliance.directory.model import Directory, Trunk
from appliance.sip_edge.callfacts import Began, CallFact, LegKind, LegName, legs_of
from appliance.sip_edge.failover import answers_within_ms
from appliance.sip_edge.groups import passed_over
from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.kamailio.door import Door
from appliance.sip_edge.kamailio.headers import (
    Sending,
    goto_header,
    phone_headers,
    shown,
    trunk_headers,
    voice_headers,
)
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.media import LATE, PLAYED, RANG, RELAYED, UPLINK, VOICE, Media
from appliance.sip_edge.kamailio.reach import NowReach
from appliance.sip_edge.kamailio.saying import NOBODY, Saying
from appliance.sip_edge.kamailio.secure import SECURE, Secure
from appliance.sip_edge.kamailio.spool import now_ms
from appliance.sip_edge.kamailio.standing import STANDING, At, Standing
from appliance.sip_edge.kamailio.voices import Voices
from appliance.sip_edge.plan import PickUp, Refuse, Ring, Say, Step, ToTrunk, ToVoice
from appliance.sip_edge.recordroute import record_routes, restoring
from appliance.sip_edge.trunks import Hop, hop_key, next_hop, silence_ms, uri_of

PHONE_SILENCE_MS = 5000
"""A registered phone that says nothing at all for so long has been unplugged."""
VOICE_SILENCE_MS = 1000
NOT_REACHED = 480
BUSY = 486
NO_TRUNK = 503
SIGNATURE = "cj"
"""Parameter of our Record-Route: 16 hex digits."""
SENT: tuple[int, str] = (0, "")


class Outward:
    """`send` in a request or failure route, `branch` for each branch that it makes."""

    def __init__(
        self, ksr: Any, knobs: Knobs, door: Door, secure: Secure, media: Media, board: Board, reach: NowReach
    ) -> None:
        self._ksr = ksr
        self._knobs = knobs
        self._door = door
        self._secure = secure
        self._media = media
        self._board = board
        self._reach = reach
        self._voices = Voices(ksr, knobs.voice_sip_port, knobs.voice_workers)
        self._saying = Saying(ksr, knobs, media)
        self._sending = Sending()
        self._signature = lru_cache(maxsize=256)(self._signed_anew)

    def aimed(self, step: Step, standing: Standing, directory: Directory) -> Standing:
        """With the trunk's address that is to be tried now, where the step is a trunk's. As it was: none is left."""
        trunk = directory.trunk(step.trunk_id) if isinstance(step, ToTrunk) else None
        hop = self._next_hop(trunk, standing.at) if trunk is not None else None
        if hop is None:
            return standing
        return replace(standing, at=replace(standing.at, hops=(*standing.at.hops, hop.name)))

    def has_more(self, step: Step, at: At, directory: Directory) -> bool:
        """Whether the step's trunk has an address that this call was not sent to."""
        trunk = directory.trunk(step.trunk_id) if isinstance(step, ToTrunk) else None
        return trunk is not None and self._next_hop(trunk, at) is not None

    def asked(self, trunk_id: str, at: At, directory: Directory) -> tuple[str, ...]:
        """What an answer holds back, by its names in the table: of several addresses the one that was asked, with the
        last one the trunk as well.
        """
        trunk = directory.trunk(trunk_id)
        hops = self._door.hops(trunk) if trunk is not None else ()
        if len(hops) < 2 or not at.hops:
            return (trunk_id,)
        its = hop_key(trunk_id, at.hops[-1])
        return (its,) if next_hop(hops, (), at.hops) is not None else (its, trunk_id)

    def _next_hop(self, trunk: Trunk, at: At) -> Hop | None:
        hops = self._door.hops(trunk)
        return next_hop(hops, self._reach.dead(trunk.id, hops) if len(hops) > 1 else (), at.hops)

    def send(self, step: Step, standing: Standing, directory: Directory, facts: list[CallFact]) -> tuple[int, str]:
        """Relay the INVITE as this step says. SENT when it is on its way; else the status that it failed with."""
        ksr = self._ksr
        ksr.resetdsturi()
        side = standing.side
        match step:
            case Refuse():
                return step.status, step.reason
            case PickUp():
                return 404, "Nothing Rings"
            case Ring():
                if passed_over(step, self._reach):
                    return BUSY, "Busy Here"
                elsewhere: dict[str, str] = {}
                legs = self._aim_at_phones(step, standing.at, directory, elsewhere)
                if not legs:
                    return NOT_REACHED, "Temporarily Unavailable"
                headers = phone_headers(step, self._knobs.voice_address)
                self._sending = Sending(step.identity, self._knobs.voice_address, headers, side, VOICE, elsewhere)
                ksr.tm.t_set_fr(step.seconds * 1000, PHONE_SILENCE_MS)
            case ToTrunk():
                trunk = directory.trunk(step.trunk_id)
                if trunk is None or not self._aim_at_trunk(trunk, step.user, standing.at):
                    return NO_TRUNK, "Service Unavailable"
                headers = trunk_headers(step, trunk, self._knobs.uplink_address)
                self._sending = Sending(step.identity, self._knobs.uplink_address, headers, side, UPLINK)
                ksr.tm.t_set_fr(step.seconds * 1000, silence_ms(step.silence_s, self._door.hops(trunk)))
                legs = list(legs_of(step))
            case Say() | ToVoice():
                if not self._reach.voice_up():
                    if not isinstance(step, Say):
                        return 503, "Service Unavailable"
                    takes_ms = self._saying.begins(step, side)
                    if not takes_ms:
                        return step.status, step.reason
                    ksr.seturi(NOBODY)
                    ksr.corex.set_send_socket(f"udp:127.0.0.1:{self._knobs.port}")
                    self._sending = Sending(caller_side=side, to_nobody=True)
                    ksr.tm.t_set_fr(takes_ms, takes_ms)
                    # No worker of voice is to be tried after it.
                    return self._relay(replace(standing, at=replace(standing.at, tried=1)), list(legs_of(step)), facts)
                self._aim_at_voice(step, again=bool(standing.at.tried))
                self._sending = Sending(headers=voice_headers(step), caller_side=side)
                ksr.tm.t_set_fr(answers_within_ms(step), VOICE_SILENCE_MS)
                legs = list(legs_of(step))
        return self._relay(standing, legs, facts)

    def log_in(self, step: ToTrunk, standing: Standing, directory: Directory) -> bool:
        """Answer a trunk's challenge (RFC 3261 §22.3). False where we have no name there."""
        ksr = self._ksr
        trunk = directory.trunk(step.trunk_id)
        if trunk is None or not trunk.username:
            return False
        ksr.pv.sets("$avp(trunk_user)", trunk.username)
        ksr.pv.sets("$avp(trunk_secret)", trunk.secret)
        if not self._aim_at_trunk(trunk, step.user, standing.at) or ksr.uac.uac_auth() < 0:
            return False
        headers = trunk_headers(step, trunk, self._knobs.uplink_address)
        self._sending = Sending(step.identity, self._knobs.uplink_address, headers, standing.side, UPLINK)
        again = replace(standing, at=replace(standing.at, tried=1))
        return self._relay(again, list(legs_of(step)), []) == SENT

    def _relay(self, standing: Standing, legs: list[LegName], facts: list[CallFact]) -> tuple[int, str]:
        ksr = self._ksr
        call_id, from_tag = ksr.pv.get("$ci"), ksr.pv.get("$ft")
        known = list(standing.legs)
        # Before its first branch nobody can have picked the call up.
        for index, user in sorted(self._board.late(call_id, from_tag).items()) if known else ():
            # Where a pickup had added a branch, the next one counts on from there.
            known += [f"{LegKind.PHONE}:{user}"] if index == len(known) else []
        named = (*known, *(f"{leg.kind}:{leg.to}" for leg in legs))
        ksr.pv.sets(STANDING, Standing(standing.at, standing.side, standing.plan, named).text())
        users = [leg.to for leg in legs if leg.kind == LegKind.PHONE]
        for flag in (RELAYED, LATE, RANG, PLAYED) if known else ():
            # In a failure route the new branch would inherit them from the one that failed.
            ksr.resetbflag(flag)
        if not users:
            # A contact's own flag says whether it is on TLS; nobody else on our way out is.
            ksr.resetbflag(SECURE)
        ksr.tm.t_on_branch("ksr_branch")
        ksr.tm.t_on_reply("ksr_reply")
        ksr.tm.t_on_failure("ksr_failure")
        # Before it is sent: another worker may have its answer while this one still writes.
        began_ms = now_ms()
        self._board.rings(call_id, from_tag, users)
        if ksr.tm.t_relay() < 0:
            # The branch route had its media relayed already.
            self._media.over()
            return NO_TRUNK, "Service Unavailable"
        facts.append(Began(call_id, from_tag, began_ms, standing.at.step, tuple(dict.fromkeys(legs))))
        return SENT

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
                hop = self._next_hop(trunk, At(0)) if trunk is not None else None
                if trunk is not None and hop is not None:
                    there = uri_of(hop, trunk, quote(target.user, safe="+*"))
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

    def _aim_at_trunk(self, trunk: Trunk, user: str, at: At) -> bool:
        ksr = self._ksr
        hop = next((h for h in self._door.hops(trunk) if h.name in at.hops[-1:]), None)
        if hop is None:
            return False
        ksr.seturi(uri_of(hop, trunk, quote(user, safe="+*")))
        transport = "udp" if trunk.transport == "udp" else "tcp"
        ksr.corex.set_send_socket(f"{transport}:{self._knobs.uplink_address}:{self._knobs.port}")
        return True

    def _aim_at_voice(self, step: Say | ToVoice, again: bool) -> None:
        ksr = self._ksr
        service = step.service if isinstance(step, ToVoice) else "announce"
        port = self._voices.port(step, ksr.pv.get("$ci"), again)
        ksr.seturi(f"sip:{service}@127.0.0.1:{port}")
        ksr.corex.set_send_socket(f"udp:127.0.0.1:{self._knobs.port}")

    # Branch by branch

    def branch(self, sending: Sending | None, apart: bool) -> None:
        """Branch route: what this leg alone is to see. `sending`: in the place of the step's; `apart`: media.Media."""
        ksr, sending = self._ksr, sending or self._sending
        from_tag = ksr.pv.get("$ft")
        parameters = f";{SIGNATURE}={self._signature(ksr.pv.get('$ci'), from_tag)}"
        if sending.identity is not None:
            display, uri = shown(sending.identity, sending.host)
            ksr.uac.uac_replace_from(display, uri)
            parameters += restoring(ksr.pv.get("$fu"), uri)
            # What uac keeps for a Record-Route of Kamailio's own; with a branch more each time it would run over.
            ksr.rr.remove_record_route()
        if sending.headers:
            ksr.hdr.append(sending.headers)
        callee_side = sending.callee_side
        if sending.elsewhere and (goto := sending.elsewhere.get(ksr.pv.get("$ru") or "")) is not None:
            ksr.hdr.append(goto)
            callee_side = UPLINK
        caller, callee = self._secure.ends(callee_side)
        ksr.hdr.insert(record_routes(caller, callee, from_tag, parameters))
        if sending.to_nobody:
            return
        self._media.offer(sending.caller_side, callee_side, bool(ksr.isbflagset(SECURE)), apart)

    def signed(self, call_id: str, from_tag: str) -> bool:
        """Whether a request follows a Record-Route that we wrote for this very call: nobody relays by a made-up tag."""
        followed = self._ksr.pv.get("$route_uri") or ""
        return f";{SIGNATURE}={self._signature(call_id, from_tag)}" in followed

    def _signed_anew(self, call_id: str, from_tag: str) -> str:
        # Keyed BLAKE2 (RFC 7693 §2.9): OpenSSL's HMAC took a tenth of a worker's time.
        name = f"{call_id} {from_tag}".encode("utf-8", "replace")
        return hashlib.blake2b(name, digest_size=8, key=self._knobs.dialog_key).hexdigest()
