"""A number from outside leads to what it is mapped to, and never to nobody."""

import pytest

from tests.acceptance.conftest import House
from tests.lab.carrier import CARRIER_HZ
from tests.lab.sample import UNMAPPED
from tests.lab.waiting import until

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
