"""Attended transfers between phones through a real Kamailio: who takes whose place, and what is left if not."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

import pytest

from tests.integration.sip_edge.agent import Agent, Call, Message, connected, tag_of
from tests.integration.sip_edge.building import Building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.waiting import until

REPLACES = "replaces"


@pytest.fixture
def three(edge: Building, phone: MakePhone) -> Iterator[tuple[Agent, Agent, Agent]]:
    """Ana, Beto and Elsa of Acme, registered. Ana transfers, Beto is transferred, Elsa is whom he is to talk with."""
    agents = tuple(phone(edge, name) for name in ("ana", "beto", "elsa"))
    for agent in agents:
        agent.supported = REPLACES
        assert agent.register().status == 200
    yield agents[0], agents[1], agents[2]
    for agent in agents:
        agent.register(expires=0, cseq=50)


@dataclass
class Held:
    """Both ends of a call that is up."""

    caller: Call
    callee: Call

    def replaced(self) -> str:
        """The Replaces that names it, as its caller writes it for the callee."""
        return f"{self.caller.call_id};to-tag={tag_of(self.caller.remote)};from-tag={tag_of(self.caller.local)}"


def talk(caller: Agent, callee: Agent, dialled: str) -> Held:
    return Held(*connected(caller, callee, dialled))


def refer(transferor: Agent, call: Call, receiver: Agent, target: str, replaces: str) -> tuple[str, str]:
    """REFER with Replaces to the other end of `call`; the URI and the Replaces that it is told to call."""
    refer_to = f"<{target}?Replaces={quote(replaces, safe='')}>"
    transferor.request(call, "REFER", extra=(f"Refer-To: {refer_to}",))
    asked = receiver.expect("REFER")
    receiver.answer(asked, 202)
    transferor.expect(202)
    found = re.fullmatch(r"<(sip:[^?]+)\?Replaces=([^>]+)>", asked["refer-to"])
    assert found, asked["refer-to"]
    return found[1], unquote(found[2])


def hang_up(one: Agent, call: Call, other: Agent) -> None:
    one.request(call, "BYE")
    other.answer(other.expect("BYE"), 200)
    one.expect(200)


def cdr_facts(edge: Building, call: Call) -> list[str]:
    return [f["event"] for f in edge.facts() if f["call_id"] == call.call_id]


def reasons(edge: Building, call: Call) -> list[str]:
    (noted,) = [f for f in edge.facts() if f["call_id"] == call.call_id and f["event"] == "invite"]
    return [str(r).partition(" ")[0] for r in noted["reasons"]]


def nobody_is_left(edge: Building) -> None:
    until(lambda: not edge.kamailio.call("htable.dump", "call"), 2, "no call is left on the board")


@pytest.mark.acceptance("X-3", "K-4")
@pytest.mark.parametrize("consulted_by", ["transferor", "target"])
def test_an_attended_transfer_reaches_the_phone_that_holds_the_call(
    edge: Building, three: tuple[Agent, Agent, Agent], consulted_by: str
) -> None:
    """Also where Elsa had called Ana: she is then the caller of the call that is replaced."""
    ana, beto, elsa = three
    first = talk(ana, beto, "102")
    if consulted_by == "transferor":
        second = talk(ana, elsa, "103")
        anas, elsas = second.caller, second.callee
        named = second.replaced()
    else:
        second = talk(elsa, ana, "101")
        anas, elsas = second.callee, second.caller
        named = f"{anas.call_id};to-tag={tag_of(elsas.local)};from-tag={tag_of(elsas.remote)}"
    uri, replaces = refer(ana, first.caller, beto, elsa.contact, named)
    assert f"@{edge.sip[0]}:{edge.sip[1]}" in uri, "it is asked for by us, not at Elsa's phone"
    assert replaces == named

    moved = beto.dial("", uri=uri, extra=(f"Replaces: {replaces}", "Require: replaces"))
    invite = elsa.expect("INVITE")
    assert invite["replaces"] == named
    assert "102" in invite["from"], "Elsa sees Beto"
    elsa.answer(invite, 180)
    assert '"Elsa Ruiz" <sip:103@' in beto.expect(180)["p-asserted-identity"], "Beto's display follows"
    elsas_new = elsa.take(invite)
    answer = beto.outcome(moved)
    assert answer.status == 200
    assert '"Elsa Ruiz" <sip:103@' in answer["p-asserted-identity"]
    elsa.expect("ACK")
    hang_up(elsa, elsas, ana)
    hang_up(ana, first.caller, beto)
    assert cdr_facts(edge, moved)[-1] == "answered"
    assert "takes-place" in reasons(edge, moved)
    hang_up(beto, moved, elsa)
    assert elsas_new.call_id == moved.call_id
    ended = [f["by"] for f in edge.facts() if f["event"] == "ended" and f["call_id"] == second.caller.call_id]
    assert ended == ["callee" if consulted_by == "transferor" else "caller"]
    nobody_is_left(edge)


@pytest.mark.acceptance("X-3")
def test_the_address_of_the_phone_itself_is_enough(edge: Building, three: tuple[Agent, Agent, Agent]) -> None:
    """A phone may call what the transferor knew Elsa by, whatever the REFER that reached it named."""
    ana, beto, elsa = three
    first, second = talk(ana, beto, "102"), talk(ana, elsa, "103")
    _, replaces = refer(ana, first.caller, beto, elsa.contact, second.replaced())
    moved = beto.dial("", uri=elsa.contact, extra=(f"Replaces: {replaces}",))
    elsa.take(elsa.expect("INVITE"))
    assert beto.outcome(moved).status == 200
    elsa.expect("ACK")
    hang_up(elsa, second.callee, ana)
    hang_up(ana, first.caller, beto)
    hang_up(beto, moved, elsa)
    nobody_is_left(edge)


@pytest.mark.acceptance("X-3")
def test_a_target_that_only_rings_yet_takes_the_call_with_its_second_try(
    edge: Building, three: tuple[Agent, Agent, Agent]
) -> None:
    """RFC 3891 §3: who did not start an early dialog answers 481; then the phone rings as any."""
    ana, beto, elsa = three
    first = talk(ana, beto, "102")
    consulting = ana.dial("103")
    rung = elsa.expect("INVITE")
    elsa.answer(rung, 180)
    ringing = ana.expect(180)
    named = f"{consulting.call_id};to-tag={tag_of(ringing['to'])};from-tag={tag_of(consulting.local)}"
    uri, replaces = refer(ana, first.caller, beto, elsa.contact, named)
    moved = beto.dial("", uri=uri, extra=(f"Replaces: {replaces}",))
    early = elsa.expect("INVITE")
    assert early["replaces"] == named
    elsa.answer(early, 481)
    plain = elsa.expect("INVITE")
    assert not plain["replaces"]
    elsa.answer(plain, 180)
    beto.expect(180)
    ana.cancel(consulting)
    elsa.answer(elsa.expect("CANCEL"), 200)
    elsa.answer(rung, 487)
    assert ana.outcome(consulting).status == 487
    elsa.take(plain)
    assert beto.outcome(moved).status == 200
    elsa.expect("ACK")
    hang_up(ana, first.caller, beto)
    hang_up(beto, moved, elsa)
    nobody_is_left(edge)


@pytest.mark.acceptance("X-3")
def test_a_phone_that_cannot_replace_is_asked_to_answer_by_itself(
    edge: Building, three: tuple[Agent, Agent, Agent]
) -> None:
    ana, beto, elsa = three
    elsa.supported = "timer"
    first, second = talk(ana, beto, "102"), talk(ana, elsa, "103")
    uri, replaces = refer(ana, first.caller, beto, elsa.contact, second.replaced())
    moved = beto.dial("", uri=uri, extra=(f"Replaces: {replaces}", "Require: replaces, timer"))
    invite = elsa.expect("INVITE")
    assert (invite["replaces"], invite["require"]) == ("", "timer")
    assert "answer-after=0" in invite["call-info"]
    elsa.take(invite)
    assert beto.outcome(moved).status == 200
    elsa.expect("ACK")
    hang_up(ana, second.caller, elsa)
    hang_up(ana, first.caller, beto)
    hang_up(beto, moved, elsa)
    assert "place-by-ringing" in reasons(edge, moved)
    nobody_is_left(edge)


@pytest.mark.acceptance("X-3")
def test_the_transferor_goes_on_with_both_when_the_target_declines(
    edge: Building, three: tuple[Agent, Agent, Agent]
) -> None:
    ana, beto, elsa = three
    first, second = talk(ana, beto, "102"), talk(ana, elsa, "103")
    uri, replaces = refer(ana, first.caller, beto, elsa.contact, second.replaced())
    moved = beto.dial("", uri=uri, extra=(f"Replaces: {replaces}",))
    elsa.answer(elsa.expect("INVITE"), 603)
    assert beto.outcome(moved).status == 603
    beto.request(first.callee, "NOTIFY", extra=("Event: refer", "Subscription-State: terminated"))
    ana.answer(ana.expect("NOTIFY"), 200)
    beto.expect(200)
    for call, other in ((first, beto), (second, elsa)):
        # She resumes either of them.
        ana.request(call.caller, "INVITE", body=ana.sdp)
        other.answer(other.expect("INVITE"), 200, body=other.sdp)
        assert ana.expect(200)["call-id"] == call.caller.call_id
        ana.request(call.caller, "ACK", count=False)
        other.expect("ACK")
        hang_up(ana, call.caller, other)
    nobody_is_left(edge)


@pytest.mark.acceptance("X-3")
def test_a_call_that_is_gone_loses_nothing(edge: Building, three: tuple[Agent, Agent, Agent]) -> None:
    ana, beto, elsa = three
    first, second = talk(ana, beto, "102"), talk(ana, elsa, "103")
    uri, replaces = refer(ana, first.caller, beto, elsa.contact, second.replaced())
    hang_up(elsa, second.callee, ana)
    moved = beto.dial("", uri=uri, extra=(f"Replaces: {replaces}",))
    assert beto.outcome(moved).status == 481
    assert reasons(edge, moved)[-1] == "place-gone"
    hang_up(ana, first.caller, beto)
    for uri in (f"sip:nobody@{edge.sip[0]}:{edge.sip[1]}", elsa.contact):
        assert beto.outcome(beto.dial("", uri=uri, extra=("Replaces: x;to-tag=y;from-tag=z",))).status == 481
    nobody_is_left(edge)


@pytest.mark.acceptance("X-3", "J-1")
def test_nobody_takes_a_place_that_was_not_offered(
    edge: Building, three: tuple[Agent, Agent, Agent], phone: MakePhone, carrier: Callable[[Building], Agent]
) -> None:
    """No colleague by itself, no phone of another company, no trunk; and there is no other way past us."""
    ana, beto, elsa = three
    dario = phone(edge, "dario")
    assert dario.register().status == 200
    call = talk(ana, elsa, "103")
    stolen = (f"Replaces: {call.replaced()}",)
    said = (*stolen, f"Referred-By: <sip:{ana.user}@{edge.sip[0]}>")
    for thief in (beto, dario):
        for extra in (stolen, said):
            assert thief.outcome(thief.dial("", uri=elsa.contact, extra=extra)).status == 403
    assert beto.outcome(beto.dial("103", extra=stolen)).status == 403
    outside = carrier(edge)
    assert outside.outcome(outside.dial("", uri=elsa.contact, extra=stolen)).status == 403
    with_replaces = outside.dial("+525550000103", extra=stolen)
    rung: Message = elsa.expect("INVITE")
    assert not rung["replaces"], "a trunk's Replaces reaches no phone"
    elsa.answer(rung, 486)
    assert outside.outcome(with_replaces).status == 486
    elsa.expect("ACK")
    hang_up(ana, call.caller, elsa)
    nobody_is_left(edge)
