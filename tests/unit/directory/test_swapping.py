"""Another device in a broken phone's place: the same person and identity, also with no centre, and its way back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import Phone
from appliance.directory.publish import publish
from appliance.directory.swap import Swaps
from appliance.errors import InputProblem
from appliance.ports import SystemChance, SystemClock
from appliance.provision.estate_commands import phones
from appliance.settings import Paths, Settings
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows, sip_secret, sip_user

OLD, NEW, THIRD = "001565aa0101", "001565cc0001", "0004f2cc0003"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run"), language="en")
    publish_rows(found, sample_rows())
    return found


def swap(settings: Settings, *words: str) -> dict[str, str]:
    result = CliRunner().invoke(phones, ["swap", *words, "--json"], obj=settings, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert isinstance(found, dict)
    return found


def at(settings: Settings, mac: str) -> Phone | None:
    return Live(settings.paths.live_dir).current().phone_by_mac(mac)


def test_the_new_device_is_the_same_phone_with_a_new_secret_and_the_old_one_is_nobodys(settings: Settings) -> None:
    swap(settings, "00:15:65:aa:01:01", NEW)
    assert at(settings, OLD) is None
    phone = at(settings, NEW)
    assert phone and (phone.id, phone.person_id, phone.sip_user) == ("phone-ana", "person-ana", sip_user("ana"))
    assert phone.sip_secret != sip_secret("ana")
    assert phone.family == "yealink"
    (fact,) = LocalStore(settings.paths.local_db, SystemClock(), SystemChance()).waiting()
    assert (fact.fact, fact.body["old_mac"], fact.body["new_mac"]) == ("phone_swapped", OLD, NEW)
    assert str(fact.body["sip_secret"]).startswith("sealed:")
    assert phone.sip_secret not in settings.paths.local_db.read_bytes().decode("latin-1")


def test_the_secret_stays_when_it_is_told_to(settings: Settings) -> None:
    swap(settings, OLD, NEW, "--keep-secret", "--model", "T42S")
    phone = at(settings, NEW)
    assert phone and (phone.sip_secret, phone.model) == (sip_secret("ana"), "T42S")


def test_it_may_be_of_another_family_and_be_swapped_again_and_back(settings: Settings) -> None:
    swap(settings, OLD, NEW)
    assert swap(settings, NEW, THIRD, "--model", "VVX400")["family"] == "polycom"
    phone = at(settings, THIRD)
    assert phone and (phone.id, phone.family, phone.model) == ("phone-ana", "polycom", "VVX400")
    swap(settings, THIRD, OLD)
    back = at(settings, OLD)
    assert back and back.id == "phone-ana" and at(settings, THIRD) is None
    publish(settings)
    assert at(settings, OLD) == back


def test_once_the_centres_copy_has_it_the_centres_word_stands(settings: Settings) -> None:
    swap(settings, OLD, NEW)
    rows = tuple(
        replace(r, mac=NEW, model="T48S") if r.id == "phone-ana" and isinstance(r, Phone) else r for r in sample_rows()
    )
    publish_rows(settings, rows)
    phone = at(settings, NEW)
    assert phone and phone.model == "T48S"
    assert not Swaps(settings.paths.local_db).all()


def test_a_swap_outlives_a_new_revision_that_does_not_know_it(settings: Settings) -> None:
    swap(settings, OLD, NEW)
    publish_rows(settings, sample_rows())
    assert at(settings, OLD) is None
    assert at(settings, NEW)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("001565ffffff", NEW, "nobody's"),
        (OLD, "0004f2aa0102", "assigned already"),
        (OLD, OLD, "assigned already"),
        (OLD, "12", "MAC"),
    ],
)
def test_what_cannot_be_is_a_sentence(settings: Settings, old: str, new: str, says: str) -> None:
    with pytest.raises(InputProblem, match=says):
        CliRunner().invoke(phones, ["swap", old, new], obj=settings, catch_exceptions=False)
