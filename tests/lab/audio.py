"""What a caller really heard: RTP out of a capture or a recording, as samples, and the questions tests ask of them.

Independent of the product's own codecs and parser on purpose. Samples are 8 kHz signed 16-bit; levels are dBFS (RMS, a
full-scale sine being -3). It reads RTP with a G.711 or telephone-event payload; SRTP and other codecs are not for it.

    streams = rtp_streams(read_capture(path))
    stream = loudest(streams, to=("10.20.0.51", 16384))
    assert heard(reference, stream.pcm()) > HEARD
"""

import math
import struct
import wave
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.lab.capture import Address, Datagram, read_capture

__all__ = [
    "HEARD",
    "RATE_HZ",
    "Address",
    "Datagram",
    "RtpPacket",
    "RtpStream",
    "Spacing",
    "encode_pcma",
    "encode_pcmu",
    "heard",
    "heard_at",
    "loudest",
    "loudness",
    "read_capture",
    "read_wav",
    "rtp_streams",
    "silences",
    "spacing",
    "tone",
    "tone_level",
    "write_wav",
]

Pcm = NDArray[np.int16]

RATE_HZ = 8000
HEARD = 0.7
"""A `heard` score that unrelated speech never reaches (it stays under 0.3) and G.711 with a little loss always does."""
LOUD_DBFS = -20.0
"""A pitch in a single packet: of another, 300 Hz away, no more than -34 is taken for it."""
SILENT_DBFS = -50.0
PCMU, PCMA = 0, 8


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """RFC 3550 §5.1, with the time it was seen."""

    at: float
    sequence: int
    timestamp: int
    payload_type: int
    marker: bool
    payload: bytes


@dataclass(frozen=True, slots=True)
class RtpStream:
    """All packets of one SSRC from one address to another, in order of arrival."""

    ssrc: int
    source: Address
    destination: Address
    packets: tuple[RtpPacket, ...]

    def pcm(self) -> Pcm:
        """Samples placed by RTP timestamp, from the first audio packet on; lost ones are zeros.

        Telephone-events are left out. A jump of the timestamp by more than a minute closes up.
        """
        audio = [p for p in self.packets if p.payload_type in (PCMU, PCMA) and p.payload]
        if not audio:
            return np.zeros(0, np.int16)
        offsets, at, previous = [], 0, audio[0].timestamp
        for packet in audio:
            step = (packet.timestamp - previous + 2**31) % 2**32 - 2**31
            at += step if abs(step) <= 60 * RATE_HZ else 160
            previous = packet.timestamp
            offsets.append(at)
        first = min(offsets)
        out = np.zeros(max(o + len(p.payload) for o, p in zip(offsets, audio, strict=True)) - first, np.int16)
        for offset, packet in zip(offsets, audio, strict=True):
            table = _MULAW if packet.payload_type == PCMU else _ALAW
            samples = table[np.frombuffer(packet.payload, np.uint8)]
            out[offset - first : offset - first + len(samples)] = samples
        return out

    def digits(self) -> str:
        """The RFC 4733 digits in it, each once (events are told apart by timestamp)."""
        keys: dict[int, str] = {}
        for p in self.packets:
            if p.payload_type >= 96 and len(p.payload) >= 4 and p.payload[0] < 16:
                keys.setdefault(p.timestamp, "0123456789*#ABCD"[p.payload[0]])
        return "".join(keys.values())


@dataclass(frozen=True, slots=True)
class Spacing:
    """Time between successive packets, in milliseconds; `off_p99` and `off_max` are distances from 20 ms."""

    packets: int
    lost: int
    mean: float
    off_p99: float
    off_max: float
    longest: float


def rtp_streams(datagrams: Iterable[Datagram]) -> tuple[RtpStream, ...]:
    """The RTP streams among these datagrams, by (source, destination, SSRC). RTCP and what is no RTP is passed over."""
    found: dict[tuple[Address, Address, int], list[RtpPacket]] = {}
    for d in datagrams:
        parsed = _rtp(d)
        if parsed is not None:
            ssrc, packet = parsed
            found.setdefault((d.source, d.destination, ssrc), []).append(packet)
    return tuple(RtpStream(ssrc, source, to, tuple(packets)) for (source, to, ssrc), packets in found.items())


def loudest(streams: Iterable[RtpStream], to: Address | None = None) -> RtpStream:
    """The stream that carries most sound, of those towards `to` when given. AssertionError when there is none."""
    chosen = [s for s in streams if to is None or s.destination == to]
    assert chosen, f"no RTP towards {to}"
    return max(chosen, key=lambda s: float(np.sum(np.abs(s.pcm().astype(np.int64)))))


def spacing(stream: RtpStream) -> Spacing:
    """Spacing statistics of a stream of 20 ms packets. Needs two packets."""
    times = np.array([p.at for p in stream.packets])
    steps = np.diff(times) * 1000
    off = np.abs(steps - 20)
    sequence = [p.sequence for p in stream.packets]
    span = (sequence[-1] - sequence[0]) % 65536 + 1
    return Spacing(
        packets=len(times),
        lost=max(0, span - len(set(sequence))),
        mean=float(np.mean(steps)),
        off_p99=float(np.percentile(off, 99)),
        off_max=float(np.max(off)),
        longest=float(np.max(steps)),
    )


def tone_from(streams: Iterable[RtpStream], hertz: float, after: float) -> float | None:
    """When the first of two packets in a row came, from a moment on, that hold this pitch; None: none yet."""
    found = []
    for stream in streams:
        late = [p for p in stream.packets if p.at >= after]
        holds = [tone_level(replace(stream, packets=(p,)).pcm(), hertz) > LOUD_DBFS for p in late]
        found += [p.at for p, (one, two) in zip(late, pairwise(holds), strict=False) if one and two][:1]
    return min(found, default=None)


def loudness(pcm: Pcm) -> float:
    """RMS in dBFS; -inf for nothing or pure zeros."""
    if len(pcm) == 0:
        return -math.inf
    power = float(np.mean(pcm.astype(np.float64) ** 2))
    return 10 * math.log10(power / 32768**2) if power > 0 else -math.inf


def silences(pcm: Pcm, at_least_ms: int = 100, below_dbfs: float = SILENT_DBFS) -> list[tuple[int, int]]:
    """Stretches (start_ms, end_ms) quieter than `below_dbfs`, measured in steps of 10 ms."""
    step = RATE_HZ // 100
    quiet = [loudness(pcm[n : n + step]) < below_dbfs for n in range(0, len(pcm) - step + 1, step)]
    found, start = [], None
    for n, q in enumerate([*quiet, False]):
        if q and start is None:
            start = n
        elif not q and start is not None:
            if (n - start) * 10 >= at_least_ms:
                found.append((start * 10, n * 10))
            start = None
    return found


def tone_level(pcm: Pcm, hertz: float) -> float:
    """The strength of one frequency (Goertzel's sum), as the dBFS of a sine; -inf for an empty or mute recording."""
    if len(pcm) == 0:
        return -math.inf
    turn = np.exp(-2j * np.pi * hertz / RATE_HZ * np.arange(len(pcm)))
    amplitude = 2 * abs(complex(np.dot(pcm.astype(np.float64), turn))) / len(pcm)
    return 20 * math.log10(amplitude / 32768 / math.sqrt(2)) if amplitude > 0 else -math.inf


def tone(hertz: float, seconds: float, dbfs: float = -12.0) -> Pcm:
    """A sine, to send or to look for."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    peak = 32768 * math.sqrt(2) * 10 ** (dbfs / 20)
    return np.asarray(np.clip(peak * np.sin(2 * np.pi * hertz * t), -32768, 32767), np.int16)


def heard(prompt_pcm: Pcm, recorded_pcm: Pcm) -> float:
    """How surely the prompt is in the recording: peak normalised cross-correlation, 0 to 1. Compare with HEARD."""
    return heard_at(prompt_pcm, recorded_pcm)[0]


def heard_at(prompt_pcm: Pcm, recorded_pcm: Pcm) -> tuple[float, int]:
    """(score, offset in samples) of the best place of the prompt in the recording. Level and delay do not matter.

    A recording that ends before the prompt does is compared with the part it can hold, if that is at least a quarter.
    """
    prompt, record = prompt_pcm.astype(np.float64), recorded_pcm.astype(np.float64)
    if len(record) < max(len(prompt) // 4, 160) or not prompt.any() or not record.any():
        return 0.0, 0
    prompt = prompt[: len(record)]
    size = 1 << (len(prompt) + len(record) - 1).bit_length()
    cross = np.fft.irfft(np.fft.rfft(record, size) * np.conj(np.fft.rfft(prompt, size)), size)
    cross = cross[: len(record) - len(prompt) + 1]
    running = np.concatenate(([0.0], np.cumsum(record**2)))
    energy = running[len(prompt) :] - running[: len(running) - len(prompt)]
    score = cross / np.sqrt(np.maximum(energy, 1.0) * max(float(np.sum(prompt**2)), 1.0))
    best = int(np.argmax(score))
    return max(0.0, float(score[best])), best


def read_wav(path: Path) -> Pcm:
    """A mono 16-bit 8 kHz WAV file."""
    with wave.open(str(path)) as wav:
        shape = (wav.getnchannels(), wav.getsampwidth(), wav.getframerate())
        assert shape == (1, 2, RATE_HZ), f"{path}: {shape} instead of mono, 16-bit, 8 kHz"
        return np.frombuffer(wav.readframes(wav.getnframes()), np.int16)


def write_wav(path: Path, pcm: Pcm) -> None:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(pcm.astype("<i2").tobytes())


def decode_pcmu(octets: bytes) -> Pcm:
    """Mu-law as a carrier's subscriber heard it, as samples."""
    return _mulaw_table()[np.frombuffer(octets, np.uint8)]


def encode_pcmu(pcm: Pcm) -> bytes:
    return _nearest(pcm, _MULAW)


def encode_pcma(pcm: Pcm) -> bytes:
    return _nearest(pcm, _ALAW)


def _rtp(d: Datagram) -> tuple[int, RtpPacket] | None:
    data = d.payload
    if len(data) < 12 or data[0] >> 6 != 2 or 200 <= data[1] <= 204:
        return None
    first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int(struct.unpack_from("!H", data, start + 2)[0])
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if start > end:
        return None
    return ssrc, RtpPacket(d.at, sequence, timestamp, second & 0x7F, bool(second & 0x80), data[start:end])


def _nearest(pcm: Pcm, table: Pcm) -> bytes:
    """The code whose value is nearest, by search in the sorted table: slow, plain and independent of the product's."""
    order = np.argsort(table, kind="stable")
    values = table[order].astype(np.int32)
    samples = pcm.astype(np.int32)
    right = np.clip(np.searchsorted(values, samples), 1, 255)
    left = right - 1
    pick = np.where(samples - values[left] < values[right] - samples, left, right)
    return bytes(order[pick].astype(np.uint8))


def _mulaw_table() -> Pcm:
    codes = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = (((codes & 0x0F) << 3) + 0x84 << ((codes >> 4) & 7)) - 0x84
    return np.asarray(np.where(codes & 0x80, -magnitude, magnitude), np.int16)


def _alaw_table() -> Pcm:
    codes = np.arange(256, dtype=np.int32) ^ 0x55
    segment, step = (codes >> 4) & 7, (codes & 0x0F) << 4
    magnitude = np.where(segment == 0, step + 8, (step + 0x108) << np.maximum(segment - 1, 0))
    return np.asarray(np.where(codes & 0x80, magnitude, -magnitude), np.int16)


_MULAW, _ALAW = _mulaw_table(), _alaw_table()
