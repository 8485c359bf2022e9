"""Calls of three in a room that the building made up, through a real Kamailio and voice: who enters, who goes on."""

import re
import time
from collections.abc import Iterator

import pytest

from tests.integration.sip_edge.agent import Agent, Call, connected, tag_of
from tests.integration.sip_edge.building import ADDRESS, Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.sample import ACME, sample_rows
from tests.lab.speaker import Speaker
from tests.lab.waiting import until
from wire.services import ThreeWay

HZ = {"ana": 500, "beto": 700, "elsa": 900}

@pytest.fixture(scope="module")
def mixing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("three")) as b:
        b.start("redis", "rtpengine", "kamailio", "voice", "edge")
        until(lambda: '"voice_up": true' in (b.settings.paths.reports_dir / "edge.json").read_text(), 30, "voice is up")
        yield b


@pytest.fixture
def three(mixing: Building, phone: MakePhone) -> Iterator[dict[str, Agent]]:
    agents = {name: phone(mixing, name) for name in HZ}
    assert all(a.register().status == 200 for a in agents.values())
    yield agents
    for agent in agents.values():
        agent.register(expires=0, cseq=50)


def sent_to_the_room(host: Agent, made: Call, guest: Agent, room: str) -> Call:
    """The host's REFER to one it talks to, whose phone does as it is told; the old call then ends."""
    host.request(made, "REFER", extra=(f"Refer-To: <{room}>",))
    asked = guest.expect("REFER")
    guest.answer(asked, 202)
    host.expect(202)
    target = re.fullmatch(r"<(sip:[^>]+)>", asked["refer-to"])
    assert target
    joined = guest.dial("", uri=target[1], extra=(f"Referred-By: {asked['referred-by']}",))
    assert guest.outcome(joined).status == 200
    host.request(made, "BYE")
    guest.answer(guest.expect("BYE"), 200)
    host.expect(200)
    return joined


def begun(host: Agent) -> tuple[Call, str]:
    """The host's call to the conference URI; the room's own URI, out of the Contact of the answer."""
    made = host.dial("conference")
    answer = host.outcome(made)
    assert answer.status == 200
    assert answer["contact"].endswith(";isfocus")
    return made, made.target


def joined(three: dict[str, Agent], bare: bool = False) -> dict[str, Call]:
    """Ana has called Beto and Elsa, and joined them: each one's call to the room."""
    ana, beto, elsa = three["ana"], three["beto"], three["elsa"]
    first, _ = connected(ana, beto, "102")
    second, _ = connected(ana, elsa, "103")
    own, room = begun(ana)
    if bare:
        room = f"sip:conference@{ana.registrar[0]}:{ana.registrar[1]}"
    return {
        "ana": own,
        "beto": sent_to_the_room(ana, first, beto, room),
        "elsa": sent_to_the_room(ana, second, elsa, room),
    }


def over(agent: Agent) -> None:
    agent.answer(agent.expect("BYE"), 200)


@pytest.mark.acceptance("W-2")
def test_three_hear_each_other_and_it_ends_with_the_host(mixing: Building, three: dict[str, Agent]) -> None:
    calls = joined(three)
    voices = {name: Speaker(agent.rtp, HZ[name]) for name, agent in three.items()}
    try:
        for name, made in calls.items():
            assert made.invite
            voices[name].talks_to(made.invite.media)
        for name, voice in voices.items():
            for other in HZ:
                if other != name:
                    until(lambda v=voice, hz=HZ[other]: v.hears(hz), 5, f"{name} hears {other}")  # type: ignore[misc]
            assert not voice.hears(HZ[name]), "nobody hears itself"
    finally:
        for voice in voices.values():
            voice.close()
    three["ana"].request(calls["ana"], "BYE")
    three["ana"].expect(200)
    for name in ("beto", "elsa"):
        over(three[name])
    until(lambda: not mixing.kamailio.call("htable.dump", "call"), 2, "no call is left on the board")
    noted = [f for f in mixing.facts() if f["event"] == "invite" and f["call_id"] == calls["beto"].call_id]
    assert any(str(r).startswith("room-entered") for r in noted[0]["reasons"])


@pytest.mark.acceptance("W-2")
def test_a_company_may_let_it_go_on_until_one_is_left(mixing: Building, three: dict[str, Agent]) -> None:
    rows = sample_rows(ADDRESS, mixing.carrier_port)
    mixing.publish((*rows, ThreeWay(ACME, ACME, goes_on=True)))
    try:
        calls = joined(three, bare=True)
        three["ana"].request(calls["ana"], "BYE")
        three["ana"].expect(200)
        assert three["beto"].nothing(0.5)
        three["elsa"].request(calls["elsa"], "BYE")
        three["elsa"].expect(200)
        over(three["beto"])
    finally:
        mixing.publish(rows)


@pytest.mark.acceptance("W-2", "J-1")
def test_nobody_enters_whom_nobody_in_it_sent(mixing: Building, three: dict[str, Agent], phone: MakePhone) -> None:
    ana, beto, elsa = three["ana"], three["beto"], three["elsa"]
    dario = phone(mixing, "dario")
    assert dario.register().status == 200
    own, room = begun(ana)
    claims = f"Referred-By: <sip:{ana.user}@{ana.registrar[0]}>"
    for stranger in (beto, dario):
        assert stranger.outcome(stranger.dial("", uri=room, extra=(claims,))).status == 403
    # Beto, who is not in it, sends Elsa there.
    made, _ = connected(beto, elsa, "103")
    beto.request(made, "REFER", extra=(f"Refer-To: <{room}>",))
    asked = elsa.expect("REFER")
    elsa.answer(asked, 202)
    beto.expect(202)
    target = asked["refer-to"].strip("<>")
    assert elsa.outcome(elsa.dial("", uri=target)).status == 403
    beto.request(made, "BYE")
    over(elsa)
    beto.expect(200)
    # Hold and resume of the host's own call, and its end, find their way to voice by the room's name.
    ana.request(own, "INVITE", body=ana.sdp.replace("sendrecv", "sendonly"))
    assert ana.expect(200)["cseq"].endswith("INVITE")
    ana.request(own, "ACK", count=False)
    ana.request(own, "BYE")
    ana.expect(200)
    assert tag_of(own.remote)
    end = time.monotonic() + 1
    until(lambda: not mixing.kamailio.call("htable.dump", "call"), end - time.monotonic(), "nothing is left")
