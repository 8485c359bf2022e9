"""Families are data: read whole or refused with file and line, and a broken one leaves the others working."""

import shutil
from pathlib import Path

import pytest

from appliance.errors import TemplateProblem
from appliance.provision.families import load_families, load_family
from tests.lab.formats import parse

from .house import TEMPLATES, all_files, families, family, house, phone

MODELS_WANTED = {
    "yealink": 35,
    "polycom": 35,
    "cisco_spa": 10,
    "grandstream": 25,
    "linksys": 15,
    "cisco_mpp": 19,
    "cisco_enterprise": 25,
    "snom": 30,
    "fanvil": 45,
    "htek": 20,
    "mitel_aastra": 29,
    "panasonic": 16,
    "avaya": 11,
    "gigaset": 10,
    "obihai": 16,
    "algo": 25,
}


@pytest.mark.parametrize("name", sorted(MODELS_WANTED))
def test_each_family_names_its_models_with_their_lines(name: str) -> None:
    models = family(name).models
    assert len(models) >= MODELS_WANTED[name]
    assert all(m.lines >= 1 for m in models)
    assert len({m.name for m in models}) == len(models)


@pytest.mark.parametrize("name", sorted(MODELS_WANTED))
def test_each_family_says_how_it_is_told_to_look_again_and_where_dhcp_sends_it(name: str) -> None:
    one = family(name)
    assert {"resync", "reboot"} <= set(one.notify)
    option = next(o for o in one.dhcp_options if o.code == 66)
    told = option.filled("10.20.0.1:8080", "10.20.0.1")
    # A host alone is a TFTP server's.
    assert told == "10.20.0.1" or told.startswith(f"http://10.20.0.1:8080/{one.prefix}")


def test_models_are_found_whatever_their_dashes_and_case() -> None:
    assert family("polycom").model("vvx400") is family("polycom").model("VVX_400")
    assert family("cisco_spa").model("spa-504g") is not None
    assert family("yealink").model("T99X") is None
    assert family("yealink").model("") is None


def test_the_common_file_of_a_model_is_known_by_its_code() -> None:
    (match,) = families().match("/y000000000066.cfg")
    assert [m.name for m in match.models] == ["T46S"]
    assert match.rule.name_for("001565aabbcc", match.models[0]) == "y000000000066.cfg"


def test_twelve_zeros_are_nobodys_mac() -> None:
    assert [m.family.name for m in families().match("000000000000.cfg")] == ["polycom"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(TEMPLATES / "yealink", tmp_path / "yealink")
    shutil.copytree(TEMPLATES / "polycom", tmp_path / "polycom")
    return tmp_path


def _break(file: Path, old: str, new: str) -> int:
    """Replace the first `old`; the line on which it stood."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("family.toml", "code = 66", "code = ", "not valid TOML"),
        ("family.toml", 'escape = "line"', 'escape = "html"', "html"),
        ("family.toml", 'vendor = "Yealink"', 'vender = "Yealink"', "vender"),
        ("family.toml", 'template = "phone.cfg.j2"', 'template = "fone.cfg.j2"', "fone.cfg.j2"),
        ("family.toml", '"00:15:65"', '"00:15:6G"', "00:15:6G"),
        ("family.toml", 'default_model = "T19P_E2"', 'default_model = "T00"', "T00"),
        ("family.toml", "'(?i)^yealink (?:", "'(?i)^yealink (?:(", "regular expression"),
        ("family.toml", "(?P<model>VP530)", "(?P<type>VP530)", "groups"),
        ("phone.cfg.j2", "{% for name in codecs %}", "{% fer name in codecs %}", "fer"),
        ("phone.cfg.j2", "{{ line.voicemail }}", "{{ line.voicemail }", "unexpected"),
    ],
)
def test_a_broken_family_is_told_with_file_and_line_in_both_languages(
    folder: Path, file: str, old: str, new: str, says: str
) -> None:
    line = _break(folder / "yealink" / file, old, new)
    found = load_families(folder)
    assert [f.name for f in found.families] == ["polycom"]
    (problem,) = found.problems
    assert f"{folder / 'yealink' / file}, line {line}:" in problem.text("en")
    assert f"línea {line}:" in problem.text("es-MX")
    assert says in problem.text("en")


def test_a_missing_key_is_told_by_name(folder: Path) -> None:
    _break(folder / "yealink" / "family.toml", 'vendor = "Yealink"\n', "")
    (problem,) = load_families(folder).problems
    assert "vendor" in problem.text("en")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{{ line.voicemail }}", "{{ line.voice_mail }}"),
        ("{{ line.voicemail }}", "{{ line.voicemail.__class__.__mro__ }}"),
        ("{{ line.voicemail }}", "{{ zone.summer }}"),
        ("{{ line.voicemail }}", "{{ codecs }}"),
    ],
)
def test_a_template_that_fails_only_when_used_names_its_line(folder: Path, old: str, new: str) -> None:
    line = _break(folder / "yealink" / "phone.cfg.j2", old, new)
    broken = load_family(folder / "yealink")
    model = broken.fallback_model
    with pytest.raises(TemplateProblem) as told:
        all_files(broken, model, phone("yealink"), house())
    assert f"phone.cfg.j2, line {line}:" in told.value.text("en")


def test_a_common_template_that_reaches_for_a_phones_secret_fails(folder: Path) -> None:
    _break(folder / "yealink" / "common.cfg.j2", "lang.gui", "account.1.password = {{ line.sip_secret }}\nlang.gui")
    broken = load_family(folder / "yealink")
    with pytest.raises(TemplateProblem, match="line"):
        all_files(broken, broken.fallback_model, phone("yealink"), house())


def test_a_new_family_is_a_folder_and_no_python(tmp_path: Path) -> None:
    folder = tmp_path / "telmaxima"
    folder.mkdir()
    (folder / "family.toml").write_text(
        """
vendor = "Telmaxima"
format = "yealink"
escape = "line"
content_type = "text/plain"
user_agents = ['^Telmaxima (?P<model>\\w+)/(?P<version>\\S+) (?P<mac>[0-9a-f]{12})$']
[notify]
resync = "check-sync"
[[files]]
path = "tm-{mac}.conf"
template = "tm.j2"
secret = true
[[models]]
name = "TM1"
lines = 1
""",
        encoding="utf-8",
    )
    (folder / "tm.j2").write_text(
        "#!version:1.0.0.1\naccount.1.enable = 1\naccount.1.user_name = {{ line.sip_user }}\n", encoding="utf-8"
    )
    found = load_families(tmp_path)
    assert not found.problems
    (only,) = found.families
    files = all_files(only, only.models[0], phone("telmaxima", "TM1", "00aabbccddee"))
    assert parse("yealink", "x.cfg", files["tm-00aabbccddee.conf"]).sip_user == "p4f1x7"
