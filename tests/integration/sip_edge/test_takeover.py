"""Transfers of calls over a trunk that is never asked for it: voice takes the place of the phone that transfers."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.integration.sip_edge.agent import Agent, Call, tag_of
from tests.integration.sip_edge.building import ADDRESS, Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.integration.sip_edge.takeover import (
    MOBILE,
    calls_of,
    completes,
    consults,
    contact_of,
    inbound,
    let_go,
    nothing_left,
    outbound,
    refers,
    taken_over,
    talk_again,
    they_hear_each_other,
    told,
)
from tests.lab.sample import ACME, sample_rows
from tests.lab.waiting import until
from wire.rows import Trunk
from wire.services import Preferences

pytestmark = pytest.mark.alone

MakeCarrier = Callable[[Building], Agent]


@pytest.fixture(scope="module")
def manned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("takeover")) as b:
        b.start("redis", "rtpengine", "kamailio", "voice", "edge")
        until(lambda: '"voice_up": true' in (b.settings.paths.reports_dir / "edge.json").read_text(), 30, "voice is up")
        yield b


@pytest.fixture
def three(manned: Building, phone: MakePhone) -> Iterator[tuple[Agent, Agent, Agent]]:
    agents = tuple(phone(manned, name) for name in ("ana", "beto", "elsa"))
    assert all(a.register().status == 200 for a in agents)
    yield agents[0], agents[1], agents[2]
    for agent in agents:
        agent.register(expires=0, cseq=50)


@pytest.mark.acceptance("X-2")
def test_an_outbound_call_is_transferred_without_asking_the_trunk(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier
) -> None:
    ana, beto, _ = three
    far = carrier(manned)
    call, there = outbound(ana, far)
    assert refers(ana, call, "102").status == 202
    again = taken_over(far)
    assert tag_of(again["from"]) == tag_of(call.local)
    assert int(again["cseq"].split()[0]) > int(there.invite["cseq"].split()[0])  # type: ignore[index]
    assert told(ana) == "SIP/2.0 100 Trying"
    ring = beto.expect("INVITE")
    assert f"+52{MOBILE}" in ring["from"]
    beto.answer(ring, 180, "Ringing")
    assert told(ana) == "SIP/2.0 200 OK"
    here = beto.take(ring)
    beto.expect("ACK")
    until(lambda: not calls_of(manned, "ana"), 3, "Ana's phone is free")
    ana.request(call, "BYE")
    assert ana.expect(200)["cseq"].endswith("BYE")
    assert far.nothing(), "the trunk hears nothing of it"
    they_hear_each_other((far, again.media), (beto, ring.media))
    far.request(Call(there.call_id, there.local, there.remote, there.target, there.routes, 500), "BYE")
    far.expect(200)
    let_go(beto)
    assert here
    nothing_left(manned)


@pytest.mark.acceptance("X-3", "H-1")
@pytest.mark.parametrize(("case", "number"), [("trusted", "+525550000102"), ("untrusted", ""), ("hidden", "")])
def test_a_trusted_trunk_is_told_whom_its_party_was_transferred_to(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier, case: str, number: str
) -> None:
    """By UPDATE, where it takes one: its number, as callers show it; not where it hides."""
    ana, beto, _ = three
    rows = sample_rows(ADDRESS, manned.carrier_port)
    trunk = next(r for r in rows if isinstance(r, Trunk))
    hides = Preferences("person-beto", ACME, hide_caller_id=True)
    changed = (*rows, hides) if case == "hidden" else (*rows, replace(trunk, trusted=case == "trusted"))
    manned.publish([r for r in changed if case == "hidden" or r is not trunk])
    far = carrier(manned)
    call, there = outbound(ana, far)
    assert refers(ana, call, "102").status == 202
    again = taken_over(far, "INVITE, ACK, BYE, UPDATE")
    assert not again["p-asserted-identity"], "nobody is there yet"
    told(ana)
    ring = beto.expect("INVITE")
    beto.take(ring)
    beto.expect("ACK")
    asserted = ""
    if case != "untrusted":
        update = far.expect("UPDATE")
        far.answer(update, 200)
        asserted = update["p-asserted-identity"]
    assert asserted == (f"<sip:{number}@{ADDRESS}>" if number else "")
    they_hear_each_other((far, again.media), (beto, ring.media))
    far.request(Call(there.call_id, there.local, there.remote, there.target, there.routes, 500), "BYE")
    assert far.expect("UPDATE", 200).status == 200, "told once"
    let_go(beto)
    manned.publish(rows)
    nothing_left(manned)


@pytest.mark.acceptance("X-2")
def test_an_inbound_call_whose_target_is_busy_comes_back_marked(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier
) -> None:
    ana, beto, _ = three
    far = carrier(manned)
    here, call = inbound(far, ana)
    assert refers(ana, here, "102").status == 202
    again = taken_over(far)
    assert told(ana) == "SIP/2.0 100 Trying"
    beto.answer(beto.expect("INVITE"), 486, "Busy Here")
    back = ana.expect("INVITE")
    assert back["from"].startswith('"Devuelta:')
    assert "5555001122" in back["from"]
    ana.answer(back, 180, "Ringing")
    assert told(ana) == "SIP/2.0 200 OK"
    let_go(ana)
    talk_again(manned, ana, back, far, again)
    assert call


@pytest.mark.acceptance("X-2")
def test_an_inbound_call_whose_target_does_not_answer_comes_back_marked(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier
) -> None:
    """Ana is let go as soon as Beto rings; he is given the time that phones ring, at most 30 s."""
    ana, beto, _ = three
    far = carrier(manned)
    here, call = inbound(far, ana)
    assert refers(ana, here, "102").status == 202
    again = taken_over(far)
    assert told(ana) == "SIP/2.0 100 Trying"
    silent, rang = beto.expect("INVITE"), time.monotonic()
    beto.answer(silent, 180, "Ringing")
    assert told(ana) == "SIP/2.0 200 OK"
    let_go(ana)
    beto.answer(beto.expect("CANCEL", seconds=10), 200, "OK")
    beto.answer(silent, 487, "Request Terminated")
    assert time.monotonic() - rang > manned.settings.sip.ring_s - 0.5, "he had his time"
    back = ana.expect("INVITE")
    assert back["from"].startswith('"Devuelta:') and "5555001122" in back["from"]
    talk_again(manned, ana, back, far, again)
    assert call


@pytest.mark.acceptance("X-2")
def test_a_phone_that_hangs_up_at_once_has_transferred_all_the_same(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier
) -> None:
    ana, beto, _ = three
    far = carrier(manned)
    call, there = outbound(ana, far)
    assert refers(ana, call, "102").status == 202
    ana.request(call, "BYE")
    assert ana.expect(200)["cseq"].endswith("BYE")
    taken_over(far)
    ring = beto.expect("INVITE")
    beto.take(ring)
    beto.expect("ACK")
    assert far.nothing(0.3)
    beto.request(Call(ring["call-id"], f"{ring['to']};tag={beto.tag_for(ring)}", ring["from"], contact_of(ring),
                      tuple(ring.all("record-route")), 100), "BYE")  # fmt: skip
    beto.expect(200)
    far.answer(far.expect("BYE"), 200)
    assert there
    nothing_left(manned)


@pytest.mark.acceptance("X-2")
def test_what_cannot_be_transferred_is_refused_and_the_call_goes_on(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier
) -> None:
    ana, _, _ = three
    far = carrier(manned)
    call, there = outbound(ana, far)
    assert refers(ana, call, "5" * 60).status == 484
    ana.request(call, "REFER", extra=("Refer-To: <sip:102@192.0.2.7>",))
    assert ana.expect(202, 403).status == 403
    ana.request(call, "REFER", extra=("Refer-To: nowhere",))
    assert ana.expect(202, 400).status == 400
    host, port = ana.registrar
    other = f"Refer-To: <sip:102@{host}:{port}?Replaces=no-such-call%3Bto-tag%3Da%3Bfrom-tag%3Db>"
    ana.request(call, "REFER", extra=(other,))
    assert ana.expect(202, 481).status == 481
    # Nobody outside moves our calls, in whosever name.
    far.request(there, "REFER", extra=(f"Refer-To: <sip:102@{host}:{port}>",))
    assert far.expect(202, 403).status == 403
    # voice asks for the place, the far end will not have it: the phone still has the call.
    assert refers(ana, call, "102").status == 202
    far.answer(far.expect("INVITE"), 488, "Not Acceptable Here")
    assert told(ana) == "SIP/2.0 100 Trying"
    assert told(ana).startswith("SIP/2.0 488")
    assert ana.nothing(1.5), "she is not hung up on"
    ana.request(call, "BYE")
    far.answer(far.expect("BYE"), 200)
    ana.expect(200)
    nothing_left(manned)


@pytest.mark.acceptance("X-2")
@pytest.mark.parametrize("when", ["at the re-INVITE", "while it rings", "while they talk"])
def test_the_far_end_may_hang_up_at_any_moment(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier, when: str
) -> None:
    ana, beto, _ = three
    far = carrier(manned)
    here, call = inbound(far, ana)
    assert refers(ana, here, "102").status == 202
    if when == "at the re-INVITE":
        again = far.expect("INVITE")
        far.request(call, "BYE")
        let_go(ana)
        far.expect(200)
        far.answer(again, 481, "Gone")
    else:
        taken_over(far)
        ring = beto.expect("INVITE")
        beto.answer(ring, 180, "Ringing")
        if when == "while they talk":
            beto.take(ring)
            beto.expect("ACK")
        far.request(call, "BYE")
        far.expect(200)
        if when == "while they talk":
            let_go(beto)
        else:
            cancel = beto.expect("CANCEL")
            beto.answer(cancel, 200)
            beto.answer(ring, 487, "Request Terminated")
    nothing_left(manned)


@pytest.mark.acceptance("X-3")
@pytest.mark.parametrize("first", ["the trunk's call", "the colleague's call"])
def test_a_caller_and_a_colleague_are_put_together(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier, first: str
) -> None:
    ana, beto, _ = three
    far = carrier(manned)
    here, call = inbound(far, ana)
    second, there = consults(ana, beto, "102")
    if first == "the trunk's call":
        assert completes(ana, here, second, "102").status == 202
    else:
        assert completes(ana, second, here, "102").status == 202
    seen = {}
    for agent in (far, beto):
        again = agent.expect("INVITE")
        agent.answer(again, 200, "OK", agent.sdp)
        agent.expect("ACK")
        seen[agent.user] = again
    assert "5555001122" in seen[beto.user]["p-asserted-identity"], "Beto's phone shows who he talks to now"
    assert seen["carrier"].all("p-asserted-identity") == [f"<sip:+525550000102@{ADDRESS}>"]
    assert told(ana) == "SIP/2.0 100 Trying"
    assert told(ana) == "SIP/2.0 200 OK"
    for one in (here, second):
        ana.request(one, "BYE")
        assert ana.expect(200)["cseq"].endswith("BYE")
    they_hear_each_other((far, seen["carrier"].media), (beto, seen[beto.user].media))
    until(lambda: not calls_of(manned, "ana") and calls_of(manned, "beto"), 3, "Ana's phone is free")
    beto.request(there, "BYE")
    beto.expect(200)
    far.answer(far.expect("BYE"), 200)
    assert call
    nothing_left(manned)


@pytest.mark.acceptance("X-3")
def test_two_outside_parties_are_put_together_and_who_has_left_is_put_back(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier
) -> None:
    ana, _, _ = three
    far = carrier(manned)
    here, call = inbound(far, ana)
    second, there = consults(ana, far, MOBILE)
    assert completes(ana, here, second, MOBILE).status == 202
    for _ in range(2):
        taken_over(far)
    assert told(ana) == "SIP/2.0 100 Trying"
    assert told(ana) == "SIP/2.0 200 OK"
    let_go(ana)
    ana.request(second, "BYE")
    ana.expect(200)
    far.request(call, "BYE")
    far.expect(200)
    far.answer(far.expect("BYE"), 200)
    assert there
    nothing_left(manned)


@pytest.mark.acceptance("X-2")
def test_who_got_a_transferred_call_transfers_it_again(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier
) -> None:
    """From Ana to Beto and on to Elsa: Beto's end of the call is voice's."""
    ana, beto, elsa = three
    far = carrier(manned)
    here, call = inbound(far, ana)
    assert refers(ana, here, "102").status == 202
    again = taken_over(far)
    ring = beto.expect("INVITE")
    assert "REFER" in ring["allow"]
    theirs = beto.take(ring)
    beto.expect("ACK")
    let_go(ana)
    assert refers(beto, theirs, "103").status == 202
    assert told(beto) == "SIP/2.0 200 OK"
    let_go(beto)
    last = elsa.expect("INVITE")
    assert "5555001122" in last["from"]
    elsa.take(last)
    elsa.expect("ACK")
    they_hear_each_other((far, again.media), (elsa, last.media))
    assert not calls_of(manned, "beto")
    far.request(call, "BYE")
    far.expect(200)
    let_go(elsa)
    nothing_left(manned)


@pytest.mark.acceptance("X-3")
def test_who_got_a_transferred_call_hands_it_over_after_asking(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier
) -> None:
    ana, beto, elsa = three
    far = carrier(manned)
    here, call = inbound(far, ana)
    assert refers(ana, here, "102").status == 202
    again = taken_over(far)
    ring = beto.expect("INVITE")
    theirs = beto.take(ring)
    beto.expect("ACK")
    let_go(ana)
    second, there = consults(beto, elsa, "103")
    assert completes(beto, theirs, second, "103").status == 202
    assert told(beto) == "SIP/2.0 200 OK"
    let_go(beto)
    asserted = taken_over(elsa)
    assert "5555001122" in asserted["p-asserted-identity"]
    they_hear_each_other((far, again.media), (elsa, asserted.media))
    beto.request(second, "BYE")
    beto.expect(200)
    elsa.request(there, "BYE")
    elsa.expect(200)
    far.answer(far.expect("BYE"), 200)
    assert call
    nothing_left(manned)


@pytest.mark.acceptance("X-2")
def test_a_voice_that_is_killed_in_a_transfer_leaves_nothing_stuck(
    manned: Building, three: tuple[Agent, Agent, Agent], carrier: MakeCarrier
) -> None:
    ana, beto, _ = three
    far = carrier(manned)
    call, there = outbound(ana, far)
    assert refers(ana, call, "102").status == 202
    taken_over(far)
    ring = beto.expect("INVITE")
    beto.answer(ring, 180, "Ringing")
    os.killpg(manned.running["voice"].pid, signal.SIGKILL)
    manned.kill("voice")
    ana.request(call, "BYE")
    assert ana.expect(200)["cseq"].endswith("BYE"), "her phone is free, whatever became of voice"
    beto.answer(ring, 480, "Nobody There")
    ana.answer(ana.expect("INVITE"), 486, "Busy Here")
    until(lambda: not calls_of(manned, "ana") and not calls_of(manned, "beto"), 3, "the phones are free")
    manned.start("voice")
    # The next voice ends what nobody could hear any more.
    far.answer(far.expect("BYE", seconds=15), 200)
    until(lambda: '"voice_up": true' in (manned.settings.paths.reports_dir / "edge.json").read_text(), 20, "it is back")
    nothing_left(manned)
    # The next call is transferred as ever.
    call, there = outbound(ana, far)
    until(lambda: refers(ana, call, "102").status == 202, 10, "voice takes it")
    taken_over(far)
    beto.answer(beto.expect("INVITE"), 180, "Ringing")
    far.request(there, "BYE")
    far.expect(200)


# Calls between two companies of the building


@pytest.fixture
def neighbours(manned: Building, phone: MakePhone) -> Iterator[tuple[Agent, Agent, Agent]]:
    """Ana and Beto of Acme, Carla of Bravo, where 102 is Darío's."""
    agents = tuple(phone(manned, name) for name in ("ana", "beto", "carla"))
    assert all(a.register().status == 200 for a in agents)
    yield agents[0], agents[1], agents[2]
    for agent in agents:
        agent.register(expires=0, cseq=50)


def from_next_door(carla: Agent, ana: Agent) -> tuple[Call, Call]:
    """Carla calls Ana by her full number. Ana's call, and hers."""
    call = carla.dial("5550000101")
    here = ana.take(ana.expect("INVITE"))
    assert carla.outcome(call).status == 200
    ana.expect("ACK")
    return here, call


@pytest.mark.acceptance("X-2", "J-1")
def test_a_neighbour_is_transferred_to_an_extension_of_the_transferors_company_and_comes_back(
    manned: Building, neighbours: tuple[Agent, Agent, Agent], phone: MakePhone
) -> None:
    ana, beto, carla = neighbours
    dario = phone(manned, "dario")
    assert dario.register().status == 200
    here, call = from_next_door(carla, ana)
    assert refers(ana, here, "102").status == 202
    again = taken_over(carla)
    assert not again.all("p-asserted-identity"), "nobody is shown to her before somebody answers"
    assert told(ana) == "SIP/2.0 100 Trying"
    ring = beto.expect("INVITE")
    assert "+525550000201" in ring["from"], "the full number, as between companies"
    beto.answer(ring, 486, "Busy Here")
    back = ana.expect("INVITE")
    assert back["from"].startswith('"Devuelta:') and "+525550000201" in back["from"]
    ana.answer(back, 180, "Ringing")
    assert told(ana) == "SIP/2.0 200 OK"
    let_go(ana)
    returned = ana.take(back)
    ana.expect("ACK")
    they_hear_each_other((carla, again.media), (ana, back.media))
    assert dario.nothing(0.1), "his extension is another company's"
    # Sent on, this time it is answered; the neighbour cannot send it anywhere by herself, and keeps her call.
    assert refers(ana, returned, "102").status == 202
    ring = beto.expect("INVITE")
    here = beto.take(ring)
    beto.expect("ACK")
    told(ana)
    let_go(ana)
    they_hear_each_other((carla, again.media), (beto, ring.media))
    carla.request(call, "BYE")
    carla.expect(200)
    let_go(beto)
    dario.register(expires=0, cseq=50)
    nothing_left(manned)


@pytest.mark.acceptance("X-2")
def test_who_called_a_neighbour_transfers_her_also_out_of_the_building(
    manned: Building, neighbours: tuple[Agent, Agent, Agent], carrier: MakeCarrier
) -> None:
    ana, _, carla = neighbours
    far = carrier(manned)
    call = ana.dial("5550000201")
    there = carla.take(carla.expect("INVITE"))
    assert ana.outcome(call).status == 200
    carla.expect("ACK")
    assert refers(ana, call, MOBILE).status == 202
    again = taken_over(carla)
    told(ana)
    ring = far.expect("INVITE")
    assert "5550000201" in ring["from"], "who calls is shown"
    out = far.take(ring)
    far.expect("ACK")
    told(ana)
    let_go(ana)
    they_hear_each_other((carla, again.media), (far, ring.media))
    until(lambda: not calls_of(manned, "ana") and calls_of(manned, "carla"), 3, "Ana's phone is free")
    far.request(out, "BYE")
    far.expect(200)
    carla.answer(carla.expect("BYE"), 200)
    assert there
    nothing_left(manned)


@pytest.mark.acceptance("X-3")
@pytest.mark.parametrize("first", ["the neighbour's call", "the colleague's call"])
def test_a_neighbour_and_a_colleague_are_put_together(
    manned: Building, neighbours: tuple[Agent, Agent, Agent], first: str
) -> None:
    ana, beto, carla = neighbours
    here, call = from_next_door(carla, ana)
    second, there = consults(ana, beto, "102")
    if first == "the neighbour's call":
        assert completes(ana, here, second, "102").status == 202
    else:
        assert completes(ana, second, here, "+525550000201").status == 202
    seen = {}
    for agent in (carla, beto):
        again = agent.expect("INVITE")
        agent.answer(again, 200, "OK", agent.sdp)
        agent.expect("ACK")
        seen[agent.user] = again
    assert "+525550000201" in seen[beto.user]["p-asserted-identity"], "Beto's phone shows who he talks to now"
    assert "+525550000102" in seen[carla.user]["p-asserted-identity"], "hers the full number, not 102"
    assert "Beto" not in seen[carla.user]["p-asserted-identity"]
    assert told(ana) == "SIP/2.0 100 Trying"
    assert told(ana) == "SIP/2.0 200 OK"
    for one in (here, second):
        ana.request(one, "BYE")
        assert ana.expect(200)["cseq"].endswith("BYE")
    they_hear_each_other((carla, seen[carla.user].media), (beto, seen[beto.user].media))
    until(lambda: not calls_of(manned, "ana") and calls_of(manned, "beto"), 3, "Ana's phone is free")
    beto.request(there, "BYE")
    beto.expect(200)
    carla.answer(carla.expect("BYE"), 200)
    assert call
    nothing_left(manned)


@pytest.mark.acceptance("X-3")
def test_a_colleague_is_sent_to_a_neighbour_who_still_rings(
    manned: Building, neighbours: tuple[Agent, Agent, Agent]
) -> None:
    ana, beto, carla = neighbours
    call = beto.dial("101")
    here = ana.take(ana.expect("INVITE"))
    assert beto.outcome(call).status == 200
    ana.expect("ACK")
    second = ana.dial("5550000201")
    ring = carla.expect("INVITE")
    carla.answer(ring, 180, "Ringing")
    early = ana.expect(180, 183)
    host, port = ana.registrar
    named = f"{second.call_id}%3Bto-tag%3D{tag_of(early['to'])}%3Bfrom-tag%3D{tag_of(second.local)}"
    ana.request(here, "REFER", extra=(f"Refer-To: <sip:5550000201@{host}:{port}?Replaces={named}>",))
    asked = beto.expect("REFER")
    beto.answer(asked, 202)
    assert ana.expect(202)
    assert "5550000201" in asked["refer-to"]
    its = tuple(f"{name}: {asked[name]}" for name in ("referred-by",))
    there = f"Replaces: {second.call_id};to-tag={tag_of(early['to'])};from-tag={tag_of(second.local)}"
    onward = beto.dial("5550000201", extra=(there, *its))
    rung = carla.expect("INVITE")
    assert "+525550000102" in rung["from"]
    carla.take(rung)
    assert beto.outcome(onward).status == 200
    carla.expect("ACK")
    ana.cancel(second)
    assert carla.expect("CANCEL")
    carla.answer(ring, 487, "Request Terminated")
    for one in (call, onward):
        beto.request(one, "BYE")
    ana.answer(ana.expect("BYE"), 200)
    carla.answer(carla.expect("BYE"), 200)
    nothing_left(manned)
