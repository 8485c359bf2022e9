"""Whom a trunk is told that its party talks to (X-3, H-1)."""

from dataclasses import replace

import pytest

from appliance.directory.model import MemoryDirectory
from appliance.sip_edge.told_outside import told_outside
from tests.lab.sample import ACME, BRAVO, sample_rows
from wire.rows import Person, Trunk
from wire.services import Preferences

TRUNK = next(r for r in sample_rows() if isinstance(r, Trunk))
BETO, DARIO = "+525550000102", "+525550000202"


@pytest.mark.parametrize(
    ("user", "account", "number"),
    [
        ("102", ACME, BETO),
        ("102", BRAVO, DARIO),
        (DARIO, ACME, DARIO),
        ("+525599887766", ACME, "+525599887766"),
        ("150", ACME, ""),
        ("anonymous", ACME, ""),
        ("911", ACME, ""),
        ("102", "", ""),
        (BETO, "", BETO),
        ("", ACME, ""),
    ],
)
def test_the_number_that_callers_show(user: str, account: str, number: str) -> None:
    directory = MemoryDirectory(sample_rows())
    assert told_outside(user, account, TRUNK, directory) == number
    assert told_outside(user, account, replace(TRUNK, plus=False), directory) == number.removeprefix("+")
    assert told_outside(user, account, replace(TRUNK, trusted=False), directory) == ""


@pytest.mark.parametrize("user", ["102", BETO])
def test_who_hides_is_not_told_of(user: str) -> None:
    rows = (*sample_rows(), Preferences("person-beto", ACME, hide_caller_id=True))
    assert told_outside(user, ACME, TRUNK, MemoryDirectory(rows)) == ""


def test_the_caller_id_that_was_chosen_counts() -> None:
    rows = tuple(replace(r, caller_id="+525550000100") if isinstance(r, Person) else r for r in sample_rows())
    assert told_outside("102", ACME, TRUNK, MemoryDirectory(rows)) == "+525550000100"
