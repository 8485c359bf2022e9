"""Session descriptions (RFC 4566, 8866) and what to agree to (RFC 3264): text in, an agreement and text out. Pure.

Of an offer one audio stream is taken, in RTP/AVP over IPv4; every other stream is refused by port 0, each in its place.
"""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum

from appliance.voice.words import Address, Terms

TELEPHONE_EVENT_TYPE = 101
"""What we name it in an offer of ours; an answer keeps the offerer's number."""
SPOKEN = {"PCMU": 0, "PCMA": 8, "G722": 9, "OPUS": 111}
"""The codecs that voice speaks, with their payload types: static ones (RFC 3551), and what we offer for Opus."""
CLOCKS = {"PCMU": 8000, "PCMA": 8000, "G722": 8000, "OPUS": 48000}
"""RTP clocks: G.722's is 8000 for 16 kHz audio (RFC 3551 §4.5.2), Opus' always 48000 (RFC 7587 §4.1)."""
FIRST = "PCMA"
"""What a leg is opened with before anything is agreed on."""
ORIGIN = "conserje"
"""The user of o= in what voice writes (RFC 4566 §5.2), which rtpengine leaves as it is: by it voice knows voice."""
_NONE = ("", 0)
_PLAIN = ("PCMU", "PCMA")
_STATIC = {0: ("PCMU", 8000), 8: ("PCMA", 8000), 9: ("G722", 8000)}
_OPUS = "maxplaybackrate=8000;sprop-maxcapturerate=8000;useinbandfec=1"
"""RFC 7587 §6.1: we mix at 8 kHz, so more would be sent for nothing."""
MAX_BYTES = 4000
MAX_STREAMS = 8

_RTPMAP = re.compile(r"rtpmap:(\d{1,3})\s+([\w.-]+)/(\d+)(?:/([12]))?\s*", re.ASCII)


class SdpError(ValueError):
    """This text is no session description that can be read."""


class Direction(StrEnum):
    """As the writer of the description sees it (RFC 3264 §6.1)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def mirrored(self) -> "Direction":
        """What the other side says of the same stream."""
        return {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}.get(self, self)


@dataclass(frozen=True, slots=True)
class Stream:
    """One m= section. `formats` in the writer's order; `codecs` maps a format to (NAME, clock) where it is known."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    codecs: dict[str, tuple[str, int]]
    address: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class Description:
    streams: tuple[Stream, ...]
    origin: str = ""
    """The user that its o= names."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What both sides will do. `direction` is ours; `remote` is None where they want nothing sent (RFC 3264 §8.4)."""

    stream: int
    codec: str
    payload_type: int
    event_type: int | None
    remote: Address | None
    source: str
    """The address that their packets must come from; empty: none was given, nothing is taken in."""
    direction: Direction
    event_clock: int = 8000
    by_voice: bool = False
    """The far end is voice as well: a mailbox or a room that a bridge of ours leads to, or such a bridge."""

    @property
    def sends(self) -> bool:
        return self.remote is not None and self.direction.sends

    @property
    def hears(self) -> bool:
        """Who holds (sendonly) has somebody play music to us; who is inactive or listens only has nothing to say."""
        return self.remote is not None and self.direction is Direction.SENDRECV

    @property
    def terms(self) -> Terms:
        return Terms(
            self.codec, self.payload_type, self.event_type, self.remote, self.source, self.sends, self.hears
        )


def undecided(codec: str) -> Terms:
    """Of a leg whose other side has said nothing yet: it sends nowhere and takes nothing."""
    return Terms(codec, SPOKEN[codec], TELEPHONE_EVENT_TYPE, None, "", sends=False, hears=False)


def parse(text: str) -> Description:
    """Read a description. Raises SdpError; unknown lines and attributes are passed over (RFC 8866 §5)."""
    if len(text) > MAX_BYTES:
        raise SdpError("too long")
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if lines[0] != "v=0":
        raise SdpError("no version")
    sections: list[list[str]] = [[]]
    for line in lines:
        if len(line) < 2 or line[1] != "=":
            raise SdpError(f"no such line: {line[:20]!r}")
        if line[0] == "m":
            sections.append([])
        sections[-1].append(line)
    if len(sections) - 1 > MAX_STREAMS:
        raise SdpError("too many streams")
    common = sections[0]
    address, direction = _address(common, ""), _direction(common, Direction.SENDRECV)
    return Description(tuple(_stream(s, address, direction) for s in sections[1:]), _origin(common))


def agree(theirs: Description) -> Agreement | None:
    """What we take of an offer or an answer, on their first stream that has a codec of ours.

    G.711 where they offer it, in their order, else their first that we speak: rooms, menus and mailboxes work at 8 kHz,
    so a wider codec would only cost. None where there is none: 488 (RFC 3261 §13.3.1.3), in an answer the call's end.
    """
    for index, stream in enumerate(theirs.streams):
        if stream.kind != "audio" or stream.protocol != "RTP/AVP" or not stream.port:
            continue
        address = _usable(stream.address)
        if address is None:
            continue
        common = [(f, *stream.codecs[f]) for f in stream.formats if stream.codecs.get(f, _NONE) in CLOCKS.items()]
        if not common:
            continue
        form, name, clock = next((c for c in common if c[1] in _PLAIN), common[0])
        events = _events(stream, clock)
        return Agreement(
            stream=index,
            codec=name,
            payload_type=int(form),
            event_type=events[0] if events else None,
            remote=(address, stream.port) if address != _HELD else None,
            source=address if address != _HELD else "",
            direction=stream.direction.mirrored,
            event_clock=events[1] if events else 8000,
            by_voice=theirs.origin == ORIGIN,
        )
    return None


def answer(theirs: Description, agreed: Agreement, local: Address, session: int, version: int) -> str:
    """Our answer: as many streams as they offered, in their order (RFC 3264 §6)."""
    body = []
    for index, stream in enumerate(theirs.streams):
        if index == agreed.stream:
            events = None if agreed.event_type is None else (agreed.event_type, agreed.event_clock)
            body += _audio(local[1], [(agreed.codec, agreed.payload_type)], events, agreed.direction)
        else:
            body.append(f"m={stream.kind} 0 {stream.protocol} {' '.join(stream.formats)}")
    return _written(local, session, version, body)


def offer(local: Address, session: int, version: int, first: str = "") -> str:
    """Our own offer: for an INVITE that came without one (RFC 3261 §13.2.1), or to another party. `first` leads it."""
    codecs = sorted(SPOKEN.items(), key=lambda codec: codec[0] != first)
    return _written(local, session, version, _audio(local[1], codecs, (TELEPHONE_EVENT_TYPE, 8000), Direction.SENDRECV))


_HELD = "0.0.0.0"  # noqa: S104 - RFC 2543's way to hold, not an address to bind


def _written(local: Address, session: int, version: int, body: list[str]) -> str:
    head = ["v=0", f"o={ORIGIN} {session} {version} IN IP4 {local[0]}", "s=-", f"c=IN IP4 {local[0]}", "t=0 0"]
    return "\r\n".join([*head, *body]) + "\r\n"


def _audio(port: int, codecs: list[tuple[str, int]], events: tuple[int, int] | None, direction: Direction) -> list[str]:
    """`events`: format and clock of telephone-event (RFC 4733 §2.1)."""
    types = [payload_type for _, payload_type in codecs] + ([events[0]] if events else [])
    out = [f"m=audio {port} RTP/AVP {' '.join(map(str, types))}"]
    for name, payload_type in codecs:
        if name == "OPUS":
            out += [f"a=rtpmap:{payload_type} opus/48000/2", f"a=fmtp:{payload_type} {_OPUS}"]
        else:
            out.append(f"a=rtpmap:{payload_type} {name}/{CLOCKS[name]}")
    if events:
        out += [f"a=rtpmap:{events[0]} telephone-event/{events[1]}", f"a=fmtp:{events[0]} 0-15"]
    return [*out, "a=ptime:20", f"a={direction}"]


def _stream(lines: list[str], address: str, direction: Direction) -> Stream:
    words = lines[0][2:].split()
    if len(words) < 4:
        raise SdpError(f"no such line: {lines[0][:20]!r}")
    kind, port, protocol, formats = words[0], words[1].split("/")[0], words[2], words[3:]
    if not _number(port) or int(port) > 65535:
        raise SdpError("no such port")
    codecs: dict[str, tuple[str, int]] = {str(n): codec for n, codec in _STATIC.items()}
    for line in lines:
        mapped = _RTPMAP.fullmatch(line[2:]) if line.startswith("a=rtpmap:") else None
        if mapped and (mapped[4] == "2") == (mapped[2].upper() == "OPUS"):
            codecs[mapped[1]] = (_name(mapped[2]), int(mapped[3]))
    known = {f: codecs[f] for f in formats if f in codecs and _number(f) and int(f) < 128}
    return Stream(
        kind, int(port), protocol, tuple(formats), known, _address(lines, address), _direction(lines, direction)
    )


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _name(text: str) -> str:
    return "telephone-event" if text.lower() == "telephone-event" else text.upper()


def _events(stream: Stream, clock: int) -> tuple[int, int] | None:
    """Format and clock of telephone-event: the one with the clock of the audio, else the one of 8000 Hz."""
    for wanted in (clock, 8000):
        for form in stream.formats:
            if stream.codecs.get(form) == ("telephone-event", wanted):
                return int(form), wanted
    return None


def _origin(lines: list[str]) -> str:
    return next((line[2:].partition(" ")[0] for line in lines if line.startswith("o=")), "")


def _address(lines: list[str], otherwise: str) -> str:
    for line in lines:
        if line.startswith("c="):
            words = line[2:].split()
            return words[2] if words[:2] == ["IN", "IP4"] and len(words) == 3 else ""
    return otherwise


def _direction(lines: list[str], otherwise: Direction) -> Direction:
    found = [line[2:].strip() for line in lines if line.startswith("a=")]
    return next((Direction(a) for a in reversed(found) if a in set(Direction)), otherwise)


def _usable(text: str) -> str | None:
    """A unicast IPv4 address, or 0.0.0.0. A name is not looked up: a call does not wait for DNS."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return None
    return None if address.is_multicast or address == ipaddress.IPv4Address("255.255.255.255") else str(address)
