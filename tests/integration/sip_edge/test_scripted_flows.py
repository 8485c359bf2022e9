"""Flows on the edge of the rules, message by message by SIPp as the carrier; a phone of ours at the other end."""

from collections.abc import Iterator

import pytest

from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import Building
from tests.integration.sip_edge.conftest import MakePhone
from tests.integration.sip_edge.sipp import from_carrier

BETOS = "+525550000102"


@pytest.fixture
def beto(edge: Building, phone: MakePhone) -> Iterator[Agent]:
    agent = phone(edge, "beto")
    assert agent.register().status == 200
    yield agent
    agent.register(expires=0, cseq=9)
    assert "uncaught in " not in edge.log("kamailio")


def rest(agent: Agent) -> set[str]:
    """The methods of all that still comes, before what has no answer is sent again (after 0.5 s)."""
    found = set()
    while (message := agent.receive(0.25)) is not None:
        found.add(message.method)
    return found


def test_requests_sent_twice_at_once_are_one_call_and_one_end(edge: Building, beto: Agent) -> None:
    """Each copy has come before the first is answered, and either worker may have it."""
    with from_carrier(edge, "said_twice", BETOS):
        invite = beto.expect("INVITE")
        beto.answer(invite, 180)
        assert not rest(beto), "it rings once"
        beto.take(invite)
        ended = beto.expect("BYE")
        assert rest(beto) <= {"ACK"}, "it is told once of the end"
        beto.answer(ended, 200)
    assert not rest(beto)
    events = [f["event"] for f in edge.facts() if f["call_id"] == invite["call-id"]]
    assert [events.count(e) for e in ("invite", "ended")] == [1, 1]


def test_a_cancel_that_crosses_the_answer_leaves_the_call(edge: Building, beto: Agent) -> None:
    with from_carrier(edge, "crossing", BETOS):
        beto.take(beto.expect("INVITE"))
        beto.answer(beto.expect("BYE"), 200)
    assert not rest(beto), "it is told of no CANCEL"


def test_a_call_taken_back_twice_rings_no_more(edge: Building, beto: Agent) -> None:
    with from_carrier(edge, "taken_back", BETOS):
        invite = beto.expect("INVITE")
        beto.answer(invite, 180)
        cancel = beto.expect("CANCEL")
        beto.answer(cancel, 200)
        assert not rest(beto), "it is taken back once"
        beto.answer(invite, 487)


def test_out_of_hops_is_483_and_huge_headers_ring_all_the_same(edge: Building, beto: Agent) -> None:
    with from_carrier(edge, "no_hops", BETOS):
        beto.take(beto.expect("INVITE"))
        beto.answer(beto.expect("BYE"), 200)
