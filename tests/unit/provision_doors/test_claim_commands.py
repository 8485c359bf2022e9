"""`conserje claims`: windows, new URLs and links, as a technician types them."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.errors import InputProblem
from appliance.provision.claim_commands import claims
from appliance.settings import Settings
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows
from tests.unit.provision_doors.building import doorway_in, settings_in

ANA, DARIO = "00:15:65:AA:01:01", "000b82aa0202"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_in(tmp_path)
    publish_rows(made, sample_rows())
    return made


def run(settings: Settings, *words: str) -> str:
    result = CliRunner().invoke(claims, words, obj=settings, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_window_is_opened_and_a_url_rotated_in_words(settings: Settings) -> None:
    assert "15 min" in run(settings, "open", ANA)
    assert "3 min" in run(settings, "open", ANA, "--minutes", "3")
    assert "nueva dirección" in run(settings, "rotate", ANA)


def test_a_url_is_a_claim_token_that_the_doors_know(settings: Settings, tmp_path: Path) -> None:
    url = run(settings, "url", ANA).strip()
    found = re.fullmatch(r"https://10\.20\.0\.1/(t/[A-Za-z0-9_-]{32}/yealink/)", url)
    assert found
    doorway = doorway_in(tmp_path, published=False)
    answer = doorway.answer(f"{found[1]}001565aa0101.boot", "http", "192.0.2.7", "")
    assert type(answer).__name__ == "Served"
    doorway.close()


def test_what_cannot_be_done_is_a_sentence(settings: Settings) -> None:
    with pytest.raises(InputProblem, match="No phone 001565ffffff"):
        run(settings, "open", "001565ffffff")
    with pytest.raises(InputProblem, match="Grandstream cannot follow"):
        run(settings, "url", DARIO)
