"""A number from outside leads to what it is mapped to, and never to nobody."""

import pytest

from appliance.vocabulary import Announcement
from tests.acceptance.conftest import House
from tests.acceptance.crew import Crew, rings
from tests.lab.carrier import CARRIER_HZ
from tests.lab.coral import CORAL, GROUP, RECEPTION
from tests.lab.sample import UNMAPPED
from tests.lab.waiting import until
from wire.rows import Extension

OUTSIDE = "+523312345678"


@pytest.mark.acceptance("N-1")
@pytest.mark.parametrize(("number", "person"), [("+525550000102", "beto"), ("+525550000201", "carla")])
def test_a_number_rings_the_person_it_is_mapped_to(house: House, centre: str, number: str, person: str) -> None:
    phone = house.phone(person)
    before = phone.called()
    call_id = house.carrier.call(number, OUTSIDE, house.building.uplink_address)
    call = phone.incoming(after=before).established()
    assert OUTSIDE in call.peer
    call.hears(CARRIER_HZ)
    house.carrier.hang_up(call_id)
    call.ended()


@pytest.mark.acceptance("N-2")
def test_a_number_that_nobody_mapped_rings_the_accounts_default(house: House) -> None:
    ana = house.phone("ana")
    before = ana.called()
    call_id = house.carrier.call(UNMAPPED, OUTSIDE, house.building.uplink_address)
    ana.incoming(after=before).established().hears(CARRIER_HZ)
    house.carrier.hang_up(call_id)


@pytest.mark.acceptance("N-2")
def test_a_number_of_nobody_is_refused_and_not_left_ringing(house: House) -> None:
    call_id = house.carrier.call("+525550009999", OUTSIDE, house.building.uplink_address)
    until(lambda: house.carrier.state(call_id) == "ended", 20, "the carrier is told no")
    assert house.carrier.events("refused")[-1]["status"] == 404


@pytest.mark.acceptance("N-1")
def test_a_number_leads_to_a_receptionist_and_to_a_group(house: House, centre: str, crew: Crew) -> None:
    gala = crew.phone("gala")
    for number, keys in ((GROUP, ""), (RECEPTION, "1")):
        call = house.carrier.call(number, OUTSIDE, house.building.uplink_address)
        if keys:
            until(lambda: house.carrier.state(call) == "talking", 5, "the receptionist answers")  # noqa: B023
            house.carrier.press(call, keys)
        invite = gala.expect("INVITE", seconds=10)
        assert OUTSIDE in invite["from"]
        leg = gala.take(invite)
        gala.expect("ACK")
        gala.request(leg, "BYE")
        until(lambda: house.carrier.state(call) == "ended", 5, "it is over")  # noqa: B023


@pytest.mark.acceptance("U-3")
def test_a_changed_extension_rings_at_the_next_call_and_the_former_one_is_nobody_s(
    house: House, centre: str, crew: Crew
) -> None:
    """While the building is cut off the former one holds there, and the new one as soon as the link is back."""
    gala, hugo, uma = crew.phones("gala", "hugo", "uma")
    former, new = (Extension("ext-uma", CORAL, digits, "person", "person-uma") for digits in ("124", "224"))

    def in_force(row: Extension) -> bool:
        return house.building.directory_in_force().extension(CORAL, row.digits) == row

    try:
        house.lab.centre.put(new)
        if centre == "cut":
            rings(gala, "124", uma)
            house.building.mend_centre()
        until(lambda: in_force(new), 1 if centre == "up" else 20, "the building has the new one")
        if centre == "cut":
            house.building.cut_centre()
        refused = hugo.dial("124")
        rings(gala, "224", uma)
        crew.says(hugo, refused, Announcement.NO_SUCH_EXTENSION, 404)
    finally:
        house.building.mend_centre()
        house.lab.centre.put(former)
        until(lambda: in_force(former), 20, "it is as before")
        if centre == "cut":
            house.building.cut_centre()
