"""Slots where calls are parked: which is free, which call stands there. In shared memory, by company.

A slot is taken as long as its call is on the board, so nothing has to free it; and for a moment before, while its call
is on the way there. What a parked caller hears, and where
the call goes when nobody fetches it, is voice's (voice/park.py).
"""

import time
from dataclasses import replace
from typing import Any

from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.pickups import FETCH, PARK
from appliance.sip_edge.plan import Plan, ToVoice
from appliance.sip_edge.slots import SLOTS

TABLE = "park"
"""By company and slot: the call that stands there, and when it came (seconds since 1970)."""
COMING_S = 2


class Parking:
    def __init__(self, ksr: Any, board: Board, wait_s: int) -> None:
        self._ksr = ksr
        self._wait_s = wait_s
        self._board = board

    def settled(self, plan: Plan, key: str, instead_of: tuple[str, ...]) -> Plan:
        """The plan with its slot chosen; without its first step where no slot is free, or nothing is parked there.

        `key`: this call on the board; `instead_of`: calls that it replaces, whose slot it takes (an attended transfer
        to who holds the slot).
        """
        step = plan.steps[0] if plan.steps else None
        if not isinstance(step, ToVoice) or step.service != PARK:
            return plan
        wanted = step.param("target")
        if step.param("arg") == FETCH:
            return self._fetched(plan, wanted)
        slot = self._taken(plan.account_id, wanted, key, instead_of)
        if not slot:
            return replace(plan, steps=plan.steps[1:])
        arg = f"{step.param('arg')},{self._wait_s}"
        kept = tuple((n, v) for n, v in step.params if n not in ("target", "arg"))
        params = (*kept, ("target", slot), ("arg", arg))
        chosen = replace(step, params=params)
        return replace(plan, steps=(chosen, *plan.steps[1:]), destination=f"{PARK}:{slot}")

    def _fetched(self, plan: Plan, slot: str) -> Plan:
        name = f"{plan.account_id}:{slot}"
        if not self._holds(name):
            return replace(plan, steps=plan.steps[1:])
        # From now on the slot is free: its call is being fetched.
        self._ksr.htable.sht_rm(TABLE, name)
        return replace(plan, destination=f"{FETCH}:{slot}")

    def _taken(self, account_id: str, wanted: str, key: str, instead_of: tuple[str, ...]) -> str:
        """The slot that is this call's from now on; empty: none is free. Two workers never take the same."""
        htable = self._ksr.htable
        htable.sht_lock(TABLE, account_id)
        try:
            slot = self._free(account_id, wanted, instead_of)
            if slot:
                htable.sht_sets(TABLE, f"{account_id}:{slot}", f"{key} {int(time.time())}")
            return slot
        finally:
            htable.sht_unlock(TABLE, account_id)

    def _free(self, account_id: str, wanted: str, instead_of: tuple[str, ...]) -> str:
        for slot in SLOTS:
            if instead_of and self._call_at(f"{account_id}:{slot}")[0] in instead_of:
                return slot
        free = (slot for slot in ((wanted,) if wanted else SLOTS) if not self._holds(f"{account_id}:{slot}"))
        return next(free, "")

    def _holds(self, name: str) -> bool:
        key, came_s = self._call_at(name)
        return bool(key) and (self._board.is_up(key) or abs(time.time() - came_s) < COMING_S)

    def _call_at(self, name: str) -> tuple[str, int]:
        key, _, came = str(self._ksr.htable.sht_get(TABLE, name) or "").partition(" ")
        return key, int(came or 0)
