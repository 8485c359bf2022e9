"""Ways out: national and old forms, classes and permissions, trunks in order, and emergencies before all."""

from dataclasses import replace

import pytest

from appliance.directory.model import Extension, Person, Trunk
from appliance.sip_edge.plan import Identity, Refuse, Ring, Say, ToTrunk
from appliance.vocabulary import Announcement, CallClass
from tests.lab.sample import ACME, SITE
from tests.unit.sip_edge.building import TRUNK, Reachable, arrive, building, dial, words

SITE_ROW = building().site
ANA = next(r for r in building().rows if isinstance(r, Person) and r.id == "person-ana")


@pytest.mark.acceptance("D-1")
@pytest.mark.parametrize("dialled", ["5512345678", "3331234567", "6641234567"])
def test_a_national_number_leaves_as_e164(dialled: str) -> None:
    plan = dial(dialled)
    step = plan.steps[0]
    shown = Identity("+525550000101", asserted="+525550000101")
    assert step == ToTrunk(TRUNK, f"+52{dialled}", shown, party=f"+52{dialled}")
    assert (plan.direction, plan.call_class, plan.destination) == ("outbound", CallClass.NATIONAL, f"+52{dialled}")


@pytest.mark.acceptance("D-2")
@pytest.mark.parametrize(
    ("dialled", "area_code"),
    [("015512345678", "55"), ("0445512345678", "55"), ("0455512345678", "55"), ("12345678", "55"), ("1234567", "664")],
)
def test_old_forms_leave_as_e164_in_2017_and_are_refused_by_a_strict_site(dialled: str, area_code: str) -> None:
    old = replace(SITE_ROW, area_code=area_code, dial_profile="mx2017")
    (step,) = dial(dialled, directory=building(old)).steps
    assert isinstance(step, ToTrunk)
    assert step.user == ("+526641234567" if area_code == "664" else "+525512345678")
    strict = replace(old, dial_profile="mx2020", strict_dialling=True)
    refused = dial(dialled, directory=building(strict))
    assert refused.steps == (Say(Announcement.INVALID_PREFIX, 484, "Address Incomplete", "es-MX"),)


@pytest.mark.acceptance("D-2")
def test_a_persons_own_area_code_counts_before_the_sites() -> None:
    (step,) = dial("1234567", directory=building(replace(ANA, area_code="664"))).steps
    assert isinstance(step, ToTrunk)
    assert step.user == "+526641234567"


@pytest.mark.acceptance("D-3")
@pytest.mark.parametrize("dialled", ["+5215512345678", "5215512345678", "005215512345678"])
def test_the_old_mobile_1_does_not_leave_and_is_not_logged(dialled: str) -> None:
    plan = dial(dialled)
    (step,) = plan.steps
    assert isinstance(step, ToTrunk)
    assert step.user == plan.destination == "+525512345678"


@pytest.mark.acceptance("D-3")
def test_an_inbound_caller_is_shown_and_logged_in_one_form() -> None:
    plan = arrive("+525550000102", caller="5215598765432")
    step = plan.steps[0]
    assert isinstance(step, Ring)
    assert step.identity == Identity("+525598765432", "Caller")
    assert plan.caller == "+525598765432"


@pytest.mark.acceptance("D-4")
def test_toll_free_connects_and_premium_is_refused_aloud_and_logged() -> None:
    for dialled in ("8001234567", "018001234567"):
        plan = dial(dialled)
        assert isinstance(plan.steps[0], ToTrunk)
        assert plan.call_class is CallClass.TOLL_FREE
    plan = dial("9001234567")
    assert words(plan) == (Announcement.PREMIUM_BLOCKED, 403)
    assert plan.call_class is CallClass.PREMIUM
    assert any("class=premium" in r.text("en") for r in plan.reasons)


def test_who_may_call_premium_numbers_does_but_nobody_calls_a_premium_short_code() -> None:
    allowed = building(replace(ANA, premium=True))
    assert isinstance(dial("9001234567", directory=allowed).steps[0], ToTrunk)
    assert words(dial("53053", directory=allowed)) == (Announcement.PREMIUM_BLOCKED, 403)
    assert words(dial("0019002345678", directory=allowed)) == (Announcement.NOT_PERMITTED, 403)


@pytest.mark.acceptance("D-5")
def test_calls_abroad_are_refused_unless_the_person_may() -> None:
    assert words(dial("0014155552671")) == (Announcement.NOT_PERMITTED, 403)
    (step,) = dial("0014155552671", directory=building(replace(ANA, international=True))).steps
    assert isinstance(step, ToTrunk)
    assert step.user == "+14155552671"


@pytest.mark.acceptance("D-5")
@pytest.mark.parametrize("dialled", ["0915551234", "025512345678", "020", "090"])
def test_the_operator_is_refused_even_to_those_who_may_call_abroad(dialled: str) -> None:
    allowed = building(replace(ANA, international=True, premium=True))
    assert words(dial(dialled, directory=allowed)) == (Announcement.NOT_PERMITTED, 403)


def test_public_service_codes_leave_as_they_are() -> None:
    plan = dial("089")
    (step,) = plan.steps
    assert isinstance(step, ToTrunk)
    assert (step.user, plan.call_class) == ("089", CallClass.SPECIAL)


def trunk(name: str, priority: int, plus: bool = True, trusted: bool = True) -> Trunk:
    return Trunk(name, SITE, name, "carrier", "10.30.0.9", priority=priority, plus=plus, trusted=trusted)


THREE = building(trunk("b", 20, plus=False), trunk("a", 5, trusted=False))


def test_trunks_are_tried_by_priority_each_in_its_own_way_of_writing() -> None:
    steps = [s for s in dial("5512345678", directory=THREE).steps if isinstance(s, ToTrunk)]
    assert [(s.trunk_id, s.user) for s in steps] == [
        ("a", "+525512345678"),
        (TRUNK, "+525512345678"),
        ("b", "525512345678"),
    ]
    assert [(s.identity.user, s.identity.asserted) for s in steps] == [
        ("+525550000101", ""),
        ("+525550000101", "+525550000101"),
        ("525550000101", "525550000101"),
    ]


def test_trunks_known_to_be_down_are_left_out_unless_all_are() -> None:
    def tried(down: set[str]) -> list[str]:
        plan = dial("5512345678", directory=THREE, reach=Reachable(trunks_down=frozenset(down)))
        return [s.trunk_id for s in plan.steps if isinstance(s, ToTrunk)]

    assert tried({"a"}) == [TRUNK, "b"]
    assert tried({"a", "b", TRUNK}) == ["a", TRUNK, "b"]


def test_when_no_trunk_takes_the_call_the_caller_hears_why() -> None:
    (other,) = dial("5512345678").after.other
    assert isinstance(other, Say)
    assert (other.announcement, other.status) == (Announcement.NO_WAY_OUT, 503)
    assert words(dial("5512345678", directory=building(without=[TRUNK]))) == (Announcement.NO_WAY_OUT, 503)


def shown(caller_id: str) -> str:
    (step,) = dial("5512345678", directory=building(replace(ANA, caller_id=caller_id))).steps
    assert isinstance(step, ToTrunk)
    return step.identity.user


def test_outside_a_person_shows_their_caller_id_else_their_number_else_the_sites() -> None:
    assert shown(caller_id="+525511112222") == "+525511112222"
    assert shown(caller_id="not a number") == "+525550000101"
    (step,) = dial("5512345678", directory=building(without=["num-ana"])).steps
    assert isinstance(step, ToTrunk)
    assert step.identity.user == SITE_ROW.callback_number


# Emergencies


@pytest.mark.acceptance("E-1")
@pytest.mark.parametrize("dialled", ["911", "066", "060", "065", "068", "080", "061", "911#", "+52911"])
def test_an_emergency_goes_out_before_any_rule_by_every_trunk(dialled: str) -> None:
    trap = Extension("ext-trap", ACME, dialled, "person", "person-beto")
    directory = building(trap, trunk("b", 20), trunk("a", 5))
    plan = dial(dialled, directory=directory, reach=Reachable(trunks_down=frozenset({"a"})))
    steps = [s for s in plan.steps if isinstance(s, ToTrunk)]
    assert len(steps) == len(plan.steps)
    place = f"{SITE_ROW.address}, 101 Ana"
    assert all(s.insist and s.user == "911" for s in steps)
    assert [(s.trunk_id, s.location) for s in steps] == [
        (TRUNK, place),
        ("b", place),
        (TRUNK, ""),
        ("b", ""),
        ("a", ""),
    ]
    assert {s.identity.user for s in steps} == {SITE_ROW.callback_number}
    assert (plan.call_class, plan.destination) == (CallClass.EMERGENCY, "911")
    for step in (plan.after.busy, plan.after.no_answer, plan.after.not_found, plan.after.other):
        assert isinstance(step[0], Say)
        assert step[0].announcement is Announcement.EMERGENCY_NO_WAY_OUT


@pytest.mark.acceptance("E-1")
def test_an_emergency_is_taken_even_from_a_phone_that_the_directory_lost() -> None:
    plan = dial("911", who="nobody")
    assert isinstance(plan.steps[0], ToTrunk)
    assert dial("102", who="nobody").steps == (Refuse(403, "Forbidden"),)


def test_an_emergency_without_any_trunk_is_said_aloud() -> None:
    assert words(dial("911", directory=building(without=[TRUNK]))) == (Announcement.EMERGENCY_NO_WAY_OUT, 503)
