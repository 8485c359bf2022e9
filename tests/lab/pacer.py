"""A plain sender of a packet each 20 ms, a reference for streams of the same moments: its lateness is the machine's.

    with Pacer() as plain:
        ...listen to the streams that are judged...
    assert np.percentile(off, 99) <= max(5, plain.spacing().off_p99)

It has no right to come before others, as voice has: on an idle machine it is even, and the bound is the bound alone.
"""

import contextlib
import socket
import struct
import subprocess
import sys
import threading
from types import TracebackType

from tests.lab.audio import RtpPacket, RtpStream, Spacing, spacing

_SO_TIMESTAMPNS = 35
_SENDS = """
import socket, sys, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.connect(("127.0.0.1", int(sys.argv[1])))
at, n = time.monotonic(), 0
while True:
    out.send(n.to_bytes(4, "big") + bytes(168))
    at, n = at + 0.02, n + 1
    time.sleep(max(0.0, at - time.monotonic()))
"""


class Pacer:
    """A context manager; `spacing` of all that came between its beginning and its end."""

    def __enter__(self) -> "Pacer":
        self._packets: list[RtpPacket] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.bind(("127.0.0.1", 0))
        self._process = subprocess.Popen([sys.executable, "-c", _SENDS, str(self._socket.getsockname()[1])])
        self._socket.settimeout(5)
        self._take_one()  # it runs
        self._socket.settimeout(0.1)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def spacing(self) -> Spacing:
        return spacing(RtpStream(0, ("", 0), ("", 0), tuple(self._packets)))

    def _listen(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                self._take_one()

    def _take_one(self) -> None:
        data, (stamp, *_), _, _ = self._socket.recvmsg(2000, 64)
        whole, nanoseconds = struct.unpack("@ll", stamp[2])
        number = int.from_bytes(data[:4], "big")
        self._packets.append(RtpPacket(whole + nanoseconds * 1e-9, number & 0xFFFF, 0, 0, False, data[4:]))
