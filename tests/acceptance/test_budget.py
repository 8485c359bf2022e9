"""What a prepaid company may still spend while its building is cut off, and what is left of its balance afterwards."""

import json
import time
from collections.abc import Iterator

import pytest

from appliance.vocabulary import Announcement
from tests.acceptance.conftest import House
from tests.acceptance.crew import Crew, offered
from tests.lab.coral import DALIA
from tests.lab.waiting import until
from wire.services import Limits

ABROAD = "0014155552671"
BALANCE, A_CALL = 10_000, 500
"""In centavos: what Dalia has, and what each minute abroad costs, also one that has only begun."""


TOLD_EACH_S = 3.0
"""The edge service tells Kamailio once a second; `explain` reads what it knows itself."""


@pytest.fixture
def credit(house: House) -> Iterator[None]:
    """Dalia has credit, and may spend one call of it while cut off."""
    _agreed(house, Limits(DALIA, DALIA, prepaid=True, balance=BALANCE, offline_budget=A_CALL))
    yield
    house.building.mend_centre()
    _agreed(house, Limits(DALIA, DALIA, prepaid=True, balance=0))


def _agreed(house: House, limits: Limits) -> None:
    house.lab.centre.put(limits)
    until(lambda: house.building.directory_in_force().service(Limits, DALIA) == limits, 20, "the building knows it")


@pytest.mark.acceptance("D-5")
def test_a_call_that_spends_the_budget_is_the_last_until_the_link_is_back(
    house: House, credit: None, crew: Crew
) -> None:
    zoe = crew.phone("zoe")

    def first_step() -> str:
        words = ("explain", "--from", "101", "--account", DALIA, "--to", ABROAD, "--json")
        step = json.loads(house.building.command(*words).stdout)["steps"][0]
        return str(step.get("announcement") or step["step"])

    house.building.cut_centre()
    assert offered(house.carrier, zoe, ABROAD).user == "+14155552671", "there is budget for one"
    until(lambda: first_step() == Announcement.NO_CREDIT, 90, "the cut is known, and what was spent")
    told = time.monotonic() + TOLD_EACH_S
    until(lambda: time.monotonic() > told, TOLD_EACH_S + 1, "Kamailio's workers know it too")
    crew.says(zoe, zoe.dial(ABROAD), Announcement.NO_CREDIT, 403)
    house.building.mend_centre()

    def balance() -> int:
        found = house.building.directory_in_force().service(Limits, DALIA)
        return found.balance if found else -1

    until(lambda: balance() == BALANCE - A_CALL, 40, "the call is taken from the balance, once")
    until(lambda: first_step() != Announcement.NO_CREDIT, 20, "with the link she calls again")
    assert offered(house.carrier, zoe, ABROAD).user == "+14155552671"
    until(lambda: balance() == BALANCE - 2 * A_CALL, 20, "and pays once more")
