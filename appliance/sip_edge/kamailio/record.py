"""What workers note of calls: for records, for the board and the meter, for people; and trunks that failed a call.

A full disk costs a record, never a call.
"""

import re
import time
from typing import Any

from appliance.sip_edge.callfacts import Arrived, CallFact, news
from appliance.sip_edge.kamailio.board import MOVING, Board
from appliance.sip_edge.kamailio.meter import Meter
from appliance.sip_edge.kamailio.spool import Spool, now_ms
from appliance.sip_edge.plan import Plan

LONGEST_HOLD_S = 3600
_SECONDS = re.compile(r"\s*(\d{1,5})")


class Record:
    def __init__(self, ksr: Any, spool: Spool, board: Board, meter: Meter) -> None:
        self._ksr = ksr
        self._spool = spool
        self._board = board
        self._meter = meter

    def note(self, *facts: CallFact | Arrived, plain: bool = False) -> None:
        """What happened to a call, in one write. `plain`: board.Board.note."""
        for fact in facts:
            if type(fact) in MOVING:
                self._board.note(fact, plain)
                self._meter.note(fact)
        try:
            if facts:
                self._spool.append(*facts)
        except OSError as full:
            if self._ksr.htable.sht_inc("count", "lost_facts") == 1:
                self._ksr.err(f"call facts cannot be written: {full}\n")

    def tell(self, plan: Plan, call_id: str, from_tag: str) -> None:
        """Settings changed and people to be alerted go to the edge service with the call's facts."""
        if plan.changes or plan.alerts:
            try:
                self._spool.append(*news(plan, call_id, from_tag, now_ms()))
            except OSError as full:
                self._ksr.err(f"call {call_id}: its news cannot be written: {full}\n")

    def skip_trunk(self, trunk_id: str, wait: str) -> None:
        """Leave it alone for so long (Retry-After, RFC 3261 §20.33); the edge service finds out what it has."""
        found = _SECONDS.match(wait)
        if found and int(found.group(1)):
            self._ksr.htable.sht_seti("held", trunk_id, int(time.time()) + min(int(found.group(1)), LONGEST_HOLD_S))
