"""SIP messages as text, for stand-ins that must be able to say anything: to read one, to answer one, no more.

RFC 3261 §7. Nothing of transactions or dialogs; those belong to carrier_program.py.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}


@dataclass(frozen=True, slots=True)
class Message:
    """`headers` in their order; names as written. `start` is the request line or the status line."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def method(self) -> str:
        """Of a request; of a response, the method in its CSeq."""
        return self.get("cseq").split()[1] if self.is_response else self.start.split()[0]

    @property
    def is_response(self) -> bool:
        return self.start.startswith("SIP/2.0 ")

    @property
    def status(self) -> int:
        return int(self.start.split()[1]) if self.is_response else 0

    @property
    def uri(self) -> str:
        """Request-URI."""
        return "" if self.is_response else self.start.split()[1]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order. Comma-separated lists of addresses come apart."""
        out: list[str] = []
        for written, value in self.headers:
            if canonical(written) == name:
                out += _apart(value) if name in ("via", "route", "record-route") else [value]
        return tuple(out)

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def bytes(self) -> bytes:
        lines = [self.start, *(f"{n}: {v}" for n, v in self.headers if canonical(n) != "content-length")]
        head = "\r\n".join([*lines, f"Content-Length: {len(self.body)}", "", ""])
        return head.encode() + self.body


def canonical(name: str) -> str:
    lower = name.strip().lower()
    return COMPACT.get(lower, lower)


def parse(datagram: bytes) -> Message | None:
    """None for what is no SIP message (a keep-alive, rubbish)."""
    head, _, body = datagram.partition(b"\r\n\r\n")
    lines = head.decode(errors="replace").split("\r\n")
    if not lines[0] or " " not in lines[0] or "SIP/2.0" not in lines[0]:
        return None
    headers: list[tuple[str, str]] = []
    for line in lines[1:]:
        if line[:1] in " \t" and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
        elif ":" in line:
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
    return Message(lines[0], tuple(headers), body)


def answer(
    request: Message,
    status: int,
    reason: str,
    to_tag: str = "",
    extra: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> Message:
    """RFC 3261 §8.2.6: Via, From, To, Call-ID and CSeq of the request; Record-Route too, as answers make dialogs."""
    headers: list[tuple[str, str]] = [("Via", v) for v in request.all("via")]
    headers += [("Record-Route", r) for r in request.all("record-route")]
    to = request.get("to")
    if to_tag and ";tag=" not in to:
        to += f";tag={to_tag}"
    headers += [
        ("From", request.get("from")),
        ("To", to),
        ("Call-ID", request.get("call-id")),
        ("CSeq", request.get("cseq")),
        *extra,
    ]
    return Message(f"SIP/2.0 {status} {reason}", tuple(headers), body)


def tag_of(address: str) -> str:
    """The tag of a From or To; empty when it has none."""
    return address.rpartition(";tag=")[2].split(";")[0] if ";tag=" in address else ""


def uri_of(address: str) -> str:
    """The URI in a name-addr, or the addr-spec without header parameters."""
    if "<" in address:
        return address.partition("<")[2].partition(">")[0]
    return address.partition(";")[0].strip()


def host_of(uri: str) -> tuple[str, int]:
    """Where a SIP URI points: host and port (5060 unless said)."""
    rest = uri.partition(":")[2].rpartition("@")[2].partition(";")[0].partition("?")[0]
    host, _, port = rest.partition(":")
    return host, int(port or 5060)


def user_of(uri: str) -> str:
    return uri.partition(":")[2].partition("@")[0] if "@" in uri else ""


def new_tag() -> str:
    return secrets.token_hex(6)


def new_branch() -> str:
    return f"z9hG4bK{secrets.token_hex(8)}"


def audio_offer(address: str, port: int) -> bytes:
    """SDP for PCMU, PCMA and telephone events (RFC 4566, RFC 4733)."""
    return (
        f"v=0\r\no=carrier {secrets.randbelow(1 << 30)} 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    ).encode()


def audio_target(sdp: bytes) -> tuple[str, int] | None:
    """Where the other side wants its audio; None when it wants none."""
    address, port = "", 0
    for line in sdp.decode(errors="replace").splitlines():
        if line.startswith("c=IN IP4 "):
            address = line.split()[2]
        elif line.startswith("m=audio "):
            port = int(line.split()[1])
    return (address, port) if address and port else None


def _apart(value: str) -> list[str]:
    """Splits at commas outside of angle brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for i, c in enumerate(value):
        if c == '"':
            quoted = not quoted
        elif not quoted and c in "<>":
            depth += 1 if c == "<" else -1
        elif c == "," and not quoted and not depth:
            parts.append(value[start:i].strip())
            start = i + 1
    return [*parts, value[start:].strip()]
