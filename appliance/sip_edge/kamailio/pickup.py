"""A ringing call given to another phone: one branch more in its transaction, for the phone that asked.

The phone that dialled *8 or **102 has a call of its own then; that ends (487), and the call that it asked for comes to
it at once, with the words by which phones answer by themselves. Its 200 is an answer as any: media, records and lamps
follow, and Kamailio cancels the others with "answered elsewhere" (RFC 3326). So every phone can do it, and calls that
came in by a trunk, whose caller would not understand Replaces, can be picked up as well.
"""

from dataclasses import dataclass
from typing import Any

from appliance.sip_edge.carry import unpack
from appliance.sip_edge.failover import all_steps
from appliance.sip_edge.kamailio.board import Board, RingingCall
from appliance.sip_edge.kamailio.headers import Sending, auto_answer
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
        """What has rung longest at the phones that the step names, or the call that it names."""
        users = [t.sip_user for t in step.targets]
        return self._board.ringing_as(step.key, users) if step.key else self._board.ringing(users)

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
        return Sending(identity, host, auto_answer(host), standing.side, VOICE)
