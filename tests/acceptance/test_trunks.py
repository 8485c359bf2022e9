"""Ways out: the first call after a trunk died, probes, Retry-After, registration, and a word when none is left."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from appliance.directory.reports import EdgeReport, TrunkReport
from appliance.kamailio_rpc import Kamailio
from appliance.vocabulary import LinkState
from tests.acceptance.conftest import House
from tests.lab.carrier import Carrier
from tests.lab.lab import CARRIER_ADDRESS, Lab
from tests.lab.sample import SITE, sample_rows
from tests.lab.waiting import until
from wire.rows import Trunk
from wire.services import TrunkUse

SECOND_ADDRESS, THIRD_ADDRESS = "10.30.0.4", "10.30.0.5"
LOGIN = ("torre", "a-secret")
AFTER_DEATH_S, ONCE_KNOWN_S = 4.0, 0.3
ANSWERS_S = 0.25
"""The carrier stand-in's own time from INVITE to 200; what is measured is the building's part."""


@dataclass
class Ways:
    house: House
    first: Carrier
    second: Carrier
    registered: Carrier

    def trunk(self, name: str) -> TrunkReport:
        said = self.house.building.report(EdgeReport)
        assert said
        return next(t for t in said.trunks if t.trunk_id == f"trunk-{name}")

    def is_(self, name: str, state: LinkState, seconds: float = 15) -> None:
        until(lambda: self.trunk(name).state is state, seconds, f"{name} is {state}")


@pytest.fixture(scope="module")
def ways() -> Iterator[Ways]:
    with Lab() as lab:
        place = lab.carrier.place
        assert place
        place.ip(*(f"addr add {a}/24 dev wan0" for a in (SECOND_ADDRESS, THIRD_ADDRESS)))
        second = Carrier(SECOND_ADDRESS, lab.directory / "carrier-2", place)
        third = Carrier(THIRD_ADDRESS, lab.directory / "carrier-3", place)
        for carrier in (second, third):
            carrier.start()
        third.registrar(*LOGIN, least_s=900)
        rows = (
            *sample_rows(CARRIER_ADDRESS),
            Trunk("trunk-second", SITE, "Segunda", "gateway", SECOND_ADDRESS, priority=20),
            Trunk("trunk-registered", SITE, "Con registro", "carrier", THIRD_ADDRESS, 5060, "udp", 30, True, *LOGIN),
            TrunkUse("trunk-registered", SITE, registers=True, classes="international"),
        )
        building = lab.building(enrolled=True, rows=rows)
        made = Ways(House(lab, building), lab.carrier, second, third)
        for name in ("carrier", "second", "registered"):
            made.is_(name, LinkState.UP)
        yield made
        for carrier in (second, third):
            carrier.power_off()


@pytest.fixture(params=["up", "cut"], scope="module")
def centre(request: pytest.FixtureRequest, ways: Ways) -> Iterator[str]:
    if request.param == "cut":
        ways.house.building.cut_centre()
        # A trunk that died twice lately is believed later: what the first run did to them is forgotten here.
        ways.house.building.processes.kill_and_time("edge")
    yield str(request.param)
    ways.house.building.mend_centre()


@pytest.fixture(autouse=True)
def quiet(ways: Ways) -> Iterator[None]:
    yield
    ways.house.quiet()
    for carrier in (ways.first, ways.second, ways.registered):
        carrier.lives()
        carrier.answers_options("ok")
        carrier.number(answer_s=0.2)


@pytest.mark.acceptance("S-6")
def test_the_first_call_after_a_trunk_died_goes_by_the_next_and_later_ones_at_once(ways: Ways, centre: str) -> None:
    ways.is_("carrier", LinkState.UP, 140)
    ana = ways.house.phone("ana")
    before = len(ways.second.offered())
    ways.first.dies()
    first = ana.call("5512345678").established(10)
    assert first.setup_s() <= AFTER_DEATH_S
    first.hears(ways.second.hz)
    first.hang_up()
    assert len(ways.second.offered()) == before + 1
    ways.is_("carrier", LinkState.DOWN, 20)
    known = ana.call("5512345678").established()
    assert known.setup_s() <= ONCE_KNOWN_S + ANSWERS_S
    known.hang_up()


@pytest.mark.acceptance("S-6")
def test_503_to_options_is_down_and_its_retry_after_is_kept(ways: Ways, centre: str) -> None:
    ways.is_("second", LinkState.UP, 140)
    ways.second.answers_options("503 retry 8")
    ways.is_("second", LinkState.DOWN)
    assert ways.trunk("second").held_until
    asked = ways.second.options_seen()
    ways.second.answers_options("ok")
    began = time.monotonic()
    until(lambda: ways.second.options_seen() > asked, 12, "it is asked again")
    assert time.monotonic() - began > 5
    ways.is_("second", LinkState.UP, 140)


@pytest.mark.acceptance("S-6")
def test_a_call_refused_with_503_goes_on_and_its_retry_after_spares_the_next(ways: Ways, centre: str) -> None:
    ways.is_("carrier", LinkState.UP, 140)
    ways.is_("second", LinkState.UP, 140)
    ana = ways.house.phone("ana")
    ways.first.number(status=503, reason="Congestion", retry_after_s=30)
    before = ways.first.counts()["offered"]
    for _ in range(3):
        call = ana.call("5512345678").established()
        call.hang_up()
        call.ended()
    assert ways.first.counts()["offered"] == before + 1
    _forget_holds(ways)


@pytest.mark.acceptance("S-6")
def test_registration_is_made_refreshed_longer_where_asked_and_its_failure_shown(ways: Ways, centre: str) -> None:
    until(lambda: ways.trunk("registered").registration == "registered", 20, "the building is registered")
    statuses = [e["status"] for e in ways.registered.events("register")]
    assert {401, 423, 200} <= set(statuses)


@pytest.mark.acceptance("S-6")
def test_a_word_is_spoken_when_no_way_is_left(ways: Ways, centre: str) -> None:
    ana = ways.house.phone("ana")
    for carrier in (ways.first, ways.second):
        carrier.number(status=403, reason="Forbidden")
    call = ana.call("5512345678")
    call.hears_words(10)
    assert call.ended(30).startswith("503")


def _forget_holds(ways: Ways) -> None:
    place = ways.house.building.place
    assert place
    with place.inside():
        Kamailio(ways.house.building.settings.sip.control_port).call("htable.flush", "held")
