"""A clock that is wrong by years ends what certificates allow, and nothing else: people go on calling."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from appliance.directory.reports import SyncReportFile
from appliance.vocabulary import LinkState
from tests.acceptance.conftest import House
from tests.lab.building import Building
from tests.lab.waiting import until

PAST_EVERY_CERTIFICATE = timedelta(days=3 * 365)


def _sync(building: Building) -> SyncReportFile:
    said = building.report(SyncReportFile)
    assert said is not None
    return said


@pytest.mark.acceptance("S-2")
def test_with_the_clock_three_years_ahead_the_centre_is_refused_and_calls_go_on(
    own_house: Callable[..., House],
) -> None:
    house = own_house(enrolled=True)
    building = house.building
    revision = building.directory_in_force().revision

    building.jump_clock(PAST_EVERY_CERTIFICATE)
    said = until(lambda: s if (s := _sync(building)).error_en else None, 20, "sync says why it is refused")
    assert "certificate" in said.error_en
    assert "certificados" in said.error_es
    assert said.link is LinkState.DOWN
    ana, beto = house.people("ana", "beto")
    ana.call("102").established().hears(beto.hz)
    assert building.directory_in_force().revision == revision
    house.quiet()

    building.jump_clock(timedelta(0))
    until(lambda: _sync(building).link is LinkState.UP, 20, "the centre is followed again")
