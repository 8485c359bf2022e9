"""What goes to the engines and what comes back: bencoding, silence, garbage."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.sip_edge.control import Kamailio, Rtpengine, bdecode, bencode, voice_answers


@given(st.dictionaries(st.text(), st.text() | st.integers()))
def test_a_dictionary_survives_bencoding(value: dict[str, str | int]) -> None:
    assert bdecode(bencode(value)) == value


def test_keys_are_sorted_as_the_format_demands() -> None:
    assert bencode({"b": 1, "a": "x"}) == b"d1:a1:x1:bi1ee"


@given(st.binary(max_size=60))
def test_garbage_is_a_value_error_and_nothing_else(data: bytes) -> None:
    try:
        bdecode(data)
    except ValueError:
        return


@contextmanager
def answering(make: Callable[[bytes], bytes]) -> Iterator[int]:
    """A UDP port that answers one datagram."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    s.settimeout(5)

    def serve() -> None:
        data, source = s.recvfrom(65535)
        s.sendto(make(data), source)

    thread = threading.Thread(target=serve)
    thread.start()
    yield s.getsockname()[1]
    thread.join()
    s.close()


def test_the_calls_that_rtpengine_holds() -> None:
    with answering(lambda asked: asked.split(b" ")[0] + b" d5:callsl1:a1:be6:result2:oke") as port:
        assert Rtpengine(port).calls() == frozenset({"a", "b"})


@pytest.mark.parametrize("answer", [b"", b"x y", b"other d6:result4:ponge"])
def test_an_answer_to_somebody_else_is_none(answer: bytes) -> None:
    with answering(lambda _: answer) as port:
        assert not Rtpengine(port).answers()


def test_voice_is_alive_whatever_it_answers() -> None:
    with answering(lambda _: b"SIP/2.0 501 Not Implemented\r\n\r\n") as port:
        assert voice_answers(port)


def test_silence_is_said_soon_and_never_raises() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        assert not Rtpengine(port, 0.05).answers()
        assert Rtpengine(port, 0.05).calls() is None
        assert not voice_answers(port, 0.05)
    assert Kamailio(port, 0.05).call("core.uptime") is None
