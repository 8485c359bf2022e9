"""Bounds that doors keep: budgets of misses, what was said already, counts."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.provision.bounds import MissBudget, SaidOnce, Tally


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
