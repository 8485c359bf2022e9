"""Parking through a real Kamailio and voice: the slot is said, music plays, colleagues fetch, time brings it back."""

from collections.abc import Iterator

import pytest

from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.integration.sip_edge.watching import Watch
from tests.lab.waiting import until

PARK_S = 4


@pytest.fixture(scope="module")
def lit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("park"), sip={"park_s": PARK_S}) as b:
        b.start("redis", "rtpengine", "kamailio", "voice", "lamps", "edge")
        until(lambda: '"voice_up": true' in (b.settings.paths.reports_dir / "edge.json").read_text(), 30, "voice is up")
        yield b


@pytest.fixture
def three(lit: Building, phone: MakePhone) -> Iterator[tuple[Agent, Agent, Agent]]:
    agents = tuple(phone(lit, name) for name in ("ana", "beto", "elsa"))
    assert all(a.register().status == 200 for a in agents)
    yield agents[0], agents[1], agents[2]
    for agent in agents:
        agent.register(expires=0, cseq=50)


def transferred_by(agent: Agent) -> tuple[str, ...]:
    return (f"Referred-By: <sip:{agent.user}@{agent.registrar[0]}>",)


@pytest.mark.acceptance("K-3")
def test_a_transferred_caller_is_parked_and_fetched_by_a_colleague(
    lit: Building, three: tuple[Agent, Agent, Agent], phone: MakePhone
) -> None:
    ana, beto, elsa = three
    lamp = Watch(phone(lit, "elsa"), "71", "dialog")
    assert lamp.subscribe().status == 200
    assert lamp.dialogs() == []
    parked = ana.dial("*85", extra=transferred_by(beto))
    assert ana.outcome(parked).status == 200
    assert lamp.sees("confirmed")[2] == "101"
    assert parked.invite
    ana.speak(parked.invite.media)
    until(lambda: ana.rtp.recv(2048), 3, "Ana hears music")
    fetching = elsa.dial("*8571")
    assert elsa.outcome(fetching).status == 200
    assert fetching.invite
    assert lamp.sees("terminated")
    elsa.speak(fetching.invite.media)
    elsa.request(fetching, "BYE")
    ana.answer(ana.expect("BYE"), 200)
    assert elsa.outcome(elsa.dial("71")).status == 404, "nothing is parked there any more"


@pytest.mark.acceptance("K-3")
def test_a_parked_call_that_nobody_fetches_comes_back(lit: Building, three: tuple[Agent, Agent, Agent]) -> None:
    ana, beto, _ = three
    parked = ana.dial("*85", extra=transferred_by(beto))
    assert ana.outcome(parked).status == 200
    invite = beto.expect("INVITE", seconds=PARK_S + 4)
    assert "101" in invite["from"]
    leg = beto.take(invite)
    beto.expect("ACK")
    beto.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)


@pytest.mark.acceptance("K-3")
def test_who_parks_by_an_attended_transfer_hears_the_slot_first(
    lit: Building, three: tuple[Agent, Agent, Agent]
) -> None:
    ana, beto, elsa = three
    consulting = beto.dial("*85")
    answer = beto.outcome(consulting)
    assert answer.status == 200
    assert consulting.invite
    beto.speak(consulting.invite.media)
    until(lambda: beto.rtp.recv(2048), 3, "Beto hears the slot")
    replaces = f"Replaces: {consulting.call_id};to-tag=x;from-tag={consulting.local.rpartition('=')[2]}"
    parked = ana.dial("*85", extra=(*transferred_by(beto), replaces))
    assert ana.outcome(parked).status == 200
    beto.request(consulting, "BYE")
    beto.expect(200)
    fetching = elsa.dial("71")
    assert elsa.outcome(fetching).status == 200, "the parked caller took the slot that was said"
    ana.request(parked, "BYE")
    elsa.answer(elsa.expect("BYE"), 200)


@pytest.mark.acceptance("K-3", "J-1")
def test_slots_are_a_companys_own(lit: Building, three: tuple[Agent, Agent, Agent], phone: MakePhone) -> None:
    ana, beto, _ = three
    parked = ana.dial("*85", extra=transferred_by(beto))
    assert ana.outcome(parked).status == 200
    dario = phone(lit, "dario")
    assert dario.register().status == 200
    assert dario.outcome(dario.dial("*8571")).status == 404
    ana.request(parked, "BYE")
    ana.expect(200)


@pytest.mark.acceptance("K-3")
def test_calls_parked_at_the_same_moment_stand_at_slots_of_their_own(
    lit: Building, three: tuple[Agent, Agent, Agent]
) -> None:
    ana, beto, elsa = three
    for _ in range(3):
        before = [(agent, agent.dial("*85", extra=transferred_by(beto))) for agent in (ana, elsa)]
        parked = [(agent, call) for agent, call in before if agent.outcome(call).status == 200]
        assert len(parked) == 2
        slots = {
            fact["destination"]
            for fact in lit.facts()[-40:]
            if fact.get("call_id") in {c.call_id for _, c in parked} and fact["event"] == "invite"
        }
        assert len(slots) == 2, slots
        for agent, call in parked:
            agent.request(call, "BYE")
            agent.expect(200)
