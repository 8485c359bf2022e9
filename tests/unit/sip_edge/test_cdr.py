"""One record a call: whatever the order, the repeats and the gaps of its facts (K-4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.sip_edge.callfacts import (
    Answered,
    Began,
    CallFact,
    Cancelled,
    Departed,
    Ended,
    Invite,
    LegName,
    News,
    Replied,
    decode,
    encode,
)
from appliance.sip_edge.cdr import CallKey, OpenCall, close, fold, gather
from appliance.sip_edge.ledger import RINGING_AT_MOST_MS, SETTLE_MS, TALKING_AT_MOST_MS, CallLedger
from wire.facts import Cdr, Leg

SITE = "site-reforma"
CALL, TAG = "call-1@phone", "tag-1"
T = 1_795_000_000_000
BETO = LegName("phone", "p-beto", "phone-beto")
BETO_2 = LegName("phone", "p-beto-2", "phone-beto-2")
CARRIER = LegName("trunk", "trunk-a")
SPARE = LegName("trunk", "trunk-b")
WORDS = LegName("voice", "announce")


def began_call(at: int = 0, call: str = CALL, tag: str = TAG, trunk: str = "") -> Invite:
    return Invite(
        call, tag, T + at, "acme", "internal", "101", "phone-ana", "102", "102", "internal", trunk, ("rings phone=x",)
    )


def began(at: int, step: int, *legs: LegName) -> Began:
    return Began(CALL, TAG, T + at, step, legs)


def replied(at: int, leg: LegName, status: int) -> Replied:
    return Replied(CALL, TAG, T + at, leg.kind, leg.to, status)


ANSWERED_CALL: tuple[CallFact, ...] = (
    began_call(),
    began(5, 0, BETO, BETO_2),
    Answered(CALL, TAG, T + 4_000, "phone", "p-beto-2"),
    replied(4_010, BETO, 487),
    Ended(CALL, TAG, T + 64_000, "callee"),
)
BUSY_CALL: tuple[CallFact, ...] = (
    began_call(),
    began(5, 0, BETO),
    replied(90, BETO, 486),
    began(95, 1, WORDS),
    replied(3_000, WORDS, 486),
    Ended(CALL, TAG, T + 3_010, "building", 486),
)
CANCELLED_CALL: tuple[CallFact, ...] = (
    began_call(),
    began(5, 0, BETO),
    Cancelled(CALL, TAG, T + 2_000),
    replied(2_010, BETO, 487),
    Ended(CALL, TAG, T + 2_020, "caller", 487),
)
FAILED_OVER_CALL: tuple[CallFact, ...] = (
    began_call(),
    began(5, 0, CARRIER),
    replied(3_005, CARRIER, 408),
    began(3_010, 1, SPARE),
    Answered(CALL, TAG, T + 3_900, "trunk", "trunk-b"),
    Ended(CALL, TAG, T + 10_000, "caller"),
)
NO_WAY_CALL: tuple[CallFact, ...] = (
    began_call(),
    began(5, 0, CARRIER),
    replied(10, CARRIER, 503),
    began(11, 1, WORDS),
    replied(4_000, WORDS, 503),
    Ended(CALL, TAG, T + 4_001, "building", 503),
)
CALLS = [ANSWERED_CALL, BUSY_CALL, CANCELLED_CALL, FAILED_OVER_CALL, NO_WAY_CALL]


def record(facts: tuple[CallFact, ...] | list[CallFact]) -> Cdr:
    folded = [fold(key, of_call, SITE) for key, of_call in gather(facts).items()]
    assert len(folded) == 1
    (found,) = folded
    assert isinstance(found, Cdr)
    return found


@pytest.mark.acceptance("K-4")
def test_an_answered_call_says_who_answered_and_how_long_they_talked() -> None:
    cdr = record(ANSWERED_CALL)
    assert (cdr.cause, cdr.sip_status, cdr.answered_by, cdr.talk_ms) == ("answered", 200, "phone-beto-2", 60_000)
    assert cdr.legs == (
        Leg("phone", "p-beto", cdr.legs[0].started_at, "2026-11-18T11:06:44.010+00:00", 487),
        Leg("phone", "p-beto-2", cdr.legs[1].started_at, cdr.ended_at, 200),
    )
    assert (cdr.account_id, cdr.caller, cdr.caller_phone_id, cdr.trunk_id) == ("acme", "101", "phone-ana", "")
    assert cdr.started_at == "2026-11-18T11:06:40.000+00:00"
    assert cdr.ended_at == "2026-11-18T11:07:44.000+00:00"
    assert cdr.reasons == ("rings phone=x",)


@pytest.mark.acceptance("K-4")
def test_each_way_to_fail_has_its_cause() -> None:
    busy = record(BUSY_CALL)
    assert (busy.cause, busy.sip_status, busy.talk_ms, busy.answered_at) == ("busy", 486, 0, "")
    assert [(g.kind, g.status) for g in busy.legs] == [("phone", 486), ("voice", 486)]
    assert record(CANCELLED_CALL).cause == "cancelled"
    no_way = record(NO_WAY_CALL)
    assert (no_way.cause, no_way.trunk_id) == ("failed", "trunk-a")
    silent = record((began_call(), began(5, 0, BETO), Ended(CALL, TAG, T + 30_000, "building", 480)))
    assert silent.cause == "no-answer"
    nobody = record((began_call(), began(5, 0, WORDS), Ended(CALL, TAG, T + 3_000, "building", 480)))
    assert nobody.cause == "failed"
    refused = record((began_call(), began(5, 0, WORDS), Ended(CALL, TAG, T + 3_000, "building", 403)))
    assert refused.cause == "refused"


@pytest.mark.acceptance("K-4")
def test_the_trunk_that_carried_the_call_is_named() -> None:
    assert record(FAILED_OVER_CALL).trunk_id == "trunk-b"
    assert record((began_call(trunk="trunk-in"), *ANSWERED_CALL[1:])).trunk_id == "trunk-in"


@pytest.mark.acceptance("K-4")
@pytest.mark.parametrize("facts", CALLS)
@given(data=st.data())
def test_order_and_repeats_of_facts_change_nothing(facts: tuple[CallFact, ...], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations([*facts, *data.draw(st.lists(st.sampled_from(facts), max_size=6))]))
    assert record(shuffled) == record(facts)
    ledger = CallLedger(SITE)
    for fact in shuffled:
        back = decode(encode(fact))
        assert not isinstance(back, News)
        ledger.note(back)
    assert ledger.settled(T + 200_000) == (record(facts),)
    assert ledger.settled(T + 200_000) == ()


@pytest.mark.acceptance("K-4")
@pytest.mark.parametrize("facts", CALLS)
@given(data=st.data())
def test_a_spool_read_in_any_pieces_with_restarts_makes_one_record_id(
    facts: tuple[CallFact, ...], data: st.DataObject
) -> None:
    ids = set()
    for _ in range(2):
        ledger = CallLedger(SITE)
        for at, fact in enumerate(data.draw(st.permutations(facts))):
            ledger.note(fact)
            ids |= {c.id for c in ledger.settled(T + at)}
        ids |= {c.id for c in ledger.settled(T + TALKING_AT_MOST_MS * 2)}
        assert ledger.open_calls() == ()
        assert ledger.oldest_needed_ms() is None
    assert len(ids) == 1


def test_a_call_without_an_end_is_open_then_closed_without_a_talk_time() -> None:
    facts = ANSWERED_CALL[:3]
    ledger = CallLedger(SITE)
    for fact in facts:
        ledger.note(fact)
    (call,) = ledger.open_calls()
    assert (call.answered_ms, call.ended_ms, call.started_ms) == (T + 4_000, 0, T)
    assert ledger.settled(T + RINGING_AT_MOST_MS + 10_000) == (), "a talk may be long"
    (cdr,) = ledger.settled(T + TALKING_AT_MOST_MS + 10_000)
    assert (cdr.cause, cdr.ended_at, cdr.talk_ms, cdr.reasons[-1]) == ("answered", "", 0, "no-end-seen")


def test_a_call_that_the_building_no_longer_holds_is_closed_at_that_moment() -> None:
    ledger = CallLedger(SITE)
    for fact in ANSWERED_CALL[:3]:
        ledger.note(fact)
    assert ledger.close_lost({CALL}, T + 60_000) == ()
    assert ledger.close_lost(set(), T + 5_000) == (), "too fresh to be sure"
    (cdr,) = ledger.close_lost(set(), T + 60_000)
    assert (cdr.talk_ms, cdr.reasons[-1], cdr.answered_by) == (56_000, "closed-by-building", "phone-beto-2")
    ledger.note(ANSWERED_CALL[-1])
    assert ledger.settled(T + TALKING_AT_MOST_MS) == (), "a late end makes no second record"


def test_a_call_that_rang_and_was_forgotten_is_closed() -> None:
    ledger = CallLedger(SITE)
    for fact in BUSY_CALL[:2]:
        ledger.note(fact)
    (cdr,) = ledger.settled(T + RINGING_AT_MOST_MS + 10)
    assert (cdr.cause, cdr.sip_status, cdr.ended_at) == ("failed", 0, "")


def test_an_answer_without_its_beginning_still_makes_one_record() -> None:
    facts = ANSWERED_CALL[2:]
    assert isinstance(fold(CallKey(CALL, TAG), facts, SITE), OpenCall)
    cdr = close(CallKey(CALL, TAG), facts, SITE)
    assert (cdr.cause, cdr.direction, cdr.answered_by) == ("answered", "", "p-beto-2")
    assert cdr.reasons == ("no-invite-seen",)
    assert cdr.id == record(ANSWERED_CALL).id


def test_a_record_waits_a_moment_for_late_replies() -> None:
    ledger = CallLedger(SITE)
    for fact in BUSY_CALL:
        ledger.note(fact)
    assert ledger.open_calls() == (), "it has ended already"
    assert ledger.settled(T + 3_010 + SETTLE_MS - 1) == ()
    assert len(ledger.settled(T + 3_010 + SETTLE_MS)) == 1


def test_the_same_call_id_from_another_caller_is_another_call() -> None:
    other: list[CallFact] = [began_call(50, tag="tag-2"), Ended(CALL, "tag-2", T + 900, "building", 404)]
    found = gather([*ANSWERED_CALL, *other])
    folded = [fold(key, of_call, SITE) for key, of_call in found.items()]
    assert len({c.id for c in folded if isinstance(c, Cdr)}) == len(folded) == 2


def test_a_call_id_used_again_after_the_end_is_another_call() -> None:
    later = 3_600_000
    again: list[CallFact] = [
        began_call(later),
        began(later + 5, 0, BETO),
        Ended(CALL, TAG, T + later + 500, "building", 486),
    ]
    ledger = CallLedger(SITE)
    for fact in ANSWERED_CALL:
        ledger.note(fact)
    first = ledger.settled(T + 100_000)
    for fact in again:
        ledger.note(fact)
    second = ledger.settled(T + later + 10_000)
    assert [c.cause for c in (*first, *second)] == ["answered", "busy"]
    assert first[0].id != second[0].id
    replayed = CallLedger(SITE)
    for fact in reversed([*ANSWERED_CALL, *again]):
        replayed.note(fact)
    assert {c.id for c in replayed.settled(T + later + 10_000)} == {first[0].id, second[0].id}


def test_facts_without_a_tag_belong_to_the_call_before_them() -> None:
    untagged: list[CallFact] = [*ANSWERED_CALL[:-1], Ended(CALL, "", T + 64_000, "callee")]
    assert record(untagged).talk_ms == 60_000
    assert list(gather([Ended("x", "", T, "caller")])) == [CallKey("x", "")]


def test_a_cancel_that_lost_the_race_against_the_answer_does_not_count() -> None:
    raced: list[CallFact] = [
        *ANSWERED_CALL,
        Cancelled(CALL, TAG, T + 3_999),
        Ended(CALL, TAG, T + 4_005, "caller", 487),
    ]
    cdr = record(raced)
    assert (cdr.cause, cdr.talk_ms) == ("answered", 60_000)


def test_an_unnamed_answer_is_the_only_open_legs() -> None:
    facts: list[CallFact] = [
        began_call(),
        began(5, 0, BETO, BETO_2),
        replied(100, BETO, 486),
        Answered(CALL, TAG, T + 200),
        Ended(CALL, TAG, T + 1_200, "caller"),
    ]
    assert record(facts).answered_by == "phone-beto-2"


def test_ids_are_the_calls_own() -> None:
    key = CallKey(CALL, TAG)
    assert key.cdr_id(SITE) == CallKey(CALL, TAG).cdr_id(SITE)
    others = {
        CallKey("x", TAG).cdr_id(SITE),
        CallKey(CALL, "x").cdr_id(SITE),
        key.cdr_id("x"),
        CallKey(CALL, TAG, 5).cdr_id(SITE),
    }
    assert len({key.cdr_id(SITE), *others}) == 5


def test_a_record_goes_on_when_a_phone_has_left_the_call_to_others() -> None:
    gone = Departed(CALL, TAG, T + 6000, "p-ana", "phone-ana")
    talking = (began_call(), began(5, 0, BETO), Answered(CALL, TAG, T + 1000, "phone", "p-beto"), gone)
    still = fold(CallKey(CALL, TAG), talking, SITE)
    assert isinstance(still, OpenCall)
    assert still.phone_ids == ("phone-beto",)
    whole = fold(CallKey(CALL, TAG), (*talking, Ended(CALL, TAG, T + 9000, "callee")), SITE)
    assert isinstance(whole, Cdr)
    assert (whole.talk_ms, whole.cause, whole.caller_phone_id) == (8000, "answered", "phone-ana")
