"""The measuring tools themselves: a ruler that is wrong proves anything."""

import math
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.lab.audio import (
    HEARD,
    RATE_HZ,
    Datagram,
    encode_pcma,
    encode_pcmu,
    heard,
    heard_at,
    loudest,
    loudness,
    read_capture,
    rtp_streams,
    silences,
    spacing,
    tone,
    tone_from,
    tone_level,
)

A, B = ("10.0.0.1", 4000), ("10.0.0.2", 5000)


def rtp(
    n: int, payload: bytes, payload_type: int = 0, at: float | None = None, timestamp: int | None = None
) -> Datagram:
    stamp = n * 160 if timestamp is None else timestamp
    header = struct.pack("!BBHII", 0x80, payload_type, n & 0xFFFF, stamp & 0xFFFFFFFF, 7)
    return Datagram(n * 0.02 if at is None else at, A, B, header + payload)


def speech(seed: int, seconds: float = 2.0) -> "np.typing.NDArray[np.int16]":
    chance = np.random.default_rng(seed)
    noise = np.convolve(chance.normal(size=int(seconds * RATE_HZ)), np.ones(8) / 8, "same")
    syllables = np.abs(np.sin(np.arange(len(noise)) / RATE_HZ * np.pi * 4))
    return np.asarray(9000 * noise * syllables, np.int16)


@pytest.mark.parametrize(("encode", "payload_type"), [(encode_pcmu, 0), (encode_pcma, 8)])
def test_a_tone_sent_as_g711_comes_back_at_its_level(encode: object, payload_type: int) -> None:
    assert callable(encode)
    data = encode(tone(1000, 1, -12))
    stream = loudest(rtp_streams(rtp(n, data[n * 160 : n * 160 + 160], payload_type) for n in range(50)), to=B)
    assert tone_level(stream.pcm(), 1000) == pytest.approx(-12, abs=0.3)
    assert tone_level(stream.pcm(), 440) < -50
    assert loudness(stream.pcm()) == pytest.approx(-12, abs=0.3)


def test_a_prompt_is_heard_through_g711_delay_and_loss_and_another_is_not() -> None:
    prompt, other = speech(1), speech(2)
    line = np.concatenate([np.zeros(4000, np.int16), prompt // 2, np.zeros(999, np.int16)])
    data = encode_pcmu(line)
    packets = [rtp(n, data[n * 160 : n * 160 + 160]) for n in range(len(data) // 160) if n % 50 != 7]
    pcm = loudest(rtp_streams(packets)).pcm()
    score, at = heard_at(prompt, pcm)
    assert score > 0.95
    assert at == 4000
    assert heard(other, pcm) < HEARD / 2
    assert heard(prompt, np.zeros(0, np.int16)) == 0


def test_lost_packets_leave_a_hole_of_their_length() -> None:
    data = encode_pcma(tone(500, 1))
    stream = loudest(rtp_streams(rtp(n, data[n * 160 : n * 160 + 160], 8) for n in range(50) if not 20 <= n < 30))
    assert len(stream.pcm()) == RATE_HZ
    assert silences(stream.pcm()) == [(400, 600)]
    assert spacing(stream).lost == 10
    assert spacing(stream).longest == pytest.approx(220)


def test_spacing_counts_over_the_wrap_of_the_sequence() -> None:
    stream = rtp_streams(rtp(n, b"\xff" * 160) for n in range(65530, 65545))[0]
    seen = spacing(stream)
    assert (seen.lost, seen.packets) == (0, 15)
    assert seen.off_p99 < 0.01


def test_a_pitch_is_found_where_it_begins_by_the_time_of_arrival() -> None:
    sound = encode_pcmu(np.concatenate((tone(440, 0.4), tone(1250, 0.4))))
    packets = [rtp(n, sound[n * 160 : n * 160 + 160], at=100 + n * 0.02 + 0.5 * (n >= 20)) for n in range(40)]
    assert tone_from(rtp_streams(packets), 1250, 100) == pytest.approx(100.9)
    assert tone_from(rtp_streams(packets), 1250, 101.0) == pytest.approx(101.0, abs=0.03)
    assert tone_from(rtp_streams(packets), 440, 100.9) is None
    assert tone_from((), 440, 0) is None


def test_digits_are_told_apart_by_their_timestamps() -> None:
    events = [rtp(n, bytes([5, 10, n, 0]), 101, timestamp=1000) for n in range(3)]
    events += [rtp(n, bytes([5, 0x8A, 3, 0]), 101, timestamp=4000) for n in range(4, 7)]
    events += [rtp(9, bytes([11, 0x8A, 3, 0]), 101, timestamp=9000)]
    assert rtp_streams(events)[0].digits() == "55#"


def test_what_is_no_rtp_is_passed_over() -> None:
    junk = [b"", b"\x80", b"REGISTER sip:x", b"\x80\xc8" + b"\0" * 30, b"\xb0\x00" + b"\0" * 10]
    assert rtp_streams(Datagram(0, A, B, j) for j in junk) == ()


def test_mute_is_minus_infinity() -> None:
    assert loudness(np.zeros(10, np.int16)) == -math.inf
    assert tone_level(np.zeros(0, np.int16), 1000) == -math.inf


@pytest.mark.parametrize("nano", [False, True])
def test_a_pcap_of_ethernet_is_read(tmp_path: Path, nano: bool) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap([(1.5, b"hello")], nano) + b"torn")
    (one,) = read_capture(path)
    assert one == Datagram(1.5, A, B, b"hello")


@pytest.mark.skipif(shutil.which("editcap") is None, reason="editcap is not installed")
def test_a_pcapng_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.pcap").write_bytes(pcap([(1.5, b"hello"), (2.25, b"again")], False))
    subprocess.run(["editcap", "-F", "pcapng", tmp_path / "x.pcap", tmp_path / "x.pcapng"], check=True)
    assert [(d.at, d.payload) for d in read_capture(tmp_path / "x.pcapng")] == [(1.5, b"hello"), (2.25, b"again")]


def pcap(datagrams: list[tuple[float, bytes]], nano: bool) -> bytes:
    out = struct.pack("<IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for at, payload in datagrams:
        udp = struct.pack("!HHHH", A[1], B[1], 8 + len(payload), 0) + payload
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
        frame = b"\0" * 12 + b"\x08\x00" + ip + udp + b"\0\0"
        out += struct.pack("<IIII", int(at), int(at % 1 * (1e9 if nano else 1e6)), len(frame), len(frame)) + frame
    return out
