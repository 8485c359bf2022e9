"""Given voice with two workers: one that dies takes only its own calls; each can be replaced without ending one."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.integration.voice.caller import Caller
from tests.integration.voice.conftest import Voice
from tests.lab.waiting import until

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Voice]:
    service = Voice(tmp_path_factory.mktemp("workers"), workers=2)
    service.start()
    try:
        yield service
    finally:
        assert service.process is not None
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(10)


def echo(voice: Voice, worker: int) -> Caller:
    """An answered call at this worker."""
    caller = Caller(voice.sip_port + worker)
    caller.invite("echo", caller.sdp())
    caller.ack(caller.response(200))
    return caller


def heard(caller: Caller) -> bool:
    before = len(caller.datagrams)
    caller.listen(0.4)
    return len(caller.datagrams) > before + 5


def ready(voice: Voice, worker: int) -> bool:
    with Caller(voice.sip_port + worker) as caller:
        caller.invite("announce", caller.sdp(), X_Conserje_Say="beep", X_Conserje_Then="480 Probe")
        caller.listen(0.5, lambda: caller.final())
        return any(m.code == 183 for m in caller.messages)


@pytest.mark.parametrize("role", ["voice-media-2", "voice-sip-2"])
def test_a_dead_worker_takes_its_own_calls_only(pair: Voice, role: str) -> None:
    until(lambda: ready(pair, 1), 10, "the second worker")
    with echo(pair, 0) as mine, echo(pair, 1) as other:
        assert heard(mine)
        assert heard(other)
        os.kill(pair.pid(role), signal.SIGKILL)
        until(lambda: ready(pair, 1), 10, "a new second worker")
        assert heard(mine)
        other.datagrams.clear()
        other.listen(0.2)
        assert other.datagrams == []
        mine.bye()
        mine.response(200, method="BYE")


def test_each_worker_is_replaced_when_its_last_call_is_over(pair: Voice) -> None:
    until(lambda: ready(pair, 0) and ready(pair, 1), 10, "both workers")
    before = {role: pair.pid(role) for role in ("voice-sip", "voice-media", "voice-sip-2", "voice-media-2")}
    with echo(pair, 0) as caller:
        assert pair.process is not None
        pair.process.send_signal(signal.SIGHUP)

        def refused() -> bool:
            with Caller(pair.sip_port) as late:
                late.invite("echo", late.sdp())
                late.listen(0.5, lambda: late.final())
                final = late.final()
                if final is None:
                    return False
                late.ack(final)
                if final.code == 200:
                    late.bye()
                return final.code == 503

        until(refused, 5, "the first worker takes no more calls")
        assert heard(caller)
        assert ready(pair, 1)
        caller.bye()
        caller.response(200, method="BYE")
    until(lambda: all(pair.pid(role) not in (0, pid) for role, pid in before.items()), 20, "all are new")
    until(lambda: ready(pair, 0) and ready(pair, 1), 10, "both workers")
