"""What people type, and what is made of it or said about it."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.errors import InputProblem, InputProblems, Problem, Words
from central.rules import names, numbers, phones, tokens
from central.rules.extension import checked_extension, next_free
from central.rules.faults import Faults


@pytest.mark.parametrize("digits", ["101", "1000", "8999", " 2 01 ", "815"])
def test_three_or_four_digits_from_1_to_8_are_an_extension(digits: str) -> None:
    assert checked_extension("extension", digits) == "".join(digits.split())


@pytest.mark.acceptance("D-7")
@pytest.mark.parametrize(
    ("digits", "says"),
    [
        ("911", "911"), ("9110", "911"), ("1911", "911"), ("4911", "911"), ("1066", "066"), ("066", "066"),
        ("1020", "020"), ("8089", "089"), ("776", "7766"),
        ("7766", "7766"), ("530", "53053"), ("0123", "empieza con 1 a 8"), ("91", "911"), ("950", "empieza con 1 a 8"),
        ("12", "tres o cuatro"), ("12345", "tres o cuatro"), ("", "Escriba"), ("1o1", "tres o cuatro"), ("١٠١", "tres"),
    ],
)  # fmt: skip
def test_a_refused_extension_says_why_in_both_languages(digits: str, says: str) -> None:
    with pytest.raises(InputProblem) as refused:
        checked_extension("extension", digits)
    assert says in refused.value.text("es-MX") or "0 inicia" in refused.value.text("es-MX")
    assert refused.value.field == "extension"
    assert refused.value.text("en") != refused.value.text("es")


@given(st.text(max_size=12))
def test_whatever_is_typed_is_an_extension_or_an_explanation(text: str) -> None:
    try:
        digits = checked_extension("extension", text)
    except InputProblem as problem:
        assert problem.says.es  # noqa: PT017 - either outcome is right
    else:
        assert digits[0] in "12345678"
        assert len(digits) in (3, 4)


def test_the_next_extension_offered_is_free_and_allowed() -> None:
    assert next_free(frozenset()) == "101"
    assert next_free(frozenset({"101", "102"})) == "103"
    assert next_free(frozenset(str(n) for n in range(1, 9999))) == ""


@pytest.mark.parametrize(
    ("typed", "e164"),
    [
        ("5512345678", "+525512345678"), ("55 1234 5678", "+525512345678"), ("+52 1 55 1234 5678", "+525512345678"),
        ("+525512345678", "+525512345678"), ("664-123-4567", "+526641234567"), ("+1 202 555 0143", "+12025550143"),
        ("800 123 4567", "+528001234567"),
    ],
)  # fmt: skip
def test_a_number_is_kept_as_e164(typed: str, e164: str) -> None:
    assert numbers.e164("number", typed) == e164


@pytest.mark.parametrize("typed", ["", "12", "911", "55123456789", "abc", "+", "+52", "5512345678 ext 5", "9" * 60])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(InputProblem):
        numbers.e164("number", typed)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_number_or_an_explanation(text: str) -> None:
    try:
        assert numbers.e164("number", text).startswith("+")
    except InputProblem as problem:
        assert problem.says.es  # noqa: PT017 - either outcome is right


def test_numbers_are_shown_as_mexicans_write_them() -> None:
    assert numbers.for_people("+525512345678") == "55 1234 5678"
    assert numbers.for_people("+12025550143") == "+1 202-555-0143"
    assert numbers.for_people("101") == "101"


@pytest.mark.parametrize("typed", ["00:15:65:AA:BB:CC", "0015.65aa.bbcc", "00-15-65-aa-bb-cc", " 001565AABBCC "])
def test_a_mac_is_read_however_it_is_printed(typed: str) -> None:
    assert phones.mac("mac", typed) == "001565aabbcc"
    assert phones.mac_for_people("001565aabbcc") == "00:15:65:AA:BB:CC"
    assert phones.family_of("001565aabbcc") == "yealink"


@pytest.mark.parametrize("typed", ["", "00:15:65", "0" * 12, "f" * 12, "00156ZAABBCC", "001565aabbccdd"])
def test_what_is_no_mac_is_refused(typed: str) -> None:
    with pytest.raises(InputProblem):
        phones.mac("mac", typed)


def test_a_make_is_given_or_told_by_the_mac_and_never_guessed() -> None:
    assert phones.checked_family("family", "", "000b82000001") == "grandstream"
    assert phones.checked_family("family", "polycom", "0a0a0a000001") == "polycom"
    for family in ("", "nokia"):
        with pytest.raises(InputProblem, match="make"):
            phones.checked_family("family", family, "0a0a0a000001")


@pytest.mark.parametrize("model", ["", "../../etc", "a/b\\c", "x" * 40, "<T46S>"])
def test_a_model_that_could_not_be_a_file_name_is_refused(model: str) -> None:
    with pytest.raises(InputProblem):
        phones.checked_model("model", model)


@pytest.mark.acceptance("U-2")
def test_case_blanks_and_forms_of_unicode_do_not_tell_names_apart() -> None:
    assert names.name_key(" José  PÉREZ") == names.name_key("Jose\u0301 pérez")
    assert names.name_key("Ana") != names.name_key("Anna")


@given(st.text(max_size=100))
def test_a_clean_text_can_be_stored_and_stays_clean(text: str) -> None:
    cleaned = names.clean(text)
    cleaned.encode()
    assert "\x00" not in cleaned
    assert names.clean(cleaned) == cleaned


def test_all_faults_are_told_at_once() -> None:
    faults = Faults()
    assert faults.keep(lambda: checked_extension("extension", "911"), "") == ""
    with pytest.raises(InputProblem):
        faults.settle()
    faults.add(InputProblem("name", Words("No name.", "Sin nombre.")))
    with pytest.raises(InputProblems) as several:
        faults.settle()
    assert [p.field for p in several.value.problems] == ["extension", "name"]


def test_a_problem_without_faults_settles() -> None:
    Faults().settle()
    assert Problem(Words("a", "b")).text("es-MX") == "b"


def test_identities_are_random_long_and_plain() -> None:
    users = {tokens.sip_user() for _ in range(1000)}
    assert len(users) == 1000
    assert all(u.startswith("p") and u.isalnum() and len(u) == 11 for u in users)
    assert len(tokens.sip_secret()) >= 24
    assert tokens.sip_secret().isalnum()


def test_families_here_are_the_families_that_buildings_have_templates_for() -> None:
    descriptors = {
        file.parent.name: tomllib.loads(file.read_text(encoding="utf-8"))
        for file in (Path(__file__).parents[3] / "templates" / "phones").glob("*/family.toml")
    }
    known = {f.id: f for f in phones.families()}
    assert known.keys() == descriptors.keys()
    for name, said in descriptors.items():
        assert known[name].name == said["vendor"]
        assert known[name].keys == {m["name"]: m.get("keys", 0) for m in said["models"]}
        assert set(known[name].ouis) == {o.replace(":", "").lower() for o in said.get("ouis", ())}


def test_how_many_keys_a_model_has() -> None:
    assert phones.key_count("yealink", "t46s") == 27
    assert phones.key_count("yealink", "CP960") == 0
    assert phones.key_count("yealink", "T99X") is None
    assert phones.key_count("no-such-make", "T46S") is None
