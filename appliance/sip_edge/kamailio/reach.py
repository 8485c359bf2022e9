"""What can be reached now, as a worker sees it: contacts, probed trunks, and what the edge service said of voice."""

from typing import Any

from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.trunks import set_of


class NowReach:
    """Reach (plan.py) as this worker can see it without waiting for anything."""

    def __init__(self, ksr: Any, realm: str) -> None:
        self._ksr = ksr
        self._realm = realm
        self._board = Board(ksr)

    def registered(self, sip_user: str) -> bool:
        return bool(self._ksr.registrar.registered_uri("location", f"sip:{sip_user}@{self._realm}") > 0)

    def trunk_up(self, trunk_id: str) -> bool:
        dispatcher, number = self._ksr.dispatcher, set_of(trunk_id)
        # A trunk that is not probed yet is new: try it.
        return bool(dispatcher.ds_list_exists(number) < 0 or dispatcher.ds_is_active(number) > 0)

    def calls_of(self, sip_user: str) -> int:
        return self._board.calls_of(sip_user)

    def voice_up(self) -> bool:
        return bool(self._ksr.htable.sht_get("state", "voice") != 0)

    def link_up(self) -> bool:
        return bool(self._ksr.htable.sht_get("state", "link") != 0)

    def class_calls(self, scope: str, id: str, call_class: str) -> int:
        return 0

    def spent_today(self, scope: str, id: str) -> int:
        return int(self._ksr.htable.sht_get("spent", f"{scope}:{id}") or 0)

    def last_dialled(self, phone_id: str) -> str:
        return str(self._ksr.htable.sht_get("last", f"to:{phone_id}") or "")

    def last_caller(self, phone_id: str) -> str:
        return str(self._ksr.htable.sht_get("last", f"from:{phone_id}") or "")
