"""Addresses of trunks that the directory knows by name only, so that no worker ever waits for DNS."""

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
from appliance.sip_edge.trunks import is_address

log = logging.getLogger(__name__)


class TrunkResolver:
    """Addresses of trunks that are named: asked of DNS in a thread of its own, kept in a file for the workers."""

    def __init__(self, settings: Settings) -> None:
        self._path = edge_dir(settings) / TRUNK_ADDRESSES
        self._threads = ThreadPoolExecutor(1, "resolver")
        self._asking: Future[dict[str, tuple[str, ...]]] | None = None
        self._known: dict[str, tuple[str, ...]] = {}
        self._asked: dict[str, str] = {}

    def addresses(self, trunk: Trunk) -> tuple[str, ...]:
        return (trunk.host,) if is_address(trunk.host) else self._known.get(trunk.id, ())

    def lacks(self, trunks: Iterable[Trunk]) -> bool:
        """Whether there is a name that was not asked for yet."""
        return any(self._asked.get(t.id) != t.host for t in trunks if not is_address(t.host))

    def resolve(self, trunks: Iterable[Trunk]) -> None:
        names = {t.id: t.host for t in trunks if not is_address(t.host)}
        if names and self._asking is None:
            self._asked = names
            self._asking = self._threads.submit(_addresses_of, names)

    def collect(self) -> None:
        """Take over what DNS answered. A name that does not resolve now keeps its former addresses."""
        if self._asking is None or not self._asking.done():
            return
        found = self._asking.result()
        self._asking = None
        self._known = {**{k: v for k, v in self._known.items() if k in self._asked}, **found}
        replace_file(self._path, json.dumps(self._known, sort_keys=True))


def _addresses_of(names: dict[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for trunk_id, host in names.items():
        try:
            answers = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)
        except OSError as unresolved:
            log.warning("the trunk host %s has no address now: %s", host, unresolved)
            continue
        found[trunk_id] = tuple(dict.fromkeys(str(a[4][0]) for a in answers))
    return found
