"""A phone's files change while it stands on its desk: it is told in its family's words, never in a call, and comes."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from appliance.directory.reports import EdgeReport
from tests.acceptance.conftest import House, house_rows
from tests.lab.lab import Lab
from tests.lab.phones import Phone
from tests.lab.waiting import until
from wire.rows import Person, Row
from wire.rows import Phone as PhoneRow

WITHIN_S = 60


def unlabelled() -> tuple[Row, ...]:
    """The house, its phones showing extension and name as the directory has them."""
    return tuple(replace(r, label="") if isinstance(r, PhoneRow) else r for r in house_rows())


@pytest.fixture(scope="module")
def named_house() -> Iterator[House]:
    with Lab() as lab:
        yield House(lab, lab.building(enrolled=True, rows=unlabelled()))


def rename(house: House, person_id: str, first_name: str) -> float:
    """An administrator changes a name at the centre. When it was done."""
    person = next(r for r in house_rows() if isinstance(r, Person) and r.id == person_id)
    house.lab.centre.put(replace(person, first_name=first_name))
    return time.time()


def outcome(house: House, phone: Phone) -> dict[str, str]:
    found = json.loads(house.building.command("phones", "resync", phone.device.mac, "--show", "--json").stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.acceptance("P-5", "P-11")
@pytest.mark.parametrize(
    ("person", "event"),
    [
        ("ana", "check-sync;reboot=false"),
        ("beto", "check-sync"),
        ("carla", "check-sync"),
        ("dario", "check-sync"),
    ],
)
def test_a_new_name_at_the_centre_is_on_the_phones_screen_within_a_minute(
    named_house: House, person: str, event: str
) -> None:
    phone = named_house.phone(person)
    until(lambda: phone.on and phone.registered(), 10, "it is registered")
    told = len(phone.notified)
    changed = rename(named_house, f"person-{person}", "Nueva")
    until(lambda: "Nueva" in phone.screen, WITHIN_S, f"{person}'s screen shows the new name (is: {phone.screen})")
    assert time.time() - changed < WITHIN_S
    assert [e for _, e in phone.notified[told:]] == [event]
    until(lambda: outcome(named_house, phone)["came_back_at"], 10, "it is shown that it came")
    seen = outcome(named_house, phone)
    assert seen["cause"] == "changed"
    assert seen["outcome"] == "answered"


@pytest.mark.acceptance("P-5", "P-11")
def test_a_phone_in_a_call_is_left_alone_until_it_hangs_up(named_house: House) -> None:
    ana, beto = named_house.people("ana", "beto")
    call = ana.call("102").established()
    until(lambda: {ana.device.mac, beto.device.mac} <= in_calls(named_house), 10, "the edge reports the call")
    told = len(ana.notified), len(beto.notified)
    rename(named_house, "person-ana", "Mientras")
    until(lambda: outcome(named_house, ana)["held_by"] == "in-a-call", 30, "the wish waits for the call's end")
    call.hears(beto.hz)
    assert (len(ana.notified), len(beto.notified)) == told
    assert not call.over
    ended = time.time()
    call.hang_up()
    call.ended()
    until(lambda: "Mientras" in ana.screen, WITHIN_S, "it is told after the call")
    assert ana.notified[-1][0] > ended


@pytest.fixture(params=["up", "cut"])
def centre(request: pytest.FixtureRequest, named_house: House) -> Iterator[str]:
    """With the central office reachable, and with its link cut."""
    if request.param == "cut":
        named_house.building.cut_centre()
    yield str(request.param)
    named_house.building.mend_centre()


@pytest.mark.acceptance("P-11")
def test_a_technician_has_a_phone_read_its_files_or_restart(named_house: House, centre: str) -> None:
    carla = named_house.phone("carla")
    boots, told = len(carla.boots), len(carla.notified)
    named_house.building.command("phones", "resync", carla.device.mac)
    until(lambda: len(carla.boots) == boots + 1, 15, "it read its files again")
    assert [e for _, e in carla.notified[told:]] == ["check-sync"]
    named_house.building.command("phones", "reboot", carla.device.mac)
    until(lambda: len(carla.boots) == boots + 2 and carla.boots[-1].registered, 30, "it started again")
    assert carla.notified[-1][1] == "reboot=true"


@pytest.mark.acceptance("P-11")
def test_a_phone_that_talks_is_told_after_its_call_and_shown_to_have_come_back(named_house: House, centre: str) -> None:
    dario, carla = named_house.people("dario", "carla")
    call = dario.call("101").established()
    until(lambda: dario.device.mac in in_calls(named_house), 10, "the edge reports the call")
    told, boots = len(dario.notified), len(dario.boots)
    named_house.building.command("phones", "resync", dario.device.mac)
    until(lambda: outcome(named_house, dario)["held_by"] == "in-a-call", 10, "it waits")
    call.hears(carla.hz)
    assert len(dario.notified) == told
    call.hang_up()
    until(lambda: len(dario.boots) > boots, 15, "it read its files again")
    until(lambda: outcome(named_house, dario)["came_back_at"], 10, "it is shown to have come back")


def in_calls(house: House) -> set[str]:
    """MACs of phones that the edge reports in a call."""
    said = house.building.report(EdgeReport)
    directory = house.building.directory_in_force()
    busy = {i for c in said.calls for i in c.phone_ids} if said else set()
    return {p.mac for p in directory.phones() if p.id in busy}


@pytest.mark.acceptance("P-17")
def test_what_a_phone_fetched_and_how_it_differs_from_now_is_shown(named_house: House) -> None:
    beto = named_house.phone("beto")
    beto.heeds = False
    try:
        mac = beto.device.mac
        rename(named_house, "person-beto", "Roberto")

        def differing() -> list[dict[str, object]]:
            found = json.loads(named_house.building.command("phones", "diff", mac, "--json").stdout)
            return [f for f in found if f["differs"]]

        changed = until(differing, 20, "a file differs")
        assert any("+" in str(line)[:1] and "Roberto" in str(line) for f in changed for line in f["lines"])  # type: ignore[attr-defined]
        text = named_house.building.command("phones", "diff", mac).stdout
        assert "Roberto" in text
        assert "secret-of-" not in text
        fetched = json.loads(named_house.building.command("phones", "history", mac, "--json").stdout)
        served = [f for f in fetched if f["status"] == 200 and f["path"].endswith(f"{mac}-registration.cfg")]
        assert served and len(served[0]["sha256"]) == 64
        assert served[0]["address"] == beto.address
    finally:
        beto.heeds = True
