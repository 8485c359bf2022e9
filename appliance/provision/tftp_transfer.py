"""One file on its way to one phone over TFTP (RFC 1350, options of RFC 2347 to 2349): packets, blocks, what is awaited.

tftpy reads the request and writes what answers it. The blocks are written here, as octets: through tftpy's states a
phone's file went at 0.61 of dnsmasq's rate (tests/bench/bench_tftp.py). Sending again in time, and limits, are
`tftp.py`'s.
"""

import logging
import socket
import struct
from dataclasses import dataclass, field
from typing import BinaryIO

from tftpy.TftpPacketFactory import TftpPacketFactory
from tftpy.TftpPacketTypes import TftpPacketERR, TftpPacketOACK, TftpPacketRRQ, TftpPacketWRQ
from tftpy.TftpShared import TftpErrors, TftpException

# It would write every octet of every packet down, and each refusal of a phone as an error of ours.
logging.getLogger("tftpy").setLevel(logging.CRITICAL)

BLOCK = 512
"""Octets, unless another size was agreed (RFC 1350 §2)."""

BLOCK_MOST = 1428
"""Octets: the largest that an Ethernet frame carries unfragmented, with room for a VLAN tag and tunnels."""

BLOCK_LEAST = 8
REQUEST_MOST = 512
"""Octets of a request; RFC 2347 §2 allows no more."""

READ, WRITE = 1, 2
NOT_FOUND, ACCESS = TftpErrors.FileNotFound, TftpErrors.AccessViolation
_DATA, _ACK, _ERROR = b"\0\x03", b"\0\x04", b"\0\x05"
_HEARD_MOST = 1024
_BROKEN = (TftpException, struct.error, ValueError, LookupError, AttributeError, AssertionError)
"""What tftpy raises on octets that are not TFTP."""


@dataclass(frozen=True, slots=True)
class Request:
    """`code`: READ or WRITE. `options`: names in lower case."""

    code: int
    path: str
    options: dict[str, str] = field(default_factory=dict)


def read_request(packet: bytes) -> Request | None:
    """A read or write request; None of anything else. RFC 1350 §5, RFC 2347."""
    if len(packet) > REQUEST_MOST:
        return None
    try:
        asked = TftpPacketFactory().parse(packet)
    except _BROKEN:
        return None
    if not isinstance(asked, TftpPacketRRQ | TftpPacketWRQ) or not asked.filename:
        return None
    if asked.mode not in ("octet", "netascii"):
        return None
    return Request(asked.opcode, asked.filename, {n.lower(): v for n, v in asked.options.items()})


def error_packet(code: int) -> bytes:
    """Of NOT_FOUND or ACCESS, with the words of RFC 1350."""
    packet = TftpPacketERR()
    packet.errorcode = code
    return bytes(packet.encode().buffer)


def options_packet(options: dict[str, str]) -> bytes:
    """What was agreed to (RFC 2347 §3)."""
    packet = TftpPacketOACK()
    packet.options = options
    return bytes(packet.encode().buffer)


def accepted(asked: dict[str, str], size: int) -> dict[str, str]:
    """Of the options asked for, those that we do, with our values (RFC 2347 §3: none that were not asked for)."""
    found = {}
    said = asked.get("blksize", "")
    if said.isdecimal() and len(said) <= 5 and int(said) >= BLOCK_LEAST:
        found["blksize"] = str(min(int(said), BLOCK_MOST))
    if "tsize" in asked:
        found["tsize"] = str(size)
    return found


class Transfer:
    """Reads `source` as it goes. `line` is connected to the phone and does not block."""

    __slots__ = ("_awaited", "_block", "_coming", "_final", "_line", "_number", "_packet", "_source")

    def __init__(self, line: socket.socket, source: BinaryIO, options: dict[str, str]) -> None:
        """Sends the first packet. Raises OSError when the phone cannot be reached."""
        self._line = line
        self._source = source
        self._block = int(options.get("blksize", BLOCK))
        self._number = 0
        self._final = False
        self._awaited = _ACK + b"\0\0"
        self._packet = b""
        self._coming = b""
        """The block after the one that is on its way, read while that is."""
        if options:
            self._packet = options_packet(options)
            line.send(self._packet)
            self._coming = source.read(self._block)
        else:
            self._coming = source.read(self._block)
            self._next()

    @property
    def line(self) -> socket.socket:
        return self._line

    def heard(self) -> bool | None:
        """Take one packet: True, it moved on; None, it is at its end; False, this was nothing new. Raises OSError."""
        packet = self._line.recv(_HEARD_MOST)
        if packet[:4] == self._awaited:
            if self._final:
                return None
            self._next()
            return True
        # An acknowledgement that comes twice is answered once (RFC 1123 §4.2.3.1).
        return None if packet[:2] == _ERROR else False

    def again(self) -> None:
        """Send the last packet once more. Raises OSError."""
        self._line.send(self._packet)

    def close(self) -> None:
        self._source.close()
        self._line.close()

    def _next(self) -> None:
        data = self._coming
        # After 65535 comes 0, as every large image is sent.
        self._number = (self._number + 1) & 0xFFFF
        number = self._number.to_bytes(2, "big")
        self._packet = _DATA + number + data
        self._line.send(self._packet)
        self._awaited = _ACK + number
        self._final = len(data) < self._block
        if not self._final:
            self._coming = self._source.read(self._block)
