"""The UDP ports of one media engine, and the sockets on them."""

import socket
from collections import deque

from appliance.errors import EngineProblem, Words

_RECEIVE_BUFFER_BYTES = 32768
_EXPEDITED_FORWARDING = 0xB8
"""DSCP 46 (RFC 4594 §4.1)."""


class PortPool:
    """The even ports of a range; the one given back longest ago is used first."""

    def __init__(self, text: str) -> None:
        try:
            first, last = (int(n) for n in text.split("-"))
        except ValueError:
            first, last = 1, 0
        self._free = deque(range(first + first % 2, last + 1, 2))
        if not self._free or not 0 < first < last < 65536:
            raise EngineProblem(
                Words(
                    f'media.voice_ports "{text}" is not a range of ports.',
                    f"media.voice_ports «{text}» no es un rango de puertos.",
                ),
                Words("Write it as 20000-23999.", "Escríbalo como 20000-23999."),
            )

    def __len__(self) -> int:
        return len(self._free)

    def bind(self, host: str) -> tuple[socket.socket, int] | None:
        """A socket on a free port; None when all are taken. Raises OSError when `host` is not ours."""
        for _ in range(len(self._free)):
            port = self._free.popleft()
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED_FORWARDING)
                sock.setblocking(False)
                sock.bind((host, port))
            except OSError as taken:
                sock.close()
                self._free.append(port)
                if taken.errno != 98:  # EADDRINUSE: another program sits in our range; try the next
                    raise
            else:
                return sock, port
        return None

    def give_back(self, port: int) -> None:
        self._free.append(port)
