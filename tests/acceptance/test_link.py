"""The link to the centre, cut, mended and flapping: what is shown follows soon and calmly; who talks notices none."""

import time
from collections.abc import Callable
from functools import partial

import pytest

from appliance.directory.reports import SyncReportFile
from appliance.vocabulary import LinkState
from tests.acceptance.conftest import House
from tests.lab.waiting import until

pytestmark = pytest.mark.alone

SHOWN_S = 15.0
FLAPS = 6


def _shown(house: House) -> LinkState:
    said = house.building.report(SyncReportFile)
    return said.link if said else LinkState.UNKNOWN


def _changed_or_due(house: House, last: LinkState, due: float) -> bool:
    return _shown(house) is not last or time.monotonic() >= due


@pytest.mark.acceptance("S-1")
def test_a_cut_link_is_shown_soon_flaps_calmly_and_drops_nobody(own_house: Callable[..., House]) -> None:
    """In a house of its own: what earlier tests cut and mended would be taken for flapping."""
    house = own_house(enrolled=True)
    building = house.building
    until(lambda: _shown(house) is LinkState.UP, 150, "the link is up")
    ana, beto = house.people("ana", "beto")
    call = ana.call("102").established()

    building.cut_centre()
    began = time.monotonic()
    until(lambda: _shown(house) is LinkState.DOWN, SHOWN_S, "the cut is shown")
    assert time.monotonic() - began <= SHOWN_S
    call.hears(beto.hz)
    building.mend_centre()
    until(lambda: _shown(house) is LinkState.UP, SHOWN_S, "that it is mended is shown")

    changes, last, began = 0, _shown(house), time.monotonic()
    for n in range(FLAPS):
        (building.cut_centre if n % 2 else building.mend_centre)()
        due = time.monotonic() + 2
        while time.monotonic() < due:
            until(partial(_changed_or_due, house, last, due), 3, "a look at what is shown")
            shown = _shown(house)
            changes, last = changes + (shown is not last), shown
    assert changes == 0, "after a cut and its mending the next change waits"
    building.mend_centre()
    assert not call.over
    call.hears(beto.hz)
