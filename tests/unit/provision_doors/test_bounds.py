"""Bounds that doors keep: budgets of misses, what was said already, counts."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.provision.bounds import Guesses, MissBudget, SaidOnce, Tally


def test_a_source_that_spent_its_misses_waits_and_others_do_not() -> None:
    budget = MissBudget(at_once=3, per_s=1)
    for _ in range(3):
        assert not budget.spent("prober", 10)
        budget.miss("prober", 10)
    assert budget.spent("prober", 10)
    assert not budget.spent("phone", 10)
    assert not budget.spent("prober", 11)


def test_a_booting_phones_misses_are_forgotten_by_its_next_boot() -> None:
    budget = MissBudget()
    for boot in range(20):
        for _ in range(12):
            assert not budget.spent("phone", boot * 60)
            budget.miss("phone", boot * 60)


@given(st.lists(st.integers(0, 10**9), max_size=200))
def test_no_number_of_sources_makes_a_budget_grow(sources: list[int]) -> None:
    budget = MissBudget(sources=16)
    for at, source in enumerate(sources):
        budget.miss(str(source), float(at))
    assert len(budget._buckets) <= 16


def test_a_thing_is_said_once_until_many_others_were() -> None:
    once = SaidOnce(most=3)
    assert once.first("a")
    assert not once.first("a")
    for other in "bcd":
        assert once.first(other)
    assert once.first("a")


def test_counts_are_told_when_they_grew() -> None:
    tally = Tally()
    assert tally.changed() == {}
    tally.count("method")
    tally.count("method")
    assert tally.changed() == {"method": 2}
    assert tally.changed() == {}


def test_a_source_that_asks_for_many_different_macs_in_a_minute_has_asked_for_too_many() -> None:
    guesses = Guesses(most=3)
    asked = [guesses.too_many("10.20.0.9", f"{n:012x}", float(n)) for n in (1, 2, 3, 3, 2, 4)]
    assert asked == [False] * 5 + [True]
    slow = [guesses.too_many("10.20.0.8", f"{n:012x}", n * 40.0) for n in range(20)]
    assert not any(slow)
    assert not any(Guesses(most=0).too_many("x", f"{n:012x}", 0.0) for n in range(50))


def test_a_million_sources_are_not_remembered() -> None:
    guesses = Guesses(sources=100)
    for n in range(5000):
        guesses.too_many(f"s{n}", f"{n:012x}", 0.0)
    assert len(guesses._asked) == 100
