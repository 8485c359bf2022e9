"""The office's settings and its sealed secrets."""

import base64
from pathlib import Path

import pytest

from central.errors import SettingsProblem, SetUpProblem
from central.sealing import Sealer, load_sealer, make_key_file
from central.settings import load


def test_no_file_means_all_defaults_and_the_environment_goes_over(tmp_path: Path) -> None:
    settings = load(None, {"CENTRAL_WEB__WORKERS": "5", "CENTRAL_PATHS__STATE_DIR": '"/srv/x"', "CENTRAL_OTHER": "1"})
    assert settings.web.workers == 5
    assert settings.database_url == "sqlite:////srv/x/central.db"


@pytest.mark.parametrize(
    ("text", "says"),
    [("[web]\nporto = 1", "porto"), ("[web]\nworkers = 'two'", "workers"), ("[web", "TOML"), ("[x]\ny = 1", "x")],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "central.toml"
    path.write_text(text)
    with pytest.raises(SettingsProblem) as problem:
        load(path, {})
    assert says in problem.value.text("es")
    assert str(path) in problem.value.text("en")


def test_a_named_file_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblem, match="cannot be read"):
        load(None, {"CONSERJE_CENTRAL_SETTINGS": str(tmp_path / "no.toml")})


def test_secrets_do_not_show_in_the_settings_repr() -> None:
    shown = repr(
        load(None, {"CENTRAL_DATABASE__URL": '"postgresql://u:hush@h/d"', "CENTRAL_SECURITY__SEALING_KEY": '"k3y"'})
    )
    assert "hush" not in shown
    assert "k3y" not in shown


def test_what_is_sealed_opens_only_with_the_key_and_in_its_place(tmp_path: Path) -> None:
    sealer = Sealer(b"k" * 32)
    sealed = sealer.seal(b"secret", "phone/1/sip_secret")
    assert b"secret" not in sealed
    assert sealer.open(sealed, "phone/1/sip_secret") == b"secret"
    for other, place in ((sealer, "phone/2/sip_secret"), (Sealer(b"j" * 32), "phone/1/sip_secret")):
        with pytest.raises(SetUpProblem):
            other.open(sealed, place)
    assert "kkk" not in repr(sealer)


def test_the_key_file_is_private_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "sealing.key"
    make_key_file(path)
    first = path.read_bytes()
    make_key_file(path)
    assert path.read_bytes() == first
    assert path.stat().st_mode & 0o777 == 0o600
    sealed = load_sealer(path).seal(b"x", "p")
    assert load_sealer(tmp_path / "none", first.decode()).open(sealed, "p") == b"x"


@pytest.mark.parametrize("key", ["not base64!", base64.b64encode(b"short").decode()])
def test_a_key_that_is_none_is_a_problem(tmp_path: Path, key: str) -> None:
    with pytest.raises(SetUpProblem):
        load_sealer(tmp_path / "none", key)
    with pytest.raises(SetUpProblem, match="cannot be read"):
        load_sealer(tmp_path / "none")
