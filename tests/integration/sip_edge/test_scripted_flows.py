"""Flows on the edge of the rules, message by message by SIPp as the carrier; a phone of ours at the other end."""

from collections.abc import Iterator

import pytest

from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import Building
from tests.integration.sip_edge.conftest import MakePhone
from tests.integration.sip_edge.sipp import ended_well, from_carrier

BETOS = "+525550000102"


@pytest.fixture
def beto(edge: Building, phone: MakePhone) -> Iterator[Agent]:
    agent = phone(edge, "beto")
    assert agent.register().status == 200
    yield agent
    agent.register(expires=0, cseq=9)
    assert "uncaught in " not in edge.log("kamailio")


def rest(agent: Agent) -> set[str]:
    """The methods of all that still comes."""
    found = set()
    while (message := agent.receive(0.5)) is not None:
        found.add(message.method)
    return found


def test_requests_sent_twice_at_once_are_one_call_and_one_end(edge: Building, beto: Agent) -> None:
    """Two workers have the same INVITE in the same moment, and the same BYE."""
    flow = from_carrier(edge, "said_twice", BETOS)
    invite = beto.expect("INVITE")
    beto.take(invite)
    beto.answer(beto.expect("BYE"), 200)
    ended_well(edge, flow, "said_twice")
    assert rest(beto) <= {"ACK"}, "it neither rings nor ends twice"
    events = [f["event"] for f in edge.facts() if f["call_id"] == invite["call-id"]]
    assert [events.count(e) for e in ("invite", "ended")] == [1, 1]


def test_a_cancel_that_crosses_the_answer_leaves_the_call(edge: Building, beto: Agent) -> None:
    flow = from_carrier(edge, "crossing", BETOS)
    beto.take(beto.expect("INVITE"))
    ended = beto.expect("BYE")
    beto.answer(ended, 200)
    ended_well(edge, flow, "crossing")
    assert not rest(beto), "it is told of no CANCEL"


def test_a_call_taken_back_twice_rings_no_more(edge: Building, beto: Agent) -> None:
    flow = from_carrier(edge, "taken_back", BETOS)
    invite = beto.expect("INVITE")
    beto.answer(invite, 180)
    cancel = beto.expect("CANCEL")
    beto.answer(cancel, 200)
    beto.answer(invite, 487)
    ended_well(edge, flow, "taken_back")


def test_out_of_hops_is_483_and_huge_headers_ring_all_the_same(edge: Building, beto: Agent) -> None:
    flow = from_carrier(edge, "no_hops", BETOS)
    beto.take(beto.expect("INVITE"))
    beto.answer(beto.expect("BYE"), 200)
    ended_well(edge, flow, "no_hops")
