"""Codes of a person's own phone: settings that reach the centre, the last call again."""

import pytest

from tests.acceptance.conftest import House
from tests.acceptance.crew import Crew
from tests.lab.coral import CORAL
from tests.lab.waiting import until
from wire.services import Preferences


def habits(house: House, person: str) -> Preferences:
    return house.building.directory_in_force().service(Preferences, person) or Preferences(person, CORAL)


def test_redial_and_call_back(house: House, centre: str, crew: Crew) -> None:
    gala, hugo = crew.phones("gala", "hugo")
    for caller, code, called in ((gala, "112", hugo), (gala, "*66", hugo), (hugo, "*69", gala)):
        call = caller.dial(code)
        called.take(called.expect("INVITE"))
        assert caller.outcome(call).status == 200
        called.expect("ACK")
        caller.request(call, "BYE")
        called.answer(called.expect("BYE"), 200)
        caller.expect(200)


@pytest.mark.acceptance("G-1")
def test_what_was_changed_while_cut_off_reaches_the_centre(house: House, crew: Crew) -> None:
    uma = crew.phone("uma")
    for code, disturb in (("*78", True), ("*79", False)):
        if disturb:
            house.building.cut_centre()
        call = uma.dial(code)
        assert uma.outcome(call).status == 200
        uma.request(call, "BYE")
        until(lambda: habits(house, "person-uma").do_not_disturb is disturb, 1.5, "it counts at once")  # noqa: B023
        house.building.mend_centre()

        def at_centre() -> bool:
            local = house.building.local()
            return local.waiting_count() == 0 and "do_not_disturb=" in habits(house, "person-uma").stamps

        until(at_centre, 30, "the centre has it, and its copy agrees")
