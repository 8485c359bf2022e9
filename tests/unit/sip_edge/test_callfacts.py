"""Call facts cross a file and come back; what is torn or foreign is told from what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.sip_edge.callfacts import (
    Answered,
    Began,
    CallFact,
    Cancelled,
    Ended,
    Invite,
    LegName,
    Replied,
    UnreadableFact,
    decode,
    encode,
    invite,
    legs_of,
)
from appliance.sip_edge.plan import CallAttempt, FromPhone, FromTrunk
from tests.unit.sip_edge.building import TRUNK, arrive, dial

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
MS = st.integers(0, 253_402_300_799_999)
LEGS = st.lists(st.builds(LegName, TEXT, TEXT, TEXT), max_size=3).map(tuple)
FACTS: st.SearchStrategy[CallFact] = st.one_of(
    st.builds(Invite, *([TEXT] * 2), MS, *([TEXT] * 8), st.lists(TEXT, max_size=3).map(tuple)),
    st.builds(Began, TEXT, TEXT, MS, st.integers(0, 9), LEGS),
    st.builds(Replied, TEXT, TEXT, MS, TEXT, TEXT, st.integers(0, 699)),
    st.builds(Answered, TEXT, TEXT, MS, TEXT, TEXT),
    st.builds(Cancelled, TEXT, TEXT, MS),
    st.builds(Ended, TEXT, TEXT, MS, TEXT, st.integers(0, 699)),
)


@given(FACTS)
def test_a_fact_is_one_line_and_comes_back(fact: CallFact) -> None:
    line = encode(fact)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == fact


def test_legs_as_they_were_written_before_are_read() -> None:
    line = '{"event":"began","call_id":"c","from_tag":"t","at_ms":1,"step":0,"legs":[["phone","ana","phone-ana"]]}'
    assert decode(line) == Began("c", "t", 1, 0, (LegName("phone", "ana", "phone-ana"),))


def test_text_that_is_no_unicode_does_not_stop_a_worker() -> None:
    assert decode(encode(Cancelled("bad\udcff", "t", 1))) == Cancelled("bad?", "t", 1)


@given(FACTS, st.data())
def test_a_torn_line_is_unreadable(fact: CallFact, data: st.DataObject) -> None:
    line = encode(fact)[:-1]
    cut = data.draw(st.integers(0, len(line) - 1))
    with pytest.raises(UnreadableFact):
        decode(line[:cut])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"event":"dance"}',
        b'{"event":[]}',
        b'{"event":"cancelled","call_id":"a","from_tag":"b"}',
        b'{"event":"cancelled","call_id":"a","from_tag":"b","at_ms":"1"}',
        b'{"event":"cancelled","call_id":"a","from_tag":"b","at_ms":-1}',
        b'{"event":"cancelled","call_id":"a","from_tag":"b","at_ms":999999999999999}',
        b'{"event":"cancelled","call_id":1,"from_tag":"b","at_ms":1}',
        b'{"event":"cancelled","call_id":"a","from_tag":"b","at_ms":1,"more":1}',
        b'{"event":"began","call_id":"a","from_tag":"b","at_ms":1,"step":0,"legs":[1]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_foreign_line_is_unreadable(line: bytes) -> None:
    with pytest.raises(UnreadableFact):
        decode(line)


def test_the_first_fact_of_a_call_is_its_plan() -> None:
    plan = dial("102")
    fact = invite(CallAttempt(FromPhone("phone-ana"), "102", "call-1"), plan, "tag-1", 1000)
    assert (fact.call_id, fact.from_tag, fact.at_ms) == ("call-1", "tag-1", 1000)
    assert (fact.caller, fact.caller_phone_id, fact.destination, fact.trunk_id) == ("101", "phone-ana", "102", "")
    assert fact.reasons == tuple(r.encoded() for r in plan.reasons)
    inbound = invite(CallAttempt(FromTrunk(TRUNK, "x"), "5550000102", "c"), arrive("5550000102"), "t", 1)
    assert (inbound.trunk_id, inbound.caller_phone_id) == (TRUNK, "")


def test_each_step_names_its_legs() -> None:
    assert legs_of(dial("102").steps[0]) == (LegName("phone", "p-beto-x7k2", "phone-beto"),)
    assert legs_of(dial("5512345678").steps[0]) == (LegName("trunk", TRUNK),)
    assert legs_of(dial("*9196").steps[0]) == (LegName("voice", "echo"),)
    assert legs_of(dial("177").steps[0]) == (LegName("voice", "announce"),)
    assert legs_of(dial("102", who="nobody").steps[0]) == ()
