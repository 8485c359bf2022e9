"""A transferor's place in a call, taken by voice: who sends what in such a call goes where it must (transfers.py).

One entry a call in shared memory says which side voice plays, and on which port; it goes with the call. From the REFER
on, what the phone still sends of that call is answered here, so that its BYE ends nothing; what the far end sends goes
to voice, whatever contact it remembers. Calls are named as on the board.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any
from urllib.parse import quote

from appliance.directory.model import Directory, Phone
from appliance.held import LAST_SEQUENCE, Held
from appliance.sip_edge.callfacts import Departed
from appliance.sip_edge.dialogs import ReferTo, key_of, refer_to
from appliance.sip_edge.identity import Calling, caller_of, seen_inside
from appliance.sip_edge.kamailio.asked import remove_ours
from appliance.sip_edge.kamailio.calls import Calls
from appliance.sip_edge.kamailio.door import Door
from appliance.sip_edge.kamailio.headers import shown
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.places import routes_in
from appliance.sip_edge.kamailio.secure import OURSELVES
from appliance.sip_edge.kamailio.spool import now_ms
from appliance.sip_edge.kamailio.telling import Telling
from appliance.sip_edge.kamailio.voices import Voices
from appliance.sip_edge.plan import Identity, Talk
from appliance.sip_edge.sipwords import address_of, user_of
from appliance.sip_edge.transfers import Conversation, Deny, Referral, Relay, Take, Verdict, judged, outsider

TAKEN = "taken"
VOICE_SILENCE_MS = 1000
PENDING, HELD = "pending", "held"
_TRIED = "$avp(referral)"
"""Of a REFER on its way to voice: the call's name, and whether a second worker is tried."""


class Course(Enum):
    """Where a request within a call goes."""

    ON = "on"
    """To the far end, as any."""
    BARE = "bare"
    """From voice to the transferor's phone: no part of the call's own course."""
    DONE = "done"
    """It was answered here."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A call one side of which voice plays. `user`: sip_user of the phone that it was."""

    state: str
    of_caller: bool
    port: int
    user: str
    other: str = ""
    """The call that was consulted, whose place goes with this one's."""

    def text(self) -> str:
        return f"{self.state} {int(self.of_caller)} {self.port} {self.user} {self.other}"

    @classmethod
    def of(cls, text: str) -> "Taken":
        state, of_caller, port, user, other = text.split(" ")
        return cls(state, of_caller == "1", int(port), user, other)


@dataclass(frozen=True, slots=True)
class Place:
    """A phone's place in a call. `far`: sip_user of the other end; empty: none of ours."""

    key: str
    of_caller: bool
    far: str = ""


class Handover:
    def __init__(self, ksr: Any, knobs: Knobs, calls: Calls, door: Door) -> None:
        self._ksr = ksr
        self._knobs = knobs
        self._calls = calls
        self._door = door
        self._voices = Voices(ksr, knobs.voice_sip_port, knobs.voice_workers)
        self._telling = Telling(ksr, knobs, door)

    # Requests within calls

    def course(self, method: str, call_id: str, from_tag: str, downstream: bool) -> Course:
        """What is done with a request within a call, before anything else looks at it."""
        taken = self._taken(key_of(call_id, from_tag))
        from_its_side = taken is None or downstream == taken.of_caller
        if from_its_side and method in ("INVITE", "UPDATE") and self._door.is_voice():
            self._retells(taken, call_id, from_tag, downstream)
        if taken is None:
            return Course.ON
        ksr = self._ksr
        if self._door.is_voice():
            return Course.ON if from_its_side else Course.BARE
        if from_its_side:
            if method == "BYE":
                ksr.sl.sl_send_reply(200, "OK")
            elif method != "ACK":
                ksr.sl.sl_send_reply(481, "Call/Transaction Does Not Exist")
            return Course.DONE
        if taken.state == HELD:
            self._to_voice(taken.port)
        return Course.ON

    def _retells(self, taken: Taken | None, call_id: str, from_tag: str, downstream: bool) -> None:
        """voice says whom the far end talks to: to one outside, as the outside may know it."""
        caller, callee = self._calls.board.parties(call_id, from_tag)
        if not (callee if downstream else caller):
            directory = self._calls.live.current()
            self._telling.retells(_company(taken.user, directory) if taken is not None else "", directory)

    def replied(self) -> None:
        """A reply to a request within a call: to voice's first re-INVITE, it says whether voice has the place now."""
        ksr = self._ksr
        status = int(ksr.pv.get("$rs"))
        found = self._of_reply() if status >= 200 else None
        if found is None:
            return
        from_tag, taken = found
        call_id = ksr.pv.get("$ci")
        if status >= 300:
            if status != 491:
                self.ends(call_id, from_tag)
            return
        self._keep(key_of(call_id, from_tag), replace(taken, state=HELD))
        phone = self._calls.live.current().phone_by_sip_user(taken.user)
        departed = Departed(call_id, from_tag, now_ms(), taken.user, phone.id if phone else "")
        self._calls.record.note(departed)

    def _of_reply(self) -> tuple[str, Taken] | None:
        """The caller's tag, where this reply is to the request by which voice takes a place."""
        ksr = self._ksr
        for tag, of_caller in ((ksr.pv.get("$ft"), True), (ksr.pv.get("$tt"), False)):
            taken = self._taken(key_of(ksr.pv.get("$ci"), tag or ""))
            if taken is not None and taken.state == PENDING and taken.of_caller is of_caller:
                from_voice = ksr.pv.get("$T_req($si)") == OURSELVES and int(ksr.pv.get("$T_req($sp)")) == taken.port
                return (tag, taken) if from_voice else None
        return None

    def ends(self, call_id: str, from_tag: str) -> None:
        """The call is over, or stays its phone's."""
        self._give_up(key_of(call_id, from_tag))

    def _give_up(self, key: str) -> None:
        """The other one, which voice was to take with it and has not yet, stays its phone's then."""
        taken = self._taken(key)
        if taken is None:
            return
        self._ksr.htable.sht_rm(TAKEN, key)
        other = self._taken(taken.other) if taken.other else None
        if other is not None and other.state == PENDING:
            self._ksr.htable.sht_rm(TAKEN, taken.other)

    # REFER

    def refers(self, call_id: str, from_tag: str, downstream: bool) -> bool:
        """Whether a REFER was dealt with here; else it is relayed."""
        ksr = self._ksr
        if self._door.is_voice():
            return False
        remove_ours(ksr)
        directory = self._calls.live.current()
        caller, callee = self._calls.board.parties(call_id, from_tag)
        sender, far = (caller, callee) if downstream else (callee, caller)
        phone = directory.phone_by_sip_user(sender) if sender else None
        to = refer_to(ksr.hdr.get("Refer-To") or ksr.hdr.get("r")) if not ksr.hdr.get_idx("Refer-To", 1) else None
        consulted = self._consulted(to, sender, phone, directory)
        by_voice = self._calls.places.is_voice(ksr.pv.get("$ru") or "")
        verdict = judged(
            Referral(
                sender,
                Conversation(far, _neighbours(far, phone, directory), by_voice=by_voice),
                self._door.trunk(directory) is not None,
                to,
                to is not None and ksr.is_myself(f"sip:{to.host}") > 0,
                consulted[1] if consulted else None,
                self._calls.reach.voice_up(),
            )
        )
        if isinstance(verdict, Deny):
            ksr.info(f"call {call_id}: REFER refused, {verdict.status}: {verdict.why}\n")
            ksr.sl.sl_send_reply(verdict.status, verdict.reason)
            return True
        if isinstance(verdict, Relay) or phone is None:
            return False
        place = Place(key_of(call_id, from_tag), downstream, far)
        second = consulted[0] if consulted is not None and not isinstance(verdict, Take) else None
        said = self._said(phone, directory, place, second, verdict, by_voice)
        ksr.hdr.append("".join(f"X-Conserje-{name}: {quote(value, safe=',:+*')}\r\n" for name, value in said if value))
        ksr.tm.t_newtran()
        if not (self._tell_voice(second, sender) if by_voice else self._hand_over(place, second, sender)):
            self._give_up(second.key if by_voice and second is not None else place.key)
            ksr.tm.t_reply(503, "Service Unavailable")
        return True

    def _consulted(
        self, to: ReferTo | None, sender: str, phone: Phone | None, directory: Directory
    ) -> tuple[Place, Conversation] | None:
        """The call that its Replaces names, where the sender is one of the two ends."""
        for key in to.replaces.keys if to is not None and to.replaces is not None and sender else ():
            talk: Talk | None = self._calls.board.talk(key)
            if talk is None or sender not in (talk.caller, *talk.phones):
                continue
            of_caller = talk.caller == sender
            place = Place(key, of_caller, next(iter(talk.phones), "") if of_caller else talk.caller)
            places = self._calls.places
            by_voice = places.by_voice(key, of_caller)
            neighbour = _neighbours(place.far, phone, directory)
            return place, Conversation(place.far, neighbour, talk.answered, by_voice, places.known(key))
        return None

    def _said(
        self, phone: Phone, directory: Directory, place: Place, second: Place | None, verdict: Verdict, by_voice: bool
    ) -> list[tuple[str, str]]:
        """All that voice needs to go on in the sender's place; less where it is in the call already."""
        held = self._held_now(place)
        party = self._far_party(phone, directory, place, held, phone.account_id)
        called_voice = by_voice and place.of_caller
        if called_voice:
            # Whom voice has beyond itself it knows; a room calls its guests in the name of who brings them in.
            party = seen_inside(Calling(caller_of(phone, directory)), phone.account_id, directory)[0]
        account = directory.account(phone.account_id)
        said = [
            ("Account", phone.account_id),
            ("Language", (account.language if account else "") or directory.site.language),
            ("Referrer", f"sip:{phone.sip_user}@{self._knobs.realm}"),
            ("Caller", "" if party.private else party.user),
            ("Name", "" if party.private else party.display),
            ("Phone", phone.id if called_voice else ""),
        ]
        if isinstance(verdict, Take):
            said += [("Arg", verdict.digits), ("Replaces", verdict.replaces)]
        other = self._calls.places.held(second.key, second.of_caller) if second is not None else None
        if second is not None and other is not None:
            here, there = (_company(one.far, directory) for one in (place, second))
            shown_there = self._asserted(self._far_party(phone, directory, second, other, here or phone.account_id))
            shown_here = self._asserted(self._far_party(phone, directory, place, held, there or phone.account_id))
            held, other = replace(held, shown=shown_there), replace(other, shown=shown_here)
            if _rank(here, phone) > _rank(there, phone):
                # Whom voice holds is who has no phone here, else the neighbour: the other one may transfer it again.
                held, other = other, held
            said += [("Consult", other.text()), ("Shown", shown_there if by_voice else "")]
        ahead = self._telling.trunk_ahead(directory) if not place.far and not by_voice else None
        said.append(("Shows", "1" if ahead is not None and ahead.trusted else ""))
        return said if by_voice else [*said, ("Dialog", held.text())]

    def _hand_over(self, place: Place, second: Place | None, user: str) -> bool:
        """Send the REFER to a worker of voice, which is not in the call yet."""
        taken = Taken(PENDING, place.of_caller, 0, user, second.key if second is not None else "")
        if second is not None:
            self._keep(second.key, Taken(PENDING, second.of_caller, 0, user, place.key))
        self._ksr.hdr.remove("Route")
        return self._aim(place.key, taken, again=False)

    def _tell_voice(self, second: Place | None, user: str) -> bool:
        """Send the REFER to voice's own end of the call."""
        ksr = self._ksr
        if second is not None:
            self._keep(second.key, Taken(PENDING, second.of_caller, int(ksr.pv.get("$rp")), user))
        ksr.pv.sets(_TRIED, f"{second.key if second is not None else '-'} 1")
        ksr.tm.t_on_failure("ksr_failure_referral")
        return bool(ksr.tm.t_relay() > 0)

    def _aim(self, key: str, taken: Taken, again: bool) -> bool:
        ksr = self._ksr
        port = self._voices.port_for(key, again)
        self._keep(key, replace(taken, port=port))
        other = self._taken(taken.other) if taken.other else None
        if other is not None:
            self._keep(taken.other, replace(other, port=port))
        ksr.pv.sets(_TRIED, f"{key} {int(again)}")
        self._to_voice(port)
        ksr.tm.t_set_fr(0, VOICE_SILENCE_MS)
        ksr.tm.t_on_failure("ksr_failure_referral")
        return bool(ksr.tm.t_relay() > 0)

    def _to_voice(self, port: int) -> None:
        self._ksr.resetdsturi()
        self._ksr.seturi(f"sip:transfer@{OURSELVES}:{port}")
        self._ksr.corex.set_send_socket(f"udp:{OURSELVES}:{self._knobs.port}")

    def failed(self) -> None:
        """Failure route of a REFER to voice: its worker died, or takes no new calls. The call goes on as it was."""
        ksr = self._ksr
        key, tried = (ksr.pv.get(_TRIED) or " 0").split(" ")
        taken = self._taken(key)
        status = ksr.tm.t_get_status_code()
        again = status in (408, 503) and not int(tried) and self._knobs.voice_workers > 1
        if taken is not None and again and self._aim(key, taken, again=True):
            return
        self._give_up(key)
        if status in (408, 481):
            # Either would end the whole call for the phone (RFC 5057 §5.1).
            ksr.tm.t_reply(503, "Service Unavailable")

    # What voice is told

    def _held_now(self, place: Place) -> Held:
        """The call of this very REFER, as its sender holds it."""
        ksr, places = self._ksr, self._calls.places
        return Held(
            ksr.pv.get("$ci"),
            ksr.pv.get("$hdr(From)"),
            ksr.pv.get("$hdr(To)"),
            ksr.pv.get("$ru"),
            routes_in(places.values("Route")),
            int(ksr.pv.get("$cs")),
            places.sequence(place.key, not place.of_caller) or LAST_SEQUENCE,
        )

    @staticmethod
    def _far_party(phone: Phone, directory: Directory, place: Place, held: Held, viewer: str) -> Identity:
        """Who this phone talked to, as people of the company `viewer` are to see it."""
        far = directory.phone_by_sip_user(place.far) if place.far else None
        if far is not None and far.account_id in (phone.account_id, viewer):
            return seen_inside(Calling(caller_of(far, directory)), viewer, directory)[0]
        # A neighbour is known by what it showed of itself, or by what was dialled.
        person = directory.person(phone.person_id) if phone.person_id else None
        user, display = user_of(address_of(held.remote)), held.remote.partition("<")[0].strip('" ')
        party = outsider(user, display, place.of_caller, directory.site, person.area_code if person else "")
        if far is not None and place.of_caller and not party.user.startswith("+"):
            # It was reached by somebody's forward.
            return seen_inside(Calling(caller_of(far, directory)), viewer, directory)[0]
        return party

    def _asserted(self, party: Identity) -> str:
        display, uri = shown(party, self._knobs.voice_address)
        return f"{display} <{uri}>".strip()

    # The entry

    def _taken(self, key: str) -> Taken | None:
        text = self._ksr.htable.sht_get(TAKEN, key)
        return Taken.of(text) if text else None

    def _keep(self, key: str, taken: Taken) -> None:
        self._ksr.htable.sht_sets(TAKEN, key, taken.text())


def _company(sip_user: str, directory: Directory) -> str:
    """Whose phone this is; empty: none of ours."""
    phone = directory.phone_by_sip_user(sip_user) if sip_user else None
    return phone.account_id if phone is not None else ""


def _neighbours(far: str, phone: Phone | None, directory: Directory) -> bool:
    """Whether the far end is a phone of another company than this one's."""
    return phone is not None and _company(far, directory) not in ("", phone.account_id)


def _rank(company: str, phone: Phone) -> int:
    """Outsiders, neighbours, colleagues of this phone."""
    return (1 + (company == phone.account_id)) if company else 0
