"""The building without its centre: it boots from its own disk, and from the copy before where one has rotted."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.acceptance.conftest import House, house_rows
from wire.rows import Person

COLD_BOOT_S = 120


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
