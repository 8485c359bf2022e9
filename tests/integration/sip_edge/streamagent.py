"""The SIP agent over a connection: TCP, or TLS with the site's own authority. RFC 3261 §18.3."""

import re
import secrets
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from tests.integration.sip_edge.agent import Agent, Message


@dataclass
class StreamAgent(Agent):
    """`trusted`: the site's CA certificate; None: plain TCP. `encrypts`: it offers and answers SRTP with SDES."""

    trusted: Path | None = None
    encrypts: bool = False
    offers: str = ""
    """A description of its own making in place of that."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._datagrams, self._pending = self._socket, b""
        raw = socket.create_connection(self.registrar, 5, source_address=(self.address, 0))
        if self.trusted:
            context = ssl.create_default_context(cafile=str(self.trusted))
            raw = context.wrap_socket(raw, server_hostname=self.registrar[0])
        self._socket = raw
        self.port = raw.getsockname()[1]

    def close(self) -> None:
        super().close()
        self._datagrams.close()

    @property
    def transport(self) -> str:
        return "tls" if self.trusted else "tcp"

    @property
    def contact(self) -> str:
        return f"sip:{self.user}@{self.address}:{self.port};transport={self.transport}"

    @property
    def sdp(self) -> str:
        if self.offers:
            return self.offers
        plain = super().sdp
        if not self.encrypts:
            return plain
        key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
        return plain.replace("RTP/AVP", "RTP/SAVP") + f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\r\n"

    def send(self, start: str, headers: list[str], body: str = "") -> None:
        if body:
            headers = [*headers, "Content-Type: application/sdp"]
        text = "\r\n".join([start, *headers, f"Content-Length: {len(body.encode())}", "", body])
        self._socket.sendall(text.encode())

    def receive(self, seconds: float = 5.0) -> Message | None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            message = self._framed()
            if message is not None:
                if message.method == "OPTIONS":
                    self.answer(message, 200)
                    continue
                return message
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65535)
            except TimeoutError:
                return None
            if not data:
                return None
            self._pending += data
        return None

    def _framed(self) -> Message | None:
        self._pending = self._pending.lstrip(b"\r\n")
        head, mark, rest = self._pending.partition(b"\r\n\r\n")
        if not mark:
            return None
        found = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
        length = int(found.group(1)) if found else 0
        if len(rest) < length:
            return None
        self._pending = rest[length:]
        return Message.of(head + mark + rest[:length])

    def _via(self) -> str:
        return (
            f"Via: SIP/2.0/{self.transport.upper()} {self.address}:{self.port};"
            f"branch=z9hG4bK{secrets.token_hex(8)};rport"
        )
