"""What people dial becomes what the carrier is sent; and as many calls as they like."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.acceptance.conftest import House
from tests.lab.carrier import CARRIER_HZ
from tests.lab.waiting import until


@pytest.mark.acceptance("D-1")
@pytest.mark.parametrize("number", ["5512345678", "3331234567", "6641234567"])
def test_ten_digits_reach_the_carrier_as_e164_and_the_caller_is_heard(house: House, centre: str, number: str) -> None:
    ana = house.phone("ana")
    call, sent = house.calls_carrier(ana, number)
    assert sent == f"+52{number}"
    call.hears(CARRIER_HZ)
    offer = house.carrier.offered(house.carrier.offered()[-1].call_id)[0]
    assert "+525550000101" in offer.caller, "the carrier sees her own number"
    until(lambda: house.carrier.packets(offer.call_id) > 50, 5, "the carrier hears her")


@pytest.mark.acceptance("D-3")
@pytest.mark.parametrize("dialled", ["+5215512345678", "5215512345678", "005215512345678"])
def test_the_old_mobile_1_is_taken_out(house: House, centre: str, dialled: str) -> None:
    beto = house.phone("beto")
    call, sent = house.calls_carrier(beto, dialled)
    assert sent == "+525512345678"
    beto.hang_up_all()
    assert _record(house, call.id)["destination"] == "+525512345678", "so it stands in the log"


@pytest.mark.acceptance("D-3")
def test_a_caller_with_the_old_mobile_1_is_shown_without_it(house: House, centre: str) -> None:
    beto = house.phone("beto")
    before = beto.called()
    call_id = house.carrier.call("+525550000102", "+5215512345678", house.building.uplink_address)
    call = beto.incoming(after=before).established()
    assert "+525512345678" in call.peer
    house.carrier.hang_up(call_id)
    assert _record(house, call_id)["caller"] == "+525512345678"


def _record(house: House, call_id: str) -> Mapping[str, Any]:
    def found() -> Mapping[str, Any] | None:
        return next((e.body for e in house.building.local().recent("cdr", 50) if e.body["call_id"] == call_id), None)

    return until(found, 10, "the call is recorded")


@pytest.mark.acceptance("D-6")
def test_one_person_holds_five_calls_at_once(house: House) -> None:
    dario = house.phone("dario")
    numbers = [f"55123456{n:02d}" for n in range(5)]
    calls = [house.calls_carrier(dario, number)[0] for number in numbers]
    assert not any(call.over for call in calls)
    assert house.carrier.talking() == len(numbers)
