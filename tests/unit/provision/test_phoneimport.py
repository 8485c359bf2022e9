"""Phones out of a CSV file as spreadsheets write them: every fault is told by its line, and nothing is half done."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.directory.live import Live
from appliance.directory.local import LocalStore, Sighting
from appliance.errors import InputProblem
from appliance.ports import SystemChance, SystemClock
from appliance.provision.estate_commands import phones
from appliance.provision.phoneimport import read_rows
from appliance.settings import Paths, Settings
from appliance.vocabulary import PhoneState
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows

GOOD = "mac,model,email\n00:15:65:cc:00:01,T46S,ana@example.mx\n0004F2CC0002,VVX400,beto@example.mx\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run"), language="en")
    publish_rows(found, sample_rows(phones=False))
    return found


def run(settings: Settings, text: str | bytes, *words: str) -> Result:
    file = settings.paths.state_dir / "phones.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return CliRunner().invoke(phones, ["import", str(file), *words], obj=settings)


def macs(settings: Settings) -> list[str]:
    return sorted(p.mac for p in Live(settings.paths.live_dir).current().phones())


def test_a_dry_run_says_what_would_be_done_and_does_nothing(settings: Settings) -> None:
    result = run(settings, GOOD, "--dry-run")
    assert result.exit_code == 0
    assert "line 2: 001565cc0001 (yealink T46S) to Ana Núñez: good" in result.output
    assert "Nothing was done. Good: 2. Bad: 0." in result.output
    assert macs(settings) == []


def test_the_import_gives_each_phone_to_its_person_and_tells_the_centre(settings: Settings) -> None:
    result = run(settings, GOOD, "--json")
    said = json.loads(result.output)
    assert (said["done"], said["refused"]) == (2, 0)
    assert macs(settings) == ["0004f2cc0002", "001565cc0001"]
    phone = Live(settings.paths.live_dir).current().phone_by_mac("001565cc0001")
    assert phone and (phone.family, phone.model, phone.person_id) == ("yealink", "T46S", "person-ana")
    local = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
    assert [f.fact for f in local.waiting()] == ["phone_adopted", "phone_adopted"]


@pytest.mark.parametrize(
    "data",
    [
        "MAC;Modelo;Empresa;Extensión\r\n001565cc0001;T46S;Acme, S.A. de C.V.;101\r\n".encode("cp1252"),
        "MAC;Modelo;Empresa;Extensión\r\n001565cc0001;T46S;acct-acme;101\r\n".encode("utf-16"),
        '\ufeffMAC,Modelo,Empresa,Extensión\n001565cc0001,T46S,"Acme, S.A. de C.V.",101\n'.encode(),
        "MAC\tModelo\tEmpresa\tExtensión\n00-15-65-CC-00-01\tt46s\tACCT-ACME\t101\n\n".encode(),
    ],
)
def test_what_spreadsheets_write_is_read(settings: Settings, data: bytes) -> None:
    assert run(settings, data).exit_code == 0
    assert macs(settings) == ["001565cc0001"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"PK\x03\x04\x00\x00", "no encoding"),
        (b"\xff\xfe\x00", "no encoding"),
        (b"name,age\nana,3\n", "first line"),
        (b'mac,email\n"001565cc0001,ana\n', "not a CSV"),
        (b"mac,email\n" + b"x,y\n" * 6000, "more than"),
        (b"x" * (3 << 20), "2 MB"),
    ],
)
def test_what_is_no_such_file_is_refused_with_a_sentence(data: bytes, says: str) -> None:
    with pytest.raises(InputProblem, match=says):
        read_rows(data)


BAD = (
    "mac,model,family,email,company,extension\n"
    "001565cc0001,T46S,,ana@example.mx,,\n"
    "nonsense,T46S,,beto@example.mx,,\n"
    "0004f2cc0002,VVX9999,,beto@example.mx,,\n"
    "001565cc0003,T46S,,nobody@example.mx,,\n"
    "001565cc0004,T46S,,,acct-bravo,999\n"
    "001565cc0005,T46S,,,Nowhere,101\n"
    "001565cc0006,,Acme Phones,elsa@example.mx,,\n"
    "001565cc0007,T46S,,ana@example.mx,,\n"
)


def test_one_bad_line_keeps_all_back_and_each_fault_is_told_by_its_line(settings: Settings) -> None:
    result = run(settings, BAD)
    assert result.exit_code == 1
    assert macs(settings) == []
    for line in (
        "line 3: nonsense: 'nonsense' is no MAC address",
        "line 4: 0004f2cc0002: Polycom has no model 'VVX9999'",
        "line 5: 001565cc0003: nobody here has the address nobody@example.mx",
        "line 6: 001565cc0004: nobody of Bravo y Asociados has extension 999",
        "line 7: 001565cc0005: no company is called 'Nowhere'",
        "line 8: 001565cc0006: 'Acme Phones' is no known family",
        "line 9: 001565cc0007: an earlier line has it already",
    ):
        assert line in result.output


def test_on_request_the_good_lines_are_done(settings: Settings) -> None:
    result = run(settings, BAD, "--each")
    assert result.exit_code == 1
    assert "Given: 1. Refused: 7." in result.output
    assert macs(settings) == ["001565cc0001"]
    again = run(settings, GOOD)
    assert "line 2: 001565cc0001: it is assigned already" in again.output


def test_a_phone_that_was_seen_is_imported_as_what_it_is(settings: Settings) -> None:
    local = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
    local.record_sighting(Sighting("001565cc0001", "yealink", "T42S", "", "", PhoneState.UNKNOWN, ()))
    assert run(settings, "mac,email\n001565cc0001,ana@example.mx\n").exit_code == 0
    phone = Live(settings.paths.live_dir).current().phone_by_mac("001565cc0001")
    assert phone and (phone.family, phone.model) == ("yealink", "T42S")
