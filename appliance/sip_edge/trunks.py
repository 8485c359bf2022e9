"""Trunks on the wire: who sends from where, which of its addresses is asked next, and the URI of each. Pure.

Which trunk a call takes is routing's; whether it is up trunk_health.py's.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from appliance.directory.model import Trunk
from appliance.vocabulary import LinkState


def hop_key(trunk_id: str, name: str) -> str:
    """What one address of a trunk that has several is called in the tables `trunk` and `held`."""
    return f"{trunk_id} {name}"


MOST_HOPS = 3
"""Addresses of one trunk that a call tries: its silence is shared among them, and each needs its share."""


class Hop(NamedTuple):
    """An address of a trunk with its port (RFC 3263 §4), in the order in which DNS wants them tried."""

    address: str
    port: int

    @property
    def name(self) -> str:
        """Without a space or a comma."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}" if self.port else host


def next_hop(hops: Sequence[Hop], dead: Collection[Hop], tried: Collection[str]) -> Hop | None:
    """The address to try next: those that are known dead come last. `tried`: names of those that failed; None: none
    is left.
    """
    if len(tried) >= MOST_HOPS:
        return None
    left = [hop for hop in hops if hop.name not in tried]
    return next((hop for hop in left if hop not in dead), left[0] if left else None)


def first_live(states: Mapping[Hop, LinkState]) -> Hop:
    """The address that stands for its trunk: the first that answers, else one that was not asked yet. `states` in the
    order of the addresses, at least one.
    """
    for wanted in (LinkState.UP, LinkState.UNKNOWN, LinkState.DOWN):
        found = next((hop for hop, state in states.items() if state is wanted), None)
        if found is not None:
            return found
    raise ValueError("a trunk without an address")


def silence_ms(silence_s: int, hops: Sequence[Hop]) -> int:
    """How long one address may say nothing, so that all of them together take no longer than one (S-6)."""
    return silence_s * 1000 // max(1, min(len(hops), MOST_HOPS))


def port_of(port: int, transport: str) -> int:
    """The port of a trunk's own address: where it says none, and has no SRV, the transport's (RFC 3263 §4.2)."""
    return port or (5061 if transport == "tls" else 5060)


def own_hop(trunk: Trunk) -> Hop | None:
    """Where the directory itself says that it is; None: it says a name."""
    return Hop(trunk.host, port_of(trunk.port, trunk.transport)) if is_address(trunk.host) else None


def hops_of(text: str) -> dict[str, tuple[Hop, ...]]:
    """The file of resolved names (knobs.TRUNK_ADDRESSES). Raises ValueError, AttributeError or TypeError."""
    return {k: tuple(Hop(str(a), int(p)) for a, p in v) for k, v in json.loads(text).items()}


def is_address(host: str) -> bool:
    """Whether a trunk's host is an address and needs no name server."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def sends(trunk: Trunk, hops: Iterable[Hop], address: str, port: int, udp: bool) -> bool:
    """Whether a request from this source is this trunk's. Over TCP its port is any."""
    return (trunk.transport == "udp") == udp and any(h.address == address and (not udp or h.port == port) for h in hops)


def uri_of(hop: Hop, trunk: Trunk, user: str = "") -> str:
    """The URI of a trunk's address; with `user`, what a call asks it for."""
    at = f"{user}@" if user else ""
    transport = "" if trunk.transport == "udp" else f";transport={trunk.transport}"
    return f"sip:{at}{hop.name}{transport}"
