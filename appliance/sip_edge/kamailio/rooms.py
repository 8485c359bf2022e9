"""Rooms of calls of three: which is whose, and the URI by which a phone sends others there. In shared memory.

A room is named by the call that began it. Who is in it is known by the calls on the board, so nothing has to be freed.
"""

from dataclasses import replace
from typing import Any

from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.kamailio.voices import Voices
from appliance.sip_edge.plan import Plan, ToVoice
from appliance.sip_edge.rooms import FACTORY, SERVICE, uri_user

TABLE = "room"
"""By sip_user: the room that this phone entered last, and its call there."""
_ROOM = "$avp(room)"
_LOOPBACK = "127.0.0.1"


class Rooms:
    def __init__(self, ksr: Any, board: Board, voices: Voices) -> None:
        self._ksr = ksr
        self._board = board
        self._voices = voices

    def settled(self, plan: Plan, key: str, caller: str, outer: str) -> Plan:
        """The plan with its room named, where it leads to one. `key`: this call on the board.

        `outer`: us, as the caller reaches us; `caller`: sip_user of our calling phone; empty: it cannot send others.
        """
        step = plan.steps[0] if plan.steps else None
        if not isinstance(step, ToVoice) or step.service != SERVICE:
            return plan
        room, _, role = step.param("arg").partition(",")
        room = room or key
        if caller:
            self._ksr.htable.sht_sets(TABLE, caller, f"{room} {key}")
            self._ksr.pv.sets(_ROOM, f"{room} {outer}")
        kept = tuple((n, v) for n, v in step.params if n != "arg")
        named = replace(step, params=(*kept, ("arg", f"{room},{role}")))
        return replace(plan, steps=(named, *plan.steps[1:]), destination=f"{FACTORY}:{room}")

    def of(self, sip_user: str) -> str:
        """The room that this phone is in; empty: none."""
        room, _, key = str(self._ksr.htable.sht_get(TABLE, sip_user) or "").partition(" ")
        return room if key and self._board.is_up(key) else ""

    def answered(self) -> None:
        """In the reply route, a 200: its Contact names the room (RFC 4579 §5.1), and voice's worker that has it."""
        ksr = self._ksr
        room, _, outer = (ksr.pv.get(_ROOM) or "").partition(" ")
        if room:
            ksr.hdr.remove("Contact")
            address, _, parameters = outer.partition(";")
            parameters = f";{parameters}" if parameters else ""
            uri = f"sip:{uri_user(room)}@{address}{parameters};voice={ksr.pv.get('$sp')}"
            ksr.hdr.append(f"Contact: <{uri}>;isfocus\r\n")

    def back_to_voice(self) -> None:
        """A request within such a call, before its Route is followed: what the phone knows as the room is voice."""
        ksr = self._ksr
        if not (ksr.pv.get("$rU") or "").startswith(f"{FACTORY}-"):
            return
        port = (ksr.pv.get("$ru") or "").partition(";voice=")[2].partition(";")[0]
        if port.isdigit() and self._voices.is_one(int(port)):
            ksr.seturi(f"sip:{SERVICE}@{_LOOPBACK}:{port}")
