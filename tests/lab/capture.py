"""Read what went over the wire: UDP datagrams out of pcap and pcapng files, with the time the kernel saw them.

Knows Ethernet, Linux cooked (v1, v2), raw IP and BSD loopback link types, IPv4 without fragments.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Address = tuple[str, int]

_ETHERNET, _RAW, _SLL, _SLL2, _NULL = 1, 101, 113, 276, 0
_IPV4, _UDP = 0x0800, 17
_MICROSECONDS, _NANOSECONDS = 0xA1B2C3D4, 0xA1B23C4D
_SECTION, _INTERFACE, _ENHANCED = 0x0A0D0D0A, 1, 6


@dataclass(frozen=True, slots=True)
class Datagram:
    """One UDP datagram. `at` seconds, of the capture's own clock."""

    at: float
    source: Address
    destination: Address
    payload: bytes


def read_capture(path: Path) -> tuple[Datagram, ...]:
    """All UDP datagrams of a pcap or pcapng file, in order. A torn last record (a killed tcpdump) is left out."""
    data = path.read_bytes()
    if len(data) < 4:
        return ()
    frames = _pcapng(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else _pcap(data)
    return tuple(d for at, link, frame in frames if (d := _datagram(at, link, frame)) is not None)


def _pcap(data: bytes) -> Iterator[tuple[float, int, bytes]]:
    order = "<" if struct.unpack_from("<I", data)[0] in (_MICROSECONDS, _NANOSECONDS) else ">"
    unit = 1e-9 if struct.unpack_from(order + "I", data)[0] == _NANOSECONDS else 1e-6
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF if len(data) >= 24 else 0
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, kept, _ = struct.unpack_from(order + "IIII", data, at)
        if at + 16 + kept > len(data):
            return
        yield seconds + fraction * unit, link, data[at + 16 : at + 16 + kept]
        at += 16 + kept


def _pcapng(data: bytes) -> Iterator[tuple[float, int, bytes]]:
    order = "<"
    links: list[tuple[int, float]] = []
    at = 0
    while at + 12 <= len(data):
        if data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        kind, length = struct.unpack_from(order + "II", data, at)
        if length < 12 or at + length > len(data):
            return
        body = data[at + 8 : at + length - 4]
        if kind == _SECTION:
            links = []
        elif kind == _INTERFACE:
            links.append((struct.unpack_from(order + "H", body)[0], _resolution(body[8:], order)))
        elif kind == _ENHANCED:
            interface, high, low, kept = struct.unpack_from(order + "IIII", body)
            link, unit = links[interface]
            yield ((high << 32) | low) * unit, link, body[20 : 20 + kept]
        at += length


def _resolution(options: bytes, order: str) -> float:
    """if_tsresol, option 9: a power of ten, or of two where the top bit is set. Microseconds when absent."""
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(order + "HH", options, at)
        if code == 9:
            value = options[at + 4]
            return 2.0 ** -(value & 0x7F) if value & 0x80 else 10.0**-value
        if code == 0:
            break
        at += 4 + (length + 3) // 4 * 4
    return 1e-6


def _datagram(at: float, link: int, frame: bytes) -> Datagram | None:
    packet = _network(link, frame)
    if len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != _UDP:
        return None
    if struct.unpack_from("!H", packet, 6)[0] & 0x3FFF:
        return None  # a fragment: nothing here sends datagrams that large
    header = (packet[0] & 0x0F) * 4
    total = struct.unpack_from("!H", packet, 2)[0]
    source, destination = (".".join(map(str, packet[n : n + 4])) for n in (12, 16))
    from_port, to_port, length = struct.unpack_from("!HHH", packet, header)
    payload = packet[header + 8 : min(header + length, total)]
    return Datagram(at, (source, from_port), (destination, to_port), payload)


def _network(link: int, frame: bytes) -> bytes:
    """The IPv4 packet in a link-layer frame; empty for another protocol or link."""
    if link == _ETHERNET:
        kind, start = struct.unpack_from("!H", frame, 12)[0] if len(frame) >= 14 else 0, 14
        if kind == 0x8100 and len(frame) >= 18:
            kind, start = struct.unpack_from("!H", frame, 16)[0], 18
        return frame[start:] if kind == _IPV4 else b""
    if link == _SLL:
        return frame[16:] if frame[14:16] == b"\x08\x00" else b""
    if link == _SLL2:
        return frame[20:] if frame[0:2] == b"\x08\x00" else b""
    if link == _NULL:
        return frame[4:]
    return frame if link == _RAW else b""
