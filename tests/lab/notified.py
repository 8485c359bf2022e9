"""Hears the NOTIFYs that reach a virtual phone, on its own wire or in its trace: "read your files again" and its like.

baresip knows no check-sync and answers it 481 (a real phone says 200); what a phone does about it is phones.py's.
"""

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.lab.netns import Namespace

ETH_P_ALL = 0x0003
_UDP = 17
_END = b"\x1b[;m"
_MESSAGE = re.compile(rb"#\n(?:TLS|TCP|UDP) \S+ -> \S+\n(.*?)\x1b\[;m", re.DOTALL)
"""As baresip writes one into its trace: from where to where, the message, the end of its colour."""
SUBSCRIBED = frozenset({"refer", "dialog", "message-summary", "presence", "conference", "reg"})
"""Packages of which a phone is told because it asked (RFC 3515, 4235, 3842 ...): nothing to do with its files."""

_CALL_ID = re.compile(rb"(?im)^(?:Call-ID|i)[ \t]*:[ \t]*([^\r\n]*)")
_EVENT = re.compile(rb"(?im)^(?:Event|o)[ \t]*:[ \t]*([^\r\n]*)")


class Ear:
    """Calls `on_event` with the value of Event for each NOTIFY to a phone that it did not subscribe to, once, when it
    was answered.

    A phone that restarts before it has answered would be told again and again. `hear` is given each message, and ends
    with `close`.
    """

    def __init__(self, on_event: Callable[[str], None]) -> None:
        self._on_event = on_event
        self._ending = threading.Event()
        self._unanswered: dict[bytes, str] = {}
        self._answered: set[bytes] = set()

    def close(self) -> None:
        self._ending.set()

    def hear(self, message: bytes) -> None:
        call_id = found[1] if (found := _CALL_ID.search(message)) else b""
        if message.startswith(b"NOTIFY ") and call_id not in self._answered:
            event = _EVENT.search(message)
            self._unanswered[call_id] = event[1].decode(errors="replace").strip() if event else ""
        elif message.startswith(b"SIP/2.0 ") and call_id in self._unanswered:
            self._answered.add(call_id)
            told = self._unanswered.pop(call_id)
            if told and told.partition(";")[0].lower() not in SUBSCRIBED and not self._ending.is_set():
                self._on_event(told)


class NotifyEar(Ear):
    """On the phone's own wire: UDP to and from this port of eth0. In a thread of its own."""

    def __init__(self, place: Namespace, port: int, on_event: Callable[[str], None]) -> None:
        super().__init__(on_event)
        self._port = port
        with place.inside():
            self._wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
            self._wire.bind(("eth0", ETH_P_ALL))
        self._wire.settimeout(0.2)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with self._wire, suppress(OSError):
            while not self._ending.is_set():
                with suppress(TimeoutError):
                    self.hear(sip_message(self._wire.recv(65535), self._port))


class TraceEar(Ear):
    """In the trace of a user agent whose connection nobody else can read, from now on. In a thread of its own."""

    def __init__(self, trace: Path, on_event: Callable[[str], None]) -> None:
        super().__init__(on_event)
        self._trace = trace
        self._at = trace.stat().st_size
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while not self._ending.wait(0.2):
            with self._trace.open("rb") as trace:
                trace.seek(self._at)
                new = trace.read()
            whole = new.rpartition(_END)[0] + _END
            self._at += len(whole) if len(whole) <= len(new) else 0
            for message in _MESSAGE.findall(whole):
                self.hear(message)


def sip_message(packet: bytes, port: int) -> bytes:
    """What an IPv4 packet carries to or from this UDP port; empty when it is another."""
    header = (packet[0] & 15) * 4 if packet and packet[0] >> 4 == 4 else 0
    ends = (packet[header : header + 2], packet[header + 2 : header + 4])
    if not header or len(packet) < header + 8 or packet[9] != _UDP or port.to_bytes(2) not in ends:
        return b""
    return packet[header + 8 :]
