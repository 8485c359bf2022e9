"""Who is shown, and to whom: hidden for a call, hidden by habit, shown all the same: centre up, and cut off."""

import pytest

from tests.acceptance.conftest import House
from tests.acceptance.crew import Crew, offered, rings
from tests.lab.carrier import Offered
from tests.lab.coral import CORAL, number_of
from tests.lab.portalclient import PortalClient
from tests.lab.waiting import until
from wire.services import Preferences

OUTSIDE = "5512345678"
ANONYMOUS = "anonymous@anonymous.invalid"


def hidden(offer: Offered, number: str) -> bool:
    """Whether the carrier, which is trusted, was told to show nobody, and of whom the call is."""
    assert offer.user == f"+52{OUTSIDE}"
    assert number in offer.asserted
    told = (ANONYMOUS in offer.caller, offer.privacy == "id")
    assert told[0] == told[1]
    assert told[0] or number in offer.caller
    return all(told)


@pytest.mark.acceptance("H-1")
def test_a_number_is_hidden_outside_by_code_or_habit_shown_by_code_and_always_shown_inside(
    house: House, centre: str, crew: Crew
) -> None:
    """Nora hides her number by habit, Gala does not. That 911 is shown either: test_emergency.py."""
    gala, nora, zoe = crew.phones("gala", "nora", "zoe")
    for agent, person, prefix, private in (
        *((gala, "gala", p, True) for p in ("*67", "%2331%23")),
        *((gala, "gala", p, False) for p in ("", "*82")),
        *((nora, "nora", p, True) for p in ("", "*67")),
        *((nora, "nora", p, False) for p in ("*82", "*31%23")),
    ):
        assert hidden(offered(house.carrier, agent, prefix + OUTSIDE), number_of(person)) is private, (person, prefix)
    assert '"Nora" <sip:118@' in rings(nora, "111", gala)["from"]
    assert '"Nora" <sip:118@' in rings(nora, "*67111", gala)["from"]
    assert ANONYMOUS in rings(nora, "5550000401", zoe)["from"], "another company is the outside"
    assert number_of("nora") in rings(nora, "*825550000401", zoe)["from"]


@pytest.mark.acceptance("H-1")
def test_the_portals_switch_hides_the_next_call(house: House, crew: Crew) -> None:
    kari = crew.phone("kari")
    assert not hidden(offered(house.carrier, kari, OUTSIDE), number_of("kari"))
    portal = PortalClient(house.lab.centre)
    for hide in (True, False):
        values = {"hide_caller_id": "1"} if hide else {}
        path = f"/accounts/{CORAL}/people/person-kari/preferences"
        assert portal.send(path, forward_mode="disabled", call_waiting="1", **values).status_code == 302

        def in_force() -> bool:
            held = house.building.directory_in_force().service(Preferences, "person-kari")
            return held is not None and held.hide_caller_id is hide  # noqa: B023

        until(in_force, 5, "the building knows")
        assert hidden(offered(house.carrier, kari, OUTSIDE), number_of("kari")) is hide
