"""One RTP leg: a socket, where it sends, whom it hears, and what it sends now. Driven by the engine, once a tick.

Sends from and to what SDP said (symmetric RTP, RFC 4961). Hears one source only: see `_known`.
"""

import socket
from dataclasses import dataclass

from appliance.voice.codecs import CODECS, FRAME_BYTES, FRAME_SAMPLES
from appliance.voice.rtp import HEADER_BYTES, MAX_DATAGRAM, DigitReader, RtpError, newer, parse, write_header
from appliance.voice.sources import Comfort, Playlist, Reflection, Source
from appliance.voice.words import Address, LegClosed, Terms

MAX_PER_TICK = 8
"""Datagrams taken from one socket in a tick. A flood fills that leg's kernel buffer and nothing else."""


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
        "_codec", "_digits", "_heard_from", "_highest", "_marked", "_out", "_sequence", "_source", "_ssrc", "_terms",
        "_timestamp", "_token", "counts", "number", "port", "socket",
    )  # fmt: skip

    def __init__(
        self, number: int, sock: socket.socket, port: int, terms: Terms, ssrc: int, sequence: int, timestamp: int
    ) -> None:
        self.number = number
        self.socket = sock
        self.port = port
        self.counts = Counts()
        self._terms = terms
        self._codec = CODECS[terms.codec]
        self._source: Source = Comfort(self._codec)
        self._token = 0
        self._ssrc = ssrc
        self._sequence = sequence
        self._timestamp = timestamp
        self._marked = False
        self._out = bytearray(HEADER_BYTES + FRAME_BYTES)
        self._digits = DigitReader()
        self._heard_from: Address | None = None
        self._highest: int | None = None

    @property
    def codec_name(self) -> str:
        return self._codec.name

    def change(self, terms: Terms) -> None:
        """New terms. What plays in another codec is at its end: it was encoded for the old one."""
        if terms.source != self._terms.source or terms.remote != self._terms.remote:
            self._heard_from = None
        if terms.codec != self._codec.name:
            self._codec = CODECS[terms.codec]
            reflecting = isinstance(self._source, Reflection)
            self._source = Reflection(self._codec) if reflecting else Playlist(())
        self._terms = terms

    def play(self, source: Source, token: int) -> None:
        self._source, self._token = source, token

    def reflect(self) -> None:
        self.play(Reflection(self._codec), 0)

    def take_in(self) -> list[str]:
        """Read what has come since the last tick; the keys pressed in it."""
        keys: list[str] = []
        for _ in range(MAX_PER_TICK):
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
        frame, ended = self._source.frame(), 0
        if frame is None:
            ended, self._token = self._token, 0
            self._source = Comfort(self._codec)
            frame = self._source.frame()
        remote = self._terms.remote
        if self._terms.sends and remote is not None and frame is not None:
            # The marker starts a talkspurt (RFC 3551 §4.1): the first packet, and the first after a hold.
            terms = self._terms
            write_header(self._out, terms.payload_type, not self._marked, self._sequence, self._timestamp, self._ssrc)
            self._out[HEADER_BYTES:] = frame
            self._marked = True
            self._sequence += 1
            try:
                self.socket.sendto(self._out, remote)
                self.counts.sent += 1
            except OSError:
                self.counts.unsent += 1  # no route, or a full queue: lost as on any network
        else:
            self._marked = False
        self._timestamp += FRAME_SAMPLES
        return ended

    def close(self) -> LegClosed:
        self.socket.close()
        c = self.counts
        return LegClosed(self.number, c.sent, c.received, c.lost, c.foreign, c.malformed)

    def _one(self, data: bytes, source: Address) -> str:
        if not self._known(source):
            self.counts.foreign += 1
            return ""
        try:
            packet = parse(data)
        except RtpError:
            self.counts.malformed += 1
            return ""
        self._heard_from = source if self._heard_from != self._terms.remote else self._heard_from
        if packet.payload_type == self._terms.event_type:
            self._count(packet.sequence)
            return self._digits.key(packet)
        if packet.payload_type != self._terms.payload_type:
            self.counts.unwanted += 1
            return ""
        self._count(packet.sequence)
        if isinstance(self._source, Reflection):
            self._source.buffer.put(packet.sequence, packet.payload)
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
        if self._highest is not None and newer(sequence, self._highest, 16):
            self.counts.lost += (sequence - self._highest - 1) % 65536
        elif self._highest is not None:
            return
        self._highest = sequence
