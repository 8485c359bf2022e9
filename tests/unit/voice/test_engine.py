"""Ports and punctuality: what the media engine counts on."""

import socket

import pytest

from appliance.errors import EngineProblem
from appliance.voice.clock import WINDOW_TICKS, Punctuality
from appliance.voice.portpool import PortPool

HOST = "127.0.0.1"


def three_ports() -> tuple[PortPool, int]:
    """A pool of three even ports that are free now, and the first of them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        first = min(probe.getsockname()[1] // 2 * 2, 65530)
    return PortPool(f"{first}-{first + 5}"), first


@pytest.mark.parametrize("text", ["", "x", "20000", "20000-10000", "20001-20001", "-5-10", "20000-70000", "0-8"])
def test_a_range_that_is_none_is_a_sentence(text: str) -> None:
    with pytest.raises(EngineProblem) as refused:
        PortPool(text)
    assert "media.voice_ports" in refused.value.text("es-MX")


def test_only_even_ports_are_given() -> None:
    assert len(PortPool("20001-20009")) == 4


def test_a_port_that_another_program_holds_is_stepped_over_and_an_empty_pool_says_so() -> None:
    pool, first = three_ports()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, first))
        got = [pool.bind(HOST) for _ in range(3)]
    assert got[2] is None
    ports = []
    for bound in got[:2]:
        assert bound is not None
        bound[0].close()
        ports.append(bound[1])
        pool.give_back(bound[1])
    assert ports == [first + 2, first + 4]
    assert len(pool) == 3


def test_an_address_that_is_not_ours_is_an_error_and_loses_no_port() -> None:
    pool, _ = three_ports()
    with pytest.raises(OSError, match="assign"):
        pool.bind("192.0.2.1")
    assert len(pool) == 3


def test_lateness_is_of_the_last_minute() -> None:
    punctuality = Punctuality()
    assert punctuality.late_p99_ms() == 0
    for _ in range(WINDOW_TICKS):
        punctuality.record(0.05)
    assert punctuality.late_p99_ms() == 50
    for _ in range(WINDOW_TICKS):
        punctuality.record(-0.001)
    assert punctuality.late_p99_ms() == 0
