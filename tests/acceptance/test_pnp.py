"""A phone that asks the network by multicast where its files are, in a whole building."""

import pytest

from tests.acceptance.conftest import House
from tests.integration.provision.test_pnp import asks
from tests.lab.waiting import until


@pytest.mark.acceptance("P-13")
def test_a_phone_is_told_where_its_files_are_and_one_that_says_anothers_mac_is_not(house: House, centre: str) -> None:
    ana, elsa = house.people("ana", "elsa")
    assert ana.place and elsa.place
    ok, told = asks(ana.place, ana.device.mac, 5)
    assert ok.startswith(b"SIP/2.0 200 OK")
    assert b"Content-Type: application/url" in told
    assert told.endswith(b"\r\n\r\nhttp://10.20.0.1/yealink/")
    assert asks(elsa.place, ana.device.mac) == []

    def shown() -> bool:
        return any(s.mac == elsa.device.mac for s in house.building.local().sightings())

    until(shown, 5, "who said another's MAC stands in the list")
