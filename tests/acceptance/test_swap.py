"""Another device in a broken phone's place, and a phone given to somebody else, by commands with no centre."""

import json
from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import House, house_rows
from tests.lab.lab import Lab
from tests.lab.phoneboot import BootFailed
from tests.lab.waiting import until

NEW = "001565cc0777"


@pytest.fixture(scope="module")
def lone_house() -> Iterator[House]:
    with Lab() as lab:
        yield House(lab, lab.building(enrolled=True, rows=house_rows()))


def test_a_new_device_works_in_the_place_of_a_broken_one_and_the_old_one_no_more(lone_house: House) -> None:
    building = lone_house.building
    ana, beto = lone_house.people("ana", "beto")
    secret = ana.agent.account.secret
    building.cut_centre()
    ana.unplug()
    said = json.loads(building.command("phones", "swap", ana.device.mac, NEW, "--model", "T42S", "--json").stdout)
    assert said["mac"] == NEW

    spare = building.plug(mac=NEW, family_name="yealink", model="T42S", hz=650)
    boot = spare.boot()
    assert boot.registered
    assert spare.screen == "101 Ana"
    assert boot.account and boot.account.secret != secret
    beto.call("101").established().hears(650)
    beto.hang_up_all()

    with pytest.raises(BootFailed):
        ana.boot(seconds=10)

    building.mend_centre()
    until(lambda: building.local().waiting_count() == 0, 30, "the centre has heard of it")
    until(
        lambda: (
            json.loads(building.command("phones", "show", NEW, "--json").stdout)["person_id"] == "person-ana"
            and building.directory_in_force().revision > 1
        ),
        30,
        "the centre's copy has it",
    )
    phone = building.directory_in_force().phone_by_mac(NEW)
    assert phone and (phone.id, phone.sip_secret) == ("phone-ana", boot.account.secret)
    assert building.directory_in_force().phone_by_mac(ana.device.mac) is None


def test_a_phone_given_to_another_person_is_theirs_within_a_minute_and_everywhere_after(lone_house: House) -> None:
    building = lone_house.building
    beto = lone_house.phone("beto")
    assert beto.screen == "102 Beto"
    building.cut_centre()
    said = json.loads(building.command("phones", "assign", beto.device.mac, "--extension", "104", "--json").stdout)
    assert said["person_id"] == "person-fina"
    until(lambda: beto.screen == "104 Fina Salas", 60, "the phone has read its files again")

    before = building.directory_in_force().revision
    building.mend_centre()
    until(lambda: building.local().waiting_count() == 0, 30, "the centre has heard of it")
    until(lambda: building.directory_in_force().revision > before, 30, "the centre's copy has it")
    phone = building.directory_in_force().phone_by_mac(beto.device.mac)
    assert phone and (phone.id, phone.person_id) == ("phone-beto", "person-fina")
