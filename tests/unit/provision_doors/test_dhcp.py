"""Kea's configuration from settings, directory and families; what Kea makes of it is tests/integration/provision's."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from appliance.directory.model import MemoryDirectory
from appliance.errors import TemplateProblem
from appliance.provision.dhcp import kea_config
from appliance.provision.families import DhcpOption, Families, Family, Model, Option60
from appliance.settings import Network, Provisioning, Settings
from tests.lab.sample import sample_rows

URL = DhcpOption(66, "http://{http}/x/")


def family(name: str, prefixes: tuple[bytes, ...] = (), ouis: tuple[str, ...] = (), *wants: DhcpOption) -> Family:
    return Family(
        name, name.title(), (Model("M", 1),), frozenset(ouis), tuple(Option60(p) for p in prefixes), (), (),
        wants or (URL,), {}, "text", name,
    )  # fmt: skip


def classes(*families: Family, settings: Settings | None = None) -> dict[str, dict[str, Any]]:
    config = kea_config(settings or Settings(), None, Families(families))
    return {c["name"]: c for c in config["Dhcp4"]["client-classes"]}


def test_option_60_is_compared_as_octets_from_the_beginning() -> None:
    made = classes(family("poly", (b"\0\0\x36\x3d", b"it's")))
    assert made["named-poly"]["test"] == (
        "(substring(option[60].hex, 0, 4) == 0x0000363d) or (substring(option[60].hex, 0, 4) == 0x69742773)"
    )


def test_the_longer_prefix_wins_over_the_shorter() -> None:
    made = classes(family("cisco", (b"Cisco",)), family("spa", (b"Cisco SPA",)))
    assert "and not substring(option[60].hex, 0, 9) == 0x436973636f20535041" in made["named-cisco"]["test"]
    assert "not" not in made["named-spa"]["test"]


def test_a_prefix_of_two_families_belongs_to_the_first() -> None:
    made = classes(family("a", (b"x",)), family("b", (b"x",), ("001122",)))
    assert "named-a" in made
    assert "named-b" not in made
    assert made["b"]["test"] == "(not member('named') and (substring(pkt4.mac, 0, 3) == 0x001122))"


def test_the_mac_counts_only_where_option_60_names_nobody() -> None:
    made = list(classes(family("a", (b"a",), ("000001", "000002")), family("b", (b"b",))).items())
    assert [name for name, _ in made] == ["named-a", "named-b", "named", "a", "b"]
    assert made[3][1]["test"] == (
        "member('named-a') or (not member('named') and"
        " (substring(pkt4.mac, 0, 3) == 0x000001 or substring(pkt4.mac, 0, 3) == 0x000002))"
    )


def test_every_option_is_sent_unasked_and_as_octets() -> None:
    wants = (
        URL,
        DhcpOption(150, "{tftp},10.0.0.9", "address"),
        DhcpOption(242, 'HTTPSRVR={tftp},HTTPDIR=a"b'),
        DhcpOption(43, "http://{http}/$mac.cfg"),
    )
    settings = Settings(network=Network(voice_address="10.1.2.3"), provisioning=Provisioning(http_port=8081))
    made = classes(family("a", (b"a",), (), *wants), settings=settings)["a"]
    data = {o["code"]: bytes.fromhex(o["data"]) for o in made["option-data"]}
    assert data[66] == b"http://10.1.2.3:8081/x/"
    assert data[150] == bytes([10, 1, 2, 3, 10, 0, 0, 9])
    assert data[242] == b'HTTPSRVR=10.1.2.3,HTTPDIR=a"b'
    assert all(o["always-send"] and not o["csv-format"] for o in made["option-data"])
    assert made["option-def"][0]["type"] == "binary"


def test_an_option_that_kea_would_read_otherwise_goes_by_its_hook() -> None:
    wants = (DhcpOption(159, "http://{http}/a"), URL)
    families = Families((family("a", (b"a",), (), *wants), family("b", (b"b",), (), DhcpOption(159, "b"))))
    config = kea_config(Settings(), None, families)["Dhcp4"]
    assert [o["code"] for c in config["client-classes"] for o in c.get("option-data", ())] == [66]
    (hook,) = config["hooks-libraries"]
    (option,) = hook["parameters"]["options"]
    url = b"http://10.20.0.1/a".hex()
    assert option["supersede"] == f"ifelse(member('a'), 0x{url}, ifelse(member('b'), 0x62, ''))"


@pytest.mark.parametrize("option", [DhcpOption(150, "x", "address"), DhcpOption(66, "y" * 300), DhcpOption(66, "")])
def test_an_option_that_dhcp_cannot_carry_names_its_family(option: DhcpOption) -> None:
    with pytest.raises(TemplateProblem, match=rf"option {option.code} of the family acme"):
        classes(family("acme", (b"a",), (), option))


def test_a_family_that_wants_nothing_has_no_class_and_still_names_its_phones() -> None:
    quiet = replace(family("quiet", (b"q",)), dhcp_options=())
    made = classes(quiet, family("a", (b"a",), ("000001",)))
    assert "quiet" not in made
    assert "member('named-quiet')" in made["named"]["test"]


def test_the_subnet_names_this_box_where_the_settings_name_nobody() -> None:
    def told(gateway: str = "", dns: str = "", ntp: str = "") -> dict[str, str]:
        settings = Settings(network=Network(gateway=gateway, dns=dns, ntp=ntp))
        subnet = kea_config(settings, None, Families(()))["Dhcp4"]["subnet4"][0]
        return {o["name"]: o["data"] for o in subnet["option-data"]}

    assert set(told().values()) == {"10.20.0.1"}
    set_ = told(gateway="10.20.0.254", dns="10.20.0.2, 10.20.0.3", ntp="pool.ntp.org 10.20.0.4")
    assert set_ == {
        "routers": "10.20.0.254", "domain-name-servers": "10.20.0.2, 10.20.0.3", "ntp-servers": "10.20.0.4",
    }  # fmt: skip


def test_same_inputs_same_configuration_and_no_secret_in_it() -> None:
    directory = MemoryDirectory(sample_rows())
    families = Families((family("a", (b"a",)),))
    first, second = (json.dumps(kea_config(Settings(), directory, families)) for _ in range(2))
    assert first == second
    assert not re.search("secret", first)
    assert b"America/Mexico_City".hex() in first
