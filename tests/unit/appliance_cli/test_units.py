"""The systemd units that `conserje units` writes."""

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.cli import cli
from appliance.processes import PROCESSES
from appliance.units import TARGET, unit_files

COMMAND = Path("/opt/conserje/venv/bin/conserje")
FILES = unit_files(COMMAND, Path("/opt/conserje/templates/phones"))
MOST_EXPOSED = 4.0


def test_each_process_has_a_unit_that_starts_again_at_once_and_the_target_wants_all() -> None:
    for p in PROCESSES:
        text = FILES[f"conserje-{p.name}.service"]
        assert f"ExecStart={COMMAND} run {p.name}\n" in text
        assert "Restart=always\nRestartSec=200ms\n" in text
        assert f"User={p.user}\n" in text
        assert f"conserje-{p.name}.service" in FILES[TARGET]


def test_calls_have_the_processor_before_pages_files_and_copies() -> None:
    first = {p.name for p in PROCESSES if "CPUWeight=1000\n" in FILES[f"conserje-{p.name}.service"]}
    assert first == {"rtpengine", "kamailio", "haproxy", "voice"}
    assert "CPUWeight=100\n" in FILES["conserje-sync.service"]


def test_only_what_settings_can_switch_off_is_asked_for_first() -> None:
    asked = [name for name, text in FILES.items() if "ExecCondition=" in text]
    assert asked == ["conserje-haproxy.service", "conserje-dhcp.service"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_no_unit_is_more_exposed_than_four(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    for p in PROCESSES:
        unit = tmp_path / f"conserje-{p.name}.service"
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
            capture_output=True,
            text=True,
            check=False,
        )
        score = float(done.stdout.strip().splitlines()[-1].split(":")[1].split()[0])
        assert score <= MOST_EXPOSED, f"{p.name}: {score}"


def test_the_command_writes_them_and_answers_what_is_wanted(tmp_path: Path) -> None:
    settings = tmp_path / "conserje.toml"
    settings.write_text("[network]\ndhcp = false\n")
    runner = CliRunner()
    base = ["--settings", str(settings), "units"]
    assert runner.invoke(cli, [*base, "--dir", str(tmp_path / "units")]).exit_code == 0
    assert sorted(p.name for p in (tmp_path / "units").iterdir()) == sorted(FILES)
    assert runner.invoke(cli, [*base, "--wanted", "dhcp"]).exit_code == 1
    assert runner.invoke(cli, [*base, "--wanted", "kamailio"]).exit_code == 0
