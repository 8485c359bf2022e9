"""A DHCP client that plays many phones over one packet socket: each has its MAC, its option 60 and its own patience.

RFC 2131 as a phone does it: DISCOVER, OFFER, REQUEST, ACK, each sent again after 4, 8, 16 s with a second of chance.
"""

import ctypes
import random
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from tests.lab.phoneboot import Device, Lease

FIRST_PATIENCE_S = 4.0
SENDS_MOST = 4
DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6
COOKIE = bytes.fromhex("63825363")
_ETH_IP = 0x0800
_PACKET_ADD_MEMBERSHIP, _PACKET_MR_PROMISC = 1, 1
_SOL_PACKET, _SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 263, 26, 33
_BUFFER = 8 << 20
# Classic BPF on the frame: IPv4, UDP, first fragment, to port 68; nothing else reaches us.
_FILTER = (
    (0x28, 0, 0, 12),
    (0x15, 0, 8, _ETH_IP),
    (0x30, 0, 0, 23),
    (0x15, 0, 6, 17),
    (0x28, 0, 0, 20),
    (0x45, 4, 0, 0x1FFF),
    (0xB1, 0, 0, 14),
    (0x48, 0, 0, 16),
    (0x15, 0, 1, 68),
    (0x06, 0, 0, 0xFFFF),
    (0x06, 0, 0, 0),
)


class NoLease(Exception):
    """Nobody gave this phone an address."""


@dataclass
class Exchange:
    """One phone's talk with the servers. `answered` is set by the thread that hears."""

    device: Device
    xid: int
    wants: int = OFFER
    answer: dict[int, bytes] = field(default_factory=dict)
    address: str = ""
    answered: threading.Event = field(default_factory=threading.Event)
    retries: int = 0


class DhcpPort:
    """The network jack of many phones: one packet socket on an interface, and one thread that hears for all."""

    def __init__(self, interface: str) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        program = b"".join(struct.pack("HBBI", *step) for step in _FILTER)
        held = ctypes.create_string_buffer(program)
        attached = struct.pack("HL", len(_FILTER), ctypes.addressof(held))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, attached)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        self._socket.bind((interface, _ETH_IP))
        everyone = struct.pack("iHH8s", socket.if_nametoindex(interface), _PACKET_MR_PROMISC, 0, b"")
        self._socket.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, everyone)
        self._waiting: dict[int, Exchange] = {}
        threading.Thread(target=self._hear, name="dhcp", daemon=True).start()

    def lease(self, device: Device) -> tuple[Lease, int]:
        """An address for this phone, and how often it had to say something again. Raises NoLease."""
        exchange = Exchange(device, random.getrandbits(32))
        self._waiting[exchange.xid] = exchange
        try:
            offer = self._ask(exchange, DISCOVER, OFFER, b"")
            wanted = b"\x32\x04" + socket.inet_aton(exchange.address) + b"\x36\x04" + offer[54]
            options = self._ask(exchange, REQUEST, ACK, wanted)
            return Lease(exchange.address, options), exchange.retries
        finally:
            del self._waiting[exchange.xid]

    def _ask(self, exchange: Exchange, kind: int, wants: int, more: bytes) -> dict[int, bytes]:
        exchange.answered.clear()
        exchange.wants = wants
        message = frame(exchange.device, exchange.xid, kind, more)
        patience = FIRST_PATIENCE_S
        for sends in range(SENDS_MOST):
            exchange.retries += bool(sends)
            self._socket.send(message)
            # RFC 2131 §4.1: randomised by a second, doubled each time.
            if exchange.answered.wait(patience + random.uniform(-1, 1)):
                return exchange.answer
            patience *= 2
        raise NoLease(f"{exchange.device.family.name} {exchange.device.mac}: no answer to {kind}")

    def _hear(self) -> None:
        while True:
            heard = self._socket.recv(2048)
            with suppress(IndexError, struct.error):
                self._take(heard[42:])

    def _take(self, data: bytes) -> None:
        exchange = self._waiting.get(int.from_bytes(data[4:8], "big"))
        if exchange is None or data[236:240] != COOKIE or data[28:34].hex() != exchange.device.mac:
            return
        options = read_options(data[240:])
        if options.get(53) == bytes((exchange.wants,)) and not exchange.answered.is_set():
            exchange.answer, exchange.address = options, socket.inet_ntoa(data[16:20])
            exchange.answered.set()


def read_options(data: bytes) -> dict[int, bytes]:
    """RFC 2132; an option that comes in parts is their concatenation (RFC 3396)."""
    options: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        options[data[at]] = options.get(data[at], b"") + data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return options


def frame(device: Device, xid: int, kind: int, more: bytes) -> bytes:
    """A whole Ethernet frame of a phone without an address."""
    mac = bytes.fromhex(device.mac)
    named = device.filled(device.family.option60.decode("latin-1")).encode("latin-1")
    options = bytes((53, 1, kind)) + more + bytes((55, len(device.family.request), *device.family.request))
    if named:
        options += bytes((60, len(named))) + named
    head = struct.pack("!BBBBIHHIIII16s64s128s", 1, 1, 6, 0, xid, 0, 0, 0, 0, 0, 0, mac, b"", b"")
    bootp = (head + COOKIE + options + b"\xff").ljust(300, b"\0")
    udp = struct.pack("!HHHH", 68, 67, 8 + len(bootp), 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0x10, 28 + len(bootp), 0, 0, 64, 17, 0, b"\0" * 4, b"\xff" * 4)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return b"\xff" * 6 + mac + struct.pack("!H", _ETH_IP) + ip + udp + bootp


def checksum(data: bytes) -> int:
    """RFC 1071, of an even number of octets."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
