"""The words between voice's processes: frozen dataclasses, one to a datagram of a SOCK_SEQPACKET socket, as JSON.

Signalling commands the media engine and hears of its legs; both tell their parent each second that they are well. A leg
is named by a number that signalling chose; a word about a leg that is gone means nothing and is passed over.
"""

import json
import socket
from dataclasses import dataclass
from typing import Any, cast, get_args

from appliance.voice.sounds import Sound

Address = tuple[str, int]
MAX_BYTES = 65536
_SEND_BUFFER_BYTES = 1 << 20
"""Room for a burst of a thousand words while the other end is within a tick."""


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
    hears: bool
    """False while the other side holds, or said that it only listens: what comes then is no voice of its own."""


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
    """Play these instead of what sounds now. Finished with this token follows, unless it is replaced or `loop`."""

    leg: int
    token: int
    sounds: tuple[Sound, ...]
    language: str
    loop: bool = False


@dataclass(frozen=True, slots=True)
class StopPlaying:
    leg: int


@dataclass(frozen=True, slots=True)
class Music:
    """Background: a track by its path; empty: the default one."""

    leg: int
    track: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """Background: comfort noise; out of room and bridge."""

    leg: int


@dataclass(frozen=True, slots=True)
class Reflect:
    """Background: its own sound."""

    leg: int


@dataclass(frozen=True, slots=True)
class Record:
    """As dialogue.Record. Recorded with this token follows, also when the leg is closed or another Record comes."""

    leg: int
    token: int
    path: str
    max_seconds: float
    silence_s: float
    min_s: float
    beep: bool
    stop_keys: str


@dataclass(frozen=True, slots=True)
class StopRecording:
    leg: int


@dataclass(frozen=True, slots=True)
class SendDigits:
    leg: int
    keys: str


@dataclass(frozen=True, slots=True)
class KeyByInfo:
    """A key that came by SIP INFO: to be told apart from the same one in RTP. Digit follows if it is new."""

    leg: int
    key: str


@dataclass(frozen=True, slots=True)
class Mix:
    """Background: this room. `heard` is false for who is muted; `alone` is a track, or None."""

    leg: int
    room: str
    heard: bool
    alone: str | None


@dataclass(frozen=True, slots=True)
class Hear:
    """Whether its room hears it."""

    leg: int
    heard: bool


@dataclass(frozen=True, slots=True)
class Chime:
    """Cues to all in a room."""

    room: str
    cues: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Bridge:
    """Background of both: the other one's sound."""

    leg: int
    other: int


@dataclass(frozen=True, slots=True)
class CloseLeg:
    """Free its port. Recorded, if it was recording, and LegClosed follow."""

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
class Recorded:
    """As dialogue.Recorded; `why` is a value of dialogue.Why."""

    leg: int
    token: int
    path: str
    seconds: float
    why: str
    key: str


@dataclass(frozen=True, slots=True)
class CallerSilent:
    leg: int
    seconds: float


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


OfALeg = (
    ChangeLeg | Play | StopPlaying | Music | Quiet | Reflect | Record | StopRecording | SendDigits | KeyByInfo | Mix
    | Hear | Bridge | CloseLeg
)  # fmt: skip
"""Commands to a leg that is open."""


@dataclass(frozen=True, slots=True)
class Drain:
    """To signalling: take no new call (503), and end when the last one has."""


Command = OpenLeg | OfALeg | Chime
Happening = LegOpened | LegRefused | Finished | Digit | Recorded | CallerSilent | LegClosed
Pulse = MediaPulse | SignallingPulse
Word = Command | Happening | Pulse | NewLink | Drain

_TYPES: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (*get_args(Word), Terms, *(s for s in get_args(Sound) if s is not str))
}


def encode(word: Word) -> bytes:
    """Each dataclass is a JSON object of one name with the list of its fields."""
    return json.dumps(_written(word), default=_written, separators=(",", ":")).encode()


def decode(data: bytes) -> Word:
    """The word in a datagram. Both ends are one program, so what is wrong here is a defect and raises as it will."""
    return cast(Word, json.loads(data, object_hook=_read))


def _written(thing: Any) -> dict[str, list[Any]]:
    return {type(thing).__name__: [getattr(thing, name) for name in thing.__slots__]}


def _read(written: dict[str, list[Any]]) -> Any:
    ((name, fields),) = written.items()
    return _TYPES[name](*(tuple(f) if isinstance(f, list) else f for f in fields))


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a link that keeps words apart and tells either end when the other has died."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    return ends


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
