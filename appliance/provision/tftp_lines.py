"""The sockets that files go out by: one for each transfer, on a port of its own, used again after it has rested.

Making and closing one for each file cost a small file some 3 % of its time.
"""

import select
import socket

RESTING = 16
"""A port is not used again before so many others were: what comes late from a phone finds no other transfer."""

_DROPPED_AT_ONCE = 64


class Lines:
    """Sockets on `address`, not blocking, that `poll` watches. Whoever takes one connects it, and gives it back by
    `rest`, or closes it when it is broken.
    """

    def __init__(self, address: str, poll: select.epoll) -> None:
        self._address = address
        self._poll = poll
        self._resting: dict[int, socket.socket] = {}
        """By handle; the first has rested longest."""

    def take(self) -> socket.socket:
        """Raises OSError when there are no more to be had."""
        if len(self._resting) > RESTING:
            handle = next(iter(self._resting))
            self.quiet(handle)
            return self._resting.pop(handle)
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            line.bind((self._address, 0))
            self._poll.register(line.fileno(), select.EPOLLIN)
        except OSError:
            line.close()
            raise
        return line

    def rest(self, line: socket.socket) -> None:
        self._resting[line.fileno()] = line

    def quiet(self, handle: int) -> bool:
        """Drop what came for a resting line; False when this is none."""
        line = self._resting.get(handle)
        if line is None:
            return False
        for _ in range(_DROPPED_AT_ONCE):
            try:
                line.recv(1)
            except BlockingIOError:
                break
            except OSError:
                # A phone that was no longer there said so; it is told once.
                continue
        return True

    def close(self) -> None:
        for line in self._resting.values():
            line.close()
        self._resting.clear()
