"""The building without its centre: it calls as before, boots from its own disk, and sends nothing down a dead link."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.acceptance.conftest import House, house_rows
from tests.lab.capture import read_capture
from tests.lab.phoneboot import capture
from tests.lab.waiting import until
from wire.rows import Person

COLD_BOOT_S = 120
SIP_PORTS = {5060, 5061}


@pytest.mark.acceptance("S-2")
def test_local_calls_pass_with_the_link_cut_and_touch_it_with_nothing(house: House) -> None:
    building = house.building
    people = house.people("ana", "beto", "carla", "dario")
    building.cut_centre()
    assert building.place
    trace = building.directory / "uplink.pcap"
    recorder = capture(building.place, "uplink0", trace)
    try:
        until(trace.exists, 5, "the trace records")
        for caller, dialled, callee in ((0, "102", 1), (1, "101", 0), (2, "102", 3), (0, "5550000201", 2)):
            people[caller].call(dialled).established().hears(people[callee].hz)
            people[caller].hang_up_all()
        people[0].call("199").ended(30)
        people[0].call("*9196").established().hears(people[0].hz, 10)
        people[0].hang_up_all()
    finally:
        recorder.terminate()
        recorder.wait()
        building.mend_centre()
    carrier = house.carrier.address
    strays = [d for d in read_capture(trace) if carrier not in (d.source[0], d.destination[0])]
    assert not [d for d in strays if {d.source[1], d.destination[1]} & SIP_PORTS]
    to_carrier = [d for d in read_capture(trace) if d.payload[:6] in (b"INVITE", b"REGIST", b"BYE si")]
    assert not to_carrier


@pytest.mark.acceptance("S-4")
def test_a_building_power_cycled_with_its_uplink_unplugged_serves_phones_and_calls(
    own_house: Callable[..., House],
) -> None:
    house = own_house()
    building = house.building
    house.people("ana", "beto")
    building.cut_centre()
    building.cut_carrier()
    building.power_off()
    took = building.start(COLD_BOOT_S)
    assert max(took.values()) < COLD_BOOT_S

    ana, beto = house.phone("ana"), house.phone("beto")
    assert ana.reboot().seconds + max(took.values()) < COLD_BOOT_S
    ana.call("102").established(10).hears(beto.hz)


@pytest.mark.acceptance("S-4")
def test_a_corrupt_snapshot_falls_back_to_the_one_before(own_house: Callable[..., House]) -> None:
    house = own_house(start=False)
    building = house.building
    first = building.directory_in_force().revision
    changed = [replace(r, last_name="Otra") if isinstance(r, Person) else r for r in house_rows()]
    second = building.publish(changed)
    newest = max(building.settings.paths.revisions_dir.glob("*"), key=lambda f: f.stat().st_mtime_ns)
    damaged = bytearray(newest.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    newest.write_bytes(damaged)
    building.lose_memory()

    building.start()
    assert second > first
    assert building.directory_in_force().revision == first
    ana, beto = house.people("ana", "beto")
    ana.call("102").established().hears(beto.hz)
