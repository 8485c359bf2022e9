"""Finding a person to give a phone to, without leafing through a company's address book."""

import pytest

from appliance.directory.model import MemoryDirectory
from appliance.webui.people import SHOWN, suggest
from tests.lab.sample import ACME, sample_rows
from wire.rows import Extension, Person


def building(people: int = 0, phones: bool = False) -> MemoryDirectory:
    rows = list(sample_rows(phones=phones))
    for i in range(people):
        rows += [
            Person(f"p{i}", ACME, f"Gente{i}", "Nava"),
            Extension(f"e{i}", ACME, f"2{i:02d}", "person", f"p{i}"),
        ]
    return MemoryDirectory(tuple(rows))


def texts(found: str, directory: MemoryDirectory | None = None) -> list[str]:
    return [s.text for s in suggest(directory or building(), found)]


def test_an_extension_is_found_in_each_company_that_has_it() -> None:
    assert texts("101") == ["101 · Ana N. · Acme, S.A. de C.V.", "101 · Carla O. · Bravo y Asociados"]


def test_the_company_narrows_it_and_accents_do_not_matter() -> None:
    assert texts("101 bravo") == ["101 · Carla O. · Bravo y Asociados"]
    assert texts("nunez") == texts("Núñez") == ["101 · Ana N. · Acme, S.A. de C.V."]


def test_what_was_offered_finds_the_same_person_again() -> None:
    assert texts("101 · Ana N. · Acme, S.A. de C.V.") == ["101 · Ana N. · Acme, S.A. de C.V."]


@pytest.mark.acceptance("J-4")
@pytest.mark.parametrize("text", ["", "a", "1", "acme", "acme b", "bravo y asociados"])
def test_nobody_can_leaf_through_a_company(text: str) -> None:
    assert texts(text) == []


@pytest.mark.acceptance("J-4")
def test_few_are_shown_and_never_a_whole_name_or_mail() -> None:
    found = suggest(building(people=40), "gente")
    assert len(found) == SHOWN
    assert not any("Nava" in s.text or "@" in s.text for s in found)


def test_who_has_a_phone_is_not_offered() -> None:
    assert texts("101", building(phones=True)) == []
