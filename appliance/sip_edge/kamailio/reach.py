"""What can be reached now, as a worker sees it: contacts, probed trunks, and what the edge service said of voice."""

from typing import Any

from appliance.sip_edge.trunks import set_of


class NowReach:
    """Reach (plan.py) as this worker can see it without waiting for anything."""

    def __init__(self, ksr: Any, realm: str) -> None:
        self._ksr = ksr
        self._realm = realm

    def registered(self, sip_user: str) -> bool:
        return bool(self._ksr.registrar.registered_uri("location", f"sip:{sip_user}@{self._realm}") > 0)

    def trunk_up(self, trunk_id: str) -> bool:
        dispatcher, number = self._ksr.dispatcher, set_of(trunk_id)
        # A trunk that is not probed yet is new: try it.
        return bool(dispatcher.ds_list_exists(number) < 0 or dispatcher.ds_is_active(number) > 0)

    def voice_up(self) -> bool:
        return bool(self._ksr.htable.sht_get("state", "voice") != 0)
