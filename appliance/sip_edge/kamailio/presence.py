"""Subscriptions on their way: a phone's SUBSCRIBE to the lamps service, its NOTIFYs to the phone.

Digest is checked at each SUBSCRIBE, in a dialog too; who may watch what is the lamps service's to say. Kamailio keeps
nothing of a subscription, so its restart loses none: our Contact is this building's address, and a NOTIFY names where
its phone is.
"""

from typing import Any
from urllib.parse import quote

from appliance.directory.model import Directory
from appliance.sip_edge.kamailio.door import Door
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.secure import Secure

LAMPS_SILENCE_MS = 2000
PHONE_SILENCE_MS = 5000
PHONE, SOURCE, CONTACT = "X-Conserje-Phone", "X-Conserje-Source", "X-Conserje-Contact"
"""Between us and the lamps service: id of the phone that proved itself; where it sends from; what our Contact is."""


class PresenceRelay:
    def __init__(self, ksr: Any, knobs: Knobs, door: Door, secure: Secure) -> None:
        self._ksr = ksr
        self._knobs = knobs
        self._door = door
        self._secure = secure

    def is_from_lamps(self) -> bool:
        """Whether our own lamps service sent this: from its port on loopback, where nobody else can send from."""
        ksr = self._ksr
        return (
            bool(ksr.is_UDP())
            and ksr.pv.get("$si") == "127.0.0.1"
            and int(ksr.pv.get("$sp")) == self._knobs.lamps_sip_port
        )

    def subscribe(self, directory: Directory) -> None:
        """To the lamps service, with the name of the phone that proved itself."""
        ksr, knobs = self._ksr, self._knobs
        phone = self._door.phone(directory, "SUBSCRIBE")
        if phone is None:
            return
        ksr.textops.remove_hf_re("^[Xx]-[Cc][Oo][Nn][Ss][Ee][Rr][Jj][Ee]-")
        ksr.hdr.remove("Proxy-Authorization")
        self._secure.remember_way()
        transport = ";transport=tcp" if ksr.is_TCP() else ""
        outer = knobs.outer(self._secure.by_tls(), bool(transport))
        ksr.hdr.append(
            f"{PHONE}: {quote(phone.id)}\r\n"
            f"{SOURCE}: sip:{ksr.pv.get('$si')}:{ksr.pv.get('$sp')}{transport}\r\n"
            f"{CONTACT}: sip:lamps@{outer}\r\n"
        )
        ksr.pv.sets("$du", f"sip:127.0.0.1:{knobs.lamps_sip_port}")
        ksr.corex.set_send_socket(f"udp:127.0.0.1:{knobs.port}")
        ksr.tm.t_set_fr(LAMPS_SILENCE_MS, LAMPS_SILENCE_MS)
        if ksr.tm.t_relay() < 0:
            ksr.sl.send_reply(503, "Service Unavailable")

    def notify(self) -> None:
        """From the lamps service to a phone: where it subscribed from, or, outside of a dialog, where it registered."""
        ksr = self._ksr
        source = ksr.hdr.get(SOURCE) if ksr.hdr.is_present(SOURCE) > 0 else ""
        ksr.hdr.remove(SOURCE)
        user = ksr.pv.get("$rU") or ""
        if source and not self._secure.take_way():
            ksr.pv.sets("$du", source)
            if ";transport=" not in source:
                ksr.corex.set_send_socket(f"udp:{self._knobs.voice_address}:{self._knobs.port}")
        elif not source and ksr.registrar.lookup_uri("location", f"sip:{user}@{self._knobs.realm}") < 0:
            ksr.sl.send_reply(480, "Temporarily Unavailable")
            return
        ksr.tm.t_set_fr(PHONE_SILENCE_MS, PHONE_SILENCE_MS)
        if ksr.tm.t_relay() < 0:
            ksr.sl.send_reply(480, "Temporarily Unavailable")
