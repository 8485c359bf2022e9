"""Where calls go: forms of the acceptance table, order of the rules, and what a directory full of holes does."""

from dataclasses import replace

import pytest

from appliance.directory.model import Account, Directory, Extension, Mapping, Number, Person, Phone, Site
from appliance.reasons import Because
from appliance.sip_edge.plan import Identity, Refuse, Ring, Say, ToTrunk, ToVoice
from appliance.vocabulary import Announcement, CallClass
from tests.lab.sample import ACME, SITE, UNMAPPED, sip_user
from tests.unit.sip_edge.building import TRUNK, Reachable, arrive, building, codes, dial, rung, words
from wire.services import MovePolicy

SITE_ROW = building().site
ANA = next(r for r in building().rows if isinstance(r, Person) and r.id == "person-ana")


# Extensions


def test_an_extension_rings_all_registered_phones_of_its_person_together() -> None:
    second = Phone("phone-beto-2", ACME, SITE, "person-beto", "0004f2aa0199", "polycom", "VVX400", "p-beto-2")
    third = Phone("phone-beto-3", ACME, SITE, "person-beto", "0004f2aa0198", "polycom", "VVX400", "p-beto-3")
    plan = dial("102", directory=building(second, third), reach=Reachable(unregistered=frozenset({"p-beto-3"})))
    assert rung(plan) == [sip_user("beto"), "p-beto-2"]
    step = plan.steps[0]
    assert isinstance(step, Ring)
    assert step.together
    assert step.identity == Identity("101", "Ana Núñez")
    assert Because.NOT_REGISTERED in codes(plan)
    assert (plan.direction, plan.call_class, plan.caller, plan.destination) == (
        "internal",
        CallClass.INTERNAL,
        "101",
        "102",
    )


def test_busy_silence_and_failure_lead_to_their_words() -> None:
    after = dial("102").after
    assert [
        (s.announcement, s.status) for (s,) in (after.busy, after.no_answer, after.other) if isinstance(s, Say)
    ] == [
        (Announcement.BUSY, 486),
        (Announcement.NO_ANSWER, 480),
        (Announcement.NOT_AVAILABLE, 480),
    ]


def test_a_person_without_a_registered_phone_is_not_available() -> None:
    plan = dial("102", reach=Reachable(unregistered=frozenset({sip_user("beto")})))
    assert words(plan) == (Announcement.NOT_AVAILABLE, 480)
    assert codes(plan)[-2:] == [Because.NOT_REGISTERED, Because.NOBODY_REGISTERED]


def test_an_unknown_short_number_is_no_extension() -> None:
    plan = dial("177")
    assert words(plan) == (Announcement.NO_SUCH_EXTENSION, 404)


@pytest.mark.acceptance("J-1")
def test_both_companies_have_an_extension_101_and_each_reaches_its_own() -> None:
    assert rung(dial("101", who="beto")) == [sip_user("ana")]
    assert rung(dial("101", who="dario")) == [sip_user("carla")]
    assert words(dial("103", who="dario")) == (Announcement.NO_SUCH_EXTENSION, 404)


@pytest.mark.acceptance("J-1")
@pytest.mark.parametrize("dialled", ["5550000201", "+525550000201", "50000201", "525550000201", "00525550000201"])
def test_companies_of_one_building_call_each_other_by_full_number_without_a_trunk(dialled: str) -> None:
    cut_off = Reachable(trunks_down=frozenset({TRUNK}))
    plan = dial(dialled, reach=cut_off)
    assert rung(plan) == [sip_user("carla")]
    step = plan.steps[0]
    assert isinstance(step, Ring)
    assert step.identity == Identity("+525550000101", "Acme, S.A. de C.V.")
    assert (plan.direction, plan.account_id) == ("internal", ACME)


def test_a_colleagues_full_number_stays_inside_and_shows_the_extension() -> None:
    plan = dial("5550000102")
    assert rung(plan) == [sip_user("beto")]
    step = plan.steps[0]
    assert isinstance(step, Ring)
    assert step.identity.user == "101"


def test_who_calls_their_own_extension_does_not_ring_themselves() -> None:
    assert words(dial("101")) == (Announcement.NOT_AVAILABLE, 480)
    desk = Phone("phone-ana-2", ACME, SITE, "person-ana", "001565aa0188", "yealink", "T46S", "p-ana-2")
    assert rung(dial("101", directory=building(desk))) == ["p-ana-2"]
    assert rung(dial("5550000101", directory=building(desk))) == ["p-ana-2"]


def test_an_extension_that_leads_into_another_account_leads_nowhere() -> None:
    bad = Extension("ext-bad", ACME, "150", "person", "person-carla")
    plan = dial("150", directory=building(bad))
    assert words(plan) == (Announcement.NOT_AVAILABLE, 480)
    assert Because.TARGET_OF_ANOTHER_ACCOUNT in codes(plan)


@pytest.mark.parametrize("kind", ["receptionist", "ring_group", "conference", "mailbox", "rocket"])
def test_what_is_not_there_or_of_no_kind_says_so(kind: str) -> None:
    plan = dial("150", directory=building(Extension("ext-x", ACME, "150", kind, "x")))
    assert words(plan) == (Announcement.NOT_AVAILABLE, 480)
    assert (Because.KIND_NOT_SERVED if kind == "rocket" else Because.TARGET_MISSING) in codes(plan)


# Services


@pytest.mark.parametrize("dialled", ["*9196", "*9196#"])
def test_the_echo_test_is_voices(dialled: str) -> None:
    plan = dial(dialled)
    who = (("account", ACME), ("caller", "101"), ("name", "Ana Núñez"), ("phone", "phone-ana"))
    assert plan.steps[0] == ToVoice("echo", "es-MX", who)
    assert (plan.call_class, plan.destination) == (CallClass.SERVICE, "echo")


def test_without_voice_or_where_it_fails_who_asks_for_the_echo_test_is_told_to_try_later() -> None:
    assert words(dial("*9196", reach=Reachable(voice=False))) == (Announcement.TRY_LATER, 503)
    _, later = dial("*9196").steps
    assert isinstance(later, Say) and (later.announcement, later.status) == (Announcement.TRY_LATER, 503)


def test_an_unknown_star_code_and_nothing_at_all_are_refused_in_words() -> None:
    assert words(dial("*1234")) == (Announcement.INVALID_NUMBER, 404)
    assert words(dial("")) == (Announcement.INVALID_NUMBER, 484)
    assert words(dial("###")) == (Announcement.INVALID_NUMBER, 484)


# In


@pytest.mark.acceptance("N-1")
@pytest.mark.parametrize("called", ["+525550000102", "525550000102", "5550000102", "5215550000102", "50000102"])
def test_a_mapped_number_rings_its_person(called: str) -> None:
    plan = arrive(called)
    assert rung(plan) == [sip_user("beto")]
    assert (plan.direction, plan.account_id, plan.destination) == ("inbound", ACME, "+525550000102")


@pytest.mark.acceptance("N-1")
def test_a_changed_mapping_counts_from_the_next_call() -> None:
    changed = building(Mapping("num-beto", ACME, "person", "person-elsa"))
    assert rung(arrive("+525550000102", directory=changed)) == [sip_user("elsa")]


@pytest.mark.acceptance("N-2")
def test_an_unmapped_number_goes_to_the_accounts_default() -> None:
    plan = arrive(UNMAPPED)
    assert rung(plan) == [sip_user("ana")]
    assert Because.DEFAULT_USED in codes(plan)


@pytest.mark.acceptance("N-2")
@pytest.mark.parametrize("target", [("person", "person-gone"), ("receptionist", "vr-1"), ("person", "person-carla")])
def test_a_mapping_that_leads_nowhere_falls_to_the_default_too(target: tuple[str, str]) -> None:
    plan = arrive("+525550000102", directory=building(Mapping("num-beto", ACME, *target)))
    assert rung(plan) == [sip_user("ana")]


@pytest.mark.acceptance("N-2")
def test_a_number_that_leads_nowhere_at_all_is_never_silent() -> None:
    for account in (
        Account(ACME, "Acme"),
        Account(ACME, "Acme", default_kind="receptionist", default_target_id="vr"),
        Account(ACME, "Acme", default_kind="person", default_target_id="person-carla"),
    ):
        assert words(arrive(UNMAPPED, directory=building(account))) == (Announcement.NOT_AVAILABLE, 480)


@pytest.mark.parametrize("called", ["+525599999999", "101", "911", "*9196", "", "0014155552671"])
def test_what_comes_by_a_trunk_never_leaves_by_one_nor_reaches_a_short_number(called: str) -> None:
    assert words(arrive(called)) == (Announcement.NUMBER_NOT_IN_SERVICE, 404)


def test_a_withheld_caller_is_private() -> None:
    step = arrive("+525550000102", caller="anonymous").steps[0]
    assert isinstance(step, Ring)
    assert step.identity == Identity("", private=True)


def test_an_unknown_trunk_is_refused() -> None:
    assert arrive("+525550000102", directory=building(without=[TRUNK])).steps == (Refuse(403, "Forbidden"),)


# Languages and holes


def test_announcements_are_in_the_persons_language_else_the_accounts_else_the_sites() -> None:
    english = Account(ACME, "Acme", language="en")

    def language(directory: Directory) -> str:
        step = dial("177", directory=directory).steps[0]
        assert isinstance(step, Say)
        return step.language

    assert language(building()) == "es-MX"
    assert language(building(english)) == "en"
    assert language(building(english, replace(ANA, language="es-MX"))) == "es-MX"
    site = Site(SITE, "Reforma", language="en")
    assert language(building(site, replace(english, language=""))) == "en"


def test_a_phone_of_nobody_may_call_inside_and_in_the_country_and_no_further() -> None:
    lobby = Phone("phone-lobby", ACME, SITE, "", "001565aa0177", "yealink", "T46S", "p-lobby", label="Lobby")
    directory = building(lobby)
    assert rung(dial("102", who="lobby", directory=directory)) == [sip_user("beto")]
    (step,) = dial("5512345678", who="lobby", directory=directory).steps
    assert isinstance(step, ToTrunk)
    assert step.identity.user == SITE_ROW.callback_number
    assert words(dial("0014155552671", who="lobby", directory=directory)) == (Announcement.NOT_PERMITTED, 403)


def test_a_phone_whose_person_is_gone_or_of_another_account_still_calls_as_its_account() -> None:
    for person_id in ("person-gone", "person-carla"):
        phone = Phone("phone-odd", ACME, SITE, person_id, "001565aa0177", "yealink", "T46S", "p-odd")
        plan = dial("101", who="odd", directory=building(phone))
        assert rung(plan) == [sip_user("ana")]
        assert Because.PERSON_MISSING in codes(plan)


def test_numbers_and_people_of_accounts_that_are_gone_are_survived() -> None:
    orphans = building(
        Number("num-orphan", "acct-gone", "+525550000777"),
        Phone("phone-orphan", "acct-gone", SITE, "", "001565aa0166", "yealink", "T46S", "p-orphan"),
        Person("person-orphan", "acct-gone", "Nadie"),
    )
    assert words(arrive("+525550000777", directory=orphans)) == (Announcement.NOT_AVAILABLE, 480)
    assert words(dial("101", who="orphan", directory=orphans)) == (Announcement.NO_SUCH_EXTENSION, 404)


# A phone that was carried to another building (J-3)


@pytest.mark.acceptance("J-3")
def test_a_phone_of_another_building_calls_unless_its_company_wants_to_be_asked_and_always_for_help() -> None:
    carried = replace(next(p for p in building().phones() if p.id == "phone-ana"), site_id="site-elsewhere")
    assert rung(dial("102", directory=building(carried))) == [sip_user("beto")]
    asked = building(carried, MovePolicy(ACME, ACME, asks=True))
    plan = dial("102", directory=asked)
    assert words(plan) == (Announcement.PHONE_NOT_HERE, 403)
    assert Because.PHONE_MAY_NOT_COME in codes(plan)
    for dialled in ("911", "060"):
        helped = dial(dialled, directory=asked)
        assert helped.call_class is CallClass.EMERGENCY
        assert isinstance(helped.steps[0], ToTrunk)
    assert rung(dial("102", directory=building(MovePolicy(ACME, ACME, asks=True)))) == [sip_user("beto")]
