"""A carrier's name server: a real dnsmasq that knows the records that a test gives it, and asks nobody else."""

import socket
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.lab.netns import Namespace
from tests.lab.waiting import until

WHO = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x03dns\x07example\x00" + struct.pack(">HH", 1, 1)
"""A question for the address of dns.example."""


@contextmanager
def name_server(address: str, port: int, records: Sequence[str], place: Namespace | None = None) -> Iterator[None]:
    """`records` as dnsmasq's options have them: `host-record=one.example,10.0.0.1`,
    `srv-host=_sip._udp.example,one.example,5060,10,0` (port, priority, weight).
    """
    argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root"]
    argv += ["--pid-file=", f"--port={port}", f"--listen-address={address}", "--bind-interfaces", "--local=/example/"]
    argv += [f"--{record}" for record in records]
    process = subprocess.Popen(place.argv(argv) if place else argv)
    try:
        if place:
            with place.inside():
                asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        else:
            asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with asking:
            asking.settimeout(0.2)
            asking.connect((address, port))
            until(lambda: _answers(asking), 10, "the name server answers")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers(asking: socket.socket) -> bool:
    try:
        asking.send(WHO)
        return bool(asking.recv(512))
    except OSError:
        return False
