"""Ring groups: together and in turn, who is passed over, who wins, and where a call goes that nobody takes: up, cut."""

import time

import pytest

from tests.acceptance.conftest import House
from tests.acceptance.crew import Crew
from tests.integration.sip_edge.agent import Agent, Message
from tests.lab.waiting import until

RING_S = 5.0
"""Of every group of Coral's."""


def rung(agent: Agent, seconds: float = 3) -> tuple[Message, float]:
    """What rings here and since when; it is answered that it rings."""
    invite = agent.expect("INVITE", seconds=seconds)
    at = time.monotonic()
    agent.answer(invite, 180, "Ringing")
    return invite, at


def stopped(agent: Agent, invite: Message, seconds: float = 3) -> tuple[str, float]:
    """Its ringing is called off: the CANCEL's reason, and when it came."""
    cancel = agent.expect("CANCEL", seconds=seconds)
    at = time.monotonic()
    agent.answer(cancel, 200, "OK")
    agent.answer(invite, 487, "Request Terminated")
    agent.expect("ACK")
    return cancel["reason"], at


@pytest.mark.acceptance("R-1")
def test_idle_members_ring_at_once_and_all_but_the_winner_are_told_that_it_was_answered(
    house: House, centre: str, crew: Crew
) -> None:
    """Group 150: Gala with two devices, Hugo's phone, Ines who forwards; Nora is not to be disturbed, Kari talks."""
    gala, gala_too, hugo, ines, nora = crew.phones("gala", "gala", "hugo", "ines", "nora")
    kari = crew.engaged("kari")
    caller = crew.phone("uma")
    offers = len(house.carrier.offered())
    began = time.monotonic()
    call = caller.dial("150")
    ringing = [(agent, *rung(agent)) for agent in (gala, gala_too, hugo, ines)]
    times = [at for *_, at in ringing]
    assert max(times) - min(times) < 1 and max(times) - began < 1
    caller.expect(180)
    # Both of Gala's devices answer in the same moment: one of them has the call.
    (_, first, _), (_, second, _) = ringing[:2]
    leg = gala.take(first)
    gala_too.take(second)
    final = caller.outcome(call)
    assert final.status == 200
    for agent, invite, _ in ringing[2:]:
        reason, _ = stopped(agent, invite)
        assert "SIP" in reason and "cause=200" in reason, "answered elsewhere: no missed call is shown"
    assert nora.nothing(0.1) and kari.nothing(0.1)
    assert len(house.carrier.offered()) == offers, "a member's own forward takes no call of the group"
    gala.expect("ACK")
    assert gala_too.expect("BYE", "CANCEL", "ACK")
    gala.speak(final.media)
    gala.request(leg, "BYE")
    caller.answer(caller.expect("BYE"), 200)


@pytest.mark.acceptance("R-2", "R-3")
def test_members_in_turn_ring_for_their_time_and_those_who_cannot_are_passed_over_at_once(
    house: House, centre: str, crew: Crew
) -> None:
    """151: Gala rings and rings; Nora (not to be disturbed), Joel (no phone) and Kari, who begins to talk while Gala
    rings, are passed over; Hugo refuses; then the mailbox. 152: Tina alone, then the mailbox. 153: Ines and Mara, who
    forward; then Rosa's phone.
    """
    gala, hugo, nora, tina, ines, mara, rosa = crew.phones("gala", "hugo", "nora", "tina", "ines", "mara", "rosa")
    kari = crew.phone("kari")
    callers = crew.phones("uma", "luis", "omar")
    offers = len(house.carrier.offered())
    dialled = time.monotonic()
    calls = [agent.dial(digits) for agent, digits in zip(callers, ("151", "152", "153"), strict=True)]
    at_gala, _ = rung(gala)
    crew.engage(kari)
    at_tina, _ = rung(tina)
    at_ines, _ = rung(ines)
    at_mara, _ = rung(mara)
    assert hugo.nothing(0.1), "it is not his turn"

    _, until_then = stopped(gala, at_gala, RING_S + 2)
    assert RING_S - 0.5 < until_then - dialled < RING_S + 2
    at_hugo, turn = rung(hugo, 1)
    assert turn - until_then < 0.5, "who cannot take it costs no time"
    hugo.answer(at_hugo, 486, "Busy Here")
    hugo.expect("ACK")
    for agent, invite in ((tina, at_tina), (ines, at_ines), (mara, at_mara)):
        stopped(agent, invite)
    at_rosa, _ = rung(rosa)
    assert "116" not in at_rosa["from"] and "119" in at_rosa["from"], "she sees who calls"
    leg = rosa.take(at_rosa)
    assert callers[2].outcome(calls[2]).status == 200

    for caller, call in zip(callers[:2], calls[:2], strict=True):
        assert caller.outcome(call).status == 200, "the mailbox answers"
        until(lambda: len(crew.heard(caller)) > 8000, 8, "it greets the caller")  # noqa: B023
        caller.request(call, "BYE")
    rosa.request(leg, "BYE")
    callers[2].answer(callers[2].expect("BYE"), 200)
    assert nora.nothing(0.1) and kari.nothing(0.1)
    assert len(house.carrier.offered()) == offers + 1, "Kari's own; a member's own forward takes no call of the group"
