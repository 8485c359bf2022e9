"""What follows a step that failed."""

import pytest

from appliance.sip_edge.failover import all_steps, following
from appliance.sip_edge.plan import Identity, OnFailure, Plan, Ring, Say, Target, ToTrunk
from appliance.sip_edge.said import said
from appliance.vocabulary import Announcement, CallClass

ME = Identity("101")


def plan(*steps: ToTrunk | Ring | Say, after: OnFailure = OnFailure()) -> Plan:  # noqa: B008 - frozen
    return Plan(steps, CallClass.NATIONAL, "acme", "101", "+525512345678", "outbound", after)


BUSY = said(Announcement.BUSY, 486, "en")
QUIET = said(Announcement.NO_ANSWER, 480, "en")
GONE = said(Announcement.NUMBER_NOT_IN_SERVICE, 404, "en")
NO_WAY = said(Announcement.NO_WAY_OUT, 503, "en")
AFTER = OnFailure(busy=(BUSY,), no_answer=(QUIET,), not_found=(GONE,), other=(NO_WAY,))
OUT = plan(ToTrunk("a", "1", ME), ToTrunk("b", "1", ME), after=AFTER)
IN = plan(Ring((Target("p", "u"),), True, 30, ME), after=OnFailure((BUSY,), (QUIET,), (NO_WAY,)))


def said_after(p: Plan, position: int, status: int, rang: bool = True) -> object:
    found = following(p, position, status, rang)
    return None if found is None else all_steps(p)[found]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 403, 488, 401])
def test_a_trunk_that_fails_itself_hands_over_to_the_next(status: int) -> None:
    assert following(OUT, 0, status) == 1
    assert said_after(OUT, 1, status) == NO_WAY


@pytest.mark.parametrize(
    ("status", "words"), [(486, BUSY), (600, BUSY), (603, BUSY), (480, QUIET), (404, GONE), (484, GONE), (604, GONE)]
)
def test_what_the_far_end_says_is_the_last_word(status: int, words: Say) -> None:
    assert said_after(OUT, 0, status) == words


def test_a_trunk_that_never_rang_has_failed_and_one_that_rang_was_not_answered() -> None:
    assert following(OUT, 0, 408, rang=False) == 1
    assert said_after(OUT, 1, 408, rang=False) == NO_WAY
    assert said_after(OUT, 0, 408, rang=True) == QUIET


def test_an_emergency_tries_every_trunk_whatever_the_first_says() -> None:
    emergency = plan(ToTrunk("a", "911", ME, insist=True), ToTrunk("b", "911", ME, insist=True), after=AFTER)
    for status in (404, 486, 503, 600, 603, 408):
        assert following(emergency, 0, status) == 1


def test_phones_that_are_busy_silent_or_broken_lead_to_different_words() -> None:
    assert said_after(IN, 0, 486) == BUSY
    assert said_after(IN, 0, 408, rang=False) == QUIET
    assert said_after(IN, 0, 480) == QUIET
    assert said_after(IN, 0, 500) == NO_WAY
    assert said_after(IN, 0, 404) == NO_WAY, "not found has no words of its own here"


def test_a_cancelled_call_has_no_next_step_and_an_announcement_is_the_last() -> None:
    assert following(OUT, 0, 487) is None
    assert following(OUT, 2, 486) is None
    assert following(plan(BUSY), 0, 486) is None
    assert following(OUT, 99, 500) is None
