"""Garbage of ended calls goes, and nobody waits for it who calls."""

import gc
import time
import weakref
from collections.abc import Iterator

import pytest

from appliance.voice import tidiness
from appliance.voice.tidiness import Tidiness


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def tidy() -> Iterator[Tidiness]:
    before = gc.get_threshold()
    made = Tidiness()
    made.begin()
    yield made
    gc.unfreeze()
    gc.set_threshold(*before)


def test_cycles_of_calls_that_lasted_are_collected_when_nobody_calls(
    tidy: Tidiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidiness, "IDLE_SHARE", float("inf"))
    call = Cycle()
    gc.collect(1)
    gone = weakref.ref(call)
    del call
    gc.collect(1)
    assert gone() is not None, "it has grown old"
    assert not tidy.look(calls=1, ever=1), "somebody calls"
    assert gone() is not None
    assert not tidy.look(calls=0, ever=2), "somebody called a moment ago"
    assert tidy.look(calls=0, ever=2)
    assert gone() is None
    assert not tidy.look(calls=0, ever=2), "nothing has come since"


def test_where_somebody_always_calls_it_is_done_as_seldom_as_it_is_slow(
    tidy: Tidiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidiness, "BUSY_LEAST_S", 0.0)
    assert not tidy.look(calls=5, ever=5), "a thousand times as long as the last took"
    monkeypatch.setattr(tidiness, "BUSY_SHARE", float("inf"))
    assert tidy.look(calls=5, ever=5)


def test_after_a_slow_look_the_next_one_is_two_minutes_off_at_most(
    tidy: Tidiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine that is busy with other things, where one took seconds."""
    monkeypatch.setattr(tidiness, "BUSY_SHARE", 1e-9)
    monkeypatch.setattr(tidiness, "BUSY_LEAST_S", 0.0)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + tidiness.BUSY_MOST_S - 1)
    assert not tidy.look(calls=5, ever=5)
    monkeypatch.setattr(time, "monotonic", lambda: now + tidiness.BUSY_MOST_S + 1)
    assert tidy.look(calls=5, ever=5)
