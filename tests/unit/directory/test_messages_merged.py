"""Building and centre act on the same messages: whatever reaches whom in which order, both agree."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as some

from wire.messages import DELETED, NEW, OLD, Standing, merged
from wire.stamps import following

STAMPS = some.builds(
    lambda millis, counter, node: f"{millis:013d}-{counter:04d}-{node}",
    some.integers(0, 3),
    some.integers(0, 3),
    some.sampled_from(("centre", "house")),
)
STANDINGS = some.builds(Standing, some.sampled_from((NEW, OLD, DELETED)), STAMPS)


@given(some.lists(STANDINGS, min_size=1, max_size=4))
def test_words_in_any_order_and_repeated_come_to_the_same(words: list[Standing]) -> None:
    ends = set()
    for order in permutations(words):
        held = Standing(NEW)
        for word in (*order, *order):
            held = merged(held, word)
        ends.add(held)
    assert len(ends) == 1


@given(STANDINGS, STANDINGS)
def test_a_deletion_stays_and_else_the_later_act_counts(one: Standing, other: Standing) -> None:
    made = merged(one, other)
    assert (made.state == DELETED) == (DELETED in (one.state, other.state))
    if made.state != DELETED:
        assert made.stamp == max(one.stamp, other.stamp)


@given(STAMPS, some.integers(0, 5), some.sampled_from(("centre", "house")))
def test_who_has_seen_an_act_acts_after_it_whatever_the_clocks_say(seen: str, millis: int, node: str) -> None:
    assert following(seen, millis, node) > seen
    assert following(seen, millis, node) >= f"{millis:013d}"


def test_a_stamp_that_is_none_holds_nobody_up() -> None:
    assert following("", 7, "house") == following("nonsense", 7, "house") == "0000000000007-0000-house"
