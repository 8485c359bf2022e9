"""Lines for other people's DHCP servers: dnsmasq and Kea check their own, the rest is read for what must be in it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.provision.dhcp_help import DIALECTS, told
from appliance.provision.dhcp_help_commands import dhcp_help
from appliance.provision.families import Families, load_families
from appliance.settings import Network, Provisioning, Settings
from tests.unit.provision_doors.building import settings_in

SETTINGS = Settings(network=Network(dhcp=False), provisioning=Provisioning(http_port=8069))


@pytest.fixture(scope="module")
def families() -> Families:
    return load_families(SETTINGS.paths.templates_dir)


def written(dialect: str, families: Families) -> str:
    return DIALECTS[dialect](SETTINGS, families)


@pytest.mark.acceptance("P-16")
@pytest.mark.skipif(not shutil.which("dnsmasq"), reason="dnsmasq is not installed")
def test_dnsmasq_takes_its_lines(families: Families, tmp_path: Path) -> None:
    file = tmp_path / "dnsmasq.conf"
    file.write_text(written("dnsmasq", families))
    done = subprocess.run(["dnsmasq", "--test", "-C", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 'tag:phones-yealink,66,"http://10.20.0.1:8069/yealink/"' in file.read_text()


@pytest.mark.acceptance("P-16")
@pytest.mark.skipif(not shutil.which("kea-dhcp4"), reason="Kea is not installed")
def test_kea_takes_its_lines(families: Families, tmp_path: Path) -> None:
    file = tmp_path / "kea.json"
    made = json.loads(written("kea", families))
    made["Dhcp4"]["lease-database"] = {"type": "memfile", "persist": False}
    file.write_text(json.dumps(made))
    done = subprocess.run(["kea-dhcp4", "-t", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    yealink = next(c for c in made["Dhcp4"]["client-classes"] if c["name"] == "phones-yealink")
    assert bytes.fromhex(yealink["option-data"][0]["data"]) == b"http://10.20.0.1:8069/yealink/"


@pytest.mark.acceptance("P-16")
@pytest.mark.parametrize("dialect", ["kea", "isc", "dnsmasq", "routeros", "windows"])
def test_every_family_that_wants_options_is_in_every_dialect_that_tells_families_apart(
    families: Families, dialect: str
) -> None:
    text = written(dialect, families)
    for one in told(SETTINGS, families):
        name = f"phones-{one.name}".replace("_", "-") if dialect == "dnsmasq" else f"phones-{one.name}"
        assert name in text


@pytest.mark.acceptance("P-16")
def test_a_server_that_tells_no_families_apart_serves_most_and_names_the_others(families: Families) -> None:
    text = written("ios", families)
    assert " option 66 ascii http://10.20.0.1:8069/\n" in text
    assert " option 150 ip 10.20.0.1\n" in text
    assert "yealink" in text.split(" option 66 ")[0]


def test_what_a_shell_would_read_is_escaped(families: Families) -> None:
    assert "value=\"s'http://10.20.0.1:8069/cisco_spa/spa\\$PSN.cfg'\"" in written("routeros", families)
    assert '"http://10.20.0.1:8069/cisco_spa/spa$PSN.cfg"' in written("isc", families)
    assert "'http://10.20.0.1:8069/cisco_spa/spa$PSN.cfg'" in written("windows", families)


def test_the_command_writes_one_dialect_alone_or_all_with_their_names(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    one = CliRunner().invoke(dhcp_help, ["--for", "dnsmasq"], obj=settings, catch_exceptions=False)
    assert one.output.startswith("dhcp-")
    every = CliRunner().invoke(dhcp_help, [], obj=settings, catch_exceptions=False)
    assert every.output.count("===== ") == 6
    assert "network.dhcp = false" in every.output
