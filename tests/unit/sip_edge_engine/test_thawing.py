"""Dataclasses of a worker are made faster, and are what they were otherwise."""

import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from appliance.sip_edge.kamailio.thawing import thaw


def test_one_that_is_thawed_is_made_compared_and_counted_as_before() -> None:
    @dataclass(frozen=True, slots=True)
    class Party:
        user: str
        name: str = ""
        been: tuple[str, ...] = ()

    before = Party("101", been=("a",))
    with pytest.raises(FrozenInstanceError):
        before.user = "102"  # type: ignore[misc]
    assert thaw(Party)
    after = Party("101", been=("a",))
    assert (after, hash(after), repr(after)) == (before, hash(before), repr(before))
    assert Party("101") == Party("101", "", ()) != Party("101", "Ana")
    with pytest.raises(TypeError, match="missing 1 required"):
        Party()  # type: ignore[call-arg]


def test_what_is_not_plain_is_left_alone() -> None:
    @dataclass(frozen=True, slots=True)
    class Made:
        found: list[str] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class Checked:
        port: int

        def __post_init__(self) -> None:
            if not self.port:
                raise ValueError

    @dataclass(slots=True)
    class Open:
        port: int

    assert not any(thaw(cls) for cls in (Made, Checked, Open, int))
    assert Made().found == []
    with pytest.raises(ValueError):
        Checked(0)


def test_all_of_a_workers_own_are_plain() -> None:
    """In a process of its own: what is thawed stays so. Of the routing's own words none is left frozen."""
    program = """
import dataclasses
from appliance.sip_edge import callfacts, decision, identity, plan
from appliance.sip_edge.kamailio import board, standing, worker
from appliance.sip_edge.kamailio.thawing import thaw_ours
thaw_ours()
modules = (callfacts, decision, identity, plan, board, standing)
frozen = [c for m in modules for c in vars(m).values() if dataclasses.is_dataclass(c) and "__setattr__" in vars(c)]
assert not frozen, frozen
assert plan.Identity("101", "Ana") == plan.Identity(user="101", display="Ana")
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
