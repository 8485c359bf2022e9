"""The centre and a building: enrolled once, edited there and in force here at the next call."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from appliance.directory.reports import SyncReportFile
from appliance.vocabulary import LinkState
from tests.acceptance.conftest import House
from tests.lab.carrier import CARRIER_HZ
from tests.lab.sample import ACME
from tests.lab.waiting import until
from wire.rows import Extension, Mapping

OUTSIDE = "+523312345678"
SHAPED_S = 1.0


def _link_up(house: House) -> None:
    def up() -> bool:
        said = house.building.report(SyncReportFile)
        return said is not None and said.link is LinkState.UP

    until(up, 30, "the building is connected to the centre")


@pytest.mark.acceptance("N-1", "Z-2")
def test_a_changed_mapping_shapes_the_next_call_and_leaves_the_present_one(house: House) -> None:
    beto, elsa = house.people("beto", "elsa")
    _link_up(house)
    number = "+525550000102"
    before = beto.called(), elsa.called()
    first = house.carrier.call(number, OUTSIDE, house.building.uplink_address)
    talking = beto.incoming(after=before[0]).established()

    house.lab.centre.put(Mapping("num-beto", ACME, "person", "person-elsa"))
    revision = house.building.directory_in_force
    until(lambda: _leads_to(house, "num-beto") == "person-elsa", 5, "the building knows the new mapping")
    second = house.carrier.call(number, OUTSIDE, house.building.uplink_address)
    elsa.incoming(after=before[1]).established().hears(CARRIER_HZ)
    assert not talking.over
    talking.hears(CARRIER_HZ)
    assert beto.called() == before[0] + 1

    for call in (first, second):
        house.carrier.hang_up(call)
    house.lab.centre.put(Mapping("num-beto", ACME, "person", "person-beto"))
    until(lambda: _leads_to(house, "num-beto") == "person-beto", 5, f"it is as before ({revision().revision})")


def _leads_to(house: House, number_id: str) -> str:
    mapping = house.building.directory_in_force().mapping(number_id)
    return mapping.target_id if mapping else ""


@pytest.mark.acceptance("Z-2")
def test_edits_are_in_force_within_a_second_and_in_their_order(house: House) -> None:
    _link_up(house)
    extension = Extension("ext-fina", ACME, "104", "person", "person-fina")
    took = []
    for n in range(20):
        wanted = replace(extension, digits=f"{140 + n}")
        house.lab.centre.put(wanted)
        started = time.monotonic()
        until(
            lambda wanted=wanted: house.building.directory_in_force().extension(ACME, wanted.digits) == wanted,  # type: ignore[misc]
            5,
            f"the edit to {wanted.digits} is in force",
        )
        took.append(time.monotonic() - started)
    house.lab.centre.put(extension)
    until(lambda: house.building.directory_in_force().extension(ACME, "104"), 5, "it is as before")
    assert sorted(took)[-1] <= SHAPED_S


@pytest.mark.acceptance("Z-2")
def test_edits_made_while_the_link_was_cut_arrive_when_it_is_mended(house: House) -> None:
    _link_up(house)
    extension = Extension("ext-fina", ACME, "104", "person", "person-fina")
    house.building.cut_centre()
    for digits in ("181", "182", "183"):
        house.lab.centre.put(replace(extension, digits=digits))
    assert house.building.directory_in_force().extension(ACME, "104"), "the building goes on with what it has"
    house.building.mend_centre()
    until(lambda: house.building.directory_in_force().extension(ACME, "183"), 60, "the last edit is in force")
    assert house.building.directory_in_force().extension(ACME, "181") is None
    house.lab.centre.put(extension)
    until(lambda: house.building.directory_in_force().extension(ACME, "104"), 10, "it is as before")


@pytest.mark.acceptance("Z-1")
def test_a_claim_code_is_good_once_and_a_revoked_building_stays_out(own_house: Callable[..., House]) -> None:
    house = own_house(enrolled=True)
    building, centre = house.building, house.lab.centre
    _link_up(house)
    code = centre.claim("site-reforma")
    building.command("enrol", input=f"{code}\n")
    again = building.command("enrol", input=f"{code}\n", check=False)
    assert again.returncode == 1
    assert "Traceback" not in again.stderr
    assert again.stderr.strip(), "it says why"

    centre.command("revoke", "site-reforma")

    def refused() -> bool:
        said = building.report(SyncReportFile)
        return said is not None and said.link is not LinkState.UP and bool(said.error_en)

    until(refused, 60, "the building is told that it is revoked")
    ana, beto = house.people("ana", "beto")
    ana.call("102").established().hears(beto.hz)
