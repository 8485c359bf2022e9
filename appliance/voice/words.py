"""The words between voice's processes: frozen dataclasses, one to a datagram of a SOCK_SEQPACKET socket, as JSON.

Signalling commands the media engine and hears of its legs; both tell their parent each second that they are well. A leg
is named by a number that signalling chose; a word about a leg that is gone means nothing and is passed over.
"""

import json
import socket
from collections.abc import Callable
from dataclasses import astuple, dataclass

Address = tuple[str, int]
MAX_BYTES = 65536


# Signalling to media --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Terms:
    """What SDP agreed on for a leg."""

    codec: str
    payload_type: int
    event_type: int | None
    """Payload type of telephone-events; None: there are none."""
    remote: Address | None
    """Where to send; None: nowhere yet."""
    source: str
    """The address that packets must come from; empty: from none."""
    sends: bool
    """False while the other side holds."""


@dataclass(frozen=True, slots=True)
class OpenLeg:
    """Bind a port. LegOpened or LegRefused follows."""

    leg: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class ChangeLeg:
    """New terms for an open leg: a re-INVITE, or the answer to our offer. Port, SSRC and what plays stay."""

    leg: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class Play:
    """Play these cues instead of what sounds now. Finished with this token follows, unless something replaces it."""

    leg: int
    token: int
    cues: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Reflect:
    leg: int


@dataclass(frozen=True, slots=True)
class CloseLeg:
    """Free its port. LegClosed follows."""

    leg: int


# Media to signalling --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LegOpened:
    leg: int
    port: int


@dataclass(frozen=True, slots=True)
class LegRefused:
    leg: int
    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    leg: int
    token: int


@dataclass(frozen=True, slots=True)
class Digit:
    leg: int
    key: str


@dataclass(frozen=True, slots=True)
class LegClosed:
    """What went through it, in packets. `foreign` came from an address nobody announced; `malformed` was no RTP."""

    leg: int
    sent: int
    received: int
    lost: int
    foreign: int
    malformed: int


# Either to the parent, once a second; parent to either ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MediaPulse:
    legs: int
    tick_late_p99_ms: float


@dataclass(frozen=True, slots=True)
class SignallingPulse:
    sessions: int


@dataclass(frozen=True, slots=True)
class NewLink:
    """Comes with a file descriptor: the socket to the other child, from now on."""


Command = OpenLeg | ChangeLeg | Play | Reflect | CloseLeg
Happening = LegOpened | LegRefused | Finished | Digit | LegClosed
Pulse = MediaPulse | SignallingPulse
Word = Command | Happening | Pulse | NewLink

_WORDS: dict[str, Callable[..., Word]] = {
    kind.__name__: kind
    for kind in (
        OpenLeg, ChangeLeg, Play, Reflect, CloseLeg, LegOpened, LegRefused, Finished, Digit, LegClosed, MediaPulse,
        SignallingPulse, NewLink,
    )
}  # fmt: skip


def encode(word: Word) -> bytes:
    return json.dumps([type(word).__name__, *astuple(word)], separators=(",", ":")).encode()


def decode(data: bytes) -> Word:
    """The word in a datagram. Both ends are one program, so what is wrong here is a defect and raises as it will."""
    name, *fields = json.loads(data)
    if name in ("OpenLeg", "ChangeLeg"):
        codec, payload_type, event_type, remote, source, sends = fields[1]
        terms = Terms(codec, payload_type, event_type, tuple(remote) if remote else None, source, sends)
        return _WORDS[name](fields[0], terms)
    return _WORDS[name](*(tuple(f) if isinstance(f, list) else f for f in fields))


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a link that keeps words apart and tells either end when the other has died."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(link: socket.socket, word: Word, *descriptors: int) -> bool:
    """Send without waiting. False if the other end is gone or does not read any more."""
    try:
        socket.send_fds(link, [encode(word)], list(descriptors), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    except OSError:
        return False
    return True


def receive(link: socket.socket) -> tuple[Word, tuple[int, ...]] | None:
    """The next word and the descriptors that came with it; None when the other end is gone.

    Waits, unless the socket is non-blocking: then BlockingIOError where there is none.
    """
    try:
        data, descriptors, _, _ = socket.recv_fds(link, MAX_BYTES, 1)
    except ConnectionError:
        return None
    return (decode(data), tuple(descriptors)) if data else None
