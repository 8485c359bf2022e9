"""Power comes back to a building: all its phones ask for everything at once, and every one is registered soon after.

`make storm` does the same with a thousand phones, and writes docs/boot-storm.md.
"""

import pytest

from tests.lab.lab import Lab
from tests.storm.storm import storm, storm_building
from tests.storm.street import SHARES, residents

PHONES = 250
SECONDS_MOST, RETRIES_MOST = 60, 2


@pytest.mark.acceptance("P-14")
@pytest.mark.parametrize("centre", ["up", "cut"])
def test_phones_of_all_families_powered_on_together_are_all_registered_within_a_minute(centre: str) -> None:
    phones = residents(PHONES)
    assert {p.device.family.name for p in phones} == set(SHARES)
    with Lab() as lab:
        building = storm_building(lab, phones, enrolled=True)
        if centre == "cut":
            building.cut_centre()
        over = storm(building, phones)
        assert not over.failures, over.failures[:5]
        assert {b.sip_user for b in over.registered} == {p.sip_user for p in phones}
        assert over.seconds <= SECONDS_MOST
        assert over.most_retries <= RETRIES_MOST
