"""Trunks as Kamailio sees them: the list that its dispatcher probes, and who sends from where. Pure.

Which trunk a call takes is routing's; whether it is up is what the probes say.
"""

import zlib
from collections.abc import Callable, Iterable
from ipaddress import ip_address

from appliance.directory.model import Trunk


def is_address(host: str) -> bool:
    """Whether a trunk's host is an address and needs no name server."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def set_of(trunk_id: str) -> int:
    """The dispatcher set of a trunk: workers and list agree on it without a table. 1 to 2**31 - 1."""
    return (zlib.crc32(trunk_id.encode()) & 0x7FFFFFFE) + 1


def sends(trunk: Trunk, addresses: Iterable[str], address: str, port: int, udp: bool) -> bool:
    """Whether a request from this source is this trunk's. Over TCP its port is any."""
    return address in addresses and (trunk.transport == "udp") == udp and (not udp or port == trunk.port)


def uri_of(address: str, trunk: Trunk, user: str = "") -> str:
    """The URI of a trunk's address; with `user`, what a call asks it for."""
    host = f"[{address}]" if ":" in address else address
    at = f"{user}@" if user else ""
    transport = "" if trunk.transport == "udp" else f";transport={trunk.transport}"
    return f"sip:{at}{host}:{trunk.port}{transport}"


def probe_list(trunks: Iterable[Trunk], addresses: Callable[[Trunk], tuple[str, ...]]) -> str:
    """The dispatcher's list, one set a trunk. A trunk whose name has no address yet is left out."""
    lines = ["# Made by the edge service; replaced at each revision."]
    for trunk in trunks:
        # duid is what the edge reads the state back by; it may hold neither space nor semicolon.
        lines += [f"{set_of(trunk.id)} {uri_of(a, trunk)} 0 0 duid={duid(trunk.id, a)}" for a in addresses(trunk)[:1]]
    return "\n".join(lines) + "\n"


def duid(trunk_id: str, address: str) -> str:
    return f"{set_of(trunk_id)}-{address.replace(':', '.')}"
