"""A group over two buildings, a transfer that comes back, an emergency without its place: a real Kamailio."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.sample import SITE, feature_rows, sample_rows, sip_user
from wire.rows import Phone, Row, Trunk
from wire.services import TrunkUse


@pytest.fixture(scope="module")
def far() -> Iterator[Agent]:
    """What stands at the far end of the trunk to the other building, where Elsa's phone is."""
    agent = Agent("far", "", ("127.0.0.1", 1))
    yield agent
    agent.close()


def house(carrier_port: int, far_port: int = 9) -> tuple[Row, ...]:
    rows = {(r.kind, r.id): r for r in (*sample_rows("127.0.0.1", carrier_port), *feature_rows())}
    elsa = rows["phone", "phone-elsa"]
    assert isinstance(elsa, Phone)
    more = (
        replace(elsa, site_id="site-norte"),
        Trunk("trunk-centre", SITE, "Centre", "central", "127.0.0.1", far_port, priority=1),
        TrunkUse("trunk-centre", SITE, classes="internal"),
    )
    return tuple((rows | {(r.kind, r.id): r for r in more}).values())


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, far: Agent) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("two")) as b:
        b.publish(house(b.carrier_port, far.port))
        b.start("redis", "rtpengine", "kamailio")
        far.registrar = b.sip
        yield b


@pytest.mark.acceptance("J-2")
def test_a_group_rings_in_both_buildings_and_the_far_phone_answers(two: Building, far: Agent, phone: MakePhone) -> None:
    ana, beto = phone(two, "ana"), phone(two, "beto")
    assert ana.register().status == beto.register().status == 200
    call = ana.dial("150")
    here, there = beto.expect("INVITE"), far.expect("INVITE")
    assert there["x-conserje-goto"] == "phone:phone-elsa"
    assert not here.all("x-conserje-goto")
    assert f"sip:{sip_user('elsa')}@" in there.uri
    beto.answer(here, 180, "Ringing")
    far.take(there)
    assert ana.outcome(call).status == 200
    assert "cause=200" in beto.expect("CANCEL")["reason"]


@pytest.mark.acceptance("X-2")
@pytest.mark.parametrize("target", ["busy", "silent"])
def test_a_transferred_call_that_is_not_taken_comes_back_marked(two: Building, phone: MakePhone, target: str) -> None:
    ana, beto, elsa = phone(two, "ana"), phone(two, "beto"), phone(two, "elsa")
    assert {a.register(expires=60).status for a in (ana, beto, elsa)} == {200}
    call = ana.dial("102", extra=(f"Referred-By: <sip:{sip_user('elsa')}@conserje>",))
    invite, rang = beto.expect("INVITE"), time.monotonic()
    if target == "busy":
        beto.answer(invite, 486, "Busy Here")
    else:
        beto.answer(invite, 180, "Ringing")
        beto.answer(beto.expect("CANCEL", seconds=10), 200, "OK")
        beto.answer(invite, 487, "Request Terminated")
        assert time.monotonic() - rang > two.settings.sip.ring_s - 0.5, "he had his time"
    back = elsa.expect("INVITE")
    assert back["from"].startswith('"Devuelta: Ana Núñez" <sip:101@')
    elsa.take(back)
    assert ana.outcome(call).status == 200
    elsa.register(expires=0, cseq=60)


@pytest.mark.acceptance("E-1")
def test_an_emergency_whose_location_a_carrier_cannot_read_is_offered_again_without(
    two: Building, phone: MakePhone, carrier: Callable[[Building], Agent]
) -> None:
    ana = phone(two, "ana")
    two.publish([r for r in house(two.carrier_port) if r.id != "trunk-centre"])
    far = carrier(two)
    call = ana.dial("911", extra=("Privacy: id",))
    first = far.expect("INVITE")
    assert first["geolocation"].startswith("<data:application/pidf+xml")
    assert first["p-asserted-identity"] == "<sip:+525550000100@127.0.0.1>"
    assert not first.all("privacy")
    far.answer(first, 400, "Bad Request")
    again = far.expect("INVITE")
    assert not again.all("geolocation")
    far.take(again)
    assert ana.outcome(call).status == 200
