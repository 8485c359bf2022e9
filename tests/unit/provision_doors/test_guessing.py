"""Ten thousand guessed MACs, the building's own among them: what they get, and what they leave behind."""

import random
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.directory.local import MAX_SIGHTINGS, LocalStore
from appliance.ports import SystemChance
from appliance.provision.desk import NotFound, Refused, Served
from appliance.provision.http import create_app
from appliance.settings import Settings
from appliance.vocabulary import PhoneState
from tests.lab.sample import PEOPLE, sip_secret
from tests.unit.provision_doors.building import settings_in
from tests.unit.provision_doors.test_claims import OTHER, OTHERS, House

GUESSES = 10_000
DISK_MOST = 24 << 20
MEMORY_MOST = 48 << 20
TEMPLATES = Settings().paths.templates_dir
NAMES = ("yealink/{}.cfg", "{}.cfg", "polycom/{}-registration.cfg", "cisco_spa/{}.xml", "cfg{}.xml", "yealink/{}.boot")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    # The sample's families alone: what is weighed for each guess is the same, and it is ten thousand times.
    for family in {person[7] for person in PEOPLE}:
        (tmp_path / "phones").mkdir(exist_ok=True)
        (tmp_path / "phones" / family).symlink_to(TEMPLATES / family)
    settings = settings_in(tmp_path)
    made = House(replace(settings, paths=replace(settings.paths, templates_dir=tmp_path / "phones")))
    yield made
    made.doorway.close()
    made.heard.close()


def guesses() -> list[str]:
    """Paths with MACs of known makers, all of the building's phones among them, in an order that is always the same."""
    chance = random.Random(26)
    ouis = ("001565", "0004f2", "8843e1", "000b82")
    made = [f"{chance.choice(ouis)}{chance.randrange(1 << 24):06x}" for _ in range(GUESSES - 10 * len(PEOPLE))]
    made += [person[6] for person in PEOPLE] * 10
    chance.shuffle(made)
    return [chance.choice(NAMES).format(mac) for mac in made]


def disk(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def resident() -> int:
    """Octets of memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def secrets() -> list[bytes]:
    return [sip_secret(person[1]).encode() for person in PEOPLE] + [b"x7k2"]


@pytest.mark.acceptance("P-3")
def test_without_any_ban_no_guess_gets_a_secret_and_disk_and_memory_stay_bounded(house: House) -> None:
    """As if each guess came from a source that never guessed before: from a phone's place, or from beyond a router."""
    before = disk(house.settings.paths.state_dir)
    memory = resident()
    given = []
    for number, path in enumerate(guesses()):
        source = OTHERS if number % 2 else f"192.0.2.{number % 250}"
        answer = house.doorway.answer(path, "tftp" if number % 3 else "http", source, "")
        house.doorway.record(answer, path, "http", source, "", 200 if isinstance(answer, Served) else 404)
        given.append(answer)
        house.clock.seconds += 1.0
    house.doorway.close()
    leaked = [a for a in given if isinstance(a, Served) and any(s in a.data for s in secrets())]
    assert leaked == []
    assert all(isinstance(a, Served | NotFound | Refused) for a in given)
    assert not [a for a in given if isinstance(a, Served) and b"/t/" in a.data], "no way to anyone's own URL either"
    local = LocalStore(house.settings.paths.local_db, house.clock, SystemChance())
    assert len(local.sightings()) <= MAX_SIGHTINGS
    assert disk(house.settings.paths.state_dir) - before < DISK_MOST
    assert resident() - memory < MEMORY_MOST


@pytest.mark.acceptance("P-3")
def test_a_guesser_is_turned_away_by_every_door_and_shown(house: House) -> None:
    client = create_app(house.doorway).test_client()
    where = {"REMOTE_ADDR": OTHERS}
    answers = [client.get(f"/{path}", environ_base=where) for path in guesses()[:300]]
    codes = [a.status_code for a in answers]
    assert codes[0] == 404
    assert set(codes[40:]) == {429}
    assert {a.data for a in answers} <= {b"Not Found\n", b"Too Many Requests\n"}
    tftp = house.another()
    assert tftp.busy(OTHERS), "the other doors know"
    assert not tftp.busy("10.20.0.50")
    tftp.close()
    house.doorway.close()
    local = LocalStore(house.settings.paths.local_db, house.clock, SystemChance())
    shown = {s.mac: s for s in local.sightings()}[OTHER]
    assert shown.state is PhoneState.QUARANTINED
    house.clock.seconds += house.settings.provisioning.ban_s + 60
    assert not house.doorway.busy(OTHERS), "for a time"


def test_a_ban_is_not_lifted_by_more_of_the_same_and_hits_nobody_else(house: House) -> None:
    house.boots("001565aa0101")
    for n in range(40):
        house.get(f"yealink/001565bb{n:04x}.cfg", OTHERS)
    assert house.doorway.busy(OTHERS)
    house.data("yealink/001565aa0101.cfg", "10.20.0.50")
