"""Trunks on the wire: who sends from where, and the URI of each. Pure.

Which trunk a call takes is routing's; whether it is up trunk_health.py's.
"""

from collections.abc import Iterable
from ipaddress import ip_address

from appliance.directory.model import Trunk


def is_address(host: str) -> bool:
    """Whether a trunk's host is an address and needs no name server."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def sends(trunk: Trunk, addresses: Iterable[str], address: str, port: int, udp: bool) -> bool:
    """Whether a request from this source is this trunk's. Over TCP its port is any."""
    return address in addresses and (trunk.transport == "udp") == udp and (not udp or port == trunk.port)


def uri_of(address: str, trunk: Trunk, user: str = "") -> str:
    """The URI of a trunk's address; with `user`, what a call asks it for."""
    host = f"[{address}]" if ":" in address else address
    at = f"{user}@" if user else ""
    transport = "" if trunk.transport == "udp" else f";transport={trunk.transport}"
    return f"sip:{at}{host}:{trunk.port}{transport}"
