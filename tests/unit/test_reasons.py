"""Reasons: every code has its sentence in both languages, and survives a CDR."""

import string

import pytest

from appliance.reasons import CATALOGUE, Because, Reason, because


def names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("code", list(Because))
def test_a_reason_says_the_same_in_both_languages(code: Because) -> None:
    words = CATALOGUE[code]
    assert words.en
    assert words.es
    assert names(words.en) == names(words.es)


def test_a_reason_reads_in_the_language_asked_for() -> None:
    reason = because(Because.KIND_NOT_SERVED, kind="ring_group", target="Ventas")
    assert reason.text("en") == "ring group Ventas cannot answer calls in this version."
    assert reason.text("es-MX") == "el grupo de timbrado Ventas no puede contestar llamadas en esta versión."
    assert reason.text("fr") == reason.text("en")


def test_a_reason_survives_a_line_of_a_log() -> None:
    reason = because(Because.RINGS, phone="101 Añá & {co} = 5 %", person="")
    line = reason.encoded()
    assert "\n" not in line
    assert Reason.decode(line) == reason
    assert Reason.decode(Because.NO_TRUNK.value) == Reason(Because.NO_TRUNK)
    with pytest.raises(ValueError):
        Reason.decode("of-another-version x=1")


def test_a_parameter_with_braces_is_only_text() -> None:
    assert because(Because.NO_DEFAULT, account="{account.__class__}").text("en").startswith("{account.__class__}")
    assert "?" in Reason(Because.NO_DEFAULT).text("en")
