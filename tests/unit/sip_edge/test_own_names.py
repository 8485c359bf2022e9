"""Under which names a phone that proved itself may call."""

import pytest

from appliance.directory.model import MemoryDirectory
from appliance.sip_edge.identity import may_go_by
from tests.lab.sample import sample_rows, sip_user
from wire.rows import Extension


@pytest.mark.acceptance("Q-1")
@pytest.mark.parametrize(
    ("name", "method", "may"),
    [
        (sip_user("ana"), "REGISTER", True),
        (sip_user("ana"), "INVITE", True),
        ("101", "INVITE", True),
        ("101", "REGISTER", False),
        ("102", "INVITE", False),
        (sip_user("beto"), "INVITE", False),
        ("", "INVITE", False),
    ],
)
def test_its_own_name_its_own_extension_in_a_call_and_no_other(name: str, method: str, may: bool) -> None:
    directory = MemoryDirectory(sample_rows())
    phone = directory.phone("phone-ana")
    assert phone is not None
    assert may_go_by(name, phone, directory, method) is may


def test_a_phone_without_an_extension_has_no_second_name() -> None:
    directory = MemoryDirectory(tuple(r for r in sample_rows() if not isinstance(r, Extension)))
    phone = directory.phone("phone-ana")
    assert phone is not None
    assert not may_go_by("", phone, directory, "INVITE")
    assert not may_go_by("101", phone, directory, "INVITE")
