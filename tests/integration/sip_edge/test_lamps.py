"""Lamps through a real Kamailio: who may watch whom, what a watcher is told of calls, and what outlives a restart."""

import time
from collections.abc import Iterator

import pytest

from appliance.sip_edge.kamailio.board import IN_CALL
from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.integration.sip_edge.test_board import on_board
from tests.integration.sip_edge.watching import Watch
from tests.lab.waiting import until


@pytest.fixture(scope="module")
def lit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("lamps")) as b:
        b.start("kamailio", "lamps")
        yield b


@pytest.fixture
def pair(lit: Building, phone: MakePhone) -> Iterator[tuple[Agent, Agent]]:
    ana, beto = phone(lit, "ana"), phone(lit, "beto")
    assert ana.register().status == beto.register().status == 200
    yield ana, beto
    for agent in (ana, beto):
        agent.register(expires=0, cseq=50)


@pytest.mark.acceptance("K-1")
def test_a_lamp_follows_a_call_from_its_ringing_to_its_end(
    lit: Building, pair: tuple[Agent, Agent], phone: MakePhone
) -> None:
    ana, beto = pair
    elsa = Watch(phone(lit, "elsa"), "102", "dialog")
    assert elsa.subscribe().status == 200
    assert elsa.dialogs() == []
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    rang = time.monotonic()
    beto.answer(invite, 180, "Ringing")
    assert elsa.sees("early") == ("recipient", "early", "101")
    assert time.monotonic() - rang < 1
    leg = beto.take(invite)
    assert ana.outcome(call).status == 200
    beto.expect("ACK")
    assert elsa.sees("confirmed") == ("recipient", "confirmed", "101")
    beto.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)
    assert elsa.sees("terminated")[1] == "terminated"
    assert elsa.versions == list(range(len(elsa.versions)))


@pytest.mark.acceptance("K-1")
def test_the_callers_own_lamp_shows_whom_it_calls(lit: Building, pair: tuple[Agent, Agent], phone: MakePhone) -> None:
    ana, beto = pair
    elsa = Watch(phone(lit, "elsa"), "101", "dialog")
    assert elsa.subscribe().status == 200
    elsa.told()
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    beto.answer(invite, 180, "Ringing")
    assert elsa.sees("early") == ("initiator", "early", "102")
    ana.cancel(call)
    beto.answer(beto.expect("CANCEL"), 200)
    beto.answer(invite, 487)
    assert ana.outcome(call).status == 487
    assert elsa.sees("terminated")[0] == "initiator"


@pytest.mark.acceptance("K-1", "J-1")
def test_101_of_acme_is_never_101_of_bravo(lit: Building, pair: tuple[Agent, Agent], phone: MakePhone) -> None:
    ana, beto = pair
    dario = Watch(phone(lit, "dario"), "102", "dialog")
    assert dario.subscribe().status == 200
    assert dario.dialogs() == []
    nobody = Watch(phone(lit, "dario"), "103", "dialog")
    assert nobody.subscribe().status == 404, "103 is Acme's alone"
    call = ana.dial("102")
    beto.answer(beto.expect("INVITE"), 486, "Busy Here")
    assert ana.outcome(call).status == 486
    assert dario.agent.nothing(0.7)


def test_only_who_proves_itself_watches_and_only_what_is_there(lit: Building, phone: MakePhone) -> None:
    stranger = Watch(phone(lit, "ana", secret="wrong"), "102", "dialog")
    with pytest.raises(AssertionError, match="waited for"):
        stranger.agent.expect(200, seconds=0.1)
    stranger._send(600)
    asked = stranger.agent.expect(407)
    stranger._send(600, stranger.agent.authorization(stranger.agent.challenged(asked), "SUBSCRIBE", stranger._uri))
    assert stranger.agent.expect(200, 407).status == 407
    assert Watch(phone(lit, "ana"), "102", "presence").subscribe().status == 489
    assert Watch(phone(lit, "ana"), "102", "dialog").subscribe(10).status == 423
    lost = Watch(phone(lit, "ana"), "102", "dialog", remote_tag="made-up")
    assert lost.subscribe().status == 481


def test_a_subscription_is_refreshed_and_taken_back(lit: Building, phone: MakePhone) -> None:
    watch = Watch(phone(lit, "ana"), "102", "dialog")
    assert watch.subscribe().status == 200
    assert "active" in watch.told()["subscription-state"]
    assert watch.subscribe(900).status == 200
    assert "active" in watch.told()["subscription-state"]
    assert watch.subscribe(0).status == 200
    assert watch.told()["subscription-state"] == "terminated;reason=timeout"
    assert watch.subscribe().status == 481


def test_a_phone_has_fifty_keys_and_not_a_hundred(lit: Building, phone: MakePhone) -> None:
    ana = phone(lit, "ana")
    answers = []
    for _ in range(66):
        watch = Watch(ana, "103", "dialog")
        answers.append(watch.subscribe().status)
        if answers[-1] == 200:
            watch.told()
    assert answers == [200] * 66, "a phone that was restarted asks for the same again"
    assert Watch(ana, "102", "dialog").subscribe().status == 403, "and one that asks for more is refused"


@pytest.mark.acceptance("K-1")
def test_fifty_watchers_know_within_a_second(lit: Building, pair: tuple[Agent, Agent], phone: MakePhone) -> None:
    ana, beto = pair
    watches = [Watch(phone(lit, "elsa"), "102", "dialog") for _ in range(50)]
    for watch in watches:
        assert watch.subscribe().status == 200
        watch.told()
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    rang = time.monotonic()
    beto.answer(invite, 180, "Ringing")
    for watch in watches:
        assert watch.sees("early")[2] == "101"
    took = time.monotonic() - rang
    assert took < 1, f"{took:.2f} s"
    ana.cancel(call)
    beto.answer(beto.expect("CANCEL"), 200)
    beto.answer(invite, 487)
    ana.outcome(call)


@pytest.mark.acceptance("W-1", "K-1")
def test_a_phone_that_lost_its_power_in_a_call_is_free_when_it_is_back(
    lit: Building, pair: tuple[Agent, Agent], phone: MakePhone
) -> None:
    ana, beto = pair
    elsa = Watch(phone(lit, "elsa"), "102", "dialog")
    assert elsa.subscribe().status == 200
    elsa.told()
    call = ana.dial("102")
    beto.take(beto.expect("INVITE"))
    assert ana.outcome(call).status == 200
    elsa.sees("confirmed")
    assert on_board(lit, IN_CALL, beto.user) == 1
    # The look before must be more than a second and a half old, or the call counts as one of its new life.
    until(lambda: time.time() * 1000 > _answered_ms(lit, call.call_id) + 1600, 3, "the call is older than the boot")
    again = phone(lit, "beto", port=0)
    beto.register(expires=0, cseq=60)
    assert again.register(call_id="after-the-power-cut").status == 200
    assert elsa.sees("terminated", 5)
    until(lambda: on_board(lit, IN_CALL, beto.user) == 0, 15, "Beto is free")
    ana.request(call, "BYE")
    beto.answer(beto.expect("BYE"), 200)
    again.register(expires=0, cseq=70, call_id="after-the-power-cut")


def _answered_ms(b: Building, call_id: str) -> int:
    return next(int(f["at_ms"]) for f in b.facts() if f["call_id"] == call_id and f["event"] == "answered")


@pytest.mark.acceptance("K-1")
def test_lamps_and_calls_outlive_the_death_of_kamailio_and_of_the_lamps_service(
    lit: Building, pair: tuple[Agent, Agent], phone: MakePhone
) -> None:
    ana, beto = pair
    dario = Watch(phone(lit, "dario"), "101", "dialog")
    carla = phone(lit, "carla")
    assert carla.register().status == dario.agent.register().status == 200
    assert dario.subscribe().status == 200
    dario.told()
    call = ana.dial("102")
    leg = beto.take(beto.expect("INVITE"))
    assert ana.outcome(call).status == 200
    lit.kill("lamps")
    lit.kill("kamailio")
    lit.start("kamailio", "lamps")
    assert dario.dialogs(8) == [], "told anew after the restart"
    # Both are still in their call: the board knows it again.
    until(lambda: on_board(lit, IN_CALL, ana.user) == 1 and on_board(lit, IN_CALL, beto.user) == 1, 5, "both are busy")
    beto.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)
    until(lambda: on_board(lit, IN_CALL, ana.user) == 0, 5, "Ana is free")
    first = dario.agent.dial("101")
    carla.answer(carla.expect("INVITE"), 180)
    assert dario.sees("early")[0] == "recipient"
    dario.agent.cancel(first)
