"""A caller at the other end of voice: SIP by hand over one UDP socket, RTP over another. Small, and free to misbehave.

Speaks as Kamailio would (it record-routes itself). Everything received is kept; nothing is answered unless told to.
"""

import itertools
import os
import re
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from tests.lab.audio import Datagram, RtpStream, loudest, rtp_streams

SIP_HOST = "127.0.0.1"
_tags = itertools.count(1)
_SO_TIMESTAMPNS = 35
"""Linux: the kernel's own time of arrival, so that a busy test does not measure itself."""

SDP = """v=0\r
o=- 1 {version} IN IP4 {host}\r
s=-\r
c=IN IP4 {host}\r
t=0 0\r
m=audio {port} RTP/AVP {formats}\r
{attributes}a={direction}\r
"""


@dataclass(frozen=True)
class Message:
    """A SIP message that came in."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @property
    def code(self) -> int:
        return int(self.start.split()[1]) if self.start.startswith("SIP/") else 0

    @property
    def method(self) -> str:
        return "" if self.code else self.start.split()[0]

    def header(self, name: str) -> str:
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        return [v for n, v in self.headers if n.lower() == name.lower()]

    @property
    def tag(self) -> str:
        found = re.search(r"tag=([^;>\s]+)", self.header("To"))
        return found[1] if found else ""

    @property
    def media(self) -> tuple[str, int]:
        """Where its SDP says that audio is to be sent."""
        host, port = re.search(r"c=IN IP4 (\S+)", self.body), re.search(r"m=audio (\d+)", self.body)
        assert host, self.body
        assert port, self.body
        return host[1], int(port[1])


def read(data: bytes) -> Message:
    head, _, body = data.decode().partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    pairs = [line.split(":", 1) for line in lines]
    return Message(start, tuple((n.strip(), v.strip()) for n, v in pairs), body)


@dataclass
class Caller:
    """One call at a time. `rtp_host` is where it listens; use as a context manager."""

    sip_port: int
    rtp_host: str = "127.0.0.1"
    messages: list[Message] = field(default_factory=list)
    datagrams: list[Datagram] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip.bind((SIP_HOST, 0))
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind((self.rtp_host, 0))
        self.rtp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.sip_address, self.rtp_address = self.sip.getsockname(), self.rtp.getsockname()
        self.call_id = f"call-{os.getpid()}-{next(_tags)}-{os.urandom(4).hex()}"
        self.cseq = 0
        self.branch = ""
        self.to_tag = ""
        self.uri = ""

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.sip.close()
        self.rtp.close()

    def sdp(self, formats: str = "8 0 101", direction: str = "sendrecv", version: int = 1, host: str = "") -> str:
        attributes = "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n" if "101" in formats else ""
        return SDP.format(
            version=version, host=host or self.rtp_host, port=self.rtp_address[1], formats=formats,
            attributes=attributes, direction=direction,
        )  # fmt: skip

    # Requests ---------------------------------------------------------------------------------------------------------

    def invite(self, service: str, body: str | None = None, again: bool = False, **headers: str) -> None:
        """INVITE; `headers` names have underscores for hyphens. `again` makes it a re-INVITE."""
        if not again:
            self.uri = f"sip:{service}@{SIP_HOST}:{self.sip_port}"
        self.cseq += 1
        self.branch = f"z9hG4bK{os.urandom(6).hex()}"
        self.request("INVITE", body, **headers)

    def ack(self, response: Message, body: str | None = None) -> None:
        branch = self.branch
        if response.code < 300:
            self.branch = f"z9hG4bK{os.urandom(6).hex()}"
        self.to_tag = response.tag
        self.request("ACK", body)
        self.branch = branch

    def cancel(self) -> None:
        tag, self.to_tag = self.to_tag, ""
        self.request("CANCEL")
        self.to_tag = tag

    def bye(self) -> None:
        self.cseq += 1
        self.branch = f"z9hG4bK{os.urandom(6).hex()}"
        self.request("BYE")

    def request(self, method: str, body: str | None = None, **headers: str) -> None:
        to = f"<{self.uri}>" + (f";tag={self.to_tag}" if self.to_tag else "")
        host, port = self.sip_address
        lines = [
            f"{method} {self.uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch={self.branch}",
            f"Record-Route: <sip:{host}:{port};lr;ftag=1>",
            "Max-Forwards: 70",
            f"From: <sip:caller@{host}:{port}>;tag=caller",
            f"To: {to}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.cseq} {method}",
            f"Contact: <sip:caller@{host}:{port}>",
            *(f"{n.replace('_', '-')}: {v}" for n, v in headers.items()),
        ]
        if body is not None and not any(n.lower() == "content_type" for n in headers):
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body or '')}")
        self.send("\r\n".join(lines) + "\r\n\r\n" + (body or ""))

    def send(self, text: str) -> None:
        self.sip.sendto(text.encode(), (SIP_HOST, self.sip_port))

    def respond(
        self, request: Message, status: str, tag: str = "", body: str = "", more: Sequence[str] = ()
    ) -> None:
        """`tag` makes it a dialog of ours; with `body` it carries SDP. `more`: header lines."""
        kept = [f"{n}: {v}" for n, v in request.headers if n in ("Via", "From", "To", "Call-ID", "CSeq")]
        if tag:
            kept = [f"{line};tag={tag}" if line.startswith("To:") and "tag=" not in line else line for line in kept]
            host, port = self.sip_address
            kept.append(f"Contact: <sip:other@{host}:{port}>")
        kept += more
        if body:
            kept.append("Content-Type: application/sdp")
        self.send(f"SIP/2.0 {status}\r\n" + "\r\n".join(kept) + f"\r\nContent-Length: {len(body)}\r\n\r\n{body}")

    def answer_back(self, invite: Message, method: str, body: str = "", sequence: int = 1) -> None:
        """A request of ours in the dialog that this INVITE of voice's began."""
        host, port = self.sip_address
        contact = re.search(r"<([^>]+)>", invite.header("Contact"))
        assert contact, invite.headers
        lines = [
            f"{method} {contact[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{os.urandom(6).hex()}",
            f"From: {invite.header('To')};tag=other",
            f"To: {invite.header('From')}",
            f"Call-ID: {invite.header('Call-ID')}",
            f"CSeq: {sequence} {method}",
            "Max-Forwards: 70",
            *(("Content-Type: application/sdp",) if body else ()),
            f"Content-Length: {len(body)}",
        ]
        self.send("\r\n".join(lines) + "\r\n\r\n" + body)

    # What comes -------------------------------------------------------------------------------------------------------

    def listen(self, seconds: float, enough: Callable[[], object] = lambda: False) -> None:
        """Take in SIP and RTP for so long, or until `enough` is true."""
        end = time.monotonic() + seconds
        while not enough() and (left := end - time.monotonic()) > 0:
            for sock in select.select([self.sip, self.rtp], [], [], left)[0]:
                if sock is self.sip:
                    self.messages.append(read(sock.recv(4000)))
                else:
                    data, (stamp, *_), _, source = sock.recvmsg(2000, 64)
                    whole, nanoseconds = struct.unpack("@ll", stamp[2])
                    self.datagrams.append(Datagram(whole + nanoseconds * 1e-9, source, self.rtp_address, data))

    def response(self, code: int, seconds: float = 5.0, method: str = "") -> Message:
        """The first response of this code to the current CSeq; AssertionError with what came instead."""

        def found() -> Message | None:
            for m in self.messages:
                number, _, name = m.header("CSeq").partition(" ")
                if m.code == code and int(number) == self.cseq and method in ("", name):
                    return m
            return None

        self.listen(seconds, found)
        one = found()
        assert one is not None, f"no {code}, but {[m.start for m in self.messages]}"
        return one

    def final(self) -> Message | None:
        """The final response to the INVITE, if it has come."""
        return next((m for m in self.messages if m.code >= 200 and m.header("CSeq").endswith("INVITE")), None)

    def asks(self, method: str) -> Message | None:
        """The first request of this method from voice, if it has come."""
        return next((m for m in self.messages if m.method == method), None)

    def asked(self, method: str, seconds: float = 5.0) -> Message:
        """The first request of this method from voice."""
        self.listen(seconds, lambda: self.asks(method))
        one = self.asks(method)
        assert one is not None, f"no {method}, but {[m.start for m in self.messages]}"
        return one

    def stream(self) -> RtpStream:
        return loudest(rtp_streams(self.datagrams))
