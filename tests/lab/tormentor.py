"""Sends a building's Kamailio broken SIP no faster than it is read, and counts what got lost on the way.

Who only sends proves little: past a full socket the kernel throws away, and a connection that lost its framing is
closed with all that follows. Here the socket's own count of what was thrown away is read, and each message by TCP has
a connection of its own, which Kamailio closes when it has read to the end.
"""

import socket
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from appliance.kamailio_rpc import Kamailio
from tests.lab.netns import Namespace
from tests.lab.waiting import until

AT_ONCE = 40
"""Messages by UDP until it is looked whether they are read: a socket has room for some hundreds; and connections."""
READ_S, ANSWER_S = 20.0, 5.0
COUNTED = ("rcv_requests", "rcv_replies")


@dataclass(frozen=True, slots=True)
class Tally:
    """What was sent; `lost` of it never came to Kamailio. `understood`: what it could read as SIP and worked on."""

    sent: int = 0
    lost: int = 0
    understood: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.sent + other.sent, self.lost + other.lost, self.understood + other.understood)

    @property
    def read(self) -> float:
        """The share that Kamailio read."""
        return 1 - self.lost / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class Tormentor:
    """`there`: Kamailio's UDP; `proc_net`: its network's /proc/<pid>/net; `counted`: its own count of messages."""

    there: tuple[str, int]
    proc_net: Path
    counted: Callable[[], int]

    @classmethod
    def of(cls, there: tuple[str, int], pid: int, control_port: int, place: Namespace | None = None) -> "Tormentor":
        """For the Kamailio of that process id, in `place`."""

        def counted() -> int:
            with place.inside() if place else nullcontext():
                said = Kamailio(control_port, 5).call("stats.fetchn", "core:")
            assert said, "Kamailio says how much it received"
            return sum(int(said[f"core.{name}"]) for name in COUNTED)

        return cls(there, Path(f"/proc/{pid}/net"), counted)

    def by_udp(self, udp: socket.socket, messages: Iterable[bytes]) -> Tally:
        """A few at a time, the next when these are read. `udp` is bound to where it speaks from."""
        understood, dropped, sent = self.counted(), self._waiting()[1], 0
        for message in messages:
            udp.sendto(message, self.there)
            sent += 1
            if sent % AT_ONCE == 0:
                self._all_read()
        self._all_read()
        return Tally(sent, self._waiting()[1] - dropped, self.counted() - understood)

    def by_tcp(self, messages: Iterable[bytes], there: tuple[str, int], proxied: str = "") -> Tally:
        """Each on a connection of its own to `there`. `proxied`: the line by which HAProxy names who sends."""
        understood, sent, lost = self.counted(), 0, 0
        opened: deque[socket.socket | None] = deque()
        for message in messages:
            sent += 1
            opened.append(_told(proxied.encode() + message, there))
            if len(opened) == AT_ONCE:
                lost += not _read_to_the_end(opened.popleft())
        lost += sum(not _read_to_the_end(connection) for connection in opened)
        return Tally(sent, lost, self.counted() - understood)

    def _all_read(self) -> None:
        until(lambda: self._waiting()[0] == 0, READ_S, "Kamailio has read what it was sent")

    def _waiting(self) -> tuple[int, int]:
        """Of its UDP socket: octets that wait to be read, and messages that were thrown away."""
        local = f"{socket.inet_aton(self.there[0])[::-1].hex().upper()}:{self.there[1]:04X}"
        for line in (self.proc_net / "udp").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[1] == local:
                return int(columns[4].partition(":")[2], 16), int(columns[12])
        raise RuntimeError(f"nobody listens at {self.there}")


def _told(octets: bytes, there: tuple[str, int]) -> socket.socket | None:
    try:
        connection = socket.create_connection(there, ANSWER_S)
    except OSError:
        return None
    try:
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        connection.close()
        return None
    return connection


def _read_to_the_end(connection: socket.socket | None) -> bool:
    """Whether the other side took all: it closes in an orderly way when it has, and resets when it has not."""
    if connection is None:
        return False
    with connection:
        try:
            while connection.recv(65_536):
                pass
        except OSError:
            return False
    return True
