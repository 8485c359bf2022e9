"""Taking over what rings elsewhere, through a real Kamailio: *8, **extension, a lamp's key; never another company's."""

import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from appliance.sip_edge.kamailio.board import OnBoard
from tests.integration.sip_edge.agent import Agent, Call, Message
from tests.integration.sip_edge.building import Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.integration.sip_edge.watching import NS, Watch
from tests.lab.waiting import until


@pytest.fixture(scope="module")
def lit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("pickup")) as b:
        b.start("redis", "rtpengine", "kamailio", "lamps")
        yield b


@pytest.fixture
def three(lit: Building, phone: MakePhone) -> Iterator[tuple[Agent, Agent, Agent]]:
    """Ana, Beto and Elsa of Acme, registered."""
    agents = tuple(phone(lit, name) for name in ("ana", "beto", "elsa"))
    assert all(a.register().status == 200 for a in agents)
    yield agents[0], agents[1], agents[2]
    for agent in agents:
        agent.register(expires=0, cseq=50)


def ring(caller: Agent, callee: Agent, dialled: str) -> tuple[Call, Message]:
    call = caller.dial(dialled)
    invite = callee.expect("INVITE")
    callee.answer(invite, 180, "Ringing")
    caller.expect(180)
    return call, invite


def picked_up(caller: Agent, call: Call, rung: tuple[Agent, Message], taker: Agent, dial: Callable[[], Call]) -> None:
    """`taker` takes the call that rings at `rung`, which stops within a second and is told why; both talk."""
    own = dial()
    assert taker.outcome(own).status == 487
    asked = time.monotonic()
    invite = taker.expect("INVITE")
    assert time.monotonic() - asked < 0.4, "it came before the 487, and now it came again"
    assert "answer-after=0" in invite["call-info"]
    leg = taker.take(invite)
    assert caller.outcome(call).status == 200
    cancel = rung[0].expect("CANCEL")
    assert time.monotonic() - asked < 1
    assert "cause=200" in cancel["reason"]
    rung[0].answer(cancel, 200)
    rung[0].answer(rung[1], 487)
    rung[0].expect("ACK")
    taker.expect("ACK")
    assert call.invite
    caller.speak(call.invite.media)
    assert taker.hears() == caller.user
    taker.request(leg, "BYE")
    caller.answer(caller.expect("BYE"), 200)
    taker.expect(200)


@pytest.mark.acceptance("K-3")
def test_an_extensions_ringing_call_is_picked_up(lit: Building, three: tuple[Agent, Agent, Agent]) -> None:
    ana, beto, elsa = three
    call, invite = ring(ana, beto, "102")
    picked_up(ana, call, (beto, invite), elsa, lambda: elsa.dial("**102"))
    facts = [f for f in lit.facts() if f["call_id"] == call.call_id]
    assert [f["to"] for f in facts if f["event"] == "answered"] == [elsa.user]
    assert next(f for f in facts if f["event"] == "ended")["by"] == "callee"
    until(lambda: not lit.kamailio.call("htable.dump", "call"), 2, "no call is left on the board")


@pytest.mark.acceptance("K-3")
def test_a_call_from_outside_is_picked_up_by_the_group_code(
    lit: Building, three: tuple[Agent, Agent, Agent], carrier: Callable[[Building], Agent]
) -> None:
    _, beto, elsa = three
    outside = carrier(lit)
    call, invite = ring(outside, beto, "+525550000102")
    picked_up(outside, call, (beto, invite), elsa, lambda: elsa.dial("*8"))


@pytest.mark.acceptance("K-1", "K-3")
def test_a_lamps_key_picks_up_with_replaces(lit: Building, three: tuple[Agent, Agent, Agent], phone: MakePhone) -> None:
    ana, beto, elsa = three
    watch = Watch(phone(lit, "elsa"), "102", "dialog")
    assert watch.subscribe().status == 200
    watch.told()
    call, invite = ring(ana, beto, "102")
    dialog = ET.fromstring(watch.told().body).find(f"{NS}dialog")
    assert dialog is not None
    name = dialog.attrib
    replaces = f"Replaces: {name['call-id']};to-tag={name['local-tag']};from-tag={name['remote-tag']}"
    picked_up(ana, call, (beto, invite), elsa, lambda: elsa.dial("102", extra=(replaces,)))


@pytest.mark.acceptance("K-3", "J-1")
def test_nobody_picks_up_another_companys_call(
    lit: Building, three: tuple[Agent, Agent, Agent], phone: MakePhone
) -> None:
    ana, beto, _ = three
    dario = phone(lit, "dario")
    assert dario.register().status == 200
    call, invite = ring(ana, beto, "102")
    for code in ("**102", "*8", "**103"):
        assert dario.outcome(dario.dial(code)).status in (404, 480), code
    replaces = f"Replaces: {call.call_id};to-tag=x;from-tag={call.local.rpartition('=')[2]}"
    assert dario.outcome(dario.dial("101", extra=(replaces,))).status == 481
    beto.answer(invite, 486)
    assert ana.outcome(call).status == 486


def test_where_nothing_rings_nothing_is_picked_up(lit: Building, three: tuple[Agent, Agent, Agent]) -> None:
    _, _, elsa = three
    assert elsa.outcome(elsa.dial("**102")).status == 404
    assert elsa.outcome(elsa.dial("*8")).status == 404


@pytest.mark.acceptance("K-3")
def test_a_call_that_its_caller_has_just_given_up_is_nothing_to_pick_up(
    lit: Building, three: tuple[Agent, Agent, Agent]
) -> None:
    """While its phones are still being told: who comes too late goes on to the sentence, and is not left with a 487."""
    ana, beto, elsa = three
    call, invite = ring(ana, beto, "102")
    ana.cancel(call)
    cancel = beto.expect("CANCEL")
    for code in ("**102", "*8"):
        assert elsa.outcome(elsa.dial(code)).status == 404, code
    named = f"Replaces: {call.call_id};to-tag=x;from-tag={call.local.rpartition('=')[2]}"
    assert elsa.outcome(elsa.dial("102", extra=(named,))).status == 481
    beto.answer(cancel, 200)
    beto.answer(invite, 487)
    assert ana.outcome(call).status == 487
    until(lambda: not lit.kamailio.call("htable.dump", "call"), 2, "no call is left on the board")


@pytest.mark.acceptance("K-3")
def test_who_comes_too_late_by_an_instant_goes_on_to_the_sentence(
    lit: Building, three: tuple[Agent, Agent, Agent], phone: MakePhone
) -> None:
    """What is taken seems to ring and cannot be had: its transaction has just gone, or the taker's contact has."""
    ana, beto, elsa = three
    call, invite = ring(ana, beto, "102")
    dump = lit.kamailio.call("htable.dump", "call")
    (on,) = (slot for entry in dump for slot in entry["slot"])
    there = OnBoard.of(on["value"])
    lit.kamailio.call("htable.sets", "call", on["name"], replace(there, label=there.label ^ 1).text())
    for code in ("**102", "*8"):
        assert elsa.outcome(elsa.dial(code)).status == 404, code
    lit.kamailio.call("htable.sets", "call", on["name"], on["value"])
    elsa.register(expires=0, cseq=20)
    for code in ("**102", "*8"):
        assert elsa.outcome(elsa.dial(code)).status == 404, code
    assert elsa.register(cseq=21).status == 200
    assert elsa.nothing(0.2)
    # And it rings on, for whoever takes it in time.
    picked_up(ana, call, (beto, invite), elsa, lambda: elsa.dial("**102"))
    until(lambda: not lit.kamailio.call("htable.dump", "call"), 2, "no call is left on the board")


def test_who_does_not_take_it_leaves_it_ringing(lit: Building, three: tuple[Agent, Agent, Agent]) -> None:
    ana, beto, elsa = three
    call, invite = ring(ana, beto, "102")
    assert elsa.outcome(elsa.dial("**102")).status == 487
    elsa.answer(elsa.expect("INVITE"), 486)
    leg = beto.take(invite)
    assert ana.outcome(call).status == 200
    beto.expect("ACK")
    beto.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)
