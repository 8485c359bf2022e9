"""The board in Kamailio's memory and what call facts say: put right after a restart, and when an end was lost.

A call of before the restart goes on without Kamailio, and must still count; one that nothing ended must not count for
ever. Workers write the board themselves, at once; this only mends what is older than SETTLED_S.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from appliance.directory.model import Directory
from appliance.kamailio_rpc import Kamailio
from appliance.sip_edge.kamailio.board import CALL, IN_CALL, RINGS, Entry, OnBoard, entries, listed
from appliance.sip_edge.lights import Lights, UpCall

SETTLED_S = 30
"""A worker may have written an entry whose facts are not read yet."""


class BoardKeeper:
    """One turn a second asks Kamailio how long it runs; a mending every ten."""

    def __init__(self, kamailio: Kamailio) -> None:
        self._kamailio = kamailio
        self._uptime = -1

    def look(self, lights: Lights, directory: Directory) -> bool:
        """Whether Kamailio began anew since the last look; its board then has the calls that are up."""
        answer = self._kamailio.call("core.uptime")
        uptime = answer.get("uptime", -1) if isinstance(answer, Mapping) else -1
        if not isinstance(uptime, int) or uptime < 0:
            return False
        anew = self._uptime < 0 or uptime < self._uptime
        self._uptime = uptime
        # In whole seconds: what rang at its very start may be of its new life.
        lights.none_rings_since(time.time_ns() // 1_000_000 - (uptime + 1) * 1000)
        if anew:
            self._put_back(lights.up(), directory)
        return anew

    def _put_back(self, up: Iterable[UpCall], directory: Directory) -> None:
        for call in up:
            caller, callee = (_user(directory, p) for p in (call.caller_phone_id, call.callee_phone_id))
            on = OnBoard(0, 0, caller, (callee,) if callee else (), alone=call.alone)
            self._kamailio.call("htable.sets", CALL, call.key, on.text())
            since_s = call.since_ms // 1000
            if caller:
                self._add(caller, Entry(call.key, since_s, call.alone))
            if callee:
                self._add(callee, Entry(call.key, since_s))

    def _add(self, user: str, entry: Entry) -> None:
        answer = self._kamailio.call("htable.get", IN_CALL, user)
        found = entries(str(answer["item"]["value"])) if isinstance(answer, Mapping) and "item" in answer else []
        if all(e.key != entry.key for e in found):
            self._kamailio.call("htable.sets", IN_CALL, user, listed((*found, entry)))

    def mend(self, lights: Lights, gone: frozenset[str] = frozenset()) -> int:
        """Take away entries of calls that are over, and of those `gone` just now, however young; how many."""
        known, taken = lights.keys(), 0
        oldest = int(time.time()) - SETTLED_S
        for table in (IN_CALL, RINGS):
            for user, text in _items(self._kamailio.call("htable.dump", table)):
                found = entries(text)
                left = [e for e in found if e.key in known or (e.since_s > oldest and e.key not in gone)]
                taken += len(found) - len(left)
                if not left:
                    self._kamailio.call("htable.delete", table, user)
                elif len(left) != len(found):
                    self._kamailio.call("htable.sets", table, user, listed(left))
        return taken


def _user(directory: Directory, phone_id: str) -> str:
    phone = directory.phone(phone_id) if phone_id else None
    return phone.sip_user if phone else ""


def _items(dump: Any) -> list[tuple[str, str]]:
    """Names and texts, out of the answer to htable.dump."""
    slots = dump if isinstance(dump, list) else []
    found = [item for slot in slots if isinstance(slot, Mapping) for item in slot.get("slot", ())]
    return [(str(i.get("name")), str(i.get("value"))) for i in found if isinstance(i, Mapping)]
