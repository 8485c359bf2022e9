"""A journal goes up at once when it is short, in paced batches when it is long, and waits while the centre is busy."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.sync import pace

chances = st.floats(0, 1, exclude_max=True)


@given(chances)
def test_a_journal_that_fits_into_one_batch_is_looked_at_every_second(chance: float) -> None:
    assert pace.pause_s(pace.Sent(pace.BATCH - 1, True, 0.1), chance) == pace.EVERY_S
    assert pace.pause_s(pace.Sent(0, False, 0.0), chance) == pace.EVERY_S


@given(chances)
def test_a_backlog_leaves_pauses_that_chance_spreads(chance: float) -> None:
    low, high = pace.PAUSE_S
    assert low <= pace.pause_s(pace.Sent(pace.BATCH, True, 0.1), chance) <= high


@given(chances, st.floats(1, 60))
def test_a_centre_that_takes_long_is_left_as_much_time_again(chance: float, took_s: float) -> None:
    assert pace.pause_s(pace.Sent(pace.BATCH, True, took_s), chance) == took_s


@given(chances)
def test_a_backlog_that_the_centre_does_not_answer_for_is_not_sent_again_and_again(chance: float) -> None:
    assert pace.pause_s(pace.Sent(pace.BATCH, False, 0.1), chance) == pace.EVERY_S


@given(chances, st.floats(0, 100_000))
def test_tries_are_spread_the_wider_for_a_long_outage(chance: float, away_s: float) -> None:
    low, high = pace.LONG_RETRY_S if away_s >= pace.LONG_OUTAGE_S else pace.RETRY_S
    assert low <= pace.retry_s(away_s, chance) <= high


@given(chances)
def test_a_busy_centre_is_left_alone_for_some_seconds(chance: float) -> None:
    low, high = pace.BUSY_S
    assert low <= pace.busy_s(chance) <= high
