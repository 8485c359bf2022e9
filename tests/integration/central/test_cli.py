"""The terminal: set an office up and edit it, as a person or a script does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from central.cli import cli
from central.errors import InputProblem, NotFoundProblem
from wire.claim import parse


class Shell:
    def __init__(self, place: Path) -> None:
        self.file = place / "central.toml"
        self.file.write_text(f'[paths]\nstate_dir = "{place}/state"\n')

    def type(self, *words: str) -> str:
        done = CliRunner().invoke(cli, ["--settings", str(self.file), *words], env={"CONSERJE_LANGUAGE": "es-MX"})
        if done.exception:
            raise done.exception
        return done.output

    def json(self, *words: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.type(*words, "--json"))
        return answer


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("CONSERJE_CENTRAL_SETTINGS", "")  # restored afterwards: the command sets it
    monkeypatch.setenv("CONSERJE_LANGUAGE", "es-MX")
    made = Shell(tmp_path)
    assert len(made.json("init")["password"]) >= 20
    return made


def test_an_office_is_built_from_the_terminal(shell: Shell) -> None:
    assert "Ya hay un administrador" in shell.type("init")
    site = shell.json("site", "add", "Torre Reforma", "--callback", "5555555555")["site_id"]
    shell.json("account", "add", "Acme", "--site", "torre reforma")
    bravo = shell.json("account", "add", "Bravo")["account_id"]
    shell.json("account", "enter", "Bravo", site)
    made = shell.json(
        "person", "add", "Ana", "López", "--account", "acme", "--extension", "101", "--number", "5512345678",
        "--mac", "00:15:65:aa:bb:cc", "--model", "T46S", "--site", site,
    )  # fmt: skip
    assert made["number"] == "+525512345678"
    assert made["sip_user"].startswith("p")
    assert "extensión 102" in shell.type("person", "add", "Beto", "--account", "Acme", "--extension", "102")
    shell.json("number", "add", "5512345679", "--account", "Acme")
    shell.json("map", "5512345679", "102", "--account", "Acme")
    shell.json("map", "5512345679", "", "--account", "Acme")
    shell.json("account", "default", "Acme", "101")
    assert shell.json("account", "three-way", "Acme", "--goes-on")["three_way_goes_on"] is True
    assert shell.json("account", "three-way", "Acme", "--ends")["three_way_goes_on"] is False
    phone = shell.json("phone", "add", "000b82000001", "--account", "Acme", "--site", site, "--model", "GXP2130",
                       "--extension", "102")  # fmt: skip
    assert phone["family"] == "grandstream"
    assert "sip_secret" not in phone
    mac = "00:15:65:AA:BB:CC"
    assert "No hay teclas" in shell.type("phone", "keys", mac, "--account", "Acme")
    shell.json("phone", "keys", mac, "2=blf:102:Sala: 1", "3=speed:5555123456", "4=park", "--account", "Acme")
    said = shell.type("phone", "keys", mac, "3=none", "--account", "Acme")
    assert said == "2=blf:102:Sala: 1\n4=park\n"
    shell.json("trunk", "add", "Telmex", "203.0.113.9", "--site", site)
    held = shell.json("trunk", "change", "Telmex", "--site", site, "--host", "sip.telmex.mx", "--user", "acme")
    assert (held["host"], held["port"], held["username"], held["trusted"]) == ("sip.telmex.mx", 5060, "acme", True)
    assert "secret" not in held
    assert shell.json("trunk", "change", "Telmex", "--site", site, "--port", "0")["port"] == 0
    held = shell.json("person", "change", "101", "--account", "Acme", "--extension", "110", "--international",
                      "--number", "5512345670", "--caller-id", "5512345678", "--area-code", "664")  # fmt: skip
    assert (held["international"], held["caller_id"], held["first_name"]) == (True, "+525512345678", "Ana")
    shell.json("map", "5512345670", "110", "--account", "Acme")
    shell.json("trunk", "delete", "Telmex", "--site", site)
    shell.json("person", "delete", "102", "--account", "Acme")
    shell.json("account", "leave", bravo, site)
    assert parse(shell.json("claim", site)["claim_code"])
    assert shell.json("revoke", site) == {"revoked": 0}
    assert shell.json("operator", "add", "jefa", "--account", "Acme")["user"] == "jefa"
    assert "Contraseña" in shell.type("operator", "password", "jefa")
    line = shell.json("status")["sites"][0]
    assert (line["name"], line["state"]) == ("Torre Reforma", "never")
    assert "nunca" in shell.type("status")


def test_what_cannot_be_is_a_problem(shell: Shell) -> None:
    shell.json("account", "add", "Acme")
    with pytest.raises(NotFoundProblem, match="Nowhere"):
        shell.type("claim", "Nowhere")
    shell.json("site", "add", "Torre")
    with pytest.raises(NotFoundProblem, match="no trunk"):
        shell.type("trunk", "change", "Telmex", "--site", "Torre", "--port", "5070")
    with pytest.raises(InputProblem, match="911"):
        shell.type("person", "add", "Ana", "--account", "Acme", "--extension", "911")
    with pytest.raises(NotFoundProblem, match="no phone"):
        shell.type("phone", "keys", "001565aabbcc", "2=park", "--account", "Acme")
    with pytest.raises(NotFoundProblem):
        shell.type("map", "5512345678", "101", "--account", "Acme")


def test_a_person_reads_a_sentence_and_never_a_traceback(shell: Shell, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "central", "--settings", str(tmp_path / "none.toml"), "status", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "No se puede leer" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "settings"


def test_a_company_gets_its_services_from_the_terminal(shell: Shell, tmp_path: Path) -> None:
    site = shell.json("site", "add", "Torre Reforma")["site_id"]
    shell.json("account", "add", "Acme", "--site", site)
    acme = ("--account", "Acme")
    for name, digits in (("Ana", "101"), ("Beto", "102")):
        shell.json("person", "add", name, *acme, "--extension", digits)
    pin = shell.json("mailbox", "add", "101", *acme, "--email", "ana@acme.mx")["pin"]
    assert shell.json("mailbox", "pin", "101", *acme)["pin"] != pin
    shell.json("group", "add", "Ventas", *acme, "--extension", "200", "--member", "102", "--member", "101",
               "--mode", "in_turn", "--no-answer", "vm101")  # fmt: skip
    shell.json("sound", "add", "Saludo", *acme, "--text", "Gracias por llamar a Acme")
    shell.json("receptionist", "add", "Recepción", *acme, "--extension", "100", "--key", "1=101", "--key", "2=vm101",
               "--key", "9=repeat", "--greeting", "Saludo", "--default", "200")  # fmt: skip
    assert shell.json("receptionist", "hours", "100", "closed", *acme)["override"] == "closed"
    assert shell.json("room", "add", "8001", "Junta", *acme, "--line", "800")["number"] == "8001"
    assert shell.json("forward", "101", "5512345678", *acme)["mode"] == "always"
    shell.json("number", "add", "5550001000", *acme)
    shell.json("map", "5550001000", "100", *acme)
    shell.json("group", "delete", "200", *acme)
    shell.json("trunk", "add", "Carrier", "203.0.113.9", "--site", site)
    use = shell.json("trunk", "use", "Carrier", "--site", site, "--class", "national", "--days", "01234",
                     "--from", "09:00", "--to", "18:00")  # fmt: skip
    assert (use["classes"], use["from_minute"]) == ("national", 540)
    assert shell.json("site", "limits", site, "--at-once", "3")["international_at_once"] == 3
    for words in (("forward", "101", "call me", *acme), ("receptionist", "add", "R", *acme, "--extension", "105",
                                                         "--key", "1")):  # fmt: skip
        with pytest.raises(InputProblem):
            shell.json(*words)
    with pytest.raises(NotFoundProblem):
        shell.json("mailbox", "pin", "102", *acme)
