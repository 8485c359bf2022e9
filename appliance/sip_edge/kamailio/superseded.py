"""A phone that registers over a new connection has lost its earlier one: what it had registered there goes.

Power that fails closes no connection, so the old contact would stay until it runs out, and every call would wait for it
as for a phone that does not answer. Contacts of other devices, which have the same name too, stay.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LOCATION = "location"
_PROFILE = "old"
NO_AGENT = "n/a"
"""What usrloc keeps of who names no User-Agent."""


@dataclass(frozen=True, slots=True)
class Contact:
    """`received`: the address that it registered from, as `sip:address:port;transport=tcp`; empty where by UDP."""

    ruid: str
    received: str
    user_agent: str


def host_of(received: str) -> str:
    """The address alone; empty where it is none of a connection."""
    there, _, transport = received.partition(";transport=")
    return there.removeprefix("sip:").rpartition(":")[0] if transport in ("tcp", "tls") else ""


def superseded(contacts: Iterable[Contact], address: str, port: int, user_agent: str) -> tuple[str, ...]:
    """The ruids of contacts over connections that the device at this address had before the one that it has now."""
    return tuple(
        c.ruid
        for c in contacts
        if c.user_agent == user_agent
        and host_of(c.received) == address
        and not c.received.startswith(f"sip:{address}:{port};")
    )


class Superseded:
    def __init__(self, ksr: Any) -> None:
        self._ksr = ksr

    def leave(self, uri: str) -> None:
        """Before a phone's REGISTER is saved. `uri`: its address of record."""
        ksr = self._ksr
        if ksr.registrar.reg_fetch_contacts(LOCATION, uri, _PROFILE) < 0:
            return
        try:
            pv = ksr.pv
            here, port, agent = pv.get("$si"), int(pv.get("$sp")), pv.get("$ua") or NO_AGENT
            for ruid in superseded(self._kept(), here, port, agent):
                ksr.registrar.unregister_ruid(LOCATION, uri, ruid)
        finally:
            ksr.registrar.reg_free_contacts(_PROFILE)

    def _kept(self) -> list[Contact]:
        return [
            Contact(self._of("ruid", n), self._of("received", n), self._of("user_agent", n))
            for n in range(int(self._ksr.pv.get(f"$(ulc({_PROFILE}=>count))") or 0))
        ]

    def _of(self, attribute: str, n: int) -> str:
        return str(self._ksr.pv.get(f"$(ulc({_PROFILE}=>{attribute})[{n}])") or "")
