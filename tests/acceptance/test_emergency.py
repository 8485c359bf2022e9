"""Emergencies: whatever a person has set and may not do, at once, with the place; and never silence. Up and cut off."""

import base64
import re
import time
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from appliance.directory.reports import EdgeReport
from appliance.vocabulary import Announcement, LinkState
from tests.acceptance.conftest import House
from tests.acceptance.crew import Crew, offered
from tests.lab.audio import HEARD
from tests.lab.carrier import Offered
from tests.lab.coral import number_of
from tests.lab.waiting import until
from wire.extensions import EMERGENCY_CODES

AT_ONCE_S = 1.0
ALERT_S = 10.0
CALLBACK = "+525550000100"


def place_of(offer: Offered) -> str:
    """The civic address within the PIDF-LO document that came along."""
    header = next(value for name, value in offer.headers if name.lower() == "geolocation")
    found = re.search(r"<data:application/pidf\+xml;base64,([^>]+)>", header)
    assert found, header
    document = ElementTree.fromstring(base64.b64decode(found[1]))
    return " ".join(text.strip() for text in document.itertext())


def alarm(house: House, extension: str) -> bool:
    report = house.building.report(EdgeReport)
    return bool(report and any(a.kind == "emergency" and extension in a.subject for a in report.alerts))


def noted(house: House) -> int:
    return len(house.building.local().recent("emergency_called", 200))


@pytest.mark.acceptance("E-1", "E-3")
def test_every_emergency_number_goes_out_at_once_ahead_of_all_that_a_person_has_set(
    house: House, centre: str, crew: Crew
) -> None:
    """Nora forwards everything, is not to be disturbed and hides her number; Zoe's company has no credit."""
    nora, zoe, gala = crew.phones("nora", "zoe", "gala")
    wanted = [(nora, "118 Nora", number) for number in sorted(EMERGENCY_CODES)]
    wanted += [(zoe, "101 Zoe", "911"), (gala, "111 Gala", "*67911"), (gala, "111 Gala", "+52911")]
    before = noted(house)
    for agent, label, number in wanted:
        dialled_at = time.time()
        offer = offered(house.carrier, agent, number, ("Privacy: id",))
        assert offer.at - dialled_at < AT_ONCE_S
        assert (offer.user, offer.privacy) == ("911", "")
        assert CALLBACK in offer.caller and CALLBACK in offer.asserted
        assert "Paseo de la Reforma 222" in place_of(offer) and label in place_of(offer)
    ended = time.monotonic()
    until(lambda: alarm(house, "118") and alarm(house, "111"), ALERT_S, "the building alerts")
    until(lambda: noted(house) == before + len(wanted), ALERT_S, "each call is noted")
    assert time.monotonic() - ended < ALERT_S
    facts = house.building.local().recent("emergency_called", len(wanted))
    assert {f.body["extension"] for f in facts} == {"118", "101", "111"}
    assert all("Reforma" in f.body["location"] and not f.body["test"] for f in facts)


@pytest.mark.acceptance("E-3")
def test_the_test_number_alerts_and_calls_nobody(house: House, centre: str, crew: Crew) -> None:
    hugo, before = crew.phone("hugo"), len(house.carrier.offered())
    call = hugo.dial("*9411")
    assert hugo.outcome(call).status == 200
    until(lambda: house.building.local().recent("emergency_called", 1)[0].body["test"], 5, "a test is noted")
    hugo.request(call, "BYE")
    assert len(house.carrier.offered()) == before


def trunks(house: House) -> set[LinkState]:
    report = house.building.report(EdgeReport)
    return {t.state for t in report.trunks} if report else set()


@pytest.fixture
def mended(house: House) -> Iterator[None]:
    """Whatever a test does to the carrier, it serves again afterwards, and the building knows."""
    yield
    house.carrier.lives()
    house.carrier.number("911")
    # A trunk that died twice lately is believed later: a new edge service knows nothing of that.
    house.building.processes.kill_and_time("edge")
    until(lambda: trunks(house) == {LinkState.UP}, 15, "the trunk is up again")


@pytest.mark.acceptance("E-2")
def test_without_a_way_out_the_caller_is_told_to_use_a_mobile_and_people_are_alerted(
    house: House, centre: str, crew: Crew, mended: None
) -> None:
    """The only trunk says 404, then 503, then nothing at all. While the first two hear their sentence it dies."""
    refused = []
    for status, who in ((404, "gala"), (503, "hugo")):
        house.carrier.number("911", status=status)
        known = len(house.carrier.events("refused"))
        agent = crew.phone(who)
        refused.append((agent, agent.dial("911")))
        until(lambda: len(house.carrier.events("refused")) > known, 5, f"the carrier says {status}")  # noqa: B023
    house.carrier.dies()
    until(lambda: trunks(house) == {LinkState.DOWN}, 15, "the trunk is found down")
    before, kari = noted(house), crew.phone("kari")
    call = kari.dial("066")
    until(lambda: noted(house) > before and alarm(house, "115"), ALERT_S, "the building alerts")
    assert kari.expect(183).media
    until(lambda: crew.score(kari, Announcement.EMERGENCY_NO_WAY_OUT) > HEARD, 20, "she is told")
    kari.cancel(call)
    for agent, told in refused:
        crew.says(agent, told, Announcement.EMERGENCY_NO_WAY_OUT, 503)


@pytest.mark.acceptance("E-1")
def test_who_called_an_emergency_is_rung_when_called_back(house: House, centre: str, crew: Crew) -> None:
    """Emergency services also know a person by their own number: it rings them."""
    hugo = crew.phone("hugo")
    call = house.carrier.call(number_of("hugo"), "911", house.building.uplink_address)
    leg = hugo.take(hugo.expect("INVITE"))
    hugo.expect("ACK")
    hugo.request(leg, "BYE")
    until(lambda: house.carrier.state(call) == "ended", 5, "it is over")
