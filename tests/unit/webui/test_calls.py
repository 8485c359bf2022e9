"""A call explained on the building page: sentences in the reader's language, without people's names."""

import pytest

from appliance.reasons import Because, because
from appliance.webui.calls import why

CARRIED = because(Because.FROM_PHONE, extension="101", person="Ana Núñez", account="Acme", phone="101").encoded()


@pytest.mark.acceptance("J-4")
@pytest.mark.parametrize(
    ("spoken", "sentence"),
    [
        ("en", "The caller is extension 101 ([name withheld]) of Acme, on phone 101."),
        ("es", "Llama la extensión 101 ([nombre reservado]) de Acme, desde el teléfono 101."),
    ],
)
def test_a_reason_is_a_sentence_without_the_persons_name(spoken: str, sentence: str) -> None:
    assert why(CARRIED, spoken) == sentence


@pytest.mark.acceptance("J-4")
@pytest.mark.parametrize("code", list(Because))
def test_no_sentence_of_any_reason_names_a_person(code: Because) -> None:
    reason = because(code, person="Ana Núñez", target="Ana Núñez", kind="person", extension="101")
    for spoken in ("es", "en"):
        assert "Núñez" not in why(reason.encoded(), spoken)


def test_a_reason_of_another_version_is_its_code_alone() -> None:
    assert why("of-another-version friend=Ana+N%C3%BA%C3%B1ez", "es") == "of-another-version"
    assert why("", "es") == ""
