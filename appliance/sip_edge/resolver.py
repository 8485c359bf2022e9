"""Addresses of trunks that the directory knows by name only, so that no worker ever waits for DNS.

All that a name has are kept, in DNS's order: the next one is asked where one is silent (RFC 3263 §4.3).
"""

import json
import logging
import socket
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from appliance.directory.model import Trunk
from appliance.settings import Settings
from appliance.sip_edge.kamailio.knobs import TRUNK_ADDRESSES
from appliance.sip_edge.keys import edge_dir
from appliance.sip_edge.spooled import replace_file
from appliance.sip_edge.trunks import Hop, is_address

log = logging.getLogger(__name__)


class TrunkResolver:
    """Addresses of trunks that are named: asked of DNS in a thread of its own, kept in a file for the workers."""

    def __init__(self, settings: Settings) -> None:
        self._path = edge_dir(settings) / TRUNK_ADDRESSES
        self._threads = ThreadPoolExecutor(1, "resolver")
        self._family = socket.AF_INET6 if ":" in settings.network.uplink_address else socket.AF_INET
        self._asking: Future[dict[str, tuple[Hop, ...]]] | None = None
        self._known: dict[str, tuple[Hop, ...]] = {}
        self._asked: dict[str, tuple[str, int]] = {}

    def hops(self, trunk: Trunk) -> tuple[Hop, ...]:
        return (Hop(trunk.host, trunk.port),) if is_address(trunk.host) else self._known.get(trunk.id, ())

    def lacks(self, trunks: Iterable[Trunk]) -> bool:
        """Whether there is a name that was not asked for yet."""
        return any(self._asked.get(t.id) != (t.host, t.port) for t in trunks if not is_address(t.host))

    def resolve(self, trunks: Iterable[Trunk]) -> None:
        names = {t.id: (t.host, t.port) for t in trunks if not is_address(t.host)}
        if names and self._asking is None:
            self._asked = names
            self._asking = self._threads.submit(_hops_of, names, self._family)

    def collect(self) -> None:
        """Take over what DNS answered. A name that does not resolve now keeps its former addresses."""
        if self._asking is None or not self._asking.done():
            return
        found = self._asking.result()
        self._asking = None
        self._known = {**{k: v for k, v in self._known.items() if k in self._asked}, **found}
        replace_file(self._path, json.dumps(self._known, sort_keys=True))


def _hops_of(names: dict[str, tuple[str, int]], family: int) -> dict[str, tuple[Hop, ...]]:
    found: dict[str, tuple[Hop, ...]] = {}
    for trunk_id, (host, port) in names.items():
        try:
            answers = socket.getaddrinfo(host, port, family, socket.SOCK_DGRAM)
        except OSError as unresolved:
            log.warning("the trunk host %s has no address now: %s", host, unresolved)
            continue
        found[trunk_id] = tuple(dict.fromkeys(Hop(str(a[4][0]), port) for a in answers))
    return found
