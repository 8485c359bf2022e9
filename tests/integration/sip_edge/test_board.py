"""The board that Kamailio's workers share: who is in a call and what rings where, as real calls come and go."""

from collections.abc import Iterator

import pytest

from appliance.sip_edge.kamailio.board import IN_CALL, RINGS, entries
from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import Building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.waiting import until


def on_board(b: Building, table: str, user: str) -> int:
    found = b.kamailio.call("htable.get", table, user)
    return len(entries(found["item"]["value"])) if found else 0


@pytest.fixture
def pair(edge: Building, phone: MakePhone) -> Iterator[tuple[Agent, Agent]]:
    ana, beto = phone(edge, "ana"), phone(edge, "beto")
    assert ana.register().status == beto.register().status == 200
    yield ana, beto
    for agent in (ana, beto):
        agent.register(expires=0, cseq=50)


@pytest.mark.acceptance("W-1")
def test_a_phone_is_in_a_call_from_its_answer_to_its_end_and_rings_before(
    edge: Building, pair: tuple[Agent, Agent]
) -> None:
    ana, beto = pair
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    beto.answer(invite, 180, "Ringing")
    ana.expect(180)
    assert (on_board(edge, IN_CALL, ana.user), on_board(edge, RINGS, beto.user)) == (1, 1)
    assert on_board(edge, IN_CALL, beto.user) == 0
    leg = beto.take(invite)
    assert ana.outcome(call).status == 200
    assert (on_board(edge, IN_CALL, beto.user), on_board(edge, RINGS, beto.user)) == (1, 0)
    beto.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)
    until(lambda: on_board(edge, IN_CALL, ana.user) == on_board(edge, IN_CALL, beto.user) == 0, 2, "both are free")


def test_who_is_refused_or_cancels_is_in_no_call(edge: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    call = ana.dial("102")
    beto.answer(beto.expect("INVITE"), 486, "Busy Here")
    assert ana.outcome(call).status == 486
    again = ana.dial("102")
    invite = beto.expect("INVITE")
    beto.answer(invite, 180, "Ringing")
    ana.expect(180)
    ana.cancel(again)
    beto.answer(beto.expect("CANCEL"), 200)
    beto.answer(invite, 487, "Request Terminated")
    assert ana.outcome(again).status == 487
    for table in (IN_CALL, RINGS):
        assert on_board(edge, table, ana.user) == on_board(edge, table, beto.user) == 0


def test_ten_calls_leave_nothing_on_the_board(edge: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    for _ in range(10):
        call = ana.dial("102")
        beto.take(beto.expect("INVITE"))
        assert ana.outcome(call).status == 200
        beto.expect("ACK")
        ana.request(call, "BYE")
        beto.answer(beto.expect("BYE"), 200)
        ana.expect(200)
    assert not edge.kamailio.call("htable.dump", "call")
