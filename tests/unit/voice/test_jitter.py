"""The jitter buffer: frames come out whole and in order whatever the network did."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.voice.jitter import MAX_FRAMES, PREFILL_FRAMES, JitterBuffer


def packet(n: int, frames: float = 1) -> bytes:
    return bytes([n % 251]) * int(160 * frames)


def drained(buffer: JitterBuffer) -> list[int]:
    out = []
    while (frame := buffer.frame()) is not None:
        assert len(frame) == 160
        out.append(frame[0])
    return out


def test_nothing_comes_out_before_it_has_filled() -> None:
    buffer = JitterBuffer()
    for n in range(PREFILL_FRAMES - 1):
        buffer.put(n, packet(n))
        assert buffer.frame() is None
    buffer.put(PREFILL_FRAMES, packet(9))
    buffer.put(PREFILL_FRAMES - 1, packet(1))
    assert buffer.frame() is not None


def test_order_is_mended_and_a_repetition_dropped() -> None:
    buffer = JitterBuffer()
    for n in (65534, 0, 65535, 0, 2, 1):
        buffer.put(n, packet(n))
    assert drained(buffer) == [n % 251 for n in (65534, 65535, 0, 1, 2)]
    assert buffer.dropped == 1


def test_a_lost_packet_is_stepped_over_when_its_turn_has_come() -> None:
    buffer = JitterBuffer()
    for n in (0, 1, 3, 4):
        buffer.put(n, packet(n))
    assert drained(buffer) == [0, 1, 3, 4]
    assert buffer.lost == 1


def test_packets_of_thirty_and_sixty_milliseconds_come_out_in_twenty() -> None:
    buffer = JitterBuffer()
    for n in range(4):
        buffer.put(n, packet(n, 1.5))
    assert len(drained(buffer)) == 6


def test_a_fast_sender_loses_its_oldest() -> None:
    buffer = JitterBuffer()
    for n in range(30):
        buffer.put(n, packet(n))
    assert drained(buffer) == list(range(30 - MAX_FRAMES, 30))


def test_a_jump_of_the_sequence_is_followed() -> None:
    buffer = JitterBuffer()
    for n in (5, 6, 900, 901):
        buffer.put(n, packet(n))
    assert drained(buffer) == [n % 251 for n in (5, 6, 900, 901)]


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 400), st.booleans()), max_size=200))
def test_memory_is_bounded_whatever_comes(packets: list[tuple[int, int, bool]]) -> None:
    buffer = JitterBuffer()
    for sequence, size, tick in packets:
        buffer.put(sequence, bytes(size))
        if tick:
            frame = buffer.frame()
            assert frame is None or len(frame) == 160
    assert len(drained(buffer)) <= MAX_FRAMES + 17 * 3
