"""A family is a folder: a seventeenth that stands in no product is identified, rendered, told by DHCP and served.

And the sixteen that do stand are counted.
"""

import shutil
import tomllib
from pathlib import Path

import pytest

from appliance.provision.desk import NotFound, Refused, Served
from appliance.provision.dhcp import kea_config
from appliance.provision.families import Families, Family, load_families
from appliance.provision.identify import Evidence, identify
from appliance.settings import Settings
from tests.lab.formats import parameters, parse

from .house import HERE, KEYS, TEMPLATES, all_files, ask, families, house, lease, phone

MAC = "021717aabbcc"
AGENT = f"Telmaxima TM-200/1.2.3 {MAC}"
OWN = f"telmaxima/{MAC}.telmaxima"
FAMILIES_AT_LEAST, MODELS_AT_LEAST = 16, 250


@pytest.fixture(scope="module")
def seventeen(tmp_path_factory: pytest.TempPathFactory) -> Families:
    """The product's families, and the one of this folder beside them."""
    folder = tmp_path_factory.mktemp("phones")
    shutil.copytree(TEMPLATES, folder, dirs_exist_ok=True)
    shutil.copytree(HERE / "seventeenth", folder, dirs_exist_ok=True)
    found = load_families(folder)
    assert [p.text() for p in found.problems] == []
    return found


@pytest.fixture(scope="module")
def newcomer(seventeen: Families) -> Family:
    found = seventeen.family("telmaxima")
    assert found is not None
    return found


@pytest.mark.acceptance("P-7")
def test_it_stands_beside_the_others_and_changes_none_of_them(seventeen: Families) -> None:
    assert len(seventeen.families) == len(families().families) + 1
    assert {f.name: len(f.models) for f in families().families}.items() < {
        f.name: len(f.models) for f in seventeen.families
    }.items()


@pytest.mark.acceptance("P-7", "P-8")
@pytest.mark.parametrize(
    ("evidence", "model"),
    [
        (Evidence(user_agent=AGENT), "TM-200"),
        (Evidence(option60=b"Telmaxima TM-10\0"), "TM-10"),
        (Evidence(path="common-tm200.conf"), "TM-200"),
        (Evidence(path="telmaxima/common-tm200.conf"), "TM-200"),
        (Evidence(path=OWN), ""),
        (Evidence(mac_from_lease=MAC), ""),
    ],
)
def test_each_of_its_signs_tells_it(seventeen: Families, evidence: Evidence, model: str) -> None:
    who = identify(evidence, seventeen)
    assert who.family is not None
    assert who.family.name == "telmaxima"
    assert (who.model.name if who.model else "") == model
    assert not who.contradiction


@pytest.mark.acceptance("P-7", "P-8")
def test_it_contradicts_the_signs_of_others(seventeen: Families) -> None:
    other = next(f for f in seventeen.families if f.name != "telmaxima" and f.ouis)
    who = identify(Evidence(user_agent=AGENT, mac_from_lease=f"{min(other.ouis)}000001"), seventeen)
    assert who.contradiction
    assert who.family is None


@pytest.mark.acceptance("P-7")
def test_dhcp_tells_it_its_own_sub_options_in_a_class_of_its_own(seventeen: Families) -> None:
    config = kea_config(Settings(), None, seventeen)
    (mine,) = [c for c in config["Dhcp4"]["client-classes"] if c["name"] == "telmaxima"]
    assert "0x021717" in mine["test"]
    assert "member('named-telmaxima')" in mine["test"]
    (option,) = mine["option-data"]
    url = b"http://10.20.0.1/telmaxima"
    assert bytes.fromhex(option["data"]) == b"\x01" + bytes([len(url)]) + url + b"\x07\x01\x01"


@pytest.mark.acceptance("P-7", "P-15")
def test_its_phones_are_given_their_files_by_both_doors(seventeen: Families) -> None:
    directory = house(phone("telmaxima", "TM-200", MAC), keys=KEYS)
    by_http = ask(f"/{OWN}", directory=directory, agent=AGENT, given=lease(MAC), families_=seventeen)
    by_tftp = ask(OWN, directory=directory, given=lease(MAC), transport="tftp", families_=seventeen)
    assert isinstance(by_http, Served)
    assert isinstance(by_tftp, Served)
    assert by_http.data == by_tftp.data
    config = parse("algo", OWN, by_http.data)
    assert (config.sip_user, config.server, config.port, config.expires) == ("p4f1x7", "10.20.0.1", 5060, 300)
    values = parameters("algo", OWN, by_http.data)
    assert (values["screen.label"], values["key2"], values["key8"]) == ("101 Ana Núñez", "blf 102", "none")


@pytest.mark.acceptance("P-7")
def test_its_strangers_are_known_for_what_they_are_and_given_no_secret(seventeen: Families) -> None:
    answer = ask(OWN, directory=house(), agent=AGENT, given=lease(MAC), families_=seventeen)
    assert isinstance(answer, NotFound)
    assert answer.sighting is not None
    assert (answer.sighting.family, answer.sighting.model, answer.sighting.firmware) == ("telmaxima", "TM-200", "1.2.3")
    thief = ask(OWN, directory=house(phone("telmaxima", "", MAC)), given=lease("021717000001"), families_=seventeen)
    assert isinstance(thief, Refused)


@pytest.mark.acceptance("P-7")
def test_its_series_has_a_template_of_its_own(newcomer: Family) -> None:
    small = newcomer.model("tm10")
    assert small is not None
    assert small.codecs == ("pcmu",)
    (file,) = all_files(newcomer, small, phone("telmaxima", "TM-10", MAC)).values()
    assert b"screen.label" not in file
    assert newcomer.lacking(small) == {"label": "It has no screen."}


@pytest.mark.acceptance("P-7")
def test_sixteen_families_name_their_models_one_by_one_each_with_lines_keys_and_codecs() -> None:
    found = families().families
    assert len(found) >= FAMILIES_AT_LEAST
    models = [(f.name, m.name) for f in found for m in f.models]
    assert len(set(models)) == len(models)
    assert len(models) >= MODELS_AT_LEAST
    assert all(m.lines >= 1 and m.keys >= 0 and m.codecs for f in found for m in f.models)
    assert all(f.quirks and {"resync", "reboot"} <= set(f.notify) and f.dhcp_options for f in found)


@pytest.mark.acceptance("P-7")
def test_every_line_and_key_count_is_said_and_not_left_to_a_default() -> None:
    for descriptor in sorted(TEMPLATES.glob("*/family.toml")):
        said = _models(descriptor)
        assert [m["name"] for m in said if not {"lines", "keys"} <= set(m)] == [], descriptor


@pytest.mark.acceptance("P-7")
def test_every_family_has_golden_files_a_reader_and_a_list_of_names() -> None:
    for family in families().families:
        assert any((HERE / "golden" / family.name).iterdir()), family.name
        assert (HERE / "names" / f"{family.name}.names.txt").exists(), family.name


def _models(descriptor: Path) -> list[dict[str, object]]:
    models: list[dict[str, object]] = tomllib.loads(descriptor.read_text(encoding="utf-8"))["models"]
    return models
