"""The voice service under hang-ups, load and kill -9: nothing leaks, packets come in time, and it is back at once."""

import os
import random
import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from appliance.voice.synthesis import cache_dir
from tests.integration.voice.caller import Caller
from tests.integration.voice.conftest import Voice
from tests.lab.audio import spacing
from tests.lab.pacer import Pacer
from tests.lab.waiting import until

pytestmark = pytest.mark.alone

BACK_S = 3.0
HANG_UPS = 50
LEGS = 20


def echo_call(voice: Voice) -> Caller:
    caller = voice.caller()
    caller.invite("echo", caller.sdp())
    caller.ack(caller.response(200))
    return caller


def test_fifty_hang_ups_at_random_moments_leak_no_port_and_no_leg(quiet_voice: Voice) -> None:
    chance = random.Random(50)
    for n in range(HANG_UPS):
        with quiet_voice.caller() as caller:
            service = chance.choice(("echo", "announce"))
            caller.invite(service, caller.sdp(), X_Conserje_Say="beep", X_Conserje_Then="480 Later")
            caller.listen(chance.choice((0.0, 0.001, 0.01, 0.05, 0.3)))
            if caller.final() is None and n % 5:
                caller.cancel()
            caller.listen(5, caller.final)
            final = caller.final()
            assert final is not None
            caller.ack(final)
            if final.code == 200:
                caller.bye()
                caller.response(200, method="BYE")
    until(quiet_voice.idle, 5, "all legs are free")


@pytest.mark.acceptance("Y-1")
def test_twenty_listeners_get_their_packets_in_time(quiet_voice: Voice) -> None:
    """Within 5 ms; on a machine that cannot send one plain stream so evenly, as evenly as that one."""
    with ExitStack() as stack:
        callers = [stack.enter_context(echo_call(quiet_voice)) for _ in range(LEGS)]
        with Pacer() as plain:
            callers[0].listen(4)
            assert quiet_voice.report().legs == LEGS
        off = []
        for caller in callers:
            caller.listen(0.02)
            seen = spacing(caller.stream())
            assert seen.lost == 0
            assert seen.packets > 150
            times = np.array([p.at for p in caller.stream().packets])
            off += list(np.abs(np.diff(times) * 1000 - 20))
        for caller in callers:
            caller.bye()
            caller.response(200, method="BYE")
        bound_ms = max(5, plain.spacing().off_p99)
        assert np.percentile(off, 99) <= bound_ms
        assert quiet_voice.report().tick_late_p99_ms <= bound_ms


def test_a_memory_of_two_hundred_kibibytes_a_leg_is_enough(quiet_voice: Voice) -> None:
    def kibibytes() -> int:
        status = Path(f"/proc/{quiet_voice.pid('voice-media')}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

    before = kibibytes()
    with ExitStack() as stack:
        callers = [stack.enter_context(echo_call(quiet_voice)) for _ in range(LEGS)]
        assert (kibibytes() - before) / LEGS <= 200
        for caller in callers:
            caller.bye()
            caller.response(200, method="BYE")


@pytest.mark.acceptance("S-7")
def test_a_killed_media_engine_ends_its_calls_and_is_back(quiet_voice: Voice) -> None:
    with echo_call(quiet_voice) as caller:
        old = quiet_voice.pid("voice-media")
        os.kill(old, signal.SIGKILL)
        killed = time.monotonic()
        caller.respond(caller.asked("BYE", BACK_S), "200 OK")
        quiet_voice.answers(BACK_S)
        assert time.monotonic() - killed < BACK_S
        assert quiet_voice.pid("voice-media") not in (0, old)


@pytest.mark.acceptance("S-7")
def test_a_killed_signalling_process_is_back_and_frees_its_legs(quiet_voice: Voice) -> None:
    with echo_call(quiet_voice):
        old = quiet_voice.pid("voice-sip")
        os.kill(old, signal.SIGKILL)
        killed = time.monotonic()
        quiet_voice.answers(BACK_S)
        assert time.monotonic() - killed < BACK_S
        assert quiet_voice.pid("voice-sip") not in (0, old)
        until(quiet_voice.idle, BACK_S, "the orphaned leg is free")


def test_a_hung_media_engine_is_replaced(quiet_voice: Voice) -> None:
    old = quiet_voice.pid("voice-media")
    os.kill(old, signal.SIGSTOP)
    until(lambda: quiet_voice.pid("voice-media") not in (0, old), 8, "another media engine")
    quiet_voice.answers(BACK_S)


@pytest.mark.acceptance("S-7")
def test_children_die_with_their_parent_and_a_new_one_can_start_at_once(voice: Voice) -> None:
    """And makes the sentences that it lacks, beside its calls."""
    children = [voice.pid("voice-media"), voice.pid("voice-sip")]
    assert voice.process is not None
    voice.process.kill()
    voice.process.wait()
    until(lambda: not any(Path(f"/proc/{c}").exists() for c in children), BACK_S, "the children are gone")
    lost = sorted(cache_dir(voice.settings).glob("*.wav"))[:3]
    for sentence in lost:
        sentence.unlink()
    voice.launch()
    voice.answers(BACK_S)
    assert len(lost) == 3
    until(lambda: all(s.exists() for s in lost), 30, "the sentences are made again")


def test_sigterm_hangs_up_and_ends_well(voice: Voice) -> None:
    with echo_call(voice) as caller:
        assert voice.process is not None
        voice.process.terminate()
        caller.respond(caller.asked("BYE"), "200 OK")
        assert voice.process.wait(5) == 0
    assert not voice.ports_in_use()
    voice.start()


def test_a_taken_port_is_a_sentence_and_not_a_traceback(voice: Voice) -> None:
    refused = voice.run_command("run", "voice")
    assert refused.returncode == 1
    assert f"Port {voice.sip_port} of voice's SIP is taken." in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_address_that_is_not_ours_is_a_sentence(voice: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("CONSERJE_MEDIA__VOICE_SIP_PORT", str(probe.getsockname()[1]))
    monkeypatch.setenv("CONSERJE_NETWORK__VOICE_ADDRESS", "192.0.2.1")
    refused = voice.run_command("run", "voice")
    assert refused.returncode == 1
    assert "192.0.2.1 is not an address of this box" in refused.stderr
