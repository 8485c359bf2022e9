"""RTP on the wire (RFC 3550) and the digits in it (RFC 4733): bytes to packets and back, without I/O.

Whether a packet is wanted, by its source and payload type, is for the leg to say.
"""

import struct
from typing import NamedTuple

HEADER_BYTES = 12
MAX_DATAGRAM = 1500
"""Nothing that we agree to is larger; a longer datagram is refused unread."""

_HEADER = struct.Struct("!BBHII")
_VERSION = 2 << 6
_RTCP_TYPES = range(72, 77)
"""RFC 5761 §4: RTCP packet types 200 to 204, seen as an RTP payload type with its marker."""


class RtpError(ValueError):
    """These bytes are no RTP packet. The text says why: "too short", "version", "padding", ..."""


class Packet(NamedTuple):
    """RFC 3550 §5.1, without CSRC list, extension and padding. A tuple, as thousands are made a second."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(data: bytes) -> Packet:
    """The packet in a datagram. Raises RtpError on what RFC 3550 appendix A.1 calls invalid."""
    if len(data) < HEADER_BYTES:
        raise RtpError("too short")
    if len(data) > MAX_DATAGRAM:
        raise RtpError("too long")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first & 0xC0 != _VERSION:
        raise RtpError("version")
    if second & 0x7F in _RTCP_TYPES:
        raise RtpError("rtcp")
    start, end = HEADER_BYTES, len(data)
    if first & 0x3F:
        start += 4 * (first & 0x0F)
        if first & 0x10:
            if end < start + 4:
                raise RtpError("extension")
            start += 4 + 4 * ((data[start + 2] << 8) | data[start + 3])
        if first & 0x20:
            padding = data[-1]
            if padding == 0:
                raise RtpError("padding")
            end -= padding
        if start > end:
            raise RtpError("padding" if first & 0x20 else "extension")
    return Packet(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, data[start:end])


def write_header(buffer: bytearray, payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int) -> None:
    """Fill the first 12 bytes. All counters are taken modulo their width."""
    _HEADER.pack_into(
        buffer,
        0,
        _VERSION,
        payload_type | (0x80 if marker else 0),
        sequence & 0xFFFF,
        timestamp & 0xFFFFFFFF,
        ssrc & 0xFFFFFFFF,
    )


def newer(this: int, than: int, bits: int) -> bool:
    """Whether a wrapping counter is ahead of another one (RFC 1982)."""
    difference = (this - than) % (1 << bits)
    return 0 < difference < 1 << (bits - 1)


KEYS = "0123456789*#ABCD"
_FLASH = 16


class DigitReader:
    """Turns telephone-event packets into keys, each once: at its first packet that arrives (RFC 4733 §2.5.2).

    All packets of one key carry the timestamp of its start; a lost first packet or a lost end changes nothing.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: int | None = None

    def key(self, packet: Packet) -> str:
        """The key that this packet starts; empty for a repetition, an old packet, a tone, a flash or a torn payload."""
        if len(packet.payload) < 4:
            return ""
        if self._last is not None and not newer(packet.timestamp, self._last, 32):
            return ""
        self._last = packet.timestamp
        event = packet.payload[0]
        return KEYS[event] if event < _FLASH else ""
