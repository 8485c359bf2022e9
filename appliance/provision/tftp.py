"""Phones' files over TFTP (RFC 1350, options of RFC 2347 to 2349): the desk's answers, the same bytes as over HTTP.

tftpy reads and writes the packets and keeps a transfer's state; the loop is ours, because tftpy's own ends at the first
octet that is not ASCII, knows no limits, and answers options that nobody asked for.
"""

import io
import logging
import selectors
import signal
import socket
import struct
import time
from collections import Counter
from dataclasses import dataclass
from types import FrameType
from typing import Any

from tftpy.TftpContexts import TftpContextServer
from tftpy.TftpPacketTypes import TftpPacketRRQ
from tftpy.TftpShared import TftpErrors, TftpException
from tftpy.TftpStates import TftpState, TftpStateExpectACK

from appliance.errors import DirectoryProblem
from appliance.ports import SystemChance, SystemClock
from appliance.provision.desk import Broken, Served
from appliance.provision.doorway import Doorway
from appliance.provision.listening import require_port
from appliance.provision.resync_service import ResyncService
from appliance.settings import Settings

TRANSFERS_MOST = 256
"""At once. One more is not answered: its phone asks again after a second or so."""

TRANSFERS_PER_SOURCE = 8
"""One more ends the oldest."""

RESEND_S = 1.0
SENDS_MOST = 5
TRANSFER_S = 120.0
BLOCK_MOST = 1428
"""Octets: the largest that an Ethernet frame carries unfragmented, with room for a VLAN tag and tunnels."""

BLOCK_LEAST = 8
REQUEST_MOST = 512
"""Octets of a request; RFC 2347 §2 allows no more."""

_LARGEST = 65536
_AT_ONCE = 64
_BROKEN_PACKETS = (TftpException, struct.error, ValueError, LookupError, AttributeError, AssertionError, OSError)
"""What tftpy's parser and states raise on octets that are not TFTP, and the socket when the phone is gone."""


def run(settings: Settings) -> None:
    """Serve until told to stop (SIGTERM). Raises EngineProblem when the port is taken or the address is not here."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("tftpy").setLevel(logging.CRITICAL)
    address, port = settings.network.voice_address, settings.provisioning.tftp_port
    require_port(socket.SOCK_DGRAM, address, port, "TFTP")
    doorway = Doorway(settings, SystemClock(), SystemChance())
    door = TftpDoor(doorway, address, port)
    resyncs = ResyncService(settings, SystemClock(), SystemChance())

    def stop(number: int, frame: FrameType | None) -> None:
        door.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    resyncs.start()
    try:
        door.serve()
    finally:
        resyncs.stop()
        door.close()
        doorway.close()


@dataclass
class _Transfer:
    context: Any
    source: str
    began: float
    due: float
    """When the last packet is sent again, monotonic."""
    sends: int = 1


class TftpDoor:
    """A TFTP server of one thread. `serve()` returns after `stopping` was set."""

    def __init__(self, doorway: Doorway, address: str, port: int) -> None:
        self._doorway = doorway
        self._address = address
        self._transfers: dict[tuple[str, int], _Transfer] = {}
        self._sources: Counter[str] = Counter()
        self._selector = selectors.DefaultSelector()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind((address, port))
        self._selector.register(self._socket, selectors.EVENT_READ)
        self.port: int = self._socket.getsockname()[1]
        self.stopping = False

    def serve(self) -> None:
        while not self.stopping:
            self.turn(RESEND_S / 4)

    def turn(self, wait_s: float) -> None:
        """One turn: wait for packets, handle them, send again what was not acknowledged."""
        for key, _ in self._selector.select(wait_s):
            if key.data is None:
                self._new_requests()
            else:
                self._continue(key.data)
        now = time.monotonic()
        for peer, transfer in tuple(self._transfers.items()):
            if now >= transfer.due:
                self._again(peer, transfer, now)

    def close(self) -> None:
        for peer in tuple(self._transfers):
            self._end(peer)
        self._selector.close()
        self._socket.close()

    def _new_requests(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                packet, peer = self._socket.recvfrom(_LARGEST)
            except (BlockingIOError, ConnectionError):
                return
            self._new_request(packet, peer)

    def _new_request(self, packet: bytes, peer: tuple[str, int]) -> None:
        # A request that is here twice: the phone did not wait for our first block, which is sent again in its time.
        if peer in self._transfers:
            return
        source = peer[0]
        if self._doorway.busy(source):
            return
        if self._sources[source] >= TRANSFERS_PER_SOURCE:
            # It was cut off in the middle of these, most likely: the newest counts.
            self._end(next(p for p, t in self._transfers.items() if t.source == source))
        if len(self._transfers) >= TRANSFERS_MOST:
            self._doorway.refuse("too-many-transfers", "", "tftp", source, "", 503)
            return
        # Its own idea of a timeout ends a transfer on a late acknowledgement: ours are `due` and `began`.
        context = TftpContextServer(source, peer[1], TRANSFER_S, "/", None, None, SENDS_MOST)
        # From the address that the phone asked, and to it alone: the kernel drops what others send here.
        context.sock.bind((self._address, 0))
        context.sock.connect(peer)
        context.sock.setblocking(False)
        context.tidport = peer[1]
        context.state = _Opening(context, self._doorway)
        try:
            if len(packet) > REQUEST_MOST:
                raise TftpException("longer than a request may be")
            context.start(packet)
        except _Turned as turned:
            context.end()
            if turned.reason:
                self._doorway.refuse(turned.reason, "", "tftp", source, "", 403)
            return
        except _BROKEN_PACKETS:
            context.end()
            self._doorway.refuse("bad-request", "", "tftp", source, "", 400)
            return
        now = time.monotonic()
        self._transfers[peer] = _Transfer(context, source, now, now + RESEND_S)
        self._sources[source] += 1
        self._selector.register(context.sock, selectors.EVENT_READ, peer)

    def _continue(self, peer: tuple[str, int]) -> None:
        transfer = self._transfers.get(peer)
        if transfer is None:
            return
        context = transfer.context
        before = context.next_block
        try:
            context.cycle()
        except BlockingIOError:
            return
        except _BROKEN_PACKETS:
            self._end(peer)
            return
        if context.state is None:
            self._end(peer)
        elif context.next_block != before:
            transfer.due, transfer.sends = time.monotonic() + RESEND_S, 1

    def _again(self, peer: tuple[str, int], transfer: _Transfer, now: float) -> None:
        if transfer.sends >= SENDS_MOST or now - transfer.began > TRANSFER_S:
            self._end(peer)
            return
        transfer.sends += 1
        transfer.due = now + RESEND_S
        try:
            transfer.context.state.resendLast()
        except _BROKEN_PACKETS:
            self._end(peer)

    def _end(self, peer: tuple[str, int]) -> None:
        transfer = self._transfers.pop(peer)
        self._selector.unregister(transfer.context.sock)
        self._sources[transfer.source] -= 1
        if not self._sources[transfer.source]:
            del self._sources[transfer.source]
        transfer.context.end()


class _Turned(Exception):
    """The request was answered with an error packet. `reason`: to write down; empty: it is."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class _Opening(TftpState):  # type: ignore[misc]
    """A request as it comes: read requests are answered from the desk, all else is refused."""

    def __init__(self, context: Any, doorway: Doorway) -> None:
        super().__init__(context)
        self._doorway = doorway

    def handle(self, pkt: Any, raddress: str, rport: int) -> Any:
        context = self.context
        if not isinstance(pkt, TftpPacketRRQ):
            # A phone that would leave its log here goes on without; anything else has no business on this port.
            self.sendError(TftpErrors.AccessViolation)
            raise _Turned("method")
        data = self._ask(pkt.filename, raddress)
        context.fileobj = io.BytesIO(data)
        context.file_to_transfer = pkt.filename
        asked = {str(k).lower(): str(v) for k, v in pkt.options.items()}
        context.options = _accepted(asked, len(data))
        if context.options:
            self.sendOACK()
        else:
            context.next_block = 1
            context.pending_complete = self.sendDAT()
        return TftpStateExpectACK(context)

    def _ask(self, path: str, address: str) -> bytes:
        try:
            answer = self._doorway.answer(path, "tftp", address, "")
        except DirectoryProblem:
            self.sendError(TftpErrors.FileNotFound)
            raise _Turned("no-directory") from None
        served = isinstance(answer, Served)
        status = 200 if served else 500 if isinstance(answer, Broken) else 404
        self._doorway.record(answer, path, "tftp", address, "", status)
        if not isinstance(answer, Served):
            # Whatever the reason, the same words: nobody learns by asking which phones there are.
            self.sendError(TftpErrors.FileNotFound)
            raise _Turned
        return answer.data


def _accepted(asked: dict[str, str], size: int) -> dict[str, str]:
    """Of the options asked for, those that we do, with our values (RFC 2347 §3: none that were not asked for)."""
    accepted = {}
    if "blksize" in asked and asked["blksize"].isdecimal() and int(asked["blksize"]) >= BLOCK_LEAST:
        accepted["blksize"] = str(min(int(asked["blksize"]), BLOCK_MOST))
    if "tsize" in asked:
        accepted["tsize"] = str(size)
    return accepted
