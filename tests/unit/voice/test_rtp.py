"""RTP from bytes: what is read, and every way in which it is refused (RFC 3550 appendix A.1)."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.voice import rtp
from appliance.voice.rtp import DigitReader, Packet, RtpError

PAYLOAD = bytes(range(160))


def header(first: int = 0x80, second: int = 8, sequence: int = 7, timestamp: int = 320, ssrc: int = 99) -> bytes:
    return struct.pack("!BBHII", first, second, sequence, timestamp, ssrc)


def test_a_plain_packet() -> None:
    assert rtp.parse(header(second=0x88) + PAYLOAD) == Packet(8, True, 7, 320, 99, PAYLOAD)


def test_csrcs_an_extension_and_padding_are_taken_off() -> None:
    extension = struct.pack("!HH", 0xBEDE, 2) + b"\1" * 8
    data = header(first=0x80 | 0x20 | 0x10 | 2) + b"\2" * 8 + extension + PAYLOAD + b"\0\0\0\4"
    assert rtp.parse(data).payload == PAYLOAD


def test_an_empty_payload_is_a_packet() -> None:
    assert rtp.parse(header()).payload == b""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "too short"),
        (header()[:-1], "too short"),
        (header() + bytes(1500), "too long"),
        (header(first=0x00) + PAYLOAD, "version"),
        (header(first=0x40) + PAYLOAD, "version"),
        (header(first=0xC0) + PAYLOAD, "version"),
        (header(second=200) + bytes(16), "rtcp"),
        (header(second=201) + bytes(16), "rtcp"),
        (header(first=0x90), "extension"),
        (header(first=0x90) + struct.pack("!HH", 0, 9) + b"\0" * 8, "extension"),
        (header(first=0x8F) + b"\0" * 8, "extension"),
        (header(first=0xA0) + b"\1\0", "padding"),
        (header(first=0xA0) + b"\1\xff", "padding"),
        (header(first=0xA0)[:-1] + b"\xff", "padding"),
    ],
)
def test_what_is_no_rtp_says_why(data: bytes, why: str) -> None:
    with pytest.raises(RtpError, match=why):
        rtp.parse(data)


@given(st.binary(max_size=1600))
def test_no_bytes_do_more_than_raise_an_rtp_error(data: bytes) -> None:
    with suppress(RtpError):
        assert len(rtp.parse(data).payload) <= len(data)


@given(st.integers(0, 127), st.booleans(), st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 2**32 - 1))
def test_what_is_written_is_read_back(kind: int, marker: bool, sequence: int, timestamp: int, ssrc: int) -> None:
    out = bytearray(12)
    rtp.write_header(out, kind, marker, sequence, timestamp, ssrc)
    if kind in range(72, 77):
        with pytest.raises(RtpError, match="rtcp"):
            rtp.parse(bytes(out))
    else:
        assert rtp.parse(bytes(out)) == Packet(kind, marker, sequence % 65536, timestamp % 2**32, ssrc, b"")


def event(key: int, timestamp: int, end: bool = False, duration: int = 160) -> Packet:
    return Packet(101, False, 1, timestamp, 9, struct.pack("!BBH", key, 10 | (0x80 if end else 0), duration))


def test_a_key_is_read_once_however_often_it_is_repeated() -> None:
    reader = DigitReader()
    packets = [event(5, 1000), event(5, 1000), event(5, 1000, end=True), event(5, 1000, end=True)]
    assert [reader.key(p) for p in packets] == ["5", "", "", ""]


def test_the_same_key_twice_is_two_keys() -> None:
    reader = DigitReader()
    assert [reader.key(p) for p in (event(1, 100), event(1, 100, end=True), event(1, 900))] == ["1", "", "1"]


def test_a_key_is_read_from_its_end_when_its_start_was_lost() -> None:
    assert DigitReader().key(event(11, 100, end=True)) == "#"


def test_a_late_packet_of_the_key_before_changes_nothing() -> None:
    reader = DigitReader()
    assert [reader.key(p) for p in (event(1, 100), event(2, 900), event(1, 100, end=True))] == ["1", "2", ""]


def test_keys_go_on_over_the_wrap_of_the_timestamp() -> None:
    reader = DigitReader()
    assert [reader.key(p) for p in (event(1, 2**32 - 100), event(2, 60))] == ["1", "2"]


def test_tones_flash_and_torn_events_are_no_keys() -> None:
    reader = DigitReader()
    torn = Packet(101, False, 1, 500, 9, b"\5\0")
    assert [reader.key(p) for p in (event(16, 100), event(36, 200), torn)] == ["", "", ""]


def test_all_sixteen_keys_have_their_names() -> None:
    reader = DigitReader()
    assert "".join(reader.key(event(n, 1000 * (n + 1))) for n in range(16)) == "0123456789*#ABCD"
