"""What can be reached now, as a worker sees it: contacts, probed trunks, and what the edge service said of voice."""

import time
from collections.abc import Iterable
from typing import Any

from appliance.sip_edge.fraud import COUNTED
from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.kamailio.meter import Meter
from appliance.sip_edge.kamailio.referrals import REFERRED
from appliance.sip_edge.kamailio.rooms import Rooms
from appliance.sip_edge.plan import Talk
from appliance.sip_edge.trunks import Hop, hop_key


class NowReach:
    """Reach (plan.py) as this worker can see it without waiting for anything."""

    def __init__(self, ksr: Any, realm: str, board: Board, rooms: Rooms) -> None:
        self._ksr = ksr
        self._realm = realm
        self._board = board
        self._rooms = rooms
        self._meter = Meter(ksr)

    def registered(self, sip_user: str) -> bool:
        return bool(self._ksr.registrar.registered_uri("location", f"sip:{sip_user}@{self._realm}") > 0)

    def trunk_up(self, trunk_id: str) -> bool:
        table = self._ksr.htable
        if int(table.sht_get("held", trunk_id) or 0) > time.time():
            return False
        # A trunk that was not asked yet is new: try it.
        return bool(table.sht_get("trunk", trunk_id) != 0)

    def dead(self, trunk_id: str, hops: Iterable[Hop]) -> frozenset[Hop]:
        """Which of a trunk's addresses are known not to answer. Of one that has one alone, nothing is known."""
        return frozenset(hop for hop in hops if not self.trunk_up(hop_key(trunk_id, hop.name)))

    def calls_of(self, sip_user: str) -> int:
        return self._board.calls_of(sip_user)

    def alone(self, sip_user: str) -> bool:
        return self._board.alone(sip_user)

    def voice_up(self) -> bool:
        return bool(self._ksr.htable.sht_get("state", "voice") != 0)

    def link_up(self) -> bool:
        return bool(self._ksr.htable.sht_get("state", "link") != 0)

    def class_calls(self, scope: str, id: str, call_class: str) -> int:
        return self._meter.calls(scope, id) if call_class == COUNTED else 0

    def spent_today(self, scope: str, id: str) -> int:
        return int(self._ksr.htable.sht_get("spent", f"{scope}:{id}") or 0)

    def last_dialled(self, phone_id: str) -> str:
        return self._meter.last_dialled(phone_id)

    def last_caller(self, phone_id: str) -> str:
        return self._meter.last_caller(phone_id)

    def talk(self, key: str) -> Talk | None:
        return self._board.talk(key)

    def sent_by(self, sip_user: str, where: str) -> str:
        return str(self._ksr.htable.sht_get(REFERRED, f"{sip_user} {where}") or "")

    def room_of(self, sip_user: str) -> str:
        return self._rooms.of(sip_user)
