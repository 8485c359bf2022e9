"""A phone given to another person of its company: also with no centre, and its way back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.directory.assigned import Assignments
from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import Phone
from appliance.errors import InputProblem
from appliance.ports import SystemChance, SystemClock
from appliance.provision.estate_commands import phones
from appliance.settings import Paths, Settings
from tests.acceptance.conftest import house_rows
from tests.lab.directory import publish_rows
from tests.lab.sample import sip_secret, sip_user

ANA = "001565aa0101"
ROWS = house_rows()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run"), language="en")
    publish_rows(found, ROWS)
    return found


def assign(settings: Settings, *words: str) -> None:
    result = CliRunner().invoke(phones, ["assign", ANA, *words, "--json"], obj=settings, catch_exceptions=False)
    assert json.loads(result.output)["mac"] == ANA, result.output


def phone(settings: Settings) -> Phone:
    found = Live(settings.paths.live_dir).current().phone_by_mac(ANA)
    assert found
    return found


def test_it_is_the_same_phone_with_its_secret_for_another_person_and_back(settings: Settings) -> None:
    assign(settings, "--extension", "104")
    given = phone(settings)
    assert (given.id, given.person_id, given.sip_user) == ("phone-ana", "person-fina", sip_user("ana"))
    assert given.sip_secret == sip_secret("ana")
    (fact,) = LocalStore(settings.paths.local_db, SystemClock(), SystemChance()).waiting()
    assert (fact.fact, fact.body["person_before"], fact.body["person_id"]) == (
        *("phone_assigned", "person-ana", "person-fina"),
    )
    publish_rows(settings, ROWS)
    assert phone(settings).person_id == "person-fina", "a revision that does not know it changes nothing"
    assign(settings, "--person", "person-ana")
    assert phone(settings).person_id == "person-ana"


def test_once_the_centre_has_given_it_to_somebody_its_word_stands(settings: Settings) -> None:
    assign(settings, "--extension", "104")
    nobody = tuple(replace(r, person_id="") if isinstance(r, Phone) and r.mac == ANA else r for r in ROWS)
    publish_rows(settings, nobody)
    assert phone(settings).person_id == ""
    assert not Assignments(settings.paths.local_db).all()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((ANA, "--extension", "101"), "already"),
        ((ANA, "--extension", "102"), "already has a phone"),
        ((ANA, "--person", "person-carla"), "another company"),
        ((ANA, "--person", "nobody"), "not in this building"),
        ((ANA, "--extension", "999"), "not said, or nobody"),
        ((ANA,), "not said, or nobody"),
        (("001565ffffff", "--extension", "104"), "nobody's"),
    ],
)
def test_what_cannot_be_is_a_sentence(settings: Settings, words: tuple[str, ...], says: str) -> None:
    with pytest.raises(InputProblem, match=says):
        CliRunner().invoke(phones, ["assign", *words], obj=settings, catch_exceptions=False)
