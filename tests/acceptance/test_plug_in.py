"""A phone is plugged into the wall: it gets its address and files, registers, shows its name, and talks."""

import pytest

from tests.acceptance.conftest import House
from tests.lab.phoneboot import BootFailed
from tests.lab.waiting import until

PLUG_IN_S = 180


@pytest.mark.acceptance("P-1", "P-15")
@pytest.mark.parametrize(
    ("person", "screen"), [("ana", "101 Ana"), ("beto", "102 Beto"), ("carla", "101 Carla"), ("dario", "102 Darío")]
)
def test_a_known_phone_of_each_family_is_registered_and_named_without_a_key_pressed(
    house: House, centre: str, person: str, screen: str
) -> None:
    phone = house.phone(person)
    boot = phone.reboot()
    assert boot.registered
    assert boot.seconds < PLUG_IN_S
    assert phone.screen == screen


@pytest.mark.acceptance("P-1")
def test_two_phones_just_plugged_in_hear_each_other(house: House) -> None:
    ana, beto = house.people("ana", "beto")
    call = ana.call("102").established()
    call.hears(beto.hz)
    beto.incoming(after=beto.called() - 1).hears(ana.hz)
    call.hang_up()
    call.ended()


@pytest.mark.acceptance("P-6")
def test_a_phone_power_cycled_provisions_from_the_building_and_registers(house: House, centre: str) -> None:
    elsa = house.phone("elsa")
    boot = elsa.reboot()
    assert boot.registered
    assert boot.seconds < PLUG_IN_S
    elsa.call("102").established().hears(house.phone("beto").hz)


@pytest.mark.acceptance("P-2")
def test_an_unknown_phone_gets_no_account_and_is_seen_and_works_once_it_is_adopted(house: House) -> None:
    mac = "001565bb0777"
    beto = house.phone("beto")
    stranger = house.building.plug(mac=mac, family_name="yealink", model="T46S")
    with pytest.raises(BootFailed):
        stranger.boot(seconds=10)
    assert not any(b"password" in data and b"secret" in data for data in stranger.boots[-1].files.values())

    seen = until(
        lambda: [s for s in house.building.local().sightings() if s.mac == mac], 10, "the stranger stands in the list"
    )
    assert seen[0].family == "yealink"
    assert seen[0].model == "T46S"
    assert seen[0].address == stranger.address

    house.building.command("phones", "adopt", mac, "--person", "person-fina")
    boot = stranger.boot()
    assert boot.registered
    beto.call("104").established().hears(stranger.hz)
    stranger.unplug()
