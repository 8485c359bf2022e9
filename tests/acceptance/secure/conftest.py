"""One secured building for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import House
from tests.acceptance.secure.house import make
from tests.lab.lab import Lab


@pytest.fixture(scope="package")
def secure_house() -> Iterator[House]:
    with Lab() as lab:
        yield make(lab)


@pytest.fixture(params=["up", "cut"])
def centre(request: pytest.FixtureRequest, secure_house: House) -> Iterator[str]:
    """With the central office reachable, and with its link cut."""
    if request.param == "cut":
        secure_house.building.cut_centre()
    yield str(request.param)
    secure_house.building.mend_centre()
