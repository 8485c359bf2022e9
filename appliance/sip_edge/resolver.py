"""Addresses of trunks that the directory knows by name only, so that no worker ever waits for DNS.

All that a name has are kept, in DNS's order: the next one is asked where one is silent (RFC 3263 §4.3). A trunk without
a port is known by SRV: its targets with their ports, in their order; its name's own addresses where it has no SRV.
"""

import json
import logging
import secrets
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from appliance.directory.model import Trunk
from appliance.settings import Settings
from appliance.sip_edge.kamailio.knobs import TRUNK_ADDRESSES
from appliance.sip_edge.keys import edge_dir
from appliance.sip_edge.names import Names, SystemNames
from appliance.sip_edge.spooled import replace_file
from appliance.sip_edge.srv import NOWHERE, Srv, in_order, service_of
from appliance.sip_edge.trunks import Hop, hops_of, is_address, own_hop, port_of

log = logging.getLogger(__name__)

MOST_TARGETS = 8
"""Hosts of one SRV answer whose addresses are asked for."""


class _Name(NamedTuple):
    """How the directory names a trunk."""

    host: str
    port: int
    transport: str


class TrunkResolver:
    """Addresses of trunks that are named: asked of DNS in a thread of its own, kept in a file for the workers."""

    def __init__(self, settings: Settings, names: Names | None = None) -> None:
        self._path = edge_dir(settings) / TRUNK_ADDRESSES
        self._threads = ThreadPoolExecutor(1, "resolver")
        self._names = names or SystemNames(settings.network)
        self._asking: Future[dict[str, tuple[Hop, ...]]] | None = None
        self._known: dict[str, tuple[Hop, ...]] = {}
        # What this process knew before it was started again: DNS may be as far away as ever.
        with suppress(OSError, ValueError, AttributeError, TypeError):
            self._known = hops_of(self._path.read_text(encoding="utf-8"))
        self._asked: dict[str, _Name] = {}
        self._drawn: dict[str, tuple[Srv, ...]] = {}
        """By SRV name: the order that was drawn, while the answer is the same. A building stays where it registered;
        shares are kept among buildings.
        """

    def hops(self, trunk: Trunk) -> tuple[Hop, ...]:
        own = own_hop(trunk)
        return self._known.get(trunk.id, ()) if own is None else (own,)

    def lacks(self, trunks: Iterable[Trunk]) -> bool:
        """Whether there is a name that was not asked for yet."""
        return any(self._asked.get(trunk_id) != name for trunk_id, name in _named(trunks).items())

    def resolve(self, trunks: Iterable[Trunk]) -> None:
        names = _named(trunks)
        if names and self._asking is None:
            self._asked = names
            self._asking = self._threads.submit(self._found, names, frozenset(self._known))

    @property
    def is_idle(self) -> bool:
        """Whether nothing is asked now."""
        return self._asking is None

    def collect(self) -> None:
        """Take over what DNS answered. A name that does not resolve now keeps its former addresses."""
        if self._asking is None or not self._asking.done():
            return
        found = self._asking.result()
        self._asking = None
        self._known = {**{k: v for k, v in self._known.items() if k in self._asked}, **found}
        replace_file(self._path, json.dumps(self._known, sort_keys=True))

    # In the thread

    def _found(self, names: dict[str, _Name], known: frozenset[str]) -> dict[str, tuple[Hop, ...]]:
        found: dict[str, tuple[Hop, ...]] = {}
        for trunk_id, name in names.items():
            try:
                found[trunk_id] = self._hops_of(name, trunk_id in known)
            except OSError as unresolved:
                log.warning("the trunk host %s has no address now: %s", name.host, unresolved)
        return found

    def _hops_of(self, name: _Name, known: bool) -> tuple[Hop, ...]:
        """Raises OSError where DNS names no address now."""
        targets = () if name.port else self._targets(name, known)
        if not targets:
            port = port_of(name.port, name.transport)
            return tuple(Hop(address, port) for address in self._names.addresses(name.host))
        if [t.host for t in targets] == [NOWHERE]:
            return ()
        hops, failed = [], OSError("no target")
        for target in targets[:MOST_TARGETS]:
            try:
                hops += [Hop(address, target.port) for address in self._names.addresses(target.host)]
            except OSError as unresolved:
                failed = unresolved
        if not hops:
            raise failed
        return tuple(dict.fromkeys(hops))

    def _targets(self, name: _Name, known: bool) -> tuple[Srv, ...]:
        service = service_of(name.host, name.transport)
        try:
            records = self._names.srv(service)
        except OSError as unanswered:
            # Some routers' DNS answers no SRV question at all; but who has an address of this name keeps it.
            if known:
                raise
            log.warning("the trunk host %s is asked for without SRV: %s", name.host, unanswered)
            records = ()
        if set(records) != set(self._drawn.get(service, ())):
            self._drawn[service] = in_order(records, lambda most: secrets.randbelow(most + 1))
        return self._drawn.get(service, ())


def _named(trunks: Iterable[Trunk]) -> dict[str, _Name]:
    return {t.id: _Name(t.host, t.port, t.transport) for t in trunks if not is_address(t.host)}
