"""A ringing call given to another phone: one branch more in its transaction, for the phone that asked.

The phone that dialled *8 or **102 has a call of its own then; that ends (487), and the call that it asked for comes to
it at once, with the words by which phones answer by themselves. Its 200 is an answer as any: media, records and lamps
follow, and Kamailio cancels the others with "answered elsewhere" (RFC 3326). So every phone can do it, and calls that
came in by a trunk, whose caller would not understand Replaces, can be picked up as well.
"""

from dataclasses import dataclass
from typing import Any

from appliance.directory.model import Directory
from appliance.sip_edge.carry import unpack
from appliance.sip_edge.failover import all_steps
from appliance.sip_edge.kamailio.board import Board, RingingCall, key_of
from appliance.sip_edge.kamailio.headers import Sending
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.media import VOICE
from appliance.sip_edge.kamailio.standing import Standing
from appliance.sip_edge.plan import PickUp, Ring, Target

TAKEN, TAKEN_REASON = 487, "Picked Up"


@dataclass(frozen=True, slots=True)
class Taking:
    """A pickup in progress: for which phone."""

    target: Target


class Pickup:
    def __init__(self, ksr: Any, knobs: Knobs, board: Board) -> None:
        self._ksr = ksr
        self._knobs = knobs
        self._board = board
        self.taking: Taking | None = None

    def found(self, step: PickUp) -> RingingCall | None:
        """What has rung longest at the phones that the step names."""
        return self._board.ringing(t.sip_user for t in step.targets)

    def replaced(self, account_id: str, directory: Directory) -> RingingCall | None:
        """What a phone asks for by its lamp's key: INVITE with Replaces, naming a call that rings (RFC 3891).

        None also for calls that talk: there the phone that is named does the replacing itself.
        """
        keys = replaces(self._ksr)
        if not keys:
            return None
        users = [p.sip_user for p in directory.phones() if p.account_id == account_id]
        return next((c for key in keys if (c := self._board.ringing_as(key, users)) is not None), None)

    def give(self, call: RingingCall, target: Target) -> bool:
        """Ring this phone with that call. False: it was answered or given up meanwhile, or the phone is not there."""
        self.taking = Taking(target)
        try:
            uri = f"sip:{target.sip_user}@{self._knobs.realm}"
            return bool(self._ksr.tsilo.ts_append_to_uri(call.index, call.label, "location", uri) > 0)
        finally:
            self.taking = None

    def sending(self, standing: Standing) -> Sending:
        """In the branch route of the added branch: as the phones see it that ring already."""
        step = all_steps(unpack(standing.plan))[standing.at.step]
        identity = step.identity if isinstance(step, Ring) else None
        host = self._knobs.voice_address
        headers = f"Call-Info: <sip:{host}>;answer-after=0\r\nAlert-Info: <http://{host}>;info=alert-autoanswer\r\n"
        return Sending(identity, host, headers, standing.side, VOICE)


def sign_referral(ksr: Any, board: Board, realm: str, call_id: str, from_tag: str, downstream: bool) -> None:
    """Write into a REFER between our phones who sends it (RFC 3892), as its receiver repeats it in its INVITE.

    Many phones leave it out, and none may say another's name.
    """
    caller, callee = board.parties(call_id, from_tag)
    if caller and callee:
        ksr.hdr.remove("Referred-By")
        ksr.hdr.append(f"Referred-By: <sip:{caller if downstream else callee}@{realm}>\r\n")


def replaces(ksr: Any) -> tuple[str, ...]:
    """Names on the board of the call that a Replaces header means: either tag may be the caller's."""
    value = ksr.hdr.get("Replaces")
    if not value or len(value) > 512:
        return ()
    call_id, *parameters = (part.strip() for part in value.split(";"))
    named = dict(p.partition("=")[::2] for p in parameters)
    tags = (named.get("from-tag", ""), named.get("to-tag", ""))
    return tuple(key_of(call_id, tag) for tag in tags if tag)
