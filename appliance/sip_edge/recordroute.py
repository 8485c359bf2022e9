"""The Record-Route headers of one leg, and the parameter by which Kamailio gives a changed From back. Pure.

We write them ourselves, a leg at a time: Kamailio would call a phone's TLS "tcp", because HAProxy ends it.
"""

from base64 import b64encode
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class End:
    """How one side reaches us: `host:port`, and `udp`, `tcp` or `tls`."""

    where: str
    transport: str = "udp"

    @property
    def uri(self) -> str:
        return f"sip:{self.where}" + ("" if self.transport == "udp" else f";transport={self.transport}")


def record_routes(caller: End, callee: End, from_tag: str, parameters: str) -> str:
    """Header lines: one, or two with `r2` where the sides differ (RFC 5658), the callee's on top. RFC 3261 §16.6.4.

    `parameters` as `;name=value`; `from_tag` tells a later request's direction.
    """
    ends = (caller,) if caller == callee else (callee, caller)
    double = ";r2=on" if len(ends) == 2 else ""
    return "".join(f"Record-Route: <{e.uri}{double};lr;ftag={from_tag}{parameters}>\r\n" for e in ends)


def restoring(original: str, shown: str) -> str:
    """Parameter `vsf` of Kamailio's uac module: the two URIs of a replaced From over each other, in base 64."""
    one, other = original.encode(), shown.encode()
    length = max(len(one), len(other))
    # Both as one big number: an octet at a time took ten times as long.
    numbers = (int.from_bytes(uri.ljust(length, b"\0"), "big") for uri in (one, other))
    mixed = (next(numbers) ^ next(numbers)).to_bytes(length, "big")
    return f";vsf={b64encode(mixed).decode().replace('=', '-')}"
