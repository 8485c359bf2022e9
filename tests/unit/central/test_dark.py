"""A carrier's call while buildings are dark: where it is led, how far, and when nowhere (G-1, G-2)."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.exchange.dark import (
    CUT_OFF,
    TOO_DEEP,
    UNKNOWN,
    Called,
    Onward,
    Out,
    Standing,
    ToBuildings,
    way_of,
)
from central.exchange.inbound import canonical
from central.exchange.records import Note, Taken
from wire.diversion import MOST_DIVERSIONS, Diversion

ANA, BETO, CARLA = "person-ana", "person-beto", "person-carla"
NUMBER, HERS = "+525550000101", "+525512345678"


@dataclass
class Paper:
    """A book for one number."""

    number: Called | None
    people: dict[str, Standing] = field(default_factory=dict)

    def called(self, e164: str) -> Called | None:
        return self.number if e164 == NUMBER else None

    def standing(self, person: str) -> Standing | None:
        return self.people.get(person)


def anas(*onward: Onward, **people: Standing) -> Paper:
    return Paper(Called("acme", "person", ANA, ("one",)), {ANA: Standing(NUMBER, onward, ("one",)), **people})


def dark(*sites: str) -> "set[str]":
    return set(sites)


@pytest.mark.acceptance("G-1")
def test_a_building_that_is_there_has_its_calls_whatever_its_people_have_set() -> None:
    assert way_of(NUMBER, anas(Onward("unconditional", HERS)), dark().__contains__) == ToBuildings(("one",))


@pytest.mark.acceptance("G-1")
def test_while_it_is_dark_the_call_goes_where_its_person_has_sent_it_and_says_whose_it_was() -> None:
    out = way_of(NUMBER, anas(Onward("unavailable", HERS)), dark("one").__contains__)
    assert out == Out(HERS, NUMBER, (Diversion(NUMBER, "unavailable"),))


@pytest.mark.acceptance("G-1")
def test_a_colleague_in_another_building_is_rung_there_and_a_dark_ones_own_forward_is_followed() -> None:
    beto = Standing("+525550000102", (Onward("no-answer", HERS),), ("two",))
    paper = anas(Onward("unconditional", BETO), **{BETO: beto})
    diverted = (Diversion(NUMBER, "unconditional"),)
    assert way_of(NUMBER, paper, dark("one").__contains__) == ToBuildings(("two",), BETO, diverted)
    both = way_of(NUMBER, paper, dark("one", "two").__contains__)
    assert both == Out(HERS, "+525550000102", (*diverted, Diversion("+525550000102", "no-answer")))


@pytest.mark.parametrize(
    ("paper", "answer"),
    [
        (Paper(None), UNKNOWN),
        (anas(), CUT_OFF),
        (Paper(Called("acme", "receptionist", "vr", ("one",))), CUT_OFF),
        (Paper(Called("acme", "", "", ())), CUT_OFF),
        (Paper(Called("acme", "person", "gone", ("one",))), CUT_OFF),
        (anas(Onward("unconditional", ANA)), CUT_OFF),
        (anas(Onward("unconditional", BETO), **{BETO: Standing("", (Onward("no-answer", ANA),))}), CUT_OFF),
        (anas(Onward("unconditional", "person-nobody")), CUT_OFF),
    ],
)
def test_what_leads_nowhere_or_back_is_refused_at_once(paper: Paper, answer: object) -> None:
    assert way_of(NUMBER, paper, dark("one").__contains__) == answer


@pytest.mark.acceptance("G-2")
@pytest.mark.parametrize("before", range(6))
def test_three_diversions_are_the_most_those_that_the_call_brought_included(before: int) -> None:
    found = way_of(NUMBER, anas(Onward("unconditional", HERS)), dark("one").__contains__, before)
    assert (found == TOO_DEEP) is (before >= MOST_DIVERSIONS)


PEOPLE = (ANA, BETO, CARLA, "person-dario", "person-elsa")
ONWARD = st.builds(Onward, st.sampled_from(("unconditional", "no-answer")), st.sampled_from((*PEOPLE, HERS)))
STANDINGS = st.builds(
    Standing, st.just("+52"), st.lists(ONWARD, max_size=2).map(tuple), st.sampled_from(((), ("one",), ("two",)))
)


@given(st.dictionaries(st.sampled_from(PEOPLE), STANDINGS), st.integers(0, 5), st.sets(st.sampled_from(("one", "two"))))
def test_whatever_people_have_set_there_is_an_answer_and_nobody_is_diverted_too_often(
    people: dict[str, Standing], before: int, cut: set[str]
) -> None:
    paper = Paper(Called("acme", "person", ANA, ("one",)), people)
    found = way_of(NUMBER, paper, cut.__contains__, before)
    assert found == way_of(NUMBER, paper, cut.__contains__, before)
    if isinstance(found, ToBuildings):
        assert not cut.intersection(found.sites)
    if isinstance(found, Out | ToBuildings) and found.diverted:
        assert before + len(found.diverted) <= MOST_DIVERSIONS


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+525550000101", NUMBER),
        ("525550000101", NUMBER),
        ("5215550000101", NUMBER),
        ("5550000101", NUMBER),
        ("+5550000101;phone-context=x", NUMBER),
        ("+12125550100", "+12125550100"),
        ("anonymous", ""),
        ("9" * 200, "9" * 40),
    ],
)
def test_numbers_as_carriers_write_them(written: str, number: str) -> None:
    assert canonical(written) == number


@pytest.mark.acceptance("K-4")
def test_a_call_that_the_centre_took_is_one_record_when_it_is_over() -> None:
    began = 1_700_000_000_000
    notes = [
        Note("taken", "c", began, "acme", "one", "+525587654321", NUMBER, HERS),
        Note("answered", "c", began + 2000),
        Note("ended", "c", began + 9000),
        Note("ended", "of-a-building", began),
    ]
    assert [Note.of(n.line()) for n in notes] == notes
    taken = Taken()
    assert taken.note(notes[:2]) == []
    (record,) = taken.note(notes[2:])
    assert (record["cause"], record["talk_ms"], record["sip_status"]) == ("answered", 7000, 200)
    assert (record["account_id"], record["site_id"], record["dialled"]) == ("acme", "one", NUMBER)
    assert [leg["to"] for leg in record["legs"]] == [HERS]
    assert taken.note(notes[2:]) == [], "once"
    again = Taken()
    assert again.note(notes)[0]["id"] == record["id"], "the same after a restart"
    refused = Taken().note([notes[0], Note("ended", "c", began + 100, status=480)])
    assert (refused[0]["cause"], refused[0]["answered_at"]) == ("no-answer", None)
