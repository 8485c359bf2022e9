"""Phones that speak to us through HAProxy: by TLS, or by TCP. How they are reached again, and what they are told.

Kamailio sees plain TCP on loopback. What a phone reads must name the outer port, and a request for it must go into the
connection that it opened: its Contact gets an alias of that connection (RFC 5923's need, nathelper's means).
"""

from typing import Any

from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.media import UPLINK, VOICE
from appliance.sip_edge.recordroute import End

OURSELVES = "127.0.0.1"
SECURE = 4
"""Branch flag, kept with a contact: it registered by TLS, and is offered SRTP."""


class Secure:
    def __init__(self, ksr: Any, knobs: Knobs) -> None:
        self._ksr = ksr
        first = knobs.behind_port
        self._tls_port = first
        self._front = frozenset((first, first + 1)) if first else frozenset()
        self._outer = End(f"{knobs.voice_address}:{knobs.tls_port}", "tls")
        self._sides = {VOICE: knobs.voice_address, UPLINK: knobs.uplink_address}
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

    def ends(self, side: str) -> tuple[End, End]:
        """In a branch route: how the caller reaches us, and how the one who is called (on `side`) will."""
        return self._caller(), self._callee(side)

    def _caller(self) -> End:
        ksr = self._ksr
        if self.by_tls():
            return self._outer
        return End(f"{ksr.pv.get('$RAi')}:{ksr.pv.get('$RAp')}", "udp" if ksr.is_UDP() else "tcp")

    def _callee(self, side: str) -> End:
        ksr = self._ksr
        if ksr.isbflagset(SECURE):
            return self._outer
        if ksr.pv.get("$rd") == OURSELVES:
            return End(f"{OURSELVES}:{self._port}")
        next_hop = (ksr.pv.get("$du") or ksr.pv.get("$ru") or "").lower()
        transport, _, socket = (ksr.pv.get("$fs") or "").partition(":")
        if transport == "udp" and socket:
            # The socket where a phone registered: it may be on the other side.
            return End(socket)
        return End(f"{self._sides[side]}:{self._port}", "tcp" if ";transport=tcp" in next_hop else "udp")
