"""The media engine alone in a process of its own, told what to do by words, and phones that speak RTP with it in time.

For what no dialogue is needed to prove: mixing, recording, music, digits, codecs, losses. Everything a phone sends and
gets passes `run`, one frame of each every 20 ms.
"""

import random
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

import numpy as np

from appliance.settings import Media, Network, Paths, Settings
from appliance.voice import engine, words
from appliance.voice.children import Child, spawn
from appliance.voice.codecs import CODECS, FRAME_SAMPLES, LAWS, Encoder, Pcm
from appliance.voice.native import G722Decoder, OpusDecoder
from appliance.voice.words import Terms
from tests.lab.waiting import until

RTP = struct.Struct("!BBHII")
HOST = "127.0.0.1"
EVENTS = 101


@dataclass
class Phone:
    """One leg's other end. `loss` and `jitter_ms` are done to what it sends."""

    leg: int
    codec: str
    events: bool = True
    loss: float = 0.0
    jitter_ms: float = 0.0
    twice: bool = False
    """Every packet comes a second time."""
    port: int = 0
    packets: list[tuple[float, bytes]] = field(default_factory=list)
    said: list[words.Happening] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.socket.setblocking(False)
        self._encoder: Encoder = CODECS[self.codec].encoder()
        self._to_say: list[Pcm] = []
        self._sequence = 65500
        self._timestamp = 2**32 - 4000
        self._held: list[tuple[float, bytes]] = []
        self._chance = random.Random(self.leg)
        self._events: list[bytes] = []
        self._event_start = 0

    @property
    def terms(self) -> Terms:
        payload_type = CODECS[self.codec].payload_type
        event_type = EVENTS if self.events else None
        return Terms(self.codec, payload_type, event_type, self.socket.getsockname(), HOST, sends=True, hears=True)

    def says(self, pcm: Pcm) -> None:
        """From the next tick on, after what it says already."""
        whole = len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES
        self._to_say += list(pcm[:whole].reshape(-1, FRAME_SAMPLES))

    def presses(self, key: str) -> None:
        """RFC 4733: seven packets, at the ticks to come."""
        code = "0123456789*#ABCD".index(key)
        for n in range(7):
            length = min(n + 1, 5) * 160
            self._events.append(bytes((code, (0x80 if n >= 4 else 0) | 10)) + length.to_bytes(2, "big"))

    def tick(self, now: float) -> None:
        units = CODECS[self.codec].units
        if self._events:
            body = self._events.pop(0)
            if int.from_bytes(body[2:]) == 160:
                self._event_start = self._timestamp
            self._emit(EVENTS, self._event_start, body, now)
        elif self._to_say:
            frame = self._encoder.encode(self._to_say.pop(0))
            self._emit(CODECS[self.codec].payload_type, self._timestamp, frame, now)
        self._timestamp = (self._timestamp + units) % 2**32
        for due in [h for h in self._held if h[0] <= now]:
            self._held.remove(due)
            self.socket.sendto(due[1], (HOST, self.port))

    def take_in(self) -> None:
        while True:
            try:
                data = self.socket.recv(2000)
            except BlockingIOError:
                return
            self.packets.append((time.monotonic(), data))

    def payloads(self) -> list[bytes]:
        return [data[12:] for _, data in self.packets if data[1] & 0x7F != EVENTS]

    def heard(self) -> Pcm:
        """All that came, decoded."""
        if self.codec in LAWS:
            parts = [LAWS[self.codec].decode(p) for p in self.payloads()]
        else:
            decoder = OpusDecoder() if self.codec == "OPUS" else G722Decoder()
            parts = [decoder.decode(p) for p in self.payloads()]
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    def digits(self) -> str:
        return "".join(word.key for word in self.said if isinstance(word, words.Digit))

    def _emit(self, kind: int, timestamp: int, payload: bytes, now: float) -> None:
        data = RTP.pack(0x80, kind, self._sequence % 65536, timestamp % 2**32, 77) + payload
        self._sequence += 1
        if self._chance.random() < self.loss:
            return
        for _ in range(2 if self.twice else 1):
            if self.jitter_ms:
                self._held.append((now + self._chance.uniform(0, self.jitter_ms) / 1000, data))
            else:
                self.socket.sendto(data, (HOST, self.port))


class Rig:
    """A context manager. `settings` are the engine's."""

    def __init__(self, directory: Path, first_port: int) -> None:
        self.settings = replace(
            Settings(),
            paths=replace(Paths(), state_dir=directory / "state", run_dir=directory / "run"),
            network=replace(Network(), voice_address=HOST),
            media=replace(Media(), voice_ports=f"{first_port}-{first_port + 799}"),
        )
        self.phones: dict[int, Phone] = {}
        self._legs = 0
        self.child: Child | None = None

    def __enter__(self) -> "Rig":
        self.child = spawn("voice-media", lambda link: engine.main(self.settings, link), time.monotonic())
        self.link, theirs = words.pair()
        words.send(self.child.link, words.NewLink(), theirs.fileno())
        theirs.close()
        self.link.setblocking(False)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for phone in self.phones.values():
            phone.socket.close()
        self.link.close()
        assert self.child is not None
        self.child.link.close()
        self.child.kill()

    def clear(self) -> None:
        """Everybody hangs up."""
        for phone in self.phones.values():
            self.tell(words.CloseLeg(phone.leg))
        self.run(0.05)
        for phone in self.phones.values():
            phone.socket.close()
        self.phones.clear()

    def tell(self, word: words.Command) -> None:
        until(lambda: words.send(self.link, word), 5, "the engine takes a word")

    def phone(self, codec: str = "PCMA", events: bool = True, **network: float) -> Phone:
        """A new leg, open."""
        self._legs += 1
        made = Phone(self._legs, codec, events, **network)  # type: ignore[arg-type]
        self.phones[made.leg] = made
        self.tell(words.OpenLeg(made.leg, made.terms))

        def opened() -> int:
            self.listen()
            return made.port

        until(opened, 20, "a leg")
        return made

    def listen(self) -> None:
        """Take in what the engine says."""
        while True:
            try:
                came = words.receive(self.link)
            except BlockingIOError:
                return
            assert came is not None, "the engine died"
            word = came[0]
            assert not isinstance(word, words.LegRefused), word
            if isinstance(word, words.LegOpened):
                self.phones[word.leg].port = word.port
            elif isinstance(word, words.Happening) and word.leg in self.phones:
                self.phones[word.leg].said.append(word)

    def run(self, seconds: float, enough: Callable[[], object] = lambda: False) -> None:
        """Let everybody speak and hear for so long, or until it is enough."""
        at = time.monotonic()
        end = at + seconds
        while at < end and not enough():
            for phone in self.phones.values():
                phone.tick(at)
            self.listen()
            at += 0.02
            time.sleep(max(0.0, at - time.monotonic()))
            for phone in self.phones.values():
                phone.take_in()
        self.listen()

    def recorded(self, phone: Phone, seconds: float = 5.0) -> words.Recorded:
        """The next recording of this leg to be over."""

        def found() -> words.Recorded | None:
            return next((w for w in phone.said if isinstance(w, words.Recorded)), None)

        self.run(seconds, found)
        one = found()
        assert one is not None, phone.said
        phone.said.remove(one)
        return one
