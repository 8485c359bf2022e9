"""Phones' files and firmware over TFTP: the desk's answers, the same bytes as over HTTP. Packets are
`tftp_transfer.py`'s.

One thread, one loop: firmware is read from disk as it goes, so that memory does not grow with it.
"""

import io
import logging
import selectors
import signal
import socket
import sys
import time
from collections import Counter
from dataclasses import dataclass
from types import FrameType
from typing import BinaryIO

from appliance.binding import require_port
from appliance.errors import DirectoryProblem
from appliance.ports import SystemChance, SystemClock
from appliance.provision.desk import Broken, Served
from appliance.provision.doorway import Doorway
from appliance.provision.firmware_store import Stored
from appliance.provision.hatch import hatch
from appliance.provision.resync_service import ResyncService
from appliance.provision.tftp_transfer import (
    ACCESS,
    NOT_FOUND,
    READ,
    Transfer,
    accepted,
    error_packet,
    read_request,
)
from appliance.settings import Settings

TRANSFERS_MOST = 256
"""At once. One more is not answered: its phone asks again after a second or so."""

TRANSFERS_PER_SOURCE = 8
"""One more ends the oldest."""

RESEND_S = 1.0
SENDS_MOST = 5
SWITCH_S = 0.0005
"""How long the threads that write and tell may hold up a packet."""

TRANSFER_S = 120.0
SLOWEST = 20_000
"""Octets a second: a larger file may take longer, by this."""

_LARGEST = 65536
_AT_ONCE = 8
"""New requests answered before transfers that run have their turn: a file may have to be rendered first, and a phone
that waits for its next block asks again after a second or two.
"""


def run(settings: Settings) -> None:
    """Serve until told to stop (SIGTERM). Raises EngineProblem when the port is taken or the address is not here."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    address, port = settings.network.voice_address, settings.provisioning.tftp_port
    require_port(socket.SOCK_DGRAM, address, port, "TFTP")
    sys.setswitchinterval(SWITCH_S)
    doorway = Doorway(settings, SystemClock(), SystemChance())
    # Reading the families takes most of a second, in which this one loop serves nobody: not when phones ask already.
    doorway.read_families()
    door = TftpDoor(doorway, address, port)
    resyncs = ResyncService(settings, SystemClock(), SystemChance())
    page_hatch = hatch(settings, SystemClock(), SystemChance())

    def stop(number: int, frame: FrameType | None) -> None:
        door.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    resyncs.start()
    page_hatch.start()
    try:
        door.serve()
    finally:
        page_hatch.stop()
        resyncs.stop()
        door.close()
        doorway.close()


@dataclass
class _Running:
    transfer: Transfer
    source: str
    ends: float
    """When it has taken too long, monotonic."""
    due: float
    """When the last packet is sent again, monotonic."""
    sends: int = 1


class TftpDoor:
    """A TFTP server of one thread. `serve()` returns after `stopping` was set."""

    def __init__(self, doorway: Doorway, address: str, port: int) -> None:
        self._doorway = doorway
        self._address = address
        self._transfers: dict[tuple[str, int], _Running] = {}
        self._sources: Counter[str] = Counter()
        self._look_at = 0.0
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
        if now < self._look_at:
            return
        self._look_at = now + RESEND_S / 4
        for peer, running in tuple(self._transfers.items()):
            if now >= running.due:
                self._again(peer, running, now)

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
        asked = read_request(packet)
        if asked is None:
            self._doorway.refuse("bad-request", "", "tftp", source, "", 400)
            return
        # From the address that the phone asked, and to it alone: the kernel drops what others send here.
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            line.bind((self._address, 0))
            line.connect(peer)
            if asked.code != READ:
                # A phone that would leave its log here goes on without; anything else has no business on this port.
                self._doorway.refuse("method", "", "tftp", source, "", 403)
                found, code = None, ACCESS
            else:
                found, code = self._ask(asked.path, source), NOT_FOUND
            if found is None:
                line.send(error_packet(code))
                line.close()
                return
            answer, content, size = found
            transfer = Transfer(line, content, accepted(asked.options, size))
        except OSError:
            line.close()
            return
        # While its first packet is on its way.
        self._doorway.record(answer, asked.path, "tftp", source, "", 200, size)
        now = time.monotonic()
        self._transfers[peer] = _Running(transfer, source, now + TRANSFER_S + size / SLOWEST, now + RESEND_S)
        self._sources[source] += 1
        self._selector.register(line, selectors.EVENT_READ, peer)

    def _ask(self, path: str, address: str) -> tuple[Served | Stored, BinaryIO, int] | None:
        """What is given, its octets, how many. None whatever the reason: nobody learns which phones there are."""
        try:
            answer = self._doorway.answer(path, "tftp", address, "")
        except DirectoryProblem:
            self._doorway.refuse("no-directory", "", "tftp", address, "", 403)
            return None
        if isinstance(answer, Served):
            return answer, io.BytesIO(answer.data), len(answer.data)
        if isinstance(answer, Stored) and (content := answer.open()) is not None:
            return answer, content, answer.size
        self._doorway.record(answer, path, "tftp", address, "", 500 if isinstance(answer, Broken) else 404)
        return None

    def _continue(self, peer: tuple[str, int]) -> None:
        running = self._transfers.get(peer)
        if running is None:
            return
        try:
            moved = running.transfer.heard()
        except BlockingIOError:
            return
        except OSError:
            self._end(peer)
            return
        if moved is None:
            self._end(peer)
        elif moved:
            running.due, running.sends = time.monotonic() + RESEND_S, 1

    def _again(self, peer: tuple[str, int], running: _Running, now: float) -> None:
        if running.sends >= SENDS_MOST or now > running.ends:
            self._end(peer)
            return
        running.sends += 1
        running.due = now + RESEND_S
        try:
            running.transfer.again()
        except OSError:
            self._end(peer)

    def _end(self, peer: tuple[str, int]) -> None:
        running = self._transfers.pop(peer)
        self._selector.unregister(running.transfer.line)
        self._sources[running.source] -= 1
        if not self._sources[running.source]:
            del self._sources[running.source]
        running.transfer.close()
