"""SIP messages as the lamps service reads and writes them: requests and replies on loopback, through Kamailio. Pure.

Kamailio has checked their syntax, size and sender before; what still does not fit here is no message.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "o": "event", "l": "content-length"}
"""RFC 3261 §7.3.3, RFC 6665 §8.2.1."""
ECHOED = ("via", "from", "to", "call-id", "cseq", "record-route")
"""Headers that a reply repeats (RFC 3261 §8.2.6.2)."""
_TAG = re.compile(r";\s*tag\s*=\s*([^;>,\s]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"<([^>]*)>")


@dataclass(frozen=True, slots=True)
class Message:
    """Header names in lower case, long form, in the order in which they came."""

    start: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, data: bytes) -> "Message | None":
        head = data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
        start, *lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines if ":" in line]
        headers = tuple((COMPACT.get(n.strip().lower(), n.strip().lower()), v.strip()) for n, _, v in pairs)
        words = start.split(" ", 2)
        if len(words) < 3 or "call-id" not in {n for n, _ in headers}:
            return None
        return cls(start, headers)

    def __getitem__(self, name: str) -> str:
        """The first header of this name; empty: there is none."""
        return next((v for n, v in self.headers if n == name), "")

    @property
    def status(self) -> int:
        """Of a reply; 0: this is a request."""
        words = self.start.split(" ", 2)
        return int(words[1]) if words[0] == "SIP/2.0" and words[1].isdigit() else 0

    @property
    def method(self) -> str:
        return "" if self.status else self.start.split(" ", 1)[0]

    @property
    def uri(self) -> str:
        return self.start.split(" ", 2)[1]

    @property
    def branch(self) -> str:
        """Of the topmost Via: the transaction."""
        found = re.search(r";\s*branch\s*=\s*([^;,\s]+)", self["via"])
        return found.group(1) if found else ""

    @property
    def sequence(self) -> int:
        number = self["cseq"].split(" ", 1)[0]
        return int(number) if number.isdigit() and len(number) < 11 else 0


def tag_of(header: str) -> str:
    """The tag of a From or To; empty: none."""
    found = _TAG.search(header)
    return found.group(1) if found else ""


def without_tag(header: str) -> str:
    return _TAG.sub("", header).strip()


def address_of(header: str) -> str:
    """The URI of a Contact, From or To, without display name and the header's own parameters."""
    found = _ADDRESS.search(header)
    return found.group(1) if found else header.partition(";")[0].strip()


def user_of(uri: str) -> str:
    """The user part of a SIP URI, `%2A` and its like written out; empty: it has none."""
    rest = uri.partition(":")[2]
    user = rest.partition("@")[0] if "@" in rest else ""
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), user.partition(";")[0])


def parameter(header: str, name: str) -> str:
    """`name=value` among a header's parameters; empty: not there."""
    found = re.search(rf";\s*{name}\s*=\s*\"?([^;,\s\"]+)", header, re.IGNORECASE)
    return found.group(1) if found else ""


def reply(request: Message, status: int, reason: str, to_tag: str, more: Iterable[str] = ()) -> bytes:
    """The reply to a request; `to_tag` is put on where its To has none."""
    lines = [f"SIP/2.0 {status} {reason}"]
    for name, value in request.headers:
        if name in ECHOED:
            tagged = f"{value};tag={to_tag}" if name == "to" and to_tag and not tag_of(value) else value
            lines.append(f"{name.title()}: {tagged}")
    return "\r\n".join((*lines, *more, "Content-Length: 0", "", "")).encode()


def request(method: str, uri: str, headers: Iterable[str], content_type: str, body: str) -> bytes:
    content = body.encode()
    kind = (f"Content-Type: {content_type}",) if content else ()
    head = (f"{method} {uri} SIP/2.0", *headers, *kind, f"Content-Length: {len(content)}", "", "")
    return "\r\n".join(head).encode() + content
