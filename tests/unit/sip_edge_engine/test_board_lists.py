"""A phone's calls as the board keeps them: text, changed without being read whole."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.sip_edge.kamailio.board import Entry, OnBoard, entries, listed, with_entry, without_entry

KEYS = st.text("0123456789abcdef", min_size=16, max_size=16)
ENTRIES = st.builds(Entry, KEYS, st.integers(1, 2_000_000_000), st.booleans())
LISTS = st.lists(ENTRIES, max_size=4, unique_by=lambda e: e.key)


@given(LISTS, KEYS, st.integers(0, 5))
def test_a_call_is_added_once_and_taken_away_alone(there: list[Entry], new: str, which: int) -> None:
    text = listed(there)
    keys = [e.key for e in there]
    key = keys[which] if which < len(keys) else new
    added = entries(with_entry(text, Entry(key, 7)))
    assert added == there if key in keys else added == [*there, Entry(key, 7)]
    assert entries(without_entry(with_entry(text, Entry(key, 7, True)), key)) == [e for e in there if e.key != key]
    assert without_entry(f"{key} 7", key) == ""


@given(st.lists(st.sampled_from(["p1", "p2"]), max_size=2), st.lists(st.tuples(st.integers(0, 9), st.just("late"))))
def test_a_call_on_the_board_is_read_as_it_was_written(phones: list[str], late: list[tuple[int, str]]) -> None:
    on = OnBoard(3, 4, "me", tuple(phones), tuple(late), ("p2",))
    assert OnBoard.of(on.text()) == on
