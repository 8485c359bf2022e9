"""Phones that speak to us through HAProxy: by TLS, or by TCP. How they are reached again, and by which Record-Route.

Kamailio sees plain TCP on loopback. What a phone reads must name the outer port, and a request for it must go into the
connection that it opened: its Contact gets an alias of that connection (RFC 5923's need, nathelper's means).
"""

from typing import Any

from appliance.sip_edge.kamailio.knobs import Knobs

SECURE = 4
"""Branch flag, kept with a contact: it registered by TLS, and is offered SRTP."""


class Secure:
    def __init__(self, ksr: Any, knobs: Knobs) -> None:
        self._ksr = ksr
        first = knobs.behind_port
        self._tls_port = first
        self._front = frozenset((first, first + 1)) if first else frozenset()
        self._outer = f"{knobs.voice_address}:{knobs.tls_port};transport=tls"
        self._plain = {"voice": knobs.voice_address, "uplink": knobs.uplink_address}
        self._port = knobs.port

    def by_tls(self) -> bool:
        """Whether this message came over TLS."""
        return bool(self._front) and int(self._ksr.pv.get("$Rp")) == self._tls_port

    def remember_way(self) -> None:
        """Write the connection that this message came by into its Contact, where it came through HAProxy."""
        if self._front and int(self._ksr.pv.get("$Rp")) in self._front:
            self._ksr.nathelper.set_contact_alias()

    def take_way(self) -> bool:
        """Send a request within a dialog by the connection that its Request-URI remembers. Whether that is by TLS."""
        ksr = self._ksr
        if not self._front:
            return False
        by_tls = ";transport=tls" in (ksr.pv.get("$ru") or "").lower()
        if ksr.nathelper.handle_ruri_alias() != 1:
            return False
        self.leave_by(by_tls)
        return by_tls

    def leave_by(self, tls: bool) -> None:
        """The socket whose Via names the outer port that this phone is connected to."""
        self._ksr.corex.set_send_socket(f"tcp:127.0.0.1:{self._tls_port + (0 if tls else 1)}")

    def record_route(self, parameter: str, caller_side: str, callee_side: str) -> None:
        """In a branch route: Record-Route, with `parameter` (`;name=value`), naming TLS where a phone is on TLS.

        RFC 3261 §16.7 and RFC 5658: one for each side, the callee's on top. What Kamailio writes by itself would send
        such a phone to a plain TCP port.
        """
        ksr = self._ksr
        caller, callee = self.by_tls(), bool(ksr.isbflagset(SECURE))
        if not (caller or callee):
            ksr.rr.record_route()
            ksr.rr.add_rr_param(parameter)
            return
        above = self._outer if callee else self._host(callee_side)
        below = self._outer if caller else self._host(caller_side)
        ksr.rr.record_route_preset(f"{above};r2=on{parameter}", f"{below};r2=on{parameter}")

    def _host(self, side: str) -> str:
        local = self._ksr.pv.get("$rd") == "127.0.0.1"
        return f"{'127.0.0.1' if local else self._plain[side]}:{self._port}"
