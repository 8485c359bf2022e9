"""`conserje phones`: what a technician sees and does, in words and in JSON."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.directory.live import Live
from appliance.directory.local import Fetch, LocalStore, Sighting
from appliance.errors import InputProblem, TemplateProblem
from appliance.ports import SystemChance, SystemClock
from appliance.provision.commands import phones
from appliance.settings import Paths, Settings
from appliance.vocabulary import PhoneState
from tests.lab.directory import publish_rows
from tests.lab.sample import ACME, sample_rows, sip_secret
from wire.rows import Person

STRANGER = "001565bb0001"
ANA = "001565aa0101"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run"))
    publish_rows(found, [*sample_rows(), Person("person-fito", ACME, "Fito", "Gil")])
    return found


@pytest.fixture
def local(settings: Settings) -> LocalStore:
    store = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
    evidence = ("User-Agent Yealink SIP-T46S: yealink",)
    store.record_sighting(
        Sighting(STRANGER, "yealink", "T46S", "66.85.0.5", "10.20.0.77", PhoneState.UNKNOWN, evidence)
    )
    store.record_fetch(Fetch(ANA, f"/yealink/{ANA}.cfg", "http", 200, 8484, "ab" * 32, "10.20.0.50", "Yealink"))
    return store


def run(settings: Settings, *words: str) -> str:
    result = CliRunner().invoke(phones, words, obj=settings, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def read(settings: Settings, *words: str) -> Any:
    return json.loads(run(settings, *words, "--json"))


def test_the_list_shows_every_phone_and_strangers_first(settings: Settings, local: LocalStore) -> None:
    shown = run(settings, "list").splitlines()
    assert shown[0].split() == [
        "MAC",
        "ESTADO",
        "MODELO",
        "EMPRESA",
        "EXT",
        "PERSONA",
        "DIRECCIÓN",
        "ÚLTIMO",
        "ARCHIVO",
    ]
    assert shown[1].startswith(f"{STRANGER}  sin asignar")
    assert any("Ana Núñez" in line and "configurado" in line for line in shown)
    rows = read(settings, "list")
    assert {r["mac"]: r["state"] for r in rows}[ANA] == "provisioned"
    assert [r["mac"] for r in read(settings, "list", "--state", "unknown")] == [STRANGER]


def test_english_where_the_building_speaks_it(settings: Settings, local: LocalStore) -> None:
    assert "unassigned" in run(replace(settings, language="en"), "list")


def test_one_phone_is_shown_with_evidence_and_history(settings: Settings, local: LocalStore) -> None:
    assert "User-Agent Yealink SIP-T46S: yealink" in run(settings, "show", "00:15:65:BB:00:01")
    assert f"/yealink/{ANA}.cfg" in run(settings, "show", ANA)
    assert read(settings, "show", ANA)["fetches"][0]["status"] == 200


@pytest.mark.acceptance("P-2")
def test_adopting_a_seen_phone_gives_it_an_identity_and_files(settings: Settings, local: LocalStore) -> None:
    given = read(settings, "adopt", STRANGER, "--person", "person-fito")
    assert given["family"] == "yealink"
    phone = Live(settings.paths.live_dir).current().phone_by_mac(STRANGER)
    assert phone is not None
    assert (phone.person_id, phone.model, phone.sip_user) == ("person-fito", "T46S", given["sip_user"])
    assert phone.sip_secret
    assert phone.sip_secret not in json.dumps(given)
    assert {f["name"] for f in read(settings, "files", STRANGER)} >= {f"{STRANGER}.boot", f"{STRANGER}.cfg"}


def test_a_phone_that_was_never_seen_is_adopted_by_its_maker(settings: Settings) -> None:
    assert read(settings, "adopt", "0004F2-000001", "--person", "person-fito")["family"] == "polycom"


def test_files_are_shown_with_stars_for_passwords_unless_asked(settings: Settings) -> None:
    shown = run(settings, "preview", ANA, f"{ANA}.cfg")
    assert "account.1.password = ********" in shown
    assert "static.security.user_password = admin:********" in shown
    assert sip_secret("ana") not in run(settings, "preview", ANA)
    assert sip_secret("ana") in run(settings, "preview", ANA, f"{ANA}.cfg", "--secrets")
    assert [f["name"] for f in read(settings, "preview", ANA)][-1] == f"{ANA}.cfg"


def test_forgetting_takes_a_stranger_off_the_list(settings: Settings, local: LocalStore) -> None:
    run(settings, "forget", STRANGER)
    assert STRANGER not in run(settings, "list")


@pytest.mark.parametrize(
    "words",
    [
        ["show", "tea"],
        ["show", "001565ffffff"],
        ["adopt", STRANGER],
        ["adopt", STRANGER, "--account", ACME, "--extension", "999"],
        ["adopt", STRANGER, "--person", "person-fito", "--family", "nokia"],
        ["preview", STRANGER],
        ["preview", ANA, "nothing.cfg"],
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(settings: Settings, local: LocalStore, words: list[str]) -> None:
    with pytest.raises(InputProblem) as told:
        CliRunner().invoke(phones, words, obj=settings, catch_exceptions=False)
    assert told.value.text("en") != told.value.text("es")


def test_a_broken_family_is_told_with_its_line(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "yealink"
    folder.mkdir(parents=True)
    (folder / "family.toml").write_text("vendor =\n", encoding="utf-8")
    broken = replace(settings, paths=replace(settings.paths, templates_dir=folder.parent))
    with pytest.raises(TemplateProblem, match="line 1"):
        CliRunner().invoke(phones, ["preview", ANA], obj=broken, catch_exceptions=False)
