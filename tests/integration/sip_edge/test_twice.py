"""One INVITE that more than one answers, and one that comes twice: the call that stands is not touched by the other."""

import secrets
import time
from collections.abc import Callable, Iterator

import pytest

from appliance.sip_edge.callfacts import CallFact, decode
from appliance.sip_edge.cdr import OpenCall, fold, gather
from appliance.sip_edge.kamailio.board import IN_CALL, RINGS, entries
from tests.integration.sip_edge.agent import Agent, Call, Message, tag_of
from tests.integration.sip_edge.building import Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.sample import SITE, feature_rows, sample_rows
from tests.lab.waiting import until
from wire.facts import Cdr

Three = tuple[Agent, Agent, Agent]


@pytest.fixture(scope="module")
def b(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("twice")) as made:
        rows = {(r.kind, r.id): r for r in (*sample_rows("127.0.0.1", made.carrier_port), *feature_rows())}
        made.publish(tuple(rows.values()))
        made.start("redis", "rtpengine", "kamailio")
        yield made


@pytest.fixture
def three(b: Building, phone: MakePhone) -> Iterator[Three]:
    """Ana, and Beto and Elsa whom 150 rings together."""
    agents = phone(b, "ana"), phone(b, "beto"), phone(b, "elsa")
    assert all(a.register().status == 200 for a in agents)
    yield agents
    for agent in agents:
        agent.register(expires=0, cseq=50)


def on_board(b: Building, table: str, agent: Agent) -> int:
    found = b.kamailio.call("htable.get", table, agent.user)
    return len(entries(found["item"]["value"])) if found else 0


def record(b: Building, call: Call) -> Cdr | OpenCall:
    """What the edge service would make of the call's facts now."""
    lines = [line for f in b.settings.paths.call_spool_dir.glob("*.jsonl") for line in f.read_bytes().splitlines()]
    facts = [f for f in map(decode, lines) if f.call_id == call.call_id]
    ((key, of_call),) = gather(f for f in facts if isinstance(f, CallFact)).items()
    return fold(key, of_call, SITE)


def hear_each_other(caller: Agent, ok: Message, callee: Agent, invite: Message) -> None:
    for _ in range(3):
        caller.speak(ok.media)
        callee.speak(invite.media)
    assert caller.hears() == callee.user
    assert callee.hears() == caller.user


def both_answer(three: Three) -> tuple[Call, Message, Call, Call]:
    """Ana calls the group and both answer at once: the call, Beto's INVITE, either leg."""
    ana, beto, elsa = three
    call = ana.dial("150")
    first, second = beto.expect("INVITE"), elsa.expect("INVITE")
    # Both are sent before either can have been told that the other was first.
    leg, late = beto.take(first), elsa.take(second)
    assert ana.outcome(call).status == 200
    return call, first, leg, late


@pytest.mark.acceptance("R-1")
@pytest.mark.parametrize("ends", ["the caller", "the loser"])
def test_a_second_answer_ends_by_itself_and_the_first_goes_on(b: Building, three: Three, ends: str) -> None:
    ana, beto, elsa = three
    call, invite, leg, late = both_answer(three)
    answered = time.monotonic()
    assert call.invite
    winner = beto if tag_of(call.remote) == beto.tag_for(invite) else elsa
    loser, of_loser = (elsa, late) if winner is beto else (beto, leg)
    of_winner = leg if winner is beto else late
    assert of_winner.invite
    winner.expect("ACK")
    other = ana.also_answered(call)
    loser.expect("ACK")
    hear_each_other(ana, call.invite, winner, of_winner.invite)
    before = record(b, call)
    if ends == "the caller":
        ana.request(other, "BYE")
        loser.answer(loser.expect("BYE"), 200)
        ana.expect(200)
    else:
        loser.request(of_loser, "BYE")
        ana.answer(ana.expect("BYE"), 200)
        loser.expect(200)
    assert record(b, call) == before, "nothing is noted of the call"
    assert [on_board(b, IN_CALL, a) for a in (ana, winner, loser)] == [1, 1, 0]
    assert not any(on_board(b, RINGS, a) for a in three)
    hear_each_other(ana, call.invite, winner, of_winner.invite)
    # Held and taken back by a re-INVITE, it still is relayed.
    ana.request(call, "INVITE", ana.sdp)
    again = winner.expect("INVITE")
    winner.answer(again, 200, "OK", winner.sdp)
    assert ana.expect(200).media[1] != winner.rtp.getsockname()[1]
    ana.request(call, "ACK", count=False)
    winner.expect("ACK")
    talked_ms = int(1000 * (time.monotonic() - answered))
    ana.request(call, "BYE")
    winner.answer(winner.expect("BYE"), 200)
    ana.expect(200)
    done = record(b, call)
    assert isinstance(done, Cdr)
    assert (done.cause, done.answered_by) == ("answered", f"phone-{'beto' if winner is beto else 'elsa'}")
    assert done.talk_ms >= talked_ms, "as long as they talked"
    until(lambda: not b.kamailio.call("htable.dump", "call"), 2, "no call is left on the board")
    assert not b.kamailio.call("htable.dump", "places")


def by_another_way(call: Call, invite: Message, sender: Agent, b: Building, user: str) -> None:
    """Send the INVITE of a call once more, with a branch of the sender's."""
    mine = f"Via: SIP/2.0/UDP {sender.address}:{sender.port};branch=z9hG4bK{secrets.token_hex(6)}"
    gone = ("content-length", "content-type", "via", "record-route", "max-forwards")
    kept = [f"{n.title()}: {v}" for n, v in invite.headers if n not in gone]
    assert invite["call-id"] == call.call_id
    start = f"INVITE sip:{user}@{b.sip[0]}:{b.sip[1]} SIP/2.0"
    sender.send(start, [mine, "Max-Forwards: 60", *kept], invite.body)


def test_an_invite_that_a_trunk_sends_back_is_482_and_its_call_goes_on(
    b: Building, three: Three, carrier: Callable[[Building], Agent]
) -> None:
    ana, far = three[0], carrier(b)
    call = ana.dial("5512345678")
    invite = far.expect("INVITE")
    for user in ("+525512345678", "+525550000102"):
        # The very same, and as a proxy would that sends it to another number of the building.
        by_another_way(call, invite, far, b, user)
        assert far.expect(*range(400, 700)).status == 482
    assert on_board(b, IN_CALL, ana) == 1
    assert isinstance(record(b, call), OpenCall)
    leg = far.take(invite)
    assert ana.outcome(call).status == 200
    far.expect("ACK")
    by_another_way(call, invite, far, b, "+525512345678")
    assert far.expect(*range(400, 700)).status == 482
    assert call.invite
    hear_each_other(ana, call.invite, far, invite)
    assert on_board(b, IN_CALL, ana) == 1
    far.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)
    far.expect(200)
    done = record(b, call)
    assert isinstance(done, Cdr)
    assert (done.cause, done.talk_ms > 0, done.trunk_id) == ("answered", True, "trunk-carrier")
    # Its name is free again: who tries once more with the same one is served.
    by_another_way(call, invite, far, b, "+525550000102")
    again = three[1].expect("INVITE")
    three[1].answer(again, 486, "Busy Here")
    assert far.expect(*range(400, 700)).status == 480, "his mailbox would be voice's"


def test_an_invite_that_was_forked_on_its_way_to_us_rings_once(
    b: Building, three: Three, carrier: Callable[[Building], Agent]
) -> None:
    beto, far = three[1], carrier(b)
    call = far.dial("+525550000102", user="+525598765432")
    # At once, so that two workers hold them.
    for _ in range(3):
        far.invite_again(call)
    for _ in range(3):
        assert far.expect(*range(400, 700)).status == 482
    invite = beto.expect("INVITE")
    assert beto.nothing(0.3)
    leg = beto.take(invite)
    assert far.outcome(call).status == 200
    beto.expect("ACK")
    beto.request(leg, "BYE")
    far.answer(far.expect("BYE"), 200)
    done = record(b, call)
    assert isinstance(done, Cdr)
    assert done.cause == "answered"
