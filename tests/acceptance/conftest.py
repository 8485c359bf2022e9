"""Buildings for acceptance tests: one shared house with its phones on the desks, and houses of a test's own.

A test of a ‡ row takes the fixture `centre` and runs twice: with the central office reachable, and cut off.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.crew import Crew, crew_of
from tests.lab.building import Building
from tests.lab.carrier import Carrier
from tests.lab.coral import coral_rows
from tests.lab.lab import CARRIER_ADDRESS, Lab
from tests.lab.phones import Phone, PhoneCall
from tests.lab.sample import ACME, BRAVO, SITE, sample_rows
from tests.lab.waiting import until
from wire.rows import Extension, LineKey, Person, Row, Site, Trunk
from wire.services import TrunkUse

if TYPE_CHECKING:
    from tests.acceptance.voces import Staff


def house_rows() -> tuple[Row, ...]:
    """The sample with keys on four phones, and Fina of Acme (104), who has no phone yet."""
    phoneless = (
        Person("person-fina", ACME, "Fina", "Salas", "fina@example.mx"),
        Extension("ext-fina", ACME, "104", "person", "person-fina"),
    )
    keys = (
        LineKey(f"key-{name}-{position}", account, f"phone-{name}", position, kind, value, label)
        for name, account, colleague in (
            ("ana", ACME, "102"),
            ("beto", ACME, "101"),
            ("carla", BRAVO, "102"),
            ("dario", BRAVO, "101"),
        )
        for position, kind, value, label in (
            (2, "blf", colleague, "Colega"),
            (3, "speed", "5555123456", "Taxi"),
            (4, "park", "", ""),
        )
    )
    return (*sample_rows(CARRIER_ADDRESS), *phoneless, *keys)


@dataclass
class House:
    """A building with its lab. `phones` by person of the sample; a phone is booted when it is first asked for."""

    lab: Lab
    building: Building
    phones: dict[str, Phone] = field(default_factory=dict)

    @property
    def carrier(self) -> Carrier:
        return self.lab.carrier

    def phone(self, person: str) -> Phone:
        """On, registered, with nothing going on; it answers what rings."""
        if person not in self.phones:
            self.phones[person] = self.building.plug(person)
        phone = self.phones[person]
        if not phone.on:
            phone.boot()
        phone.behaviour = "answer"
        return phone

    def second_handset(self, person: str) -> Phone:
        """Another device with this person's account typed into it: a second contact of one identity."""
        owner = self.phone(person)
        handset = self.building.plug(mac="001565cc0001", family_name="yealink", model="T54W", hz=900)
        handset.boot(account=owner.agent.account)
        self.phones[f"{person}-2"] = handset
        return handset

    def people(self, *names: str) -> tuple[Phone, ...]:
        return tuple(self.phone(name) for name in names)

    def quiet(self) -> None:
        """Hangs up everything, and waits until nobody talks."""
        for phone in self.phones.values():
            if phone.on:
                phone.hang_up_all()
        until(lambda: self.carrier.talking() == 0, 5, "the carrier has no call left")

    def rearrange(self, centre: str, *rows: Site | Trunk | TrunkUse) -> None:
        """The operator edits the building or its ways out; in force when it returns, whatever state the link is in."""
        self.building.mend_centre()
        with self.lab.centre.editing(site_id=SITE) as edit:
            for row in rows:
                edit.put(row)

        def in_force() -> bool:
            directory = self.building.directory_in_force()
            known = (directory.site, *directory.trunks())
            return all(r in (*known, directory.service(TrunkUse, r.id)) for r in rows)

        until(in_force, 30, "the building is as the operator wants it")
        if centre == "cut":
            self.building.cut_centre()

    def calls_carrier(self, caller: Phone, dialled: str) -> tuple[PhoneCall, str]:
        """Dials an outside number; the call, and the user part that the carrier was sent."""
        before = len(self.carrier.offered())
        call = caller.call(dialled).established()
        new = until(lambda: self.carrier.offered()[before:], 5, f"the carrier is offered {dialled}")
        return call, new[-1].user


@pytest.fixture(scope="session")
def shared_house() -> Iterator[House]:
    with Lab() as lab:
        yield House(lab, lab.building(enrolled=True, rows=(*house_rows(), *coral_rows())))


@pytest.fixture
def crew(house: House) -> Iterator[Crew]:
    """Scripted phones of the shared house's people, Coral's foremost."""
    with crew_of(house.building) as made:
        yield made


@pytest.fixture
def house(shared_house: House, request: pytest.FixtureRequest) -> Iterator[House]:
    """The shared house, quiet before and after. Reachable by the centre unless the test says otherwise."""
    if "centre" not in request.fixturenames:
        shared_house.building.mend_centre()
    yield shared_house
    shared_house.quiet()


@pytest.fixture
def own_house() -> Iterator[Callable[..., House]]:
    """Makes houses for one test alone: for tests that break them."""
    labs: list[Lab] = []

    def make(**options: object) -> House:
        lab = Lab()
        labs.append(lab)
        options.setdefault("rows", house_rows())
        return House(lab, lab.building(**options))  # type: ignore[arg-type]

    yield make
    for lab in labs:
        lab.close()


@pytest.fixture(params=["up", "cut"], scope="module")
def centre(request: pytest.FixtureRequest, shared_house: House) -> Iterator[str]:
    """The test runs with the central office reachable, and with its link cut."""
    state = str(request.param)
    if state == "cut":
        shared_house.building.cut_centre()
    else:
        shared_house.building.mend_centre()
    yield state
    shared_house.building.mend_centre()


@pytest.fixture(scope="session")
def voces(shared_house: House, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Staff]":
    """The company with every service of voice, in the shared house from now on; its phones."""
    from tests.acceptance.voces import settled, staff_of

    settled(shared_house, tmp_path_factory.mktemp("voces"))
    yield from staff_of(shared_house)


@pytest.fixture
def staff(voces: "Staff", house: House, centre: str) -> "Iterator[Staff]":
    """Phones of Voces, with the centre up and cut; all have hung up before and after."""
    yield voces
    voces.quiet()
