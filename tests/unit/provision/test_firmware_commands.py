"""`conserje firmware` and `conserje phones override`: what a technician types and is told."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from appliance.directory.local import Fetch, LocalStore
from appliance.errors import InputProblem
from appliance.ports import SystemChance, SystemClock
from appliance.provision.firmware_commands import firmware
from appliance.provision.override_commands import override
from appliance.settings import Paths, Settings
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows

ANA = "001565aa0101"
AGENT = "Yealink SIP-T46S {} 00:15:65:aa:01:01"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run"))
    publish_rows(found, sample_rows())
    return found


def run(group: click.Group, settings: Settings, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(group, words, obj=settings, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def fetched(settings: Settings, version: str) -> None:
    local = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
    local.record_fetch(Fetch(ANA, f"yealink/{ANA}.cfg", "http", 200, 1, "ab", "10.20.0.50", AGENT.format(version)))


@pytest.mark.acceptance("P-12")
def test_a_file_is_added_targeted_rolled_out_and_comes_back(settings: Settings, tmp_path: Path) -> None:
    image = tmp_path / "T46S.rom"
    image.write_bytes(b"image")
    added = run(firmware, settings, "add", str(image), "--family", "yealink", "--version", "66.86.0.15")
    assert "T46S.rom  5" in added
    assert "No es público" in added
    fetched(settings, "66.85.0.5")
    digest = added[:12]
    run(firmware, settings, "target", "yealink", "T46S", digest)
    told: Any = json.loads(run(firmware, settings, "rollout", "yealink", "T46S", "--at-a-time", "5", "--json"))
    assert [g["mac"] for g in told["given"]] == [ANA]
    fetched(settings, "66.86.0.15")
    assert "1/1" in run(firmware, settings, "list")
    assert json.loads(run(firmware, settings, "list", "--json"))["targets"][0]["state"] == "done"
    with pytest.raises(InputProblem, match="is the target of"):
        run(firmware, settings, "remove", digest)
    run(firmware, settings, "target", "yealink", "T46S", "--none")
    run(firmware, settings, "remove", digest)
    assert "T46S.rom" not in run(firmware, settings, "list")


@pytest.mark.parametrize(
    "words",
    [
        ("target", "nokia", "3310", "ab"),
        ("target", "yealink", "3310", "ab"),
        ("target", "yealink", "T46S", "ab"),
        ("rollout", "yealink", "T46S"),
        ("remove", "ab"),
    ],
)
def test_what_cannot_be_done_with_firmware_is_a_sentence(settings: Settings, words: tuple[str, ...]) -> None:
    with pytest.raises(InputProblem) as told:
        run(firmware, settings, *words)
    assert told.value.text("en") != told.value.text("es")


@pytest.mark.acceptance("P-19")
def test_an_override_is_set_shown_checked_and_taken_away(settings: Settings) -> None:
    run(override, settings, "set", "site", "language", "en")
    run(override, settings, "set", ANA, "voicemail", "*98")
    warned = run(override, settings, "set", "yealink/T46S", "zzz.top", "1", "--raw")
    assert "zzz.top" in warned
    idle = run(override, settings, "set", ANA, "ntp", "10.9.9.9")
    assert "ntp" in idle
    shown: Any = json.loads(run(override, settings, "show", ANA, "--json"))
    assert {(r["name"], r["from"], r["effect"]) for r in shown} >= {
        ("language", "site", True),
        ("voicemail", "device", True),
        ("ntp", "device", False),
    }
    (settings.paths.overrides_dir / "device" / "001565aa0102.toml").write_text("[values]\nlanguage = 1\n")
    assert "línea 2" in run(override, settings, "check", code=1)
    run(override, settings, "unset", ANA, "voicemail")
    run(override, settings, "unset", ANA, "ntp")
    assert not (settings.paths.overrides_dir / "device" / f"{ANA}.toml").exists()
