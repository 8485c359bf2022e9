"""As many calls as the company has people: nothing of ours counts lines."""

from collections.abc import Callable

import pytest

from tests.acceptance.conftest import House
from tests.acceptance.crew import laptop
from tests.lab.lab import CARRIER_ADDRESS
from tests.lab.sample import ACME, SITE, sample_rows
from tests.lab.waiting import until
from wire.rows import Extension, Person, Phone, Row

pytestmark = pytest.mark.alone

PEOPLE = 50


def _crowd() -> tuple[Row, ...]:
    rows: list[Row] = [*sample_rows(CARRIER_ADDRESS)]
    for n in range(PEOPLE):
        person = f"crowd-{n:02d}"
        rows += [
            Person(person, ACME, f"Persona {n:02d}"),
            Extension(f"ext-{person}", ACME, f"{300 + n}", "person", person),
            Phone(f"ph-{n}", ACME, SITE, person, f"001565dd{n:04x}", "yealink", "T42S", f"p-{person}", f"s-{person}"),
        ]
    return tuple(rows)


@pytest.mark.acceptance("D-6")
def test_fifty_phones_hold_fifty_outside_calls_at_once(own_house: Callable[..., House]) -> None:
    house = own_house(rows=_crowd())
    with laptop(house.building) as knock:
        agents = [knock(f"p-crowd-{n:02d}", f"s-crowd-{n:02d}") for n in range(PEOPLE)]
        assert [a.register().status for a in agents] == [200] * PEOPLE
        calls = [a.dial(f"5512340{n:03d}") for n, a in enumerate(agents)]
        answers = [a.outcome(c).status for a, c in zip(agents, calls, strict=True)]
        assert answers == [200] * PEOPLE
        until(lambda: house.carrier.talking() == PEOPLE, 10, "fifty people talk outside")
        for agent, call in zip(agents, calls, strict=True):
            agent.request(call, "BYE")
        until(lambda: house.carrier.talking() == 0, 10, "all have hung up")
    sent = {offer.user for offer in house.carrier.offered()}
    assert sent == {f"+525512340{n:03d}" for n in range(PEOPLE)}
