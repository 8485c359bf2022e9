"""The jitter buffer by its contract: what comes in any order goes out in time, and what is missing is said to be."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.voice.jitter import LOST, MAX_SLOTS, START_SLOTS, JitterBuffer


def pieces(n: int) -> tuple[bytes, bytes]:
    return b"%d." % n, b"%d:" % n


def put(buffer: JitterBuffer, n: int, start: int = 0) -> bool:
    """Packet `n` of a stream of 20 ms packets."""
    return buffer.put((start + n) % 65536, (start + n) * 160 % 2**32, pieces(n))


def played(buffer: JitterBuffer, ticks: int) -> list[int | None]:
    """The number of the packet of each tick; -1 for a hole, None for nothing."""
    out: list[int | None] = []
    for _ in range(ticks):
        got = buffer.take()
        out.append(-1 if got is LOST else int(got[0][:-1]) if isinstance(got, tuple) else None)
    return out


def test_packets_wait_for_the_delay_and_then_come_one_a_tick() -> None:
    buffer = JitterBuffer()
    assert buffer.take() is None
    for n in range(3):
        put(buffer, n)
    assert played(buffer, START_SLOTS // 2 + 3) == [None, None, 0, 1, 2]


def test_a_stream_that_stops_is_a_hole_for_three_ticks_and_then_nothing() -> None:
    buffer = JitterBuffer()
    put(buffer, 0)
    assert played(buffer, 8) == [None, None, 0, -1, -1, -1, None, None]


def test_order_is_restored_repetitions_are_refused_and_a_loss_is_a_hole() -> None:
    buffer = JitterBuffer()
    for n in (0, 2, 1, 1, 4):
        put(buffer, n)
    assert not put(buffer, 2)
    assert played(buffer, 7) == [None, None, 0, 1, 2, -1, 4]
    assert buffer.lost == 1


def test_a_late_packet_is_refused_and_makes_the_buffer_wait_longer() -> None:
    buffer = JitterBuffer()
    put(buffer, 0)
    assert played(buffer, 4) == [None, None, 0, -1]
    assert not put(buffer, 1)
    assert buffer.late == 1
    for n in (2, 3):
        put(buffer, n)
    assert played(buffer, 3) == [-1, 2, 3]


def test_counters_wrap() -> None:
    buffer = JitterBuffer()
    for n in range(6):
        put(buffer, n, 65533)
    assert played(buffer, 8) == [None, None, 0, 1, 2, 3, 4, 5]
    other = JitterBuffer()
    for n in range(4):
        other.put(n, (2**32 - 200 + n * 160) % 2**32, pieces(n))
    assert played(other, 6) == [None, None, 0, 1, 2, 3]


def test_a_new_source_and_a_leap_of_the_timestamp_begin_anew() -> None:
    buffer = JitterBuffer()
    put(buffer, 0)
    assert played(buffer, 3) == [None, None, 0]
    buffer.put(77, 999_999, pieces(5), ssrc=8)
    assert played(buffer, 3) == [None, None, 5]
    buffer.put(78, 5_000_000, pieces(6), ssrc=8)
    assert played(buffer, 3) == [None, None, 6]


def test_a_sender_that_runs_fast_is_caught_up_with() -> None:
    buffer, n = JitterBuffer(), 0
    for tick in range(3000):
        put(buffer, n)
        n += 1
        if tick % 50 == 0:
            put(buffer, n)
            n += 1
        buffer.take()
        assert buffer.delay_ms <= MAX_SLOTS * 10
    assert buffer.delay_ms < 500


def test_needless_delay_is_given_up_again() -> None:
    buffer = JitterBuffer()
    for n in range(10):
        put(buffer, n)
        buffer.take()
    for _ in range(6):
        buffer.take()
    for n in range(10, 14):
        put(buffer, n)
    for n in range(16, 600):
        put(buffer, n)
        buffer.take()
    assert buffer.delay_ms <= 80


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.05), st.integers(0, 60), st.integers(0, 65535))
def test_whatever_the_network_does_order_holds_and_little_more_is_missing_than_was_lost(
    seed: int, loss: float, jitter_ms: int, start: int
) -> None:
    chance = random.Random(seed)
    arrivals = sorted(
        (n * 20 + chance.uniform(0, jitter_ms), n) for n in range(400) if n == 0 or chance.random() >= loss
    )
    buffer, out, at = JitterBuffer(), [], 0
    for tick in range(420):
        while at < len(arrivals) and arrivals[at][0] <= tick * 20:
            put(buffer, arrivals[at][1], start)
            at += 1
        out += played(buffer, 1)
    numbers = [n for n in out if n is not None and n >= 0]
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= len(arrivals) - 25
