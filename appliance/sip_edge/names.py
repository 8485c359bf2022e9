"""DNS as the edge service asks it about trunks' names: each question within a bounded time."""

import socket
from typing import TYPE_CHECKING, Protocol

from appliance.settings import Network
from appliance.sip_edge.srv import Srv

if TYPE_CHECKING:
    from dns.resolver import Answer

QUERY_S = 3.0
"""A question is given up after so long, with all its repetitions."""


class Names(Protocol):
    def srv(self, name: str) -> tuple[Srv, ...]:
        """Its SRV records; none: there are none. Raises OSError where no server says so now."""

    def addresses(self, host: str) -> tuple[str, ...]:
        """In the order in which they came, at least one. Raises OSError where there is none, or none is said now."""


class SystemNames:
    """Addresses of the family of the uplink's. `uplink_dns` alone is asked where it is set, because some carriers'
    names are known to their own server only; else those that the system asks, and for addresses its hosts file.
    """

    def __init__(self, network: Network, port: int = 53) -> None:
        self._server, self._port = network.uplink_dns, port
        self._six = ":" in network.uplink_address

    def srv(self, name: str) -> tuple[Srv, ...]:
        answer = self._asked(name, "SRV")
        return tuple(Srv(r.priority, r.weight, str(r.target).rstrip(".") or ".", r.port) for r in answer or ())

    def addresses(self, host: str) -> tuple[str, ...]:
        if self._server:
            found = [str(r.address) for r in self._asked(host, "AAAA" if self._six else "A") or ()]
        else:
            family = socket.AF_INET6 if self._six else socket.AF_INET
            found = [str(a[4][0]) for a in socket.getaddrinfo(host, None, family, socket.SOCK_DGRAM)]
        if not found:
            raise OSError(f"{host} has no address")
        return tuple(dict.fromkeys(found))

    def _asked(self, name: str, kind: str) -> "Answer | None":
        # Only where a trunk is known by SRV: most buildings never load it.
        import dns.exception
        import dns.name
        import dns.resolver

        try:
            asking = dns.resolver.Resolver(configure=not self._server)
            if self._server:
                asking.nameservers, asking.port = [self._server], self._port
            return asking.resolve(dns.name.from_text(name), kind, lifetime=QUERY_S, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return None
        except (dns.exception.DNSException, ValueError) as failed:
            raise OSError(f"{kind} of {name}: {failed}") from failed
