"""What who is transferred hears while phones ring, with a real rtpengine: transfer music, until somebody answers."""

import time
from collections.abc import Iterator

import pytest

from tests.integration.sip_edge.agent import Agent, Call, Message, tag_of
from tests.integration.sip_edge.building import ADDRESS, Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.sample import ACME, sample_rows
from wire.services import Music, TransferSound


@pytest.fixture(scope="module")
def relayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("music")) as b:
        b.start("redis", "rtpengine", "kamailio")
        yield b


@pytest.fixture
def three(relayed: Building, phone: MakePhone) -> Iterator[tuple[Agent, Agent, Agent]]:
    agents = tuple(phone(relayed, name) for name in ("ana", "beto", "elsa"))
    assert all(a.register().status == 200 for a in agents)
    yield agents[0], agents[1], agents[2]
    for agent in agents:
        agent.register(expires=0, cseq=50)


def transferred(beto: Agent, by: Agent, dialled: str = "103") -> Call:
    """Beto calls where Ana's REFER sent him."""
    extra = (f"Referred-By: <sip:{by.user}@{by.registrar[0]}>", "Supported: 100rel, replaces")
    return beto.dial(dialled, extra=extra)


def hears_music(agent: Agent) -> bool:
    """Half a second of it, at its pace, and not one packet repeated."""
    packets: set[bytes] = set()
    end = time.monotonic() + 3
    while len(packets) < 25 and time.monotonic() < end:
        try:
            packets.add(agent.rtp.recv(2048))
        except TimeoutError:
            return False
    return len(packets) == 25


def silent(agent: Agent) -> bool:
    """Whether nothing comes any more, once what is on its way has been read."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        try:
            agent.rtp.recv(2048)
        except TimeoutError:
            return True
    return False


def talks(caller: Agent, answer: Message, callee: Agent, invite: Message) -> None:
    callee.expect("ACK")
    assert silent(caller), "the music is over"
    caller.speak(answer.media)
    assert callee.hears() == caller.user
    callee.speak(invite.media)
    assert caller.hears() == callee.user


@pytest.mark.acceptance("M-2")
def test_a_transferred_caller_hears_music_until_the_target_answers(
    relayed: Building, three: tuple[Agent, Agent, Agent]
) -> None:
    ana, beto, elsa = three
    moved = transferred(beto, ana)
    invite = elsa.expect("INVITE")
    assert "100rel" not in invite["supported"], "a 180 that must be acknowledged could not be told otherwise"
    elsa.answer(invite, 180)
    progress = beto.expect(180, 183)
    assert progress.status == 183
    assert progress.media[1] > 0
    assert tag_of(progress["to"]) != elsa.tag_for(invite), "it is another early dialog than Elsa's own"
    assert '"Elsa Ruiz"' in progress["p-asserted-identity"]
    assert hears_music(beto)
    elsa.take(invite)
    answer = beto.outcome(moved)
    assert tag_of(answer["to"]) == elsa.tag_for(invite)
    talks(beto, answer, elsa, invite)
    beto.request(moved, "BYE")
    elsa.answer(elsa.expect("BYE"), 200)


@pytest.mark.acceptance("M-2")
def test_of_several_that_ring_any_may_answer(
    relayed: Building, three: tuple[Agent, Agent, Agent], phone: MakePhone
) -> None:
    ana, beto, elsa = three
    other = phone(relayed, "elsa")
    assert other.register(call_id="elsas-second").status == 200
    moved = transferred(beto, ana)
    invites = [agent.expect("INVITE") for agent in (elsa, other)]
    for agent, invite in zip((elsa, other), invites, strict=True):
        agent.answer(invite, 180, tag=f"of-{agent.port}")
        assert beto.expect(180, 183).status == 183
    assert hears_music(beto)
    other.answer(invites[1], 200, body=other.sdp, tag=f"of-{other.port}")
    answer = beto.outcome(moved)
    assert answer.status == 200
    elsa.answer(elsa.expect("CANCEL"), 200)
    elsa.answer(invites[0], 487, tag=f"of-{elsa.port}")
    talks(beto, answer, other, invites[1])
    beto.request(moved, "BYE")
    other.answer(other.expect("BYE"), 200)
    other.register(expires=0, cseq=50, call_id="elsas-second")


@pytest.mark.acceptance("M-2", "X-2")
@pytest.mark.parametrize("target", ["busy", "silent"])
def test_music_goes_on_while_the_call_returns_to_who_transferred_it(
    relayed: Building, three: tuple[Agent, Agent, Agent], target: str
) -> None:
    """A phone rings as long as the building lets it, five seconds here, and at most thirty."""
    ana, beto, elsa = three
    moved = transferred(beto, ana)
    invite = elsa.expect("INVITE")
    elsa.answer(invite, 180)
    assert beto.expect(180, 183).status == 183
    if target == "silent":
        elsa.answer(elsa.expect("CANCEL", seconds=8), 200)
        elsa.answer(invite, 487)
    else:
        elsa.answer(invite, 486)
    back = ana.expect("INVITE")
    assert "Devuelta:" in back["from"]
    ana.answer(back, 180)
    assert beto.expect(180, 183).status == 183
    assert hears_music(beto)
    ana.take(back)
    talks(beto, beto.outcome(moved), ana, back)
    beto.request(moved, "BYE")
    ana.answer(ana.expect("BYE"), 200)


@pytest.mark.acceptance("M-2")
def test_a_company_may_choose_ringing_and_who_was_not_transferred_hears_it_too(
    relayed: Building, three: tuple[Agent, Agent, Agent]
) -> None:
    ana, beto, elsa = three
    rows = sample_rows(ADDRESS, relayed.carrier_port)

    def rings(call: Call) -> None:
        invite = elsa.expect("INVITE")
        elsa.answer(invite, 180)
        assert not beto.expect(180, 183).body
        assert silent(beto)
        elsa.answer(invite, 486)
        beto.cancel(call)

    rings(beto.dial("103"))
    relayed.publish((*rows, Music(ACME, ACME, transfer=TransferSound.RINGBACK)))
    try:
        rings(transferred(beto, ana))
    finally:
        relayed.publish(rows)


@pytest.mark.acceptance("M-2")
def test_without_rtpengine_it_rings_as_ever(relayed: Building, three: tuple[Agent, Agent, Agent]) -> None:
    ana, beto, elsa = three
    relayed.kill("rtpengine")
    try:
        moved = transferred(beto, ana)
        invite = elsa.expect("INVITE")
        elsa.answer(invite, 180)
        assert beto.expect(180, 183).status == 180
        elsa.take(invite)
        assert beto.outcome(moved).status == 200
        elsa.expect("ACK")
        beto.request(moved, "BYE")
        elsa.answer(elsa.expect("BYE"), 200)
    finally:
        relayed.start("rtpengine")
