"""A value cannot leave its place in a file, whatever is in it."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from appliance.provision.escapes import ESCAPES, line, quoted, xml

ANY = st.text(alphabet=st.characters(codec=None), max_size=80)


@given(ANY)
def test_a_value_stays_on_its_line(value: str) -> None:
    for escape in ESCAPES.values():
        assert len(escape(value).splitlines()) <= 1
        escape(value).encode("utf-8")


@given(ANY)
def test_an_xml_value_is_read_back_in_content_and_in_either_quote(value: str) -> None:
    written = xml(value)
    root = ElementTree.fromstring(f"<a b=\"{written}\" c='{written}'>{written}</a>")
    assert (root.text or "") == line(value)
    assert root.get("b") == root.get("c") == line(value)


@given(ANY)
def test_a_quoted_value_cannot_close_its_quote(value: str) -> None:
    assert '"' not in quoted(value)


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("Núñez Ávila", "日本 😀", "O'Hara"):
        assert line(name) == quoted(name) == name
