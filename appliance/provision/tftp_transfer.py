"""One file on its way to one phone over TFTP (RFC 1350, options of RFC 2347 to 2349): packets, blocks, what is awaited.

tftpy reads the request and writes what answers it. The blocks are written here, as octets: through tftpy's states a
phone's file went at 0.61 of dnsmasq's rate (tests/bench/bench_tftp.py). Sending again in time, and limits, are
`tftp.py`'s.
"""

import logging
import socket
import struct
from dataclasses import dataclass
from functools import lru_cache
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

REQUESTS_KEPT = 1024
"""Requests read lately: the phones of a model ask for the same files by the same octets, each at every boot."""

READ, WRITE = 1, 2
NOT_FOUND, ACCESS = TftpErrors.FileNotFound, TftpErrors.AccessViolation
_HEAD = 4
"""Octets of a data packet before its data."""

_DATA, _ACK, _ERROR = b"\0\x03", b"\0\x04", b"\0\x05"
_HEARD = 4
"""Octets read of what a phone says: an acknowledgement has no more, of anything else the first two tell."""

_BROKEN = (TftpException, struct.error, ValueError, LookupError, AttributeError, AssertionError)
"""What tftpy raises on octets that are not TFTP."""


@dataclass(frozen=True, slots=True)
class Request:
    """`code`: READ or WRITE. `options`: names, in lower case, and values."""

    code: int
    path: str
    options: tuple[tuple[str, str], ...] = ()


@lru_cache(REQUESTS_KEPT)
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
    return Request(asked.opcode, asked.filename, tuple((n.lower(), v) for n, v in asked.options.items()))


@lru_cache
def error_packet(code: int) -> bytes:
    """Of NOT_FOUND or ACCESS, with the words of RFC 1350."""
    packet = TftpPacketERR()
    packet.errorcode = code
    return bytes(packet.encode().buffer)


@lru_cache(REQUESTS_KEPT)
def agreed(asked: tuple[tuple[str, str], ...], size: int) -> tuple[int, bytes]:
    """For a file of `size`: the block, and the packet that says which of the options asked for we do, with our values
    (RFC 2347 §2 and §3: none that were not asked for); b"" where there is nothing to say.
    """
    wanted, told = dict(asked), {}
    block, said = BLOCK, wanted.get("blksize", "")
    if said.isdecimal() and len(said) <= 5 and int(said) >= BLOCK_LEAST:
        block = min(int(said), BLOCK_MOST)
        told["blksize"] = str(block)
    if "tsize" in wanted:
        told["tsize"] = str(size)
    if not told:
        return block, b""
    packet = TftpPacketOACK()
    packet.options = told
    return block, bytes(packet.encode().buffer)


class Transfer:
    """Reads `source` as it goes. `line` is connected to the phone and does not block."""

    __slots__ = ("_ahead", "_awaited", "_block", "_final", "_line", "_number", "_packet", "_source")

    def __init__(self, line: socket.socket, source: BinaryIO, block: int, options: bytes) -> None:
        """Sends the first packet, `options` if there are any. Raises OSError when the phone cannot be reached."""
        self._line = line
        self._source = source
        self._block = block
        self._number = 0
        self._final = False
        self._awaited = _ACK + b"\0\0"
        self._packet = options
        self._ahead = b""
        """The packet after the one that is on its way, made while that is: the phone waits for no more than a send."""
        if options:
            line.send(options)
            self._prepare()
        else:
            self._prepare()
            self._next()

    @property
    def line(self) -> socket.socket:
        return self._line

    def heard(self) -> bool | None:
        """Take one packet: True, it moved on; None, it is at its end; False, this was nothing new. Raises OSError."""
        packet = self._line.recv(_HEARD)
        if packet == self._awaited:
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

    def _next(self) -> None:
        self._line.send(self._ahead)
        self._packet = self._ahead
        self._awaited = _ACK + self._packet[2:4]
        self._final = len(self._packet) < _HEAD + self._block
        if not self._final:
            self._prepare()

    def _prepare(self) -> None:
        # After 65535 comes 0, as every large image is sent.
        self._number = (self._number + 1) & 0xFFFF
        self._ahead = _DATA + self._number.to_bytes(2, "big") + self._source.read(self._block)
