"""A mail server where a lab's centre sends its letters: a real SMTP server (aiosmtpd) that keeps what it takes."""

import asyncio
import socket
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.lab.netns import Namespace


@dataclass
class Letterbox:
    """Listens on loopback of `place`, or of this machine. `answer`: what it says to the next letter."""

    place: Namespace | None = None
    answer: str = "250 OK"
    taken: list[EmailMessage] = field(default_factory=list)
    port: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None

    def start(self) -> "Letterbox":
        if self.place:
            with self.place.inside():
                listening = self._listening()
        else:
            listening = self._listening()
        self.port = listening.getsockname()[1]
        self._loop.run_until_complete(self._loop.create_server(lambda: SMTP(self, loop=self._loop), sock=listening))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread:
            self._thread.join(5)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            letter = message_from_bytes(content, policy=default)
            assert isinstance(letter, EmailMessage)
            self.taken.append(letter)
        return self.answer

    @staticmethod
    def _listening() -> socket.socket:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        return listening
