"""The process `pnp`: hears phones that ask the SIP multicast group for their settings, and tells each its URL.

pnp.py reads and writes the messages. An answer goes to the address that the question came from and to no other, and
only where the network itself shows the MAC that the phone says. Where the building has its own DHCP server, this
process also hears phones boot.
"""

import logging
import select
import signal
import socket
import struct
import time
from contextlib import suppress
from types import FrameType
from typing import Protocol

from appliance.binding import require_interface
from appliance.directory.live import Live
from appliance.directory.local import LocalStore, Sighting
from appliance.errors import DirectoryProblem
from appliance.neighbours import Neighbours
from appliance.ports import Chance, SystemChance, SystemClock
from appliance.provision.bounds import MissBudget, SaidOnce
from appliance.provision.catalogue import Catalogue
from appliance.provision.dhcp import heard_file
from appliance.provision.dhcp_ear import Listening
from appliance.provision.families import Families, Family
from appliance.provision.leases import Leases
from appliance.provision.pnp import GROUP, LARGEST, PORT, PnpAsk, accepted, notify, read
from appliance.settings import Settings
from appliance.vocabulary import PhoneState

QUESTIONS_AT_ONCE = 20
QUESTIONS_PER_S = 0.5
"""Of one source. A phone asks a few times when it comes up."""

DISCARD = 9
"""A datagram to this port (RFC 863) makes the kernel ask who has an address."""

log = logging.getLogger("conserje.pnp")


class Network(Protocol):
    """Who has an address, as the network itself shows it."""

    def mac_of(self, address: str) -> str: ...


class LeasesAndNeighbours:
    """By lease, else by the kernel's neighbour table."""

    def __init__(self, settings: Settings) -> None:
        self._leases, self._neighbours = Leases(settings, SystemClock()), Neighbours(SystemClock())

    def mac_of(self, address: str) -> str:
        lease = self._leases.lease_of(address)
        return lease.mac if lease else self._neighbours.mac_of(address)


def family_for(ask: PnpAsk, mac: str, known: str, families: Families) -> Family | None:
    """Of a phone that asks: the directory's word, else the only maker of its MAC, else its own word."""
    if known:
        return families.family(known)
    makers = families.by_oui(mac)
    vendor = ask.vendor.lower()
    said = [f for f in families.families if vendor and vendor in (f.vendor.lower(), f.name)]
    both = [f for f in makers if f in said] or list(makers) or said
    return both[0] if len(both) == 1 else None


def url_for(family: Family, http: str, tftp: str) -> str:
    """Where this family looks for its files: what DHCP tells it, where that is a URL, else its folder."""
    told = next((o for o in family.dhcp_options if o.form == "text" and o.value.startswith("http")), None)
    return told.filled(http, tftp) if told else f"http://{http}/{family.prefix}/"


class Responder:
    """What is answered to one datagram, and what is noted; the sockets are `run`'s."""

    def __init__(
        self, settings: Settings, network: Network, local: LocalStore, chance: Chance, families: Catalogue
    ) -> None:
        self._settings = settings
        self._network = network
        self._local = local
        self._chance = chance
        self._families = families
        self._live = Live(settings.paths.live_dir)
        self._budget = MissBudget(QUESTIONS_AT_ONCE, QUESTIONS_PER_S)
        self._once = SaidOnce()

    def answers(self, datagram: bytes, source: tuple[str, int], ours: tuple[str, int], now: float) -> tuple[bytes, ...]:
        """The datagrams to send to `source`, in order; none where it is told nothing. `now`: monotonic seconds."""
        if self._budget.spent(source[0], now):
            return ()
        self._budget.miss(source[0], now)
        ask = read(datagram)
        if ask is None:
            return self._nothing("pnp.unreadable", source[0])
        mac = self._network.mac_of(source[0])
        if not mac:
            return self._nothing("pnp.unseen", source[0])
        if ask.mac and ask.mac != mac:
            told = (f"SIP PnP says {ask.mac}", f"the network shows {mac}")
            self._local.record_sighting(
                Sighting(mac, "", ask.model, ask.version, source[0], PhoneState.QUARANTINED, told)
            )
            return self._nothing("pnp.another-mac", source[0])
        known = ""
        with suppress(DirectoryProblem):
            phone = self._live.current().phone_by_mac(mac)
            known = phone.family if phone else ""
        family = family_for(ask, mac, known, self._families.current())
        if family is None:
            return self._nothing("pnp.no-family", source[0])
        port, address = self._settings.provisioning.http_port, self._settings.network.voice_address
        url = url_for(family, address if port == 80 else f"{address}:{port}", address)
        if self._once.first(("told", mac, url)):
            log.info("pnp.told mac=%s address=%s family=%s", mac, source[0], family.name)
        tag, branch = self._chance.token(9), self._chance.token(12)
        return accepted(ask, tag, *ours), notify(ask, url, tag, branch, ours, source)

    def _nothing(self, why: str, address: str) -> tuple[bytes, ...]:
        if self._once.first((why, address)):
            log.info("%s address=%s", why, address)
        return ()


def run(settings: Settings) -> None:
    """Answer until told to stop (SIGTERM). Raises EngineProblem when the voice interface is not there."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    network, clock, chance = settings.network, SystemClock(), SystemChance()
    index = require_interface(network.voice_interface)
    local = LocalStore(settings.paths.local_db, clock, chance)
    catalogue = Catalogue(settings.paths.templates_dir, clock, compiled=False)
    seen = LeasesAndNeighbours(settings)
    responder = Responder(settings, seen, local, chance, catalogue)
    ear = _ear(settings)
    stopping: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with _group(index) as group, _own(network.voice_address) as own:
        ours = own.getsockname()
        while not stopping:
            if not select.select([group], [], [], 0.5)[0]:
                continue
            with suppress(OSError):
                datagram, source = group.recvfrom(LARGEST + 1)
                if not seen.mac_of(source[0]):
                    # It repeats its question in half a second, and by then the kernel knows who it is.
                    own.sendto(b"\0", (source[0], DISCARD))
                for packet in responder.answers(datagram, source, ours, time.monotonic()):
                    own.sendto(packet, source)
    if ear is not None:
        ear.close()


def _ear(settings: Settings) -> Listening | None:
    """Where Kea is another's, nobody else of ours hears phones boot."""
    if settings.network.dhcp:
        return None
    try:
        return Listening(settings.network.voice_interface, heard_file(settings))
    except OSError as refused:
        log.warning("pnp.ear.off %s", refused)
        return None


def _group(interface_index: int) -> socket.socket:
    """Hears what is sent to the group on the voice interface; what is sent to an address of this box is Kamailio's."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    line.bind((GROUP, PORT))
    member = struct.pack("4s4xi", socket.inet_aton(GROUP), interface_index)
    line.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    return line


def _own(address: str) -> socket.socket:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind((address, 0))
    return line
