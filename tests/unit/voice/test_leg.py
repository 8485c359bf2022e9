"""One RTP leg on real sockets of the loopback network: whom it hears, what it sends, and how (RFC 3550, 3551, 4733)."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from appliance.voice.codecs import PCMA, PCMU
from appliance.voice.leg import MAX_PER_TICK, Leg
from appliance.voice.native import ToneDigits
from appliance.voice.sources import Playlist, Reflection
from appliance.voice.stage import Stage
from appliance.voice.tracks import Track
from appliance.voice.words import Terms
from tests.lab.waiting import until

RTP = struct.Struct("!BBHII")


class Wire:
    """A leg, and the sockets of a phone (`near`), of another port of that phone, and of a stranger."""

    def __init__(self) -> None:
        self.leg_socket, self.near, self.near_too = (self._bound("127.0.0.1") for _ in range(3))
        self.stranger = self._bound("127.0.0.2")
        self.terms = Terms("PCMA", 8, 101, self.near.getsockname(), "127.0.0.1", True, True)
        port = self.leg_socket.getsockname()[1]
        self.leg = Leg(1, self.leg_socket, port, self.terms, ssrc=7, sequence=65535, timestamp=2**32 - 80)
        self.sequence = 0
        self.stage = Stage()

    def reflect(self) -> None:
        self.leg.background = Reflection()

    def turn(self) -> None:
        """One tick, as the engine takes it."""
        self.leg.take_in()
        list(self.stage.hear([self.leg]))
        list(self.stage.perform([self.leg]))
        self.leg.send_one()

    def _bound(self, host: str) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((host, 0))
        made.setblocking(False)
        return made

    def send(self, sock: socket.socket, payload: bytes = b"\x10" * 160, kind: int = 8, timestamp: int = 0) -> None:
        self.sequence += 1
        self.raw(sock, RTP.pack(0x80, kind, self.sequence, timestamp, 9) + payload)

    def raw(self, sock: socket.socket, data: bytes) -> None:
        sock.sendto(data, self.leg_socket.getsockname())

    def counted(self) -> tuple[int, int, int]:
        self.leg.take_in()
        return self.leg.counts.received, self.leg.counts.foreign, self.leg.counts.malformed

    def arrives(self) -> tuple[int, bool, int, int, int, bytes]:
        data = until(lambda: self.near.recv(2000), 2, "a packet")
        _, second, sequence, timestamp, ssrc = RTP.unpack_from(data)
        return second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, data[12:]

    def quiet(self) -> bool:
        try:
            self.near.recv(2000)
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        for sock in (self.leg_socket, self.near, self.near_too, self.stranger):
            sock.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.close()


def test_packets_count_up_over_their_wraps_and_the_first_carries_the_marker(wire: Wire) -> None:
    sound = Track(PCMA.decode(b"\x2a" * 320))
    wire.leg.play(Playlist((Track(PCMA.decode(PCMA.silence)), sound)), 5)
    assert [wire.leg.send_one() for _ in range(4)] == [0, 0, 0, 5]
    got = [wire.arrives() for _ in range(4)]
    assert [g[:5] for g in got] == [
        (8, True, 65535, 2**32 - 80, 7),
        (8, False, 0, 80, 7),
        (8, False, 1, 240, 7),
        (8, False, 2, 400, 7),
    ]
    assert [g[5] for g in got[:3]] == [PCMA.silence, b"\x2a" * 160, b"\x2a" * 160]
    assert got[3][5] == PCMA.comfort[:160]


def test_a_finished_playlist_is_told_once(wire: Wire) -> None:
    wire.leg.play(Playlist(()), 3)
    assert [wire.leg.send_one() for _ in range(3)] == [3, 0, 0]


def test_a_held_leg_is_quiet_and_its_timestamp_goes_on(wire: Wire) -> None:
    wire.leg.send_one()
    first = wire.arrives()
    wire.leg.change(replace(wire.terms, sends=False))
    for _ in range(10):
        wire.leg.send_one()
    assert wire.quiet()
    wire.leg.change(wire.terms)
    wire.leg.send_one()
    again = wire.arrives()
    assert again[1]
    assert (again[3] - first[3]) % 2**32 == 11 * 160
    assert (again[2] - first[2]) % 65536 == 1


def test_what_was_still_on_its_way_when_a_hold_ended_is_not_taken_for_its_voice(wire: Wire) -> None:
    """The music ends a moment after our answer to who resumes; who was never held is heard from the first packet."""

    def heard(packets: int) -> list[bool]:
        found = []
        for _ in range(packets):
            wire.send(wire.near, timestamp=wire.sequence * 160)
            wire.turn()
            found.append(wire.leg.pcm is not None)
        return found

    assert all(heard(12)[4:])
    wire.leg.change(replace(wire.terms, sends=False, hears=False))
    assert not any(heard(12))
    wire.leg.change(wire.terms)
    assert not any(heard(9)), "the music's last packets"
    assert all(heard(12)[4:])
    wire.leg.change(replace(wire.terms, codec="PCMU", payload_type=0))
    assert wire.leg.hears, "other terms are no end of a hold"


def test_a_third_address_is_neither_heard_nor_answered(wire: Wire) -> None:
    wire.reflect()
    for n in range(4):
        wire.send(wire.stranger, b"\x55" * 160, timestamp=n * 160)
    for _ in range(4):
        wire.turn()
        assert wire.arrives()[5] in PCMA.comfort_frames
    assert wire.counted() == (0, 4, 0)
    with pytest.raises(BlockingIOError):
        wire.stranger.recv(2000)


def test_the_first_port_of_the_right_address_is_kept(wire: Wire) -> None:
    wire.send(wire.near_too)
    assert wire.counted() == (1, 0, 0)
    other = wire._bound("127.0.0.1")
    wire.send(other)
    wire.send(wire.near_too)
    other.close()
    assert wire.counted() == (2, 1, 0)


def test_the_announced_port_takes_over_and_keeps_the_line(wire: Wire) -> None:
    wire.send(wire.near_too)
    wire.send(wire.near)
    wire.send(wire.near_too)
    assert wire.counted() == (2, 1, 0)


def test_a_port_is_not_kept_by_what_is_no_rtp(wire: Wire) -> None:
    wire.raw(wire.near_too, b"hello, is this the right port for a web server?")
    other = wire._bound("127.0.0.1")
    wire.send(other)
    other.close()
    assert wire.counted() == (1, 0, 1)


def test_a_leg_that_was_given_no_address_hears_nobody(wire: Wire) -> None:
    wire.leg.change(Terms("PCMA", 8, 101, None, "", False, False))
    wire.send(wire.near)
    assert wire.counted() == (0, 1, 0)
    wire.leg.send_one()
    assert wire.quiet()


def test_digits_come_once_each(wire: Wire) -> None:
    for timestamp, key in ((100, 4), (100, 4), (900, 11)):
        wire.send(wire.near, bytes([key, 10, 0, 160]), 101, timestamp)
    assert wire.leg.take_in() == ["4", "#"]
    assert wire.leg.take_in() == []


def test_payload_types_that_nobody_agreed_on_are_not_reflected(wire: Wire) -> None:
    wire.reflect()
    for n in range(4):
        wire.send(wire.near, b"\x11" * 160, 0, n * 160)
    for _ in range(4):
        wire.turn()
        assert wire.arrives()[5] in PCMA.comfort_frames
    assert wire.leg.counts.unwanted == 4


def test_the_callers_own_sound_comes_back(wire: Wire) -> None:
    wire.reflect()
    for n in range(3):
        wire.send(wire.near, bytes([n]) * 160, timestamp=n * 160)
    for _ in range(5):
        wire.turn()
    assert [wire.arrives()[5][0] for _ in range(5)][2:] == [0, 1, 2]


def test_what_plays_goes_on_in_a_new_codec(wire: Wire) -> None:
    sound = Track(PCMA.decode(b"\x01" * 320))
    wire.leg.play(Playlist((sound,)), 9)
    wire.leg.send_one()
    wire.leg.change(replace(wire.terms, codec="PCMU", payload_type=0))
    assert wire.leg.send_one() == 0
    got = [wire.arrives() for _ in range(2)]
    assert [(g[0], g[5]) for g in got] == [(8, b"\x01" * 160), (0, PCMU.encode(sound.pcm(0)))]
    assert wire.leg.send_one() == 9


def test_keys_go_out_as_events_with_one_timestamp_and_three_ends(wire: Wire) -> None:
    wire.leg.send_keys("5#")
    for _ in range(30):
        wire.leg.send_one()
    got = [wire.arrives() for _ in range(26)]
    events = [g for g in got if g[0] == 101]
    assert [e[5][0] for e in events] == [5] * 7 + [11] * 7
    assert len({e[3] for e in events}) == 2
    assert [e[5][1] >> 7 for e in events[:7]] == [0, 0, 0, 0, 1, 1, 1]
    assert [int.from_bytes(e[5][2:]) for e in events[:7]] == [160, 320, 480, 640, 800, 800, 800]
    assert [e[1] for e in events[:2]] == [True, False]


def test_keys_are_tones_where_no_events_were_agreed_on(wire: Wire) -> None:
    wire.leg.change(replace(wire.terms, event_type=None))
    wire.leg.send_keys("5")
    pcm = []
    for _ in range(10):
        wire.leg.send_one()
        pcm.append(PCMA.decode(wire.arrives()[5]))
    assert "".join(ToneDigits().hear(frame) for frame in [np.concatenate(pcm)]) == "5"


def test_lost_packets_are_counted_and_late_ones_not_twice(wire: Wire) -> None:
    for sequence in (10, 11, 15, 13, 16):
        wire.sequence = sequence - 1
        wire.send(wire.near)
    wire.counted()
    assert (wire.leg.counts.received, wire.leg.counts.lost) == (5, 3)


def test_a_flood_takes_a_bounded_part_of_a_tick(wire: Wire) -> None:
    for _ in range(MAX_PER_TICK * 2):
        wire.send(wire.near)
    assert wire.counted()[0] == MAX_PER_TICK
    assert wire.counted()[0] == MAX_PER_TICK * 2
