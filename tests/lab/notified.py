"""Hears the NOTIFYs that reach a virtual phone, on its own wire: "read your files again" and its like.

baresip knows no check-sync and answers it 481 (a real phone says 200); what a phone does about it is phones.py's.
"""

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from tests.lab.netns import Namespace

ETH_P_ALL = 0x0003
_UDP = 17
_CALL_ID = re.compile(rb"(?im)^(?:Call-ID|i)[ \t]*:[ \t]*([^\r\n]*)")
_EVENT = re.compile(rb"(?im)^(?:Event|o)[ \t]*:[ \t]*([^\r\n]*)")


class NotifyEar:
    """Calls `on_event` with the value of Event for each NOTIFY to this port of eth0, once, when it was answered.

    In a thread of its own. A phone that restarts before it has answered would be told again and again.
    """

    def __init__(self, place: Namespace, port: int, on_event: Callable[[str], None]) -> None:
        self._port = port
        self._on_event = on_event
        with place.inside():
            self._wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
            self._wire.bind(("eth0", ETH_P_ALL))
        self._wire.settimeout(0.2)
        self._ending = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._ending.set()

    def _listen(self) -> None:
        unanswered: dict[bytes, str] = {}
        answered: set[bytes] = set()
        with self._wire, suppress(OSError):
            while not self._ending.is_set():
                try:
                    message = sip_message(self._wire.recv(65535), self._port)
                except TimeoutError:
                    continue
                call_id = found[1] if (found := _CALL_ID.search(message)) else b""
                if message.startswith(b"NOTIFY ") and call_id not in answered:
                    event = _EVENT.search(message)
                    unanswered[call_id] = event[1].decode(errors="replace").strip() if event else ""
                elif message.startswith(b"SIP/2.0 ") and call_id in unanswered:
                    answered.add(call_id)
                    told = unanswered.pop(call_id)
                    if told and not self._ending.is_set():
                        self._on_event(told)


def sip_message(packet: bytes, port: int) -> bytes:
    """What an IPv4 packet carries to or from this UDP port; empty when it is another."""
    header = (packet[0] & 15) * 4 if packet and packet[0] >> 4 == 4 else 0
    ends = (packet[header : header + 2], packet[header + 2 : header + 4])
    if not header or len(packet) < header + 8 or packet[9] != _UDP or port.to_bytes(2) not in ends:
        return b""
    return packet[header + 8 :]
