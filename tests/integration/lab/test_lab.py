"""The lab keeps its own promises: cables cut and mend, the dead are swept away, what is killed returns."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.listening import Port
from tests.integration.sip_edge.agent import Agent
from tests.lab import until
from tests.lab.carrier import Carrier
from tests.lab.netns import PREFIX, REGISTER, Namespace, cable, ours, sweep
from tests.lab.redact import redact
from tests.lab.supervise import Command, Supervisor

SERVER = (sys.executable, "-m", "http.server", "8000")


@pytest.fixture
def place() -> Iterator[Namespace]:
    made = Namespace.new("test")
    yield made
    made.remove()


def _reaches(place: Namespace, address: str) -> bool:
    with place.inside():
        try:
            socket.create_connection((address, 9), 0.5).close()
        except OSError:
            return False
    return True


def test_a_cable_carries_until_it_is_cut_and_again_when_it_is_mended(place: Namespace) -> None:
    desk = Namespace.new("desk")
    try:
        place.bridge("voice0", "10.20.0.1/24")
        wire = cable(place, "p1", desk, "eth0", far_mac="00:15:65:00:00:01", near_switch="voice0")
        desk.ip("addr add 10.20.0.9/24 dev eth0")
        with place.inside():
            server = socket.create_server(("10.20.0.1", 9))
        with server:
            assert _reaches(desk, "10.20.0.1")
            wire.cut()
            assert not _reaches(desk, "10.20.0.1")
            wire.mend()
            until(lambda: _reaches(desk, "10.20.0.1"), 3, "the mended cable carries")
    finally:
        desk.remove()


def test_a_namespace_of_a_dead_owner_is_swept_away_with_its_processes_and_ours_stays(place: Namespace) -> None:
    orphan = Namespace.new("orphan")
    sleeper = orphan.popen(["sleep", "600"])
    ended = subprocess.Popen(["true"])
    ended.wait()
    orphan.owned_by(ended.pid)
    assert orphan.name in sweep()
    assert sleeper.wait(5) != 0
    assert not orphan.path.exists()
    assert place in ours()
    assert orphan not in ours()
    assert not (REGISTER / orphan.name).exists()
    assert place.name.startswith(PREFIX)


def test_what_is_killed_returns_and_the_diary_knows(place: Namespace, tmp_path: Path) -> None:
    supervisor = Supervisor(place, tmp_path, (Command("web", SERVER, (Port("tcp", 8000),)),))
    supervisor.start()
    try:
        supervisor.wait_ready(10)
        assert supervisor.kill_and_time("web") < 3
        until(lambda: {"exited", "backoff"} & {e.state for e in supervisor.diary()}, 5, "the diary tells of it")
    finally:
        supervisor.power_off()
    assert place.pids() == ()


def test_a_command_that_is_never_ready_is_named_with_its_last_words(place: Namespace, tmp_path: Path) -> None:
    broken = Command("broken", (sys.executable, "-c", "raise SystemExit('no such engine')"), (Port("tcp", 1),))
    supervisor = Supervisor(place, tmp_path, (broken,))
    supervisor.start()
    try:
        with pytest.raises(AssertionError, match=r"(?s)broken.*no such engine"):
            supervisor.wait_ready(1)
    finally:
        supervisor.power_off()


def test_the_carrier_answers_refuses_hears_and_calls(place: Namespace, tmp_path: Path) -> None:
    carrier = Carrier("127.0.0.2", tmp_path, place)
    carrier.start()
    with place.inside():
        agent = Agent("building", "", ("127.0.0.2", 5060), port=5060)
    try:
        call = agent.dial("+525512345678")
        answer = agent.outcome(call)
        assert answer.status == 200
        agent.speak(answer.media, 20)
        until(lambda: carrier.packets(call.call_id) >= 20, 3, "the carrier hears")
        agent.request(call, "BYE")
        assert agent.expect(200)
        assert carrier.offered()[0].user == "+525512345678"
        assert len(carrier.heard(call.call_id)) == 20 * 160

        carrier.number("+525500000000", status=486)
        assert agent.outcome(agent.dial("+525500000000")).status == 486

        call_id = carrier.call("+525550000101", "+523312345678", "127.0.0.1")
        taken = agent.take(agent.expect("INVITE"))
        agent.expect("ACK")
        until(lambda: carrier.state(call_id) == "talking", 3, "its call is answered")
        carrier.hang_up(call_id)
        assert agent.expect("BYE")["call-id"] == taken.call_id
    finally:
        agent.close()
        carrier.power_off()


def test_secrets_are_taken_out_of_what_a_run_prints() -> None:
    text = redact("auth_pass=secret-of-ana-Zq9&<x;regint=300 and password: 'hunter2', community = \"lab-reads\"")
    for secret in ("secret-of-ana", "hunter2", "lab-reads"):
        assert secret not in text
    assert "regint=300" in text


def test_the_demonstration_runs_on_loopback_where_namespaces_are_refused(place: Namespace, tmp_path: Path) -> None:
    """In a namespace of its own, so that it meets nobody else's loopback."""
    environment = {**os.environ, "CONSERJE_NO_NETNS": "1", "CONSERJE_DEMO_DIR": str(tmp_path / "demo")}

    def demo(command: str) -> str:
        done = place.run([sys.executable, "-m", "tests.lab.demo", command], check=False, timeout=120, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return " ".join(done.stdout.split())

    told = demo("up")
    try:
        assert "namespaces are refused" in told
        assert told.count("Registered") == 5
        assert "+525512345678" in told
        assert "building page" in told
        assert "up already" in demo("up")
    finally:
        ended = demo("down")
    assert "It is down." in ended
    until(lambda: not place.pids(), 10, "nothing of it runs any more")
