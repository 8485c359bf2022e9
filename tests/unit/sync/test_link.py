"""The shown state of the link: quick to tell a cut, slow to believe a flap."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from appliance.sync.link import LATE, LinkWatch, observe, overdue
from appliance.vocabulary import LinkState

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def watched(*observations: tuple[float, bool]) -> LinkWatch:
    watch = LinkWatch()
    for at, ok in observations:
        watch = observe(watch, ok, START + timedelta(seconds=at))
    return watch


def test_the_first_exchange_is_shown_at_once() -> None:
    assert watched((0, True)).state is LinkState.UP
    assert watched((0, False)).state is LinkState.DOWN


def test_one_lost_exchange_is_not_a_cut_but_two_are() -> None:
    assert watched((0, True), (10, False)).state is LinkState.UP
    down = watched((0, True), (10, False), (12, False))
    assert down.state is LinkState.DOWN
    assert down.since == START + timedelta(seconds=12)


def test_a_try_after_a_failure_that_does_not_come_back_is_the_second_one() -> None:
    """With the line cut beyond the router, looking up the centre's name alone takes ten seconds and more."""
    lost = watched((0, True), (10, False))

    def after(watch: LinkWatch, seconds: float) -> LinkState:
        return overdue(watch, START + timedelta(seconds=10 + seconds)).state

    assert after(lost, LATE.total_seconds() - 0.1) is LinkState.UP
    assert after(lost, LATE.total_seconds()) is LinkState.DOWN
    assert after(lost, -3600) is LinkState.UP, "a clock that was set back"
    answered = observe(lost, True, START + timedelta(seconds=12))
    assert after(answered, 60) is LinkState.UP
    assert after(watched((0, True)), 60) is LinkState.UP


def test_a_mended_link_is_shown_after_two_good_exchanges() -> None:
    assert watched((0, True), (10, False), (12, False), (20, True)).state is LinkState.DOWN
    assert watched((0, True), (10, False), (12, False), (20, True), (21, True)).state is LinkState.UP


def test_a_clock_that_was_set_back_since_keeps_no_old_state_on_the_page() -> None:
    flapped = ((0, True), (10, False), (12, False), (20, True), (21, True))
    assert watched(*flapped, (30, False), (32, False)).state is LinkState.UP, "the third change waits"
    assert watched(*flapped, (-3600, False), (-3598, False)).state is LinkState.DOWN


@given(st.lists(st.booleans(), max_size=400))
def test_however_it_flaps_the_page_changes_one_time_a_minute_on_the_whole(exchanges: list[bool]) -> None:
    watch, changes = LinkWatch(), []
    for second, ok in enumerate(exchanges):
        before = watch.state
        watch = observe(watch, ok, START + timedelta(seconds=second))
        if before is not LinkState.UNKNOWN and watch.state is not before:
            changes.append(second)
    for earlier, later in zip(changes, changes[2:], strict=False):
        assert later - earlier >= 120
