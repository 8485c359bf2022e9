"""What a client says of itself in a DHCP message, out of the bytes on the wire; nothing else of DHCP.

Pure. Kea answers clients; this only reads along (dhcp_ear.py), because Kea 2.2 keeps neither option 60 nor 55.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

PORT = 67
"""UDP port of DHCP servers (RFC 2131 §4.1)."""

_UDP = 17
_BOOTREQUEST = 1
_ETHERNET = 1
_MAGIC_COOKIE = b"\x63\x82\x53\x63"
_FIXED = 236
"""Octets of a BOOTP message before its magic cookie (RFC 2131 §2)."""

_PAD, _END = 0, 255
_HOST_NAME, _MESSAGE_TYPE, _PARAMETERS, _VENDOR_CLASS = 12, 53, 55, 60
_USER_CLASS, _VENDOR_IDENTIFYING_CLASS, _VENDOR_IDENTIFYING = 77, 124, 125

_SPEAKS_OF_ITSELF = frozenset((1, 3, 8))
"""DISCOVER, REQUEST, INFORM."""

_STARTS = frozenset((1, 3))
"""DISCOVER and REQUEST; from a client that has an address (ciaddr), the latter renews it (RFC 2131 §4.3.6)."""

MAX_OPTION = 255
"""Octets kept of an option that came in several parts (RFC 3396)."""

MAX_HOST_NAME = 64


@dataclass(frozen=True, slots=True)
class DhcpSaid:
    """The evidence in one message of a client. Octets as they came, but for NULs that end text; empty: not sent.

    `mac`: twelve lower-case hex digits.
    """

    mac: str
    vendor_class: bytes = b""
    """Option 60."""
    parameters: bytes = b""
    """Option 55, in the client's order: a fingerprint of its software."""
    host_name: str = ""
    """Option 12."""
    user_class: bytes = b""
    """Option 77."""
    vendor_identifying: bytes = b""
    """Option 124 or 125, the enterprise number first."""
    starting: bool = field(default=False, compare=False)
    """It has no address yet: its network has just come up. A renewal comes from an address."""


def said(packet: bytes, sender: bytes = b"") -> DhcpSaid | None:
    """What the IPv4 packet says, if it is a DISCOVER, REQUEST or INFORM of an Ethernet client; None for all else.

    `sender` is the source address of the frame: unless a relay sent it, a message that speaks for another MAC is None.
    Never raises, whatever the octets.
    """
    message = _payload(packet)
    if len(message) < _FIXED + 4 or message[_FIXED : _FIXED + 4] != _MAGIC_COOKIE:
        return None
    operation, hardware, length = message[0], message[1], message[2]
    if (operation, hardware, length) != (_BOOTREQUEST, _ETHERNET, 6):
        return None
    mac = message[28:34]
    relayed = message[24:28] != b"\0\0\0\0"
    if sender and not relayed and sender != mac:
        return None
    found = options(message)
    kind = found.get(_MESSAGE_TYPE, b"\0")[0]
    if kind not in _SPEAKS_OF_ITSELF:
        return None
    return DhcpSaid(
        mac.hex(),
        found.get(_VENDOR_CLASS, b"").rstrip(b"\0"),
        found.get(_PARAMETERS, b""),
        _text(found.get(_HOST_NAME, b"")),
        found.get(_USER_CLASS, b""),
        found.get(_VENDOR_IDENTIFYING_CLASS, b"") or found.get(_VENDOR_IDENTIFYING, b""),
        kind in _STARTS and message[12:16] == b"\0\0\0\0",
    )


def options(message: bytes) -> dict[int, bytes]:
    """Options of a BOOTP message (from its first octet), parts of one option joined (RFC 3396)."""
    found: dict[int, bytes] = {}
    for code, value in _walk(message[_FIXED + 4 :]):
        found[code] = (found.get(code, b"") + value)[:MAX_OPTION]
    return found


def _payload(packet: bytes) -> bytes:
    """The UDP payload of an IPv4 packet to a DHCP server; empty for anything else."""
    if len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != _UDP:
        return b""
    header = (packet[0] & 0x0F) * 4
    (fragment,) = struct.unpack_from("!H", packet, 6)
    if fragment & 0x1FFF or len(packet) < header + 8:
        return b""
    _, destination, length = struct.unpack_from("!HHH", packet, header)
    if destination != PORT or length < 8:
        return b""
    return packet[header + 8 : header + length]


def _walk(field: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(field):
        code = field[at]
        if code == _END:
            return
        if code == _PAD:
            at += 1
            continue
        if at + 1 >= len(field) or at + 2 + field[at + 1] > len(field):
            return
        value = field[at + 2 : at + 2 + field[at + 1]]
        if value:
            yield code, value
        at += 2 + len(value)


def _text(value: bytes) -> str:
    """A host name as text of printable ASCII; what is not becomes a question mark."""
    return "".join(chr(c) if 0x20 < c < 0x7F else "?" for c in value.rstrip(b"\0")[:MAX_HOST_NAME])
