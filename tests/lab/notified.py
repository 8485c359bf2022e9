"""Hears the NOTIFYs that reach a virtual phone, on its own wire: "read your files again" and its like.

baresip knows no check-sync and answers it 481 (a real phone says 200); what a phone does about it is phones.py's.
"""

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from tests.lab.netns import Namespace

ETH_P_IP = 0x0800
_UDP = 17
_EVENT = re.compile(rb"(?im)^(?:Event|o)[ \t]*:[ \t]*([^\r\n]*)")


class NotifyEar:
    """Calls `on_event` with the value of Event for each NOTIFY to this port of eth0, in a thread of its own."""

    def __init__(self, place: Namespace, port: int, on_event: Callable[[str], None]) -> None:
        self._port = port
        self._on_event = on_event
        with place.inside():
            self._wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
            self._wire.bind(("eth0", ETH_P_IP))
        self._wire.settimeout(0.2)
        self._ending = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._ending.set()

    def _listen(self) -> None:
        with self._wire, suppress(OSError):
            while not self._ending.is_set():
                try:
                    event = notify_event(self._wire.recv(65535), self._port)
                except TimeoutError:
                    continue
                if event and not self._ending.is_set():
                    self._on_event(event)


def notify_event(packet: bytes, port: int) -> str:
    """The Event of an IPv4 packet that carries a NOTIFY to this UDP port; empty when it does not."""
    header = (packet[0] & 15) * 4 if packet else 0
    if len(packet) < header + 8 or packet[9] != _UDP or packet[header + 2 : header + 4] != port.to_bytes(2):
        return ""
    message = packet[header + 8 :]
    found = _EVENT.search(message) if message.startswith(b"NOTIFY ") else None
    return found[1].decode(errors="replace").strip() if found else ""
