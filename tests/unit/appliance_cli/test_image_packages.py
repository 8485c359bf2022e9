"""What the installer brings to a box: every engine that is started there, and none of Debian's own services with it."""

import re
import subprocess
from pathlib import Path

import pytest

from appliance.doctor import PROGRAMS
from appliance.processes import PROCESSES

IMAGE = Path(__file__).resolve().parents[3] / "image"
ENGINES = {p.name for p in PROCESSES if re.search(r"\b(engines|front|dhcp_service):", p.runner)}
HARMLESS = {"rtpengine"}
"""Another name of one that is masked."""


def brought() -> set[str]:
    lines = (IMAGE / "packages.txt").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_every_engine_is_among_the_packages_of_the_installer() -> None:
    assert set(PROGRAMS) == ENGINES, "the doctor knows each engine's package"
    assert set(PROGRAMS.values()) <= brought()


@pytest.mark.parametrize("package", sorted(PROGRAMS.values()))
def test_debians_own_service_of_an_engine_does_not_start_beside_ours(package: str) -> None:
    listed = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=True).stdout
    services = set(re.findall(r"/lib/systemd/system/([\w-]+)\.service$", listed, re.M)) - HARMLESS
    masked = re.search(r"^for unit in (.*); do$", (IMAGE / "install.sh").read_text(encoding="utf-8"), re.M)
    assert masked and services <= set(masked[1].split())
