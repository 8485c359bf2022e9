"""Phones' files and firmware over TFTP: the desk's answers, the same bytes as over HTTP. Packets are
`tftp_transfer.py`'s.

One thread, one loop: firmware is read from disk as it goes, so that memory does not grow with it.
"""

import io
import logging
import select
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
from appliance.provision.catalogue import Catalogue
from appliance.provision.desk import Broken, Served
from appliance.provision.doorway import Doorway
from appliance.provision.firmware_store import Stored
from appliance.provision.hatch import hatch
from appliance.provision.resync_service import ResyncService
from appliance.provision.tftp_lines import Lines
from appliance.provision.tftp_transfer import (
    ACCESS,
    NOT_FOUND,
    READ,
    Transfer,
    agreed,
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


def run(settings: Settings) -> None:
    """Serve until told to stop (SIGTERM). Raises EngineProblem when the port is taken or the address is not here."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    address, port = settings.network.voice_address, settings.provisioning.tftp_port
    require_port(socket.SOCK_DGRAM, address, port, "TFTP")
    sys.setswitchinterval(SWITCH_S)
    # One for all three: what is read anew when a template changes is read once.
    catalogue = Catalogue(settings.paths.templates_dir, SystemClock())
    doorway = Doorway(settings, SystemClock(), SystemChance(), catalogue)
    # Reading the families takes most of a second, in which this one loop serves nobody: not when phones ask already.
    doorway.read_families()
    door = TftpDoor(doorway, address, port)
    resyncs = ResyncService(settings, SystemClock(), SystemChance(), catalogue)
    page_hatch = hatch(settings, SystemClock(), SystemChance(), catalogue)

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


@dataclass(slots=True)
class _Running:
    transfer: Transfer
    peer: tuple[str, int]
    ends: float
    """When it has taken too long, monotonic."""
    due: float
    """When the last packet is sent again, monotonic."""
    sends: int = 1


class TftpDoor:
    """A TFTP server of one thread. `serve()` returns after `stopping` was set."""

    def __init__(self, doorway: Doorway, address: str, port: int) -> None:
        self._doorway = doorway
        self._transfers: dict[tuple[str, int], _Running] = {}
        self._running: dict[int, _Running] = {}
        """The same, by the handle of their line."""
        self._sources: Counter[str] = Counter()
        self._look_at = 0.0
        # The kernel's own, not `selectors`: that one costs as much a packet as the packet does.
        self._poll = select.epoll()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind((address, port))
        self._poll.register(self._socket.fileno(), select.EPOLLIN)
        self._lines = Lines(address, self._poll)
        self.port: int = self._socket.getsockname()[1]
        self.stopping = False

    def serve(self) -> None:
        while not self.stopping:
            self.turn(RESEND_S / 4)

    def turn(self, wait_s: float) -> None:
        """One turn: wait for packets, handle them, send again what was not acknowledged."""
        for handle, _ in self._poll.poll(wait_s):
            running = self._running.get(handle)
            if running is not None:
                self._continue(running)
            elif not self._lines.quiet(handle):
                self._one_request()
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + RESEND_S / 4
        for running in tuple(self._transfers.values()):
            if now >= running.due:
                self._again(running, now)

    def close(self) -> None:
        for running in tuple(self._transfers.values()):
            self._end(running)
        self._lines.close()
        self._poll.close()
        self._socket.close()

    def _one_request(self) -> None:
        """One a turn: a file may have to be rendered first, and a phone that waits for its next block asks again after
        a second or two. Others that wait are there at the next turn.
        """
        try:
            packet, peer = self._socket.recvfrom(_LARGEST)
        except (BlockingIOError, ConnectionError):
            return
        # A request that is here twice: the phone did not wait for our first block, which is sent again in its time.
        if peer in self._transfers:
            return
        source = peer[0]
        if self._doorway.busy(source):
            return
        if self._sources[source] >= TRANSFERS_PER_SOURCE:
            # It was cut off in the middle of these, most likely: the newest counts.
            self._end(next(t for p, t in self._transfers.items() if p[0] == source))
        if len(self._transfers) >= TRANSFERS_MOST:
            self._doorway.refuse("too-many-transfers", "", "tftp", source, "", 503)
            return
        asked = read_request(packet)
        if asked is None:
            self._doorway.refuse("bad-request", "", "tftp", source, "", 400)
            return
        line = self._lines.take()
        try:
            # To this phone alone: the kernel drops what others send here.
            line.connect(peer)
            if asked.code != READ:
                # A phone that would leave its log here goes on without; anything else has no business on this port.
                self._doorway.refuse("method", "", "tftp", source, "", 403)
                found, code = None, ACCESS
            else:
                found, code = self._ask(asked.path, source), NOT_FOUND
            if found is None:
                line.send(error_packet(code))
                self._lines.rest(line)
                return
            answer, content, size = found
            transfer = Transfer(line, content, *agreed(asked.options, size))
        except OSError:
            line.close()
            return
        # While its first packet is on its way.
        self._doorway.record(answer, asked.path, "tftp", source, "", 200, size)
        now = time.monotonic()
        running = _Running(transfer, peer, now + TRANSFER_S + size / SLOWEST, now + RESEND_S)
        self._transfers[peer] = self._running[line.fileno()] = running
        self._sources[source] += 1

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

    def _continue(self, running: _Running) -> None:
        try:
            moved = running.transfer.heard()
        except BlockingIOError:
            return
        except OSError:
            self._end(running, broken=True)
            return
        if moved is None:
            self._end(running)
        elif moved:
            running.due, running.sends = time.monotonic() + RESEND_S, 1

    def _again(self, running: _Running, now: float) -> None:
        if running.sends >= SENDS_MOST or now > running.ends:
            self._end(running)
            return
        running.sends += 1
        running.due = now + RESEND_S
        try:
            running.transfer.again()
        except OSError:
            self._end(running, broken=True)

    def _end(self, running: _Running, broken: bool = False) -> None:
        source, line = running.peer[0], running.transfer.line
        del self._transfers[running.peer]
        del self._running[line.fileno()]
        self._sources[source] -= 1
        if not self._sources[source]:
            del self._sources[source]
        running.transfer.close()
        if broken:
            # Closed, it is no longer waited for either.
            line.close()
        else:
            self._lines.rest(line)
