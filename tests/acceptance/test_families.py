"""A phone of every family that the lab knows is plugged in, finds its files in its own way, and registers.

The directory knows each by its MAC alone: what it is, the building finds out.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import House, house_rows
from tests.lab import phoneboot
from tests.lab.lab import Lab
from tests.lab.sample import ACME, SITE
from wire.rows import Extension, Person, Phone

NAMES = sorted(p.stem for p in (Path(phoneboot.__file__).parent / "families").glob("*.toml"))
KINDS = [(name, model) for name in NAMES for model in sorted(phoneboot.family(name).models)]
IDS = [f"{name}-{model}".replace(" ", "_") for name, model in KINDS]


def mac_of(n: int) -> str:
    return f"{phoneboot.family(KINDS[n][0]).oui}fa{n:04x}"


@pytest.fixture(scope="module")
def full_house() -> Iterator[House]:
    """A building where someone sits at a phone of every kind."""
    rows = [*house_rows()]
    for n in range(len(KINDS)):
        person = f"person-kind-{n}"
        rows += [
            Person(person, ACME, f"Kind{n}", "Núñez & Hijos", f"kind{n}@example.mx"),
            Extension(f"ext-kind-{n}", ACME, f"{300 + n}", "person", person),
            Phone(f"phone-kind-{n}", ACME, SITE, person, mac_of(n), "", "", f"kind-{n}-x7k2", f"secret-{n}-Zq9<&#x"),
        ]
    with Lab() as lab:
        yield House(lab, lab.building(rows=tuple(rows), settings={"provisioning": {"secure_sip": True}}))


@pytest.mark.acceptance("P-7", "P-15")
@pytest.mark.parametrize("n", range(len(KINDS)), ids=IDS)
def test_a_phone_of_this_kind_boots_in_its_own_way_and_registers(full_house: House, n: int) -> None:
    name, model = KINDS[n]
    phone = full_house.building.plug(mac=mac_of(n), family_name=name, model=model)
    try:
        boot = phone.boot(seconds=20)
        assert boot.registered
        assert boot.config.sip_user == f"kind-{n}-x7k2"
        assert phone.screen in ("", f"{300 + n} Kind{n} Núñez & Hijos")
    finally:
        phone.power_off()
