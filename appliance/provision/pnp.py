"""SIP plug and play: a phone that has just come up asks a multicast group for its settings' URL (RFC 6080, ua-profile).

Pure: what a SUBSCRIBE says, and the 200 and the NOTIFY that answer it. pnp_service.py listens, and checks who asks.
"""

import re
from dataclasses import dataclass

from appliance.provision.family import plain_mac

GROUP, PORT = "224.0.1.75", 5060
"""sip.mcast.net (RFC 3261 §18.1.1)."""

LARGEST = 4096
_HEADER = re.compile(r"([A-Za-z-]{1,40})[ \t]*:[ \t]*(.*)")
_MAC = re.compile(r"(?i)(?:mac)?(?:%3a|:|=|-)?([0-9a-f]{12}|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2})(?![0-9a-f])")
_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "o": "event", "m": "contact", "l": "content-length"}
_NEEDED = ("via", "from", "to", "call-id", "cseq", "event")
_SAFE = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class PnpAsk:
    """A SUBSCRIBE for ua-profile. `mac` as the phone says, "" where it does not; headers as they came, a line each."""

    mac: str
    via: str
    from_: str
    to: str
    call_id: str
    cseq: str
    event: str
    vendor: str = ""
    model: str = ""
    version: str = ""

    @property
    def agent(self) -> str:
        """What it says of itself, as evidence."""
        return " ".join(w for w in (self.vendor, self.model, self.version) if w)


def read(datagram: bytes) -> PnpAsk | None:
    """The question in a datagram; None for anything else. Never raises, whatever the octets."""
    if len(datagram) > LARGEST or not datagram.startswith(b"SUBSCRIBE "):
        return None
    head = datagram.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    first, *lines = head.split("\r\n")
    if not first.endswith(" SIP/2.0") or not _SAFE.fullmatch(head.replace("\r\n", "")):
        return None
    found: dict[str, str] = {}
    for line in lines:
        if pair := _HEADER.fullmatch(line):
            name = pair[1].lower()
            # Of several Via headers the first is the sender's.
            found.setdefault(_COMPACT.get(name, name), pair[2].strip())
    if any(not found.get(name) for name in _NEEDED) or not found["event"].lower().startswith("ua-profile"):
        return None
    if not re.fullmatch(r"\d{1,10} SUBSCRIBE", found["cseq"]):
        return None
    words = {k.lower(): v for k, v in re.findall(r';\s*([\w-]+)\s*=\s*"?([^";]*)"?', found["event"])}
    uri = first.split(" ")[1]
    return PnpAsk(
        mac=_mac(uri) or _mac(found["from"]),
        via=found["via"],
        from_=found["from"],
        to=found["to"],
        call_id=found["call-id"],
        cseq=found["cseq"],
        event=found["event"],
        vendor=words.get("vendor", "")[:40],
        model=words.get("model", "")[:40],
        version=words.get("version", "")[:40],
    )


def accepted(ask: PnpAsk, tag: str, address: str, port: int) -> bytes:
    """200 to the SUBSCRIBE (RFC 6665 §4.2.1). `tag`: of this dialogue; `address`, `port`: ours."""
    lines = (
        "SIP/2.0 200 OK",
        f"Via: {ask.via}",
        f"From: {ask.from_}",
        f"To: {_tagged(ask.to, tag)}",
        f"Call-ID: {ask.call_id}",
        f"CSeq: {ask.cseq}",
        f"Contact: <sip:{address}:{port}>",
        "Expires: 0",
        "Content-Length: 0",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def notify(ask: PnpAsk, url: str, tag: str, branch: str, ours: tuple[str, int], phone: tuple[str, int]) -> bytes:
    """The NOTIFY with the URL, the only one of its subscription (RFC 6665 §4.4.3: terminated).

    `ours`, `phone`: address and port. It goes to where the question came from, whatever its Via and Contact say.
    """
    body = url.encode()
    lines = (
        f"NOTIFY sip:{phone[0]}:{phone[1]} SIP/2.0",
        f"Via: SIP/2.0/UDP {ours[0]}:{ours[1]};branch=z9hG4bK{branch}",
        "Max-Forwards: 20",
        f"From: {_tagged(ask.to, tag)}",
        f"To: {ask.from_}",
        f"Call-ID: {ask.call_id}",
        "CSeq: 1 NOTIFY",
        f"Contact: <sip:{ours[0]}:{ours[1]}>",
        f"Event: {ask.event}",
        "Subscription-State: terminated;reason=timeout",
        "Content-Type: application/url",
        f"Content-Length: {len(body)}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def _mac(text: str) -> str:
    found = _MAC.search(text)
    return plain_mac(found[1]) if found else ""


def _tagged(value: str, tag: str) -> str:
    return value if re.search(r";\s*tag=", value) else f"{value};tag={tag}"
