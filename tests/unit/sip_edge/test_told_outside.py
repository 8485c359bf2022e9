"""Whom a trunk is told that its party talks to (X-3, H-1)."""

from dataclasses import replace

import pytest

from appliance.directory.model import MemoryDirectory
from appliance.sip_edge.plan import CallAttempt, FromTrunk, ToVoice
from appliance.sip_edge.routing import route
from appliance.sip_edge.told_outside import told_outside
from tests.lab.sample import ACME, BRAVO, UNMAPPED, sample_rows
from tests.unit.sip_edge.building import NOON, Reachable
from wire.rows import Mapping, Person, Trunk
from wire.services import Preferences, Receptionist

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


@pytest.mark.parametrize("trusted", [True, False])
def test_voice_is_asked_to_tell_trusted_trunks_alone(trusted: bool) -> None:
    receptionist = Receptionist("rec", ACME, "Recepción")
    rows = (*sample_rows(), receptionist, Mapping("num-unmapped", ACME, "receptionist", "rec"))
    trunks = tuple(replace(r, trusted=trusted) if isinstance(r, Trunk) else r for r in rows)
    asked = CallAttempt(FromTrunk(TRUNK.id, "+525599887766"), UNMAPPED)
    steps = route(asked, MemoryDirectory(trunks), NOON, Reachable()).steps
    (step,) = (s for s in steps if isinstance(s, ToVoice))
    assert dict(step.params).get("shows") == ("1" if trusted else None)
