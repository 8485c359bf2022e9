"""What DHCP tells a family, octet for octet: text, addresses, octets, and sub-options one after the other."""

from pathlib import Path

import pytest

from appliance.errors import TemplateProblem
from appliance.provision.dhcp import kea_config
from appliance.provision.families import DhcpOption, Families, load_families
from appliance.settings import Settings

DESCRIPTOR = """
vendor = "Telmaxima"
format = "yealink"
escape = "line"
content_type = "text/plain"
files = []
models = [{{ name = "TM1", lines = 1 }}]
[[option60]]
prefix = "TM"
[[dhcp_options]]
{option}
"""


def families_with(here: Path, option: str) -> Families:
    folder = here / "telmaxima"
    folder.mkdir()
    (folder / "family.toml").write_text(DESCRIPTOR.format(option=option), encoding="utf-8")
    return load_families(here)


def told(families: Families) -> bytes:
    assert not families.problems, families.problems
    config = kea_config(Settings(), None, families)
    (mine,) = [c for c in config["Dhcp4"]["client-classes"] if c["name"] == "telmaxima"]
    (option,) = mine["option-data"]
    assert option["always-send"] and not option["csv-format"]
    return bytes.fromhex(option["data"])


@pytest.mark.parametrize(
    ("option", "octets"),
    [
        ('code = 114\nvalue = "http://{http}/tm"', b"http://10.20.0.1/tm"),
        ('code = 150\nform = "address"\nvalue = "{tftp}"', bytes((10, 20, 0, 1))),
        ('code = 200\nform = "hex"\nvalue = "00ff"', b"\x00\xff"),
        ('code = 242\nvalue = "HTTPSRVR={tftp},HTTPPORT={http_port}"', b"HTTPSRVR=10.20.0.1,HTTPPORT=80"),
        (
            'code = 43\nform = "parts"\nparts = [{ code = 2, value = "http://{http}/tm" }, '
            '{ code = 3, form = "hex", value = "00" }]',
            b"\x02\x13http://10.20.0.1/tm\x03\x01\x00",
        ),
    ],
)
def test_an_option_is_written_as_its_form_says(tmp_path: Path, option: str, octets: bytes) -> None:
    assert told(families_with(tmp_path, option)) == octets


@pytest.mark.parametrize(
    "option",
    [
        'code = 43\nform = "parts"',
        'code = 43\nparts = [{ code = 2, value = "x" }]',
        'code = 43\nform = "octets"\nvalue = "x"',
        'code = 255\nvalue = "x"',
    ],
)
def test_an_option_that_makes_no_sense_is_told_with_its_line(tmp_path: Path, option: str) -> None:
    (problem,) = families_with(tmp_path, option).problems
    assert "family.toml, line 11:" in problem.text("en")


@pytest.mark.parametrize(
    "option", [DhcpOption(43, form="hex", value="0g"), DhcpOption(66, "x" * 256), DhcpOption(66, "")]
)
def test_what_dhcp_cannot_carry_is_refused_when_it_is_to_be_written(tmp_path: Path, option: DhcpOption) -> None:
    made = f'code = {option.code}\nform = "{option.form}"\nvalue = "{option.value}"'
    families = families_with(tmp_path, made)
    with pytest.raises(TemplateProblem, match="cannot be sent"):
        kea_config(Settings(), None, families)
