"""What facility IT reads of an explained call: no names, no numbers that it did not type (J-4)."""

import pytest

from appliance.directory.model import MemoryDirectory
from appliance.reasons import Because, because
from appliance.sip_edge.explained import as_data
from appliance.webui.explain import Question, of_answer
from appliance.webui.masking import masked_text
from tests.unit.sip_edge.building import building, dial
from wire.services import Preferences


def explained(dialled: str, directory: MemoryDirectory, spoken: str = "en") -> str:
    answer = as_data(dial(dialled, directory=directory), directory, spoken)
    answer |= {"at": "2026-11-23T18:00:00Z", "revision": 1, "doubt": ""}
    found = of_answer(answer, Question("101", dialled), spoken)
    assert found.way and found.reasons
    return "\n".join((found.destination, found.kind, *(f"{w} {s}" for w, s in found.way), *found.reasons))


@pytest.mark.acceptance("K-5", "J-4")
@pytest.mark.parametrize("spoken", ["en", "es"])
def test_neither_people_nor_where_they_forward_to_are_named(spoken: str) -> None:
    forwards = building(Preferences("person-beto", "acct-acme", forward_mode="always", forward_to="5598761234"))
    text = explained("102", forwards, spoken)
    for secret in ("Núñez", "Díaz", "5598761234", "5598761"):
        assert secret not in text
    assert "•••• 1234" in text
    typed = explained("5512345678", building(), spoken)
    assert "+525512345678" in typed, "what was typed is read as it is"
    assert "Núñez" not in typed


def test_a_number_is_known_however_it_is_written() -> None:
    said = "Dialled 5512345678: +525512345678, by 445598765432 for 101."
    assert masked_text(said, ("5512345678",)) == "Dialled 5512345678: +525512345678, by •••• 5432 for 101."
    assert because(Because.EMERGENCY, dialled="911", sent="911").text() == masked_text(
        because(Because.EMERGENCY, dialled="911", sent="911").text(), ()
    )
