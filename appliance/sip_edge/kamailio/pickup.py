"""A ringing call given to another phone: one branch more in its transaction, for the phone that asked.

The phone that dialled *8 or **102 has a call of its own then; that ends (487) as soon as the other one is sure to come,
and it comes at once, with the words by which phones answer by themselves: who still dialled would only hear it ring.
Where it was answered in that very instant the phone's own call goes on, to the sentence. Its 200 is an answer as any:
media, records and lamps follow, and Kamailio cancels the others with "answered elsewhere" (RFC 3326). So every phone
can do it, and calls that came in by a trunk, whose caller would not understand Replaces, can be picked up as well.
"""

import json
import secrets
from collections.abc import Callable
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


@dataclass(slots=True)
class Taking:
    """A pickup in progress: for which phone, and that phone's own call."""

    target: Target
    asked: str
    """Its transaction."""
    before: Callable[[], None] | None


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

    def give(self, call: RingingCall, target: Target, before: Callable[[], None]) -> bool:
        """Ring this phone with that call; its own, which this worker has now, ends first, after `before`. False: the
        call was answered or given up meanwhile, or the phone is not there; nothing has changed.
        """
        pv = self._ksr.pv
        self.taking = Taking(target, f"{pv.get('$T(id_index)')}:{pv.get('$T(id_label)')}", before)
        try:
            uri = f"sip:{target.sip_user}@{self._knobs.realm}"
            if self._ksr.tsilo.ts_append_to_uri(call.index, call.label, "location", uri) > 0:
                return True
            # What was looked up for it is no branch of the phone's own call.
            for _ in range(int(pv.get("$branch(count)") or 0)):
                pv.unset("$(branch(uri)[0])")
            return self.taking.before is None
        finally:
            self.taking = None

    def frees(self) -> None:
        """In the branch route of the added branch: it will be sent, and the phone's own call ends before."""
        if self.taking is None or self.taking.before is None:
            return
        before, self.taking.before = self.taking.before, None
        before()
        # The transaction at hand is the other call's.
        answer = [TAKEN, TAKEN_REASON, self.taking.asked, secrets.token_hex(8), "", ""]
        self._ksr.jsonrpcs.exec(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tm.reply", "params": answer}))

    def sending(self, standing: Standing) -> Sending:
        """In the branch route of the added branch: as the phones see it that ring already."""
        step = all_steps(unpack(standing.plan))[standing.at.step]
        identity = step.identity if isinstance(step, Ring) else None
        host = self._knobs.voice_address
        return Sending(identity, host, auto_answer(host), standing.side, VOICE)
