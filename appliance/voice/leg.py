"""One RTP leg: a socket, where it sends, whom it hears, and what it sends now. Driven by the engine, once a tick.

Sends from and to what SDP said (symmetric RTP, RFC 4961). Hears one source only: see `_known`.
"""

import socket
from dataclasses import dataclass

from appliance.voice.codecs import CODECS, Pcm
from appliance.voice.ears import ear_for
from appliance.voice.keys import Keys
from appliance.voice.recorder import Recorder
from appliance.voice.rtp import HEADER_BYTES, MAX_DATAGRAM, DigitReader, Packet, RtpError, newer, parse, write_header
from appliance.voice.sending import EventSender, key_tracks
from appliance.voice.sources import Bridged, Comfort, Playlist, Source
from appliance.voice.tone_digits import Listener
from appliance.voice.words import Address, LegClosed, Terms

MAX_PER_TICK = 8
"""Datagrams taken from one socket in a tick. A flood fills that leg's kernel buffer and nothing else."""

RESUME_TICKS = 10
"""After a hold, until what comes is its own voice again: the music ends when our answer has reached Kamailio, and what
was on its way is still to come."""


@dataclass(slots=True)
class Counts:
    sent: int = 0
    received: int = 0
    lost: int = 0
    foreign: int = 0
    malformed: int = 0
    unsent: int = 0
    unwanted: int = 0
    """Good RTP of a payload type that was not agreed on."""


class Leg:
    """`ssrc`, `sequence` and `timestamp` start at random values (RFC 3550 §5.1)."""

    __slots__ = (
        "_digits", "_events", "_foreground", "_heard_from", "_highest", "_marked", "_out", "_passed", "_sequence",
        "_ssrc", "_terms", "_timestamp", "_token", "background", "codec", "counts", "ear", "hears", "keys",
        "number", "passes", "pcm", "peak", "port", "quiet_ticks", "recorder", "recording_waits", "resuming", "socket",
        "tones",
    )  # fmt: skip

    def __init__(
        self, number: int, sock: socket.socket, port: int, terms: Terms, ssrc: int, sequence: int, timestamp: int
    ) -> None:
        self.number = number
        self.socket = sock
        self.port = port
        self.counts = Counts()
        self.codec = CODECS[terms.codec]
        self.ear = ear_for(terms.codec)
        self.keys = Keys()
        self.tones = Listener()
        self.pcm: Pcm | None = None
        """What was heard at this tick."""
        self.peak = 0
        self.quiet_ticks = 0
        """Since the last packet, while one could come."""
        self.recorder: Recorder | None = None
        self.recording_waits = False
        """For the end of its beep."""
        self.background: Source = Comfort()
        self.passes: Leg | None = None
        """The leg that its packets are passed on to, undecoded."""
        self._terms = terms
        self.hears = terms.hears
        """Whether what comes is its own voice: who holds has music sent, which only a bridge hands on."""
        self.resuming = 0
        """Ticks until it hears again, of a leg that was held."""
        self._foreground: Playlist | None = None
        self._token = 0
        self._events: EventSender | None = None
        self._ssrc = ssrc
        self._sequence = sequence
        self._timestamp = timestamp
        self._marked = False
        self._out = bytearray(HEADER_BYTES)
        self._digits = DigitReader()
        self._heard_from: Address | None = None
        self._highest: int | None = None
        self._passed: int | None = None

    @property
    def event_type(self) -> int | None:
        return self._terms.event_type

    @property
    def expects_sound(self) -> bool:
        return self.hears and bool(self._terms.source)

    @property
    def playing(self) -> bool:
        return self._foreground is not None

    def change(self, terms: Terms) -> None:
        """New terms. What plays goes on, in the codec of now."""
        if terms.source != self._terms.source or terms.remote != self._terms.remote:
            self._heard_from = None
            self.keys.forget_the_way()
        if terms.codec != self.codec.name:
            self.codec = CODECS[terms.codec]
            self.ear = ear_for(terms.codec)
        if terms.hears != self._terms.hears:
            # What still waits in the buffer is of before.
            self.ear = ear_for(terms.codec)
            self.resuming = RESUME_TICKS if terms.hears and self.counts.received else 0
        self.hears = terms.hears and not self.resuming
        self.quiet_ticks = 0
        self._terms = terms

    def resume(self) -> None:
        """A tick of those that it is `resuming` has passed."""
        self.resuming -= 1
        self.hears = not self.resuming

    def play(self, playlist: Playlist | None, token: int) -> None:
        """Instead of what sounds now; None: only the background."""
        self._foreground, self._token = playlist, token

    def send_keys(self, keys: str) -> None:
        """RFC 4733 where it was agreed on, else tones."""
        if self._terms.event_type is not None:
            if self._events is None:
                self._events = EventSender(self._terms.event_type)
            self._events.add(keys)
        else:
            self.play(Playlist(key_tracks(keys)), 0)

    def take_in(self, most: int = MAX_PER_TICK) -> list[str]:
        """Read what has come since the last tick, or so many datagrams; the keys pressed in it by RFC 4733."""
        keys: list[str] = []
        for _ in range(most):
            try:
                data, source = self.socket.recvfrom(MAX_DATAGRAM + 1)
            except (BlockingIOError, ConnectionError):
                break
            key = self._one(data, source)
            if key:
                keys.append(key)
        return keys

    def send_one(self) -> int:
        """Send this tick's frame. The token of what ended with it, or 0. A held leg goes on playing unheard."""
        frame, ended, kind = None, 0, self._terms.payload_type
        if self._foreground is not None:
            frame = self._foreground.frame(self.codec)
            if frame is None:
                ended, self._token, self._foreground = self._token, 0, None
        if frame is None:
            frame = self.background.frame(self.codec)
        remote = self._terms.remote
        if self._terms.sends and remote is not None and (frame is not None or self._events is not None):
            timestamp, marker = self._timestamp, not self._marked
            if self._events is not None:
                event = self._events.next(timestamp, self.codec.units)
                if event is None:
                    self._events = None
                elif event.body is not None:
                    # An event stands in the place of audio (RFC 4733 §2.6), with the timestamp of its start.
                    kind, timestamp, marker, frame = self._events.payload_type, event.timestamp, event.first, event.body
            if frame is not None:
                # The marker starts a talkspurt (RFC 3551 §4.1): the first packet, and the first after a hold.
                self._send(kind, marker, timestamp, frame, remote)
                self._marked = True
        elif not isinstance(self.background, Bridged):
            self._marked = False
        self._timestamp += self.codec.units
        return ended

    def pass_on(self, packet: Packet, kind: int) -> None:
        """A packet of the other party, as it is, in this leg's own numbering."""
        remote = self._terms.remote
        if not self._terms.sends or remote is None or self._foreground is not None or self._events is not None:
            return
        if self._passed is None:
            self._passed = self._timestamp - packet.timestamp
        self._send(kind, packet.marker or not self._marked, packet.timestamp + self._passed, packet.payload, remote)
        self._marked = True

    def passes_to(self, other: "Leg | None") -> None:
        """From now on what comes in goes to `other` undecoded; None: no more."""
        if other is not self.passes:
            self.passes = other
            if other is not None:
                other._passed = None

    def close(self) -> LegClosed:
        self.socket.close()
        c = self.counts
        return LegClosed(self.number, c.sent, c.received, c.lost, c.foreign, c.malformed)

    def _send(self, kind: int, marker: bool, timestamp: int, payload: bytes | memoryview, remote: Address) -> None:
        write_header(self._out, kind, marker, self._sequence, timestamp, self._ssrc)
        self._sequence += 1
        try:
            self.socket.sendto(b"".join((self._out, payload)), remote)
            self.counts.sent += 1
        except OSError:
            self.counts.unsent += 1  # no route, or a full queue: lost as on any network

    def _one(self, data: bytes, source: Address) -> str:
        if source != self._heard_from and not self._known(source):
            self.counts.foreign += 1
            return ""
        try:
            packet = parse(data)
        except RtpError:
            self.counts.malformed += 1
            return ""
        self._heard_from = source if self._heard_from != self._terms.remote else self._heard_from
        self.quiet_ticks = 0
        terms = self._terms
        if packet.payload_type == terms.payload_type:
            self._count(packet.sequence)
            self.ear.put(packet)
            if self.passes is not None:
                self.passes.pass_on(packet, self.passes._terms.payload_type)
            return ""
        if packet.payload_type == terms.event_type:
            self._count(packet.sequence)
            key = self._digits.key(packet)
            if self.passes is not None:
                kind = self.passes.event_type
                if kind is not None:
                    self.passes.pass_on(packet, kind)
                elif key:
                    self.passes.send_keys(key)
            return key
        self.counts.unwanted += 1
        return ""

    def _known(self, source: Address) -> bool:
        """Whether this source is heard: only the address that SDP named, never a third one.

        Its port may differ (a phone that sends from another): the first port that brings RTP is kept, and gives way
        once to the announced one.
        """
        if source[0] != self._terms.source:
            return False
        return self._heard_from in (None, source) or source == self._terms.remote

    def _count(self, sequence: int) -> None:
        self.counts.received += 1
        if self._highest is not None and sequence == (self._highest + 1) & 0xFFFF:
            pass
        elif self._highest is not None and newer(sequence, self._highest, 16):
            self.counts.lost += (sequence - self._highest - 1) % 65536
        elif self._highest is not None:
            return
        self._highest = sequence
