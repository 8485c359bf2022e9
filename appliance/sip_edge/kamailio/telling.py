"""What a trunk hears of a transfer: voice says whom its party talks to now as a company's people see that one, and here
it becomes what this trunk may be told (told_outside.py).
"""

from typing import Any
from urllib.parse import unquote

from appliance.directory.model import Directory, Trunk
from appliance.sip_edge.kamailio.door import Door
from appliance.sip_edge.kamailio.headers import assertion
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.secure import OURSELVES
from appliance.sip_edge.plan import Identity
from appliance.sip_edge.sipwords import address_of, user_of
from appliance.sip_edge.told_outside import told_outside

ASSERTED, ACCOUNT = "P-Asserted-Identity", "X-Conserje-Account"


class Telling:
    def __init__(self, ksr: Any, knobs: Knobs, door: Door) -> None:
        self._ksr = ksr
        self._host = knobs.uplink_address
        self._door = door

    def trunk_ahead(self, directory: Directory) -> Trunk | None:
        """The trunk that the request at hand goes to next; None too where it goes past the addresses that we know."""
        there = (self._ksr.pv.get("$nh(d)"), int(self._ksr.pv.get("$nh(p)") or 0))
        return next((t for t in directory.trunks() if there in self._door.hops(t)), None)

    def retells(self, account_id: str, directory: Directory) -> None:
        """In a request of voice's that goes to no phone of ours. `account_id`: whose phone's place voice has in the
        call; empty: voice says it, or an extension is left out, as it may be any company's.
        """
        said = self._ksr.hdr.get(ASSERTED)
        if not said:
            return
        trunk = self.trunk_ahead(directory)
        if trunk is None and self._ksr.pv.get("$nh(d)") == OURSELVES:
            return  # voice talks to itself
        self._ksr.hdr.remove(ASSERTED)
        account_id = account_id or unquote(self._ksr.hdr.get(ACCOUNT) or "")
        self._ksr.hdr.remove(ACCOUNT)
        number = told_outside(user_of(address_of(said)), account_id, trunk, directory) if trunk is not None else ""
        if number:
            self._ksr.hdr.append(assertion(Identity("", asserted=number), self._host))
