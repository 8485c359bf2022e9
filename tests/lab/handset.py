"""A phone whose every packet is the test's: it dials through the whole house, in any codec, with keys in any form.

For what baresip cannot express: keys by INFO and by tones, a codec of our choosing, hanging up at a chosen packet,
saying nothing at all. It keeps whatever it hears with the kernel's time of arrival.
"""

import select
import socket
import struct
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from appliance.voice.codecs import CODECS, FRAME_SAMPLES, LAWS, Encoder
from appliance.voice.native import G722Decoder, OpusDecoder
from tests.integration.sip_edge.agent import PATIENCE_S, Agent, Call, Message
from tests.lab.audio import Pcm, RtpStream, loudest, loudness, rtp_streams
from tests.lab.capture import Datagram

FRAME_S = 0.02
LOOK_FRAMES = 5
EVENTS = 101
KEYS = "0123456789*#ABCD"
MAPS = {
    "PCMU": "0 PCMU/8000",
    "PCMA": "8 PCMA/8000",
    "G722": "9 G722/8000",
    "OPUS": "107 opus/48000/2",
    "G729": "18 G729/8000",
}
_ROWS_HZ, _COLUMNS_HZ, _PAD = (697, 770, 852, 941), (1209, 1336, 1477, 1633), "123A456B789C*0#D"
_SO_TIMESTAMPNS = 35
_HEAD = struct.Struct("!BBHII")


@dataclass
class Handset(Agent):
    """One call at a time. `hz`: what it says while it lives; 0: nothing.

    `codec`: the only one that it offers. G729 it offers and cannot speak.
    """

    codec: str = "PCMU"
    hz: float = 0.0
    events: bool = True
    """It offers RFC 4733."""
    call: Call | None = None
    taken: Call | None = None
    """The call that it answered last."""
    datagrams: list[Datagram] = field(default_factory=list)
    requests: list[Message] = field(default_factory=list)
    """What it was asked since it dialled last."""
    keeps: bool = True
    """What it hears; a soak has no memory for that."""
    answers: bool = True
    """What rings here; else it rings until it is given up."""
    told_at: list[tuple[float, Message]] = field(default_factory=list)
    """NOTIFYs, with the time of each."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rtp.setblocking(False)
        self.rtp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        codec = CODECS.get(self.codec)
        self._encoder: Encoder | None = codec.encoder() if codec else None
        self._units = codec.units if codec else FRAME_SAMPLES
        self._frames: list[Pcm] = []
        self._keys: list[tuple[bytes, str, Pcm | None]] = []
        self._ringing: dict[str, Message] = {}
        self._begun = 0
        self._sequence = 65500
        self._timestamp = 2**32 - 8000
        self._phase = 0
        self._target: tuple[str, int] | None = None
        self._later: list[Message] = []
        self._dialled = ""

    @property
    def kind(self) -> int:
        return int(MAPS[self.codec].split()[0])

    def description(self, direction: str = "sendrecv") -> str:
        events = f" {EVENTS}" if self.events else ""
        mapped = [f"a=rtpmap:{MAPS[self.codec]}", *([f"a=rtpmap:{EVENTS} telephone-event/8000"] if self.events else [])]
        return "\r\n".join(
            [
                "v=0", f"o=- 1 1 IN IP4 {self.address}", "s=-", f"c=IN IP4 {self.address}", "t=0 0",
                f"m=audio {self.rtp.getsockname()[1]} RTP/AVP {self.kind}{events}",
                *mapped, "a=ptime:20", f"a={direction}", "",
            ]
        )  # fmt: skip

    @property
    def sdp(self) -> str:
        return self.description()

    # A call -----------------------------------------------------------------------------------------------------------

    def dials(self, number: str) -> "Handset":
        """INVITE with its digest; nothing has been waited for."""
        self.forgets()
        self.call = self.dial(number)
        self._dialled = self.call.call_id
        return self

    def established(self, seconds: float = 10) -> "Handset":
        """Its call is answered, and where its sound goes is known."""
        final = self.final(seconds)
        assert final == 200, f"{self.user}'s call ended with {final}"
        return self

    def final(self, seconds: float = 10) -> int:
        """The final status of its INVITE."""
        assert self.call
        answer = self.outcome(self.call, seconds)
        if answer.status == 200:
            self._target = answer.media
        else:
            self.call = None
        return answer.status

    def gives_up(self) -> None:
        """CANCEL, as soon as it may be sent: when something has been heard of the INVITE (RFC 3261 §9.1)."""
        assert self.call
        seen = self.expect(100, 180, 183, 200)
        self._later.append(seen)
        self.cancel(self.call)

    def hangs_up(self) -> None:
        """BYE, where the other end has not said it."""
        call, self.call = self.call, None
        if call is not None and not self.left:
            self.request(call, "BYE")
            self.expect(200, 481, 405)

    def holds(self, held: bool) -> None:
        """A re-INVITE that sends only, or both ways again (RFC 3264 §8.4); answered."""
        self.asks_to_hold(held)
        self.is_granted()

    def asks_to_hold(self, held: bool) -> None:
        """That re-INVITE; `is_granted` takes its answer. Another handset answers only while it lives."""
        its = self.call or self.taken
        assert its
        self.request(its, "INVITE", self.description("sendonly" if held else "sendrecv"))

    def is_granted(self) -> None:
        its = self.call or self.taken
        assert its
        answer = self.outcome(its)
        assert answer.status == 200, answer.start

    @property
    def rung(self) -> int:
        """How many calls have come in since it dialled last, or forgot."""
        return sum(r.method == "INVITE" and "tag=" not in r["to"] for r in self.requests)

    def forgets(self) -> None:
        """Everything that it heard and was asked; it says nothing more."""
        self.datagrams.clear()
        self.requests.clear()
        self.told_at.clear()
        self._frames.clear()
        self._keys.clear()
        self._later.clear()
        self._target = None

    @property
    def answered(self) -> bool:
        """A final answer to its INVITE has come while it lived; `established` takes it."""
        return any(m.status >= 200 and "INVITE" in m["cseq"] and m["call-id"] == self._dialled for m in self._later)

    @property
    def left(self) -> bool:
        """The other end has hung up."""
        return any(r.method == "BYE" and r["call-id"] == self._dialled for r in self.requests)

    # Its life, a frame every 20 ms ------------------------------------------------------------------------------------

    def lives(self, seconds: float, enough: Callable[[], object] = lambda: False) -> "Handset":
        """Speaks and listens for so long, or until it is enough, or until the other end hangs up."""
        together((self,), seconds, lambda: self.left or enough())
        return self

    def until(self, enough: Callable[[], object], seconds: float, what: str) -> "Handset":
        """Lives until it is so. AssertionError after that."""
        self.lives(seconds, enough)
        assert enough(), f"{self.user}: {what}: not within {seconds:g} s"
        return self

    def gone(self, seconds: float = 15) -> None:
        """Lives until the other end hangs up."""
        self.lives(seconds)
        assert self.left, f"{self.user}: nobody hung up within {seconds:g} s"
        self.call = None

    def says(self, pcm: Pcm) -> None:
        """From the next frame on, instead of its pitch."""
        whole = len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES
        self._frames += list(pcm[:whole].reshape(-1, FRAME_SAMPLES))

    # Keys -------------------------------------------------------------------------------------------------------------

    def presses(self, keys: str, forms: str = "events", gap_s: float = 0.1) -> "Handset":
        """Keys, one after the other from its next frames on, in these forms at once; nothing is waited for.

        `events`: RFC 4733, four packets of each and its end three times (§2.5.1.4). `info`: SIP INFO with
        application/dtmf-relay. `tones`: the pair of tones of ITU-T Q.23, in its codec.
        """
        for key in keys:
            code = KEYS.index(key)
            for n in range(7):
                body = bytes((code, (0x80 if n >= 4 else 0) | 10)) + (min(n + 1, 5) * 160).to_bytes(2, "big")
                self._keys.append(
                    (
                        body if "events" in forms else b"",
                        key if "info" in forms and not n else "",
                        _pair(key, n) if "tones" in forms else None,
                    )
                )
            self._keys += [(b"", "", np.zeros(FRAME_SAMPLES, np.int16))] * round(gap_s / FRAME_S)
        return self

    def pressed(self, keys: str, forms: str = "events", gap_s: float = 0.1) -> "Handset":
        """The same, and lives until the last one is out."""
        self.presses(keys, forms, gap_s)
        return self.lives(60, lambda: not self._keys)

    def _inform(self, key: str) -> None:
        assert self.call
        call = self.call
        call.cseq += 1
        headers = [self._via(), "Max-Forwards: 70", *self._dialog(call, "INFO"), f"Contact: <{self.contact}>"]
        body = f"Signal={key}\r\nDuration=160\r\n"
        self._raw(f"INFO {call.target} SIP/2.0", [*headers, "Content-Type: application/dtmf-relay"], body)

    # What it heard ----------------------------------------------------------------------------------------------------

    def stream(self) -> RtpStream:
        """What came in this call."""
        return loudest(rtp_streams(self.datagrams))

    def heard(self, last_s: float = 0) -> Pcm:
        """What came in this call, decoded in its codec; `last_s`: the end of it, of who is heard now."""
        came = self.datagrams
        if last_s and came:
            # Also what codecs with a memory and a late packet want before it; the rest need not be read each time.
            came = came[bisect_left(came, came[-1].at - last_s - 1, key=lambda d: d.at) :]
        streams = [s for s in rtp_streams(came) if any(p.payload_type == self.kind for p in s.packets)]
        assert streams, f"{self.user} hears nothing"
        if not last_s:
            return self._decoded(max(streams, key=lambda s: len(s.packets)), 0)
        newest = max(s.packets[-1].at for s in streams)
        now = [self._decoded(s, round(last_s / FRAME_S)) for s in streams if newest - s.packets[-1].at < 0.2]
        return max(now, key=loudness)

    def _decoded(self, stream: RtpStream, frames: int) -> Pcm:
        """Its last frames, or all; codecs with a memory are given half a second to find it."""
        packets = stream.packets[-frames - 25 :] if frames else stream.packets
        if self.codec in LAWS:
            pcm = replace(stream, packets=packets).pcm()
        else:
            decoder = OpusDecoder() if self.codec == "OPUS" else G722Decoder()
            parts = [decoder.decode(p.payload) for p in packets if p.payload_type == self.kind]
            pcm = np.concatenate(parts) if parts else np.zeros(0, np.int16)
        return pcm[-frames * FRAME_SAMPLES :] if frames else pcm

    def receive(self, seconds: float = PATIENCE_S) -> Message | None:
        """What came while it lived, then what comes."""
        return self._later.pop(0) if self._later else super().receive(seconds)

    # The wire ---------------------------------------------------------------------------------------------------------

    def _raw(self, start: str, headers: list[str], body: str) -> None:
        text = "\r\n".join([start, *headers, f"Content-Length: {len(body)}", "", body])
        self._socket.sendto(text.encode(), self.registrar)

    def _speak_one(self) -> None:
        event, inform, sound = self._keys.pop(0) if self._keys else (b"", "", None)
        if inform:
            self._inform(inform)
        if sound is None and not event:
            sound = self._frames.pop(0) if self._frames else self._pitch() if self.hz else None
        if event:
            if int.from_bytes(event[2:]) == 160:
                self._begun = self._timestamp
            self._emit(EVENTS, self._begun, event)
        if sound is not None and self._encoder:
            self._emit(self.kind, self._timestamp, bytes(self._encoder.encode(sound)))
        self._timestamp += self._units

    def _emit(self, kind: int, stamp: int, payload: bytes) -> None:
        if self._target:
            self._sequence += 1
            head = _HEAD.pack(0x80, kind, self._sequence & 0xFFFF, stamp & 0xFFFFFFFF, 77)
            self.rtp.sendto(head + payload, self._target)

    def _pitch(self) -> Pcm:
        at = np.arange(self._phase, self._phase + FRAME_SAMPLES)
        self._phase += FRAME_SAMPLES
        return np.asarray(8000 * np.sin(2 * np.pi * self.hz * at / 8000), np.int16)

    def _take_in(self, ready: socket.socket) -> None:
        if ready is not self.rtp:
            self._asked()
            return
        data, (stamp, *_), _, source = self.rtp.recvmsg(2000, 64)
        if self.keeps:
            whole, nanoseconds = struct.unpack("@ll", stamp[2])
            here = self.rtp.getsockname()
            self.datagrams.append(Datagram(whole + nanoseconds * 1e-9, source, here, data))

    def _asked(self) -> None:
        message = super().receive(FRAME_S)
        if message is None or message.method == "ACK":
            return
        if message.status:
            self._later.append(message)
            return
        self.requests.append(message)
        if message.method == "INVITE" and "tag=" not in message["to"] and not self.answers:
            self._ringing[message["call-id"]] = message
            self.answer(message, 180, "Ringing")
            return
        if message.method == "INVITE" and "tag=" not in message["to"]:
            self.taken = self.take(message)
        else:
            self.answer(message, 200, "OK", self.sdp if message.method == "INVITE" else "")
        if message.method == "INVITE" and message.body:
            self._target = message.media
        elif message.method == "CANCEL" and message["call-id"] in self._ringing:
            self.answer(self._ringing.pop(message["call-id"]), 487, "Request Terminated")
        elif message.method == "NOTIFY":
            self.told_at.append((time.monotonic(), message))


def _pair(key: str, frame: int) -> Pcm:
    """The frame of a key's two tones; the last two of seven are quiet."""
    if frame > 4:
        return np.zeros(FRAME_SAMPLES, np.int16)
    row, column = divmod(_PAD.index(key), 4)
    at = np.arange(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES) / 8000
    both = np.sin(2 * np.pi * _ROWS_HZ[row] * at) + np.sin(2 * np.pi * _COLUMNS_HZ[column] * at)
    return np.asarray(6000 * both, np.int16)


def together(phones: Sequence[Handset], seconds: float, enough: Callable[[], object] = lambda: False) -> bool:
    """All of them live, on one clock, for so long or until it is enough; whether it was."""
    owner = {sock: phone for phone in phones for sock in (phone.rtp, phone._socket)}
    at = time.monotonic()
    end = at + seconds
    frame = 0
    # To look is to listen to all that came: not at each frame, and who is late for it says nothing twice.
    while frame % LOOK_FRAMES or not enough():
        if at >= end:
            return bool(enough())
        frame += 1
        for phone in phones:
            phone._speak_one()
        at = max(at, time.monotonic() - FRAME_S) + FRAME_S
        while (left := at - time.monotonic()) > 0:
            for ready in select.select(list(owner), [], [], left)[0]:
                owner[ready]._take_in(ready)
        _catch_up(owner)
    return True


def _catch_up(owner: Mapping[socket.socket, Handset]) -> None:
    while ready := select.select(list(owner), [], [], 0)[0]:
        for one in ready:
            owner[one]._take_in(one)
