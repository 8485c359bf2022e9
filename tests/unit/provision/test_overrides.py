"""Overrides: device before model before site; a broken one is refused with file and line, and harms no other."""

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.errors import InputProblem, TemplateProblem
from appliance.provision.orders import Orders
from appliance.provision.override_files import change, device_place, load_overrides, model_place, site_place
from appliance.provision.overrides import read_layer
from appliance.provision.preview import hidden, rendered
from tests.lab.formats import parameters

from .house import SITE, families, family, house, phone

MAC = "001565aabbcc"
RAW = sorted(f.name for f in families().families if f.upkeep.raw)
SOME_NAME = {
    "grandstream": "P2382",
    "algo": "admin.zz",
    "mitel_aastra": "sip zz",
    "panasonic": "ZZ_NEW",
    "htek": "P9999",
    "avaya": "ZZ_NEW",
    "gigaset": "Zz.new",
    "obihai": "Zz.new",
    "fanvil": "sysConf/phone/zz/new",
    "cisco_enterprise": "device/vendorConfig/zz",
}


def write(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def files(folder: Path, model: str = "T46S", mac: str = MAC) -> dict[str, bytes]:
    """Name -> bytes of a Yealink's files under these overrides."""
    site = replace(SITE, orders=Orders(overrides=load_overrides(folder, families()), families=families()))
    one = phone("yealink", model, mac)
    return {f.name: f.data for f in rendered(one, family("yealink"), house(one), site)}


def own(folder: Path, model: str = "T46S", mac: str = MAC) -> dict[str, str]:
    name = f"{mac}.cfg"
    return {k: str(v) for k, v in dict(parameters("yealink", name, files(folder, model, mac)[name])).items()}


@pytest.mark.acceptance("P-19")
def test_the_device_goes_before_the_model_and_that_before_the_site(tmp_path: Path) -> None:
    write(tmp_path, "site.toml", '[values]\nlanguage = "en"\nvoicemail = "*1"\n[parameters.yealink]\n"a.b" = "site"\n')
    assert own(tmp_path)["lang.gui"] == "English"
    write(tmp_path, "model/yealink-T46S.toml", '[values]\nvoicemail = "*2"\n[parameters]\n"a.b" = "model"\n')
    assert (own(tmp_path)["voice_mail.number.1"], own(tmp_path)["a.b"]) == ("*2", "model")
    assert (own(tmp_path, "T42S")["voice_mail.number.1"], own(tmp_path, "T42S")["a.b"]) == ("*1", "site")
    write(tmp_path, f"device/{MAC}.toml", '[values]\nvoicemail = "*3"\n[parameters]\n"a.b" = 7\n')
    assert (own(tmp_path)["voice_mail.number.1"], own(tmp_path)["a.b"]) == ("*3", "7")
    assert own(tmp_path, mac="001565aabbcd")["a.b"] == "model"
    assert files(tmp_path) == files(tmp_path), "same inputs, same bytes"


@pytest.mark.acceptance("P-19")
@pytest.mark.parametrize("name", RAW)
def test_a_parameter_set_by_hand_is_read_back_by_the_familys_own_reader(name: str, tmp_path: Path) -> None:
    of = family(name)
    # The first of Gigaset's have another format, which takes none.
    model = next(m for m in of.models if m.series not in ("n510", "n720"))
    one = phone(name, model.name, MAC)
    asked, value = SOME_NAME.get(name, "zz_new"), "ñ 1 & <2>"
    write(tmp_path, f"device/{MAC}.toml", f"[parameters]\n\"{asked}\" = '{value}'\n")
    site = replace(SITE, orders=Orders(overrides=load_overrides(tmp_path, families()), families=families()))
    before = {f.name: f.data for f in rendered(one, of, house(one), SITE)}
    read: dict[str, object] = {}
    for file in rendered(one, of, house(one), site):
        if file.data != before[file.name] and of.format and not file.name.endswith(".md5"):
            read |= dict(parameters(of.format, file.name, file.data))
    assert read[asked] == value


@pytest.mark.acceptance("P-19")
def test_what_the_template_writes_gives_way_to_what_a_person_wrote(tmp_path: Path) -> None:
    before = own(tmp_path)
    write(tmp_path, f"device/{MAC}.toml", '[parameters]\n"account.1.dtmf.type" = 2\n')
    after = own(tmp_path)
    assert {k for k in after if after[k] != before.get(k)} == {"account.1.dtmf.type"}
    assert after["account.1.dtmf.type"] == "2"
    text = files(tmp_path)[f"{MAC}.cfg"].decode()
    assert text.count("account.1.dtmf.type") == 1


@pytest.mark.acceptance("P-19")
@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('[values]\nlanguage = "en\n', 2, "not valid TOML"),
        ('[values]\nntp = "a"\nlanguage = "fr"\n', 3, "es-MX or en"),
        ('[values]\nlabel = "a\\nb"\n', 2, "text of up to"),
        ('[values]\n\nlanguaje = "en"\n', 3, "no value 'languaje'"),
        ("[other]\nx = 1\n", 1, "no section 'other'"),
        ('[parameters]\n"a.b" = "1"\n"a = b" = "2"\n', 3, "cannot be a parameter's name"),
        ('[parameters]\n"a.b" = [1]\n', 2, "text or a whole number"),
        ("values = 3\n", 1, "is a section"),
    ],
)
def test_a_broken_override_is_refused_with_file_and_line_and_the_others_go_on(
    tmp_path: Path, text: str, line: int, told: str
) -> None:
    write(tmp_path, "site.toml", '[values]\nlanguage = "en"\n')
    write(tmp_path, f"device/{MAC}.toml", text)
    found = load_overrides(tmp_path, families())
    (problem,) = found.problems
    assert f"{MAC}.toml, line {line}: " in problem.text("en")
    assert told in problem.text("en")
    assert f"línea {line}: " in problem.text("es")
    assert own(tmp_path)["lang.gui"] == "English", "the phone gets its files, without that override"


def test_files_with_names_of_nothing_are_told(tmp_path: Path) -> None:
    write(tmp_path, "device/00-15.toml", "")
    write(tmp_path, "model/nokia-3310.toml", "")
    write(tmp_path, "site.toml", '[parameters.nokia]\n"a" = 1\n')
    assert len(load_overrides(tmp_path, families()).problems) == 3


@pytest.mark.acceptance("P-19")
def test_a_name_that_no_list_has_is_a_warning_and_is_written(tmp_path: Path) -> None:
    text = '[parameters]\n"static.auto_provision.custom.sync" = 1\n"account.3.zzz_top" = 1\n'
    layer = read_layer(text, "f.toml", "model", "yealink", families())
    assert [w.en for w in layer.warnings] == [
        "f.toml, 3: no list of yealink's parameters has 'account.3.zzz_top'; it is written all the same."
    ]


@pytest.mark.acceptance("P-19")
def test_overrides_are_no_part_of_the_templates_and_survive_new_ones(tmp_path: Path) -> None:
    write(tmp_path, "site.toml", '[values]\nlanguage = "en"\n[parameters.yealink]\n"account.1.dtmf.type" = 2\n')
    of = family("yealink")
    text, file = of.templates["phone.cfg.j2"]
    newer = replace(
        of, templates={**of.templates, "phone.cfg.j2": (text.replace("dtmf.type = 1", "dtmf.type = 3"), file)}
    )
    one = phone("yealink", "T46S")
    site = replace(SITE, orders=Orders(overrides=load_overrides(tmp_path, families()), families=families()))
    (own_file,) = (f for f in rendered(one, newer, house(one), site) if f.name == f"{MAC}.cfg")
    assert b"account.1.dtmf.type = 2\n" in own_file.data
    assert b"lang.gui = English" in own_file.data


def test_passwords_are_stars_where_files_are_shown(tmp_path: Path) -> None:
    write(
        tmp_path, "site.toml", '[values]\nadmin_password = "Sesame-7"\n[parameters.yealink]\n"x.password" = "Open-8"\n'
    )
    site = replace(SITE, orders=Orders(overrides=load_overrides(tmp_path, families()), families=families()))
    one, shown = hidden(phone("yealink", "T46S"), site)
    text = b"".join(f.data for f in rendered(one, family("yealink"), house(one), shown))
    assert b"Sesame-7" not in text
    assert b"Open-8" not in text


def test_a_common_file_has_the_sites_values_and_no_phones(tmp_path: Path) -> None:
    write(tmp_path, "site.toml", '[values]\nntp = "10.9.9.9"\nlabel = "Recepción"\n')
    write(tmp_path, f"device/{MAC}.toml", '[values]\nntp = "10.1.1.1"\n')
    common = files(tmp_path)["y000000000066.cfg"]
    assert b"10.9.9.9" in common
    assert b"10.1.1.1" not in common
    assert "Recepción".encode() not in common


def test_one_value_is_changed_and_what_a_person_wrote_around_it_stays(tmp_path: Path) -> None:
    write(tmp_path, "site.toml", '# ours\n[values]\nlanguage = "es-MX" # of most\nntp = "a"\n')
    change(site_place(tmp_path), ("values",), "ntp", "b", families())
    change(site_place(tmp_path), ("parameters", "yealink"), "a.b", "1", families())
    text = (tmp_path / "site.toml").read_text()
    assert text.startswith('# ours\n[values]\nlanguage = "es-MX" # of most\nntp = "b"\n')
    assert '[parameters.yealink]\n"a.b" = "1"' in text
    change(site_place(tmp_path), ("values",), "ntp", None, families())
    assert "ntp" not in (tmp_path / "site.toml").read_text()
    place = model_place(tmp_path, "yealink", "T46S")
    change(place, ("parameters",), "a.b", "1", families())
    change(place, ("parameters",), "a.b", None, families())
    assert not place.file.exists(), "an empty override is none"


def test_a_change_that_would_not_be_read_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    place = device_place(tmp_path, MAC)
    change(place, ("values",), "voicemail", "*9", families())
    before = place.file.read_text()
    with pytest.raises(TemplateProblem, match=r"toml, line \d+: 'language' is es-MX or en"):
        change(place, ("values",), "language", "fr", families())
    write(tmp_path, "site.toml", 'values = { language = "en" }\n')
    with pytest.raises(InputProblem, match="only a person"):
        change(site_place(tmp_path), ("values",), "language", "es-MX", families())
    assert place.file.read_text() == before
