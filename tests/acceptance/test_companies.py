"""Two companies in one building, both with an extension 101: nothing crosses from one to the other."""

import pytest

from tests.acceptance.conftest import House
from tests.lab.phones import Phone

ANA_DIRECT, CARLA_DIRECT = "5550000101", "5550000201"


def _called_only(call_to: Phone, others: tuple[Phone, ...], before: dict[str, int]) -> None:
    assert call_to.called() == before[call_to.name] + 1
    for other in others:
        assert other.called() == before[other.name]


@pytest.mark.acceptance("J-1")
@pytest.mark.parametrize(("caller", "callee"), [("ana", "beto"), ("carla", "dario")])
def test_a_short_number_stays_within_its_company(house: House, centre: str, caller: str, callee: str) -> None:
    people = house.people("ana", "beto", "carla", "dario", "elsa")
    before = {p.name: p.called() for p in people}
    call = house.phone(caller).call("102").established()
    call.hears(house.phone(callee).hz)
    others = tuple(p for p in people if p.name not in (caller, callee))
    _called_only(house.phone(callee), others, before)
    assert "101" in house.phone(callee).incoming(after=before[callee]).peer


@pytest.mark.acceptance("J-1")
def test_an_extension_of_the_other_company_does_not_exist(house: House, centre: str) -> None:
    """Only Acme has a 103; Carla of Bravo hears that it does not exist, and Elsa's phone stays silent."""
    carla, elsa = house.people("carla", "elsa")
    before = elsa.called()
    call = carla.call("103").hears_words()
    assert call.ended(30).startswith("404")
    assert elsa.called() == before


@pytest.mark.acceptance("J-1", "S-2")
@pytest.mark.parametrize("dialled", [CARLA_DIRECT, f"+52{CARLA_DIRECT}"])
def test_companies_call_each_other_by_full_number_inside_the_building(
    house: House, centre: str, dialled: str
) -> None:
    ana, carla = house.people("ana", "carla")
    offered = len(house.carrier.offered())
    before = carla.called()
    call = ana.call(dialled).established()
    call.hears(carla.hz)
    shown = carla.incoming(after=before).peer
    assert f"+52{ANA_DIRECT}" in shown, "the other company sees the full number, never the extension"
    assert len(house.carrier.offered()) == offered, "no call left the building"
