"""Session timers (RFC 4028): who refreshes, how long a session may be, what is said of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.voice.refresh import (
    LONGEST_S,
    Refresh,
    TooBrief,
    answered_to_us,
    asked_of_us,
    in_answer,
    in_refresh,
    option_tags,
)


@pytest.mark.parametrize(
    ("expires", "supported", "agreed"),
    [
        ("1800", ("timer",), Refresh(1800, ours=False)),
        ("1800;refresher=uac", ("timer",), Refresh(1800, ours=False)),
        ("1800 ; refresher=UAS", ("timer",), Refresh(1800, ours=True)),
        ("1800;foo=bar;refresher=uas;x", ("timer",), Refresh(1800, ours=True)),
        ("1800", (), Refresh(1800, ours=True)),  # a proxy asks, the caller knows nothing of it
        ("30", ("timer",), TooBrief(90)),
        ("30", (), Refresh(90, ours=True)),  # who does not know timers cannot be told to ask again
        ("9999999999", ("timer",), Refresh(LONGEST_S, ours=False)),
        ("", ("timer",), None),
        ("soon", ("timer",), None),
        ("-5", ("timer",), None),
        ("99999999999", ("timer",), None),
    ],
)
def test_what_a_request_asks_is_agreed_to(expires: str, supported: tuple[str, ...], agreed: object) -> None:
    assert asked_of_us(expires, supported) == agreed


@pytest.mark.parametrize(
    ("expires", "agreed"),
    [
        ("1800;refresher=uac", Refresh(1800, ours=True)),
        ("1800;refresher=uas", Refresh(1800, ours=False)),
        ("1800", Refresh(1800, ours=True)),
        ("0", None),
        ("", None),
    ],
)
def test_an_answer_says_who_refreshes(expires: str, agreed: Refresh | None) -> None:
    assert answered_to_us(expires) == agreed


def test_the_other_end_is_required_to_refresh_where_it_must() -> None:
    assert in_answer(Refresh(1800, ours=False)) == (("Session-Expires", "1800;refresher=uac"), ("Require", "timer"))
    assert in_answer(Refresh(1800, ours=True)) == (("Session-Expires", "1800;refresher=uas"),)
    assert in_refresh(Refresh(600, ours=True))[0] == ("Session-Expires", "600;refresher=uac")


def test_a_session_is_refreshed_at_half_its_time_and_given_up_before_its_end() -> None:
    assert (Refresh(1800, True).refresh_after_s, Refresh(1800, False).give_up_after_s) == (900, 1768)
    assert Refresh(90, False).give_up_after_s == 60
    assert option_tags(" Timer, 100rel", "", "replaces") == ("timer", "100rel", "replaces")


@given(st.text(max_size=60), st.lists(st.sampled_from(["timer", "100rel", "?"]), max_size=3))
def test_whatever_the_headers_hold_a_session_lasts_long_enough_or_not_at_all(text: str, tags: list[str]) -> None:
    asked = asked_of_us(text, tags)
    assert asked is None or isinstance(asked, TooBrief) or 90 <= asked.seconds <= LONGEST_S
    answered = answered_to_us(text)
    assert answered is None or 0 < answered.seconds <= LONGEST_S
