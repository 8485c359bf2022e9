"""Settings: one typed file, the environment over it, an unknown key refused by name, every key on its page."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from appliance import settings
from appliance.errors import SettingsProblem

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_a_file_and_the_environment_over_it(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[sip]\nport = 5080\n[network]\nvoice_address = "10.1.1.1"\n')
    loaded = settings.load(path, {"CONSERJE_SIP__WORKERS": "9", "CONSERJE_NETWORK__DHCP": "false"})
    assert (loaded.sip.port, loaded.sip.workers, loaded.network.dhcp) == (5080, 9, False)
    assert loaded.network.voice_address == "10.1.1.1"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[sip]\nprt = 1\n", "prt"),
        ("[zip]\nport = 1\n", "zip"),
        ('[sip]\nport = "many"\n', "sip.port"),
        ("[sip\n", "TOML"),
    ],
)
def test_what_is_wrong_is_named_in_both_languages(tmp_path: Path, text: str, names: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(SettingsProblem) as caught:
        settings.load(path, {})
    for language in ("en", "es-MX"):
        assert names in caught.value.text(language)
        assert str(path) in caught.value.text(language)


def test_a_named_file_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblem, match="cannot be read"):
        settings.load(tmp_path / "none.toml", {})


def test_secrets_do_not_show_in_a_representation() -> None:
    loaded = settings.parse({"snmp": {"community": "hidden-1", "v3_auth_key": "hidden-2"}}, "test")
    assert "hidden" not in repr(loaded)


def test_every_setting_is_on_its_page_with_its_default() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE))
    for section in fields(settings.Settings):
        value = getattr(settings.Settings(), section.name)
        if not is_dataclass(value):
            assert section.name in rows
            continue
        for one in fields(value):
            assert one.name in rows, f"[{section.name}] {one.name} is not on docs/settings.md"
            default = getattr(value, one.name)
            if isinstance(default, bool):
                assert rows[one.name] == f"`{str(default).lower()}`"
            elif isinstance(default, int):
                assert str(default) in page
