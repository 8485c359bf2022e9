"""A call on hold outlives what ends a silent one: rtpengine's patience, the edge's, and the phones' session timers."""

import time
from collections.abc import Iterator

import pytest

from appliance.settings import Settings
from appliance.sip_edge.control import Rtpengine
from appliance.sip_edge.engines import rtpengine_command
from tests.integration.sip_edge.agent import Agent, Call, Message, connected
from tests.integration.sip_edge.building import Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.waiting import until

SILENT_S = 3
HOLDS = {
    "sendonly": ("a=sendrecv", "a=sendonly"),
    "inactive": ("a=sendrecv", "a=inactive"),
    "the old way": ("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"),
}


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    """A building in which a silent call is over after three seconds, one on hold after an hour."""
    with building(tmp_path_factory.mktemp("hold"), media={"silent_call_s": SILENT_S, "held_call_s": 3600}) as b:
        b.start("redis", "rtpengine", "kamailio", "edge")
        yield b


def talk(caller: Agent, callee: Agent, dialled: str) -> tuple[Call, Call]:
    call, leg = connected(caller, callee, dialled)
    assert call.invite
    # rtpengine counts from the first packet.
    caller.speak(call.invite.media)
    assert callee.hears() == caller.user
    return call, leg


def again(one: Agent, call: Call, other: Agent, offer: str, answer: str) -> Message:
    """re-INVITE within a call; its 200."""
    one.request(call, "INVITE", body=offer)
    other.answer(other.expect("INVITE"), 200, body=answer)
    agreed = one.expect(200)
    one.request(call, "ACK", count=False)
    other.expect("ACK")
    return agreed


def hears_music(agent: Agent) -> bool:
    end = time.monotonic() + 3
    while time.monotonic() < end:
        if len(agent.rtp.recv(2048)) == 172:
            return True
    return False


@pytest.mark.acceptance("X-1")
@pytest.mark.parametrize("way", list(HOLDS))
def test_a_held_call_outlives_a_silent_one_and_talks_again(
    impatient: Building, phone: MakePhone, way: str
) -> None:
    engine = Rtpengine(impatient.settings.media.ng_port)
    ana, beto, elsa, dario = (phone(impatient, name) for name in ("ana", "beto", "elsa", "dario"))
    for agent in (ana, beto, elsa, dario):
        assert agent.register().status == 200
    held, leg = talk(ana, beto, "102")
    silent, _ = talk(elsa, dario, "5550000202")
    offer = ana.sdp.replace(*HOLDS[way])
    again(ana, held, beto, offer, beto.sdp.replace("a=sendrecv", "a=recvonly"))
    assert hears_music(beto)
    # A session timer's refresh from the held side (RFC 4028), with SDP and without, changes nothing.
    answer = ana.sdp.replace(*HOLDS["inactive" if way == "inactive" else "sendonly"])
    again(beto, leg, ana, beto.sdp.replace("a=sendrecv", "a=recvonly"), answer)
    beto.request(leg, "UPDATE", extra=("Session-Expires: 1800;refresher=uac",))
    ana.answer(ana.expect("UPDATE"), 200)
    beto.expect(200)

    until(lambda: silent.call_id not in (engine.calls() or {silent.call_id}), 15, "the silent call is given up")
    since = time.monotonic()
    until(lambda: time.monotonic() > since + SILENT_S, SILENT_S + 2, "as much time again")
    calls = engine.calls()
    assert calls is not None and held.call_id in calls
    assert hears_music(beto)
    ended = {f["call_id"] for f in impatient.facts() if f["event"] == "ended"}
    assert held.call_id not in ended
    report = (impatient.settings.paths.reports_dir / "edge.json").read_text()
    assert held.call_id in report, "the edge believes in it"

    agreed = again(ana, held, beto, ana.sdp, beto.sdp)
    ana.speak(agreed.media)
    until(lambda: beto.hears() == ana.user, 3, "Beto hears Ana again")
    ana.request(held, "BYE")
    beto.answer(beto.expect("BYE"), 200)
    for agent in (ana, beto, elsa, dario):
        agent.register(expires=0, cseq=50)


@pytest.mark.acceptance("X-1")
def test_a_building_as_shipped_keeps_a_held_call_for_two_hours() -> None:
    shipped = Settings()
    assert (shipped.media.silent_call_s, shipped.media.held_call_s) == (900, 7200)
    assert {"--timeout=900", "--silent-timeout=7200"} <= set(rtpengine_command(shipped).argv)
