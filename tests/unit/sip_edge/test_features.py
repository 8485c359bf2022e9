"""What people do with their phones: groups, forwards, codes, limits, as the routing decides them."""

from dataclasses import replace

import pytest

from appliance.directory.model import Directory, Extension, Person, Trunk
from appliance.reasons import Because
from appliance.sip_edge.failover import all_steps, following
from appliance.sip_edge.groups import passed_over
from appliance.sip_edge.plan import (
    AlertKind,
    CallAttempt,
    FromPhone,
    FromTrunk,
    FromVoice,
    Plan,
    Refuse,
    Ring,
    Say,
    Step,
    ToTrunk,
    ToVoice,
)
from appliance.sip_edge.routing import route
from appliance.vocabulary import Announcement, CallClass
from tests.lab.sample import ACME, BRAVO, SITE, sip_user
from tests.unit.sip_edge.building import NOON, TRUNK, Reachable, arrive, building, codes, dial, rung, words
from wire.rows import Phone
from wire.services import (
    Limits,
    Mailbox,
    Member,
    Music,
    OpenHours,
    Preferences,
    RingGroup,
    Schedule,
    SiteLimits,
)

BETO = "person-beto"
BOX = Mailbox("box-beto", ACME, "Beto", BETO, answer_after_s=15)
SALES = RingGroup("group-sales", ACME, "Ventas", ring_s=12)
SALES_EXTENSION = Extension("ext-sales", ACME, "150", "ring_group", "group-sales")


def member(position: int, kind: str, target: str) -> Member:
    return Member(f"m{position}", ACME, "group-sales", position, kind, target)


def group(*more: object, mode: str = "together", **fields: str) -> Directory:
    sales = replace(SALES, mode=mode, **fields)  # type: ignore[arg-type]
    members = (member(1, "person", "person-elsa"), member(2, "phone", "phone-beto"))
    return building(sales, SALES_EXTENSION, *members, *more)  # type: ignore[arg-type]


def habits(**fields: object) -> Preferences:
    return Preferences(BETO, ACME, **fields)  # type: ignore[arg-type]


def courses(plan: Plan, *statuses: int) -> list[Step]:
    """The steps that a call takes when each in turn fails with these statuses."""
    position: int | None = 0
    steps = all_steps(plan)
    taken = [steps[0]]
    for status in statuses:
        assert position is not None
        position = following(plan, position, status)
        if position is None:
            break
        taken.append(steps[position])
    return taken


def users(step: Step) -> list[str]:
    assert isinstance(step, Ring), step
    return [t.sip_user for t in step.targets]


# Ring groups


@pytest.mark.acceptance("R-1")
def test_a_group_rings_all_idle_registered_members_at_once() -> None:
    plan = dial("150", directory=group())
    assert users(plan.steps[0]) == [sip_user("elsa"), sip_user("beto")]
    ring = plan.steps[0]
    assert isinstance(ring, Ring)
    assert (ring.together, ring.seconds, ring.elsewhere) == (True, 12, True)


@pytest.mark.acceptance("R-1", "R-2")
def test_busy_silent_and_disturbed_members_are_skipped() -> None:
    busy = Reachable(in_calls={sip_user("beto"): 1})
    assert rung(dial("150", directory=group(), reach=busy)) == [sip_user("elsa")]
    gone = Reachable(unregistered=frozenset({sip_user("elsa")}))
    assert rung(dial("150", directory=group(), reach=gone)) == [sip_user("beto")]
    quiet = group(habits(do_not_disturb=True))
    assert rung(dial("150", directory=quiet)) == [sip_user("elsa")]
    assert words(dial("150", directory=quiet, reach=gone)) == (Announcement.BUSY, 486)


@pytest.mark.acceptance("R-2")
def test_in_turn_who_talks_when_the_turn_comes_is_passed_over() -> None:
    """The plan was made when the first one rang. Together nobody is: all ring at once."""

    def rings(mode: str) -> list[Ring]:
        return [s for s in dial("150", directory=group(mode=mode)).steps if isinstance(s, Ring)]

    talks = Reachable(in_calls={sip_user("beto"): 1})
    assert [passed_over(step, talks) for step in rings("in_turn")] == [False, True]
    assert [passed_over(step, Reachable()) for step in rings("in_turn")] == [False, False]
    assert [passed_over(step, talks) for step in rings("together")] == [False]


@pytest.mark.acceptance("R-2")
def test_in_turn_keeps_the_order_and_goes_on_whatever_a_member_says() -> None:
    plan = dial("150", directory=group(mode="in_turn"))
    for status in (408, 480, 486, 603):
        first, second, last = courses(plan, status, status)
        assert (users(first), users(second)) == ([sip_user("elsa")], [sip_user("beto")])
        assert isinstance(last, Say)


@pytest.mark.acceptance("R-3")
def test_a_member_s_own_forward_never_takes_the_call_and_the_group_s_mailbox_does() -> None:
    directory = group(
        BOX, habits(forward_mode="always", forward_to="5512345678"), no_answer_kind="mailbox",
        no_answer_target_id="box-beto",
    )  # fmt: skip
    ring, deposit = courses(dial("150", directory=directory), 480)
    assert users(ring) == [sip_user("elsa"), sip_user("beto")]
    assert isinstance(deposit, ToVoice)
    assert (deposit.service, deposit.param("target"), deposit.param("account")) == ("deposit", "box-beto", ACME)


@pytest.mark.acceptance("R-3")
def test_a_group_s_backup_person_is_rung_with_their_own_mailbox_behind() -> None:
    directory = group(BOX, no_answer_kind="person", no_answer_target_id=BETO)
    group_ring, ring, deposit = courses(dial("150", directory=directory), 408, 408)
    assert (len(users(group_ring)), users(ring)) == (2, [sip_user("beto")])
    assert isinstance(deposit, ToVoice) and deposit.param("arg") == "no-answer"


def test_a_group_of_another_company_or_of_nobody_rings_nobody() -> None:
    stranger = Extension("ext-x", BRAVO, "150", "ring_group", "group-sales")
    assert Because.TARGET_OF_ANOTHER_ACCOUNT in codes(dial("150", "carla", group(stranger)))
    empty = building(SALES, SALES_EXTENSION)
    assert words(dial("150", directory=empty)) == (Announcement.NOT_AVAILABLE, 480)


# Forwarding


@pytest.mark.acceptance("G-1")
def test_always_means_that_own_phones_do_not_ring() -> None:
    (step, *_) = dial("102", directory=building(habits(forward_mode="always", forward_to="5512345678"))).steps
    assert isinstance(step, ToTrunk)
    assert (step.user, step.identity.user) == ("+525512345678", "+525550000101")
    assert [(v.user, v.reason) for v in step.diverted] == [("+525550000102", "unconditional")]
    inside = dial("102", directory=building(habits(forward_mode="always", forward_to="103")))
    assert rung(inside) == [sip_user("elsa")]
    assert rung(dial("102", directory=building(habits(forward_mode="disabled", forward_to="103")))) == [
        sip_user("beto")
    ]


@pytest.mark.acceptance("G-1")
def test_offline_means_only_without_registration() -> None:
    directory = building(habits(forward_mode="offline", forward_to="103"))
    assert rung(dial("102", directory=directory)) == [sip_user("beto")]
    gone = Reachable(unregistered=frozenset({sip_user("beto")}))
    assert rung(dial("102", directory=directory, reach=gone)) == [sip_user("elsa")]


@pytest.mark.acceptance("G-2")
def test_busy_and_no_answer_go_their_own_ways_and_then_to_the_first_ones_mailbox() -> None:
    directory = building(BOX, habits(forward_busy_to="103", forward_no_answer_to="5512345678"))
    plan = dial("102", directory=directory)
    ring, elsa, box = courses(plan, 486, 480)
    assert (users(ring), users(elsa)) == ([sip_user("beto")], [sip_user("elsa")])
    assert isinstance(box, ToVoice) and box.param("target") == "box-beto"
    ring, mobile, box = courses(plan, 408, 480)
    assert isinstance(ring, Ring) and ring.seconds == 15
    assert isinstance(mobile, ToTrunk) and mobile.user == "+525512345678"
    assert isinstance(box, ToVoice) and box.param("arg") == "no-answer"


@pytest.mark.acceptance("G-2")
def test_a_forwarded_leg_shows_the_original_caller_and_asserts_the_forwarder() -> None:
    directory = building(habits(forward_mode="always", forward_to="5512345678"))
    (step, *_) = arrive("+525550000102", directory=directory).steps
    assert isinstance(step, ToTrunk)
    assert (step.identity.user, step.identity.asserted) == ("+525598765432", "+525550000102")


@pytest.mark.acceptance("G-2")
def test_loops_oneself_and_a_fourth_diversion_are_not_followed() -> None:
    loop = building(
        habits(forward_mode="always", forward_to="101"),
        Preferences("person-ana", ACME, forward_mode="always", forward_to="102"),
    )
    plan = dial("102", "elsa", directory=loop)
    assert rung(plan) == [sip_user("ana")]
    assert Because.FORWARD_LOOP in codes(plan)
    oneself = building(habits(forward_mode="always", forward_to="+525550000102"))
    assert rung(dial("102", directory=oneself)) == [sip_user("beto")]
    far = building(habits(forward_mode="always", forward_to="5512345678"))
    attempt = CallAttempt(FromTrunk(TRUNK, "+525598765432"), "+525550000102", diversions=3)
    deep = route(attempt, far, NOON, Reachable())
    assert users(deep.steps[0]) == [sip_user("beto")]
    assert Because.FORWARD_TOO_DEEP in codes(deep)


@pytest.mark.acceptance("G-2")
def test_a_forward_abroad_needs_the_forwarder_s_permission() -> None:
    abroad = habits(forward_mode="always", forward_to="0014155552671")
    assert rung(dial("102", directory=building(abroad))) == [sip_user("beto")]
    beto = next(r for r in building().rows if isinstance(r, Person) and r.id == BETO)
    allowed = building(abroad, replace(beto, international=True))
    assert isinstance(dial("102", directory=allowed).steps[0], ToTrunk)


@pytest.mark.acceptance("G-2")
def test_a_forward_that_must_be_accepted_goes_by_voice_at_the_forwarder_s_cost() -> None:
    directory = building(BOX, habits(forward_mode="always", forward_to="5512345678", forward_confirm=True))
    accept, box = courses(arrive("+525550000102", directory=directory), 480)
    assert isinstance(accept, ToVoice) and isinstance(box, ToVoice)
    assert (accept.service, accept.param("arg"), accept.param("target")) == ("accept", "5512345678", BETO)
    source = FromVoice(ACME, "+525598765432", "", "", "accept", BETO)
    onward = route(CallAttempt(source, "5512345678"), directory, NOON, Reachable())
    (step, *_) = onward.steps
    assert isinstance(step, ToTrunk) and step.identity.user == "+525598765432"
    again = route(CallAttempt(source, "102"), directory, NOON, Reachable())
    assert rung(again) == [sip_user("beto")], "no forward is followed beyond one that must be accepted"


# Call waiting, do not disturb, mailboxes


@pytest.mark.acceptance("W-1")
def test_without_call_waiting_a_second_call_meets_busy() -> None:
    talking = Reachable(in_calls={sip_user("beto"): 1})
    assert rung(dial("102", reach=talking)) == [sip_user("beto")]
    off = habits(call_waiting=False)
    assert words(dial("102", directory=building(off), reach=talking)) == (Announcement.BUSY, 486)
    (box, *_) = dial("102", directory=building(off, BOX), reach=talking).steps
    assert isinstance(box, ToVoice) and box.param("arg") == "busy"
    assert rung(dial("102", directory=building(off))) == [sip_user("beto")]


@pytest.mark.acceptance("W-1")
def test_beside_a_call_that_wants_no_other_a_caller_meets_busy() -> None:
    plan = dial("*70102")
    assert plan.alone and rung(plan) == [sip_user("beto")]
    assert not dial("102").alone
    assert dial("*70911").call_class is CallClass.EMERGENCY
    (out,) = dial("*70*675512345678").steps
    assert isinstance(out, ToTrunk) and out.identity.private
    talks = Reachable(in_calls={sip_user("beto"): 1}, apart=frozenset({sip_user("beto")}))
    assert words(dial("102", reach=talks)) == (Announcement.BUSY, 486)
    elsewhere = building(habits(forward_busy_to="103"))
    assert rung(dial("102", directory=elsewhere, reach=talks)) == [sip_user("elsa")]


def test_do_not_disturb_rings_nothing() -> None:
    assert words(dial("102", directory=building(habits(do_not_disturb=True)))) == (Announcement.BUSY, 486)


@pytest.mark.acceptance("X-4")
def test_star_99_leads_to_the_mailbox_without_a_ring() -> None:
    step, _ = dial("*99102", directory=building(BOX)).steps
    assert isinstance(step, ToVoice)
    assert (step.service, step.param("target"), step.param("arg")) == ("deposit", "box-beto", "direct")
    assert words(dial("*99103", directory=building(BOX))) == (Announcement.NO_MAILBOX, 404)
    assert words(dial("*99102", "carla", building(BOX)))[0] is Announcement.NO_MAILBOX


@pytest.mark.acceptance("X-2")
def test_a_transferred_call_returns_to_who_transferred_it_before_any_mailbox() -> None:
    attempt = CallAttempt(FromPhone("phone-ana"), "102", referred_by=sip_user("elsa"))
    plan = route(attempt, building(BOX), NOON, Reachable())
    for status in (486, 408):
        ring, back, said = courses(plan, status, 408)
        assert isinstance(ring, Ring) and ring.seconds == 30
        assert users(back) == [sip_user("elsa")]
        assert isinstance(back, Ring) and (back.identity.prefix, back.identity.user) == ("Devuelta:", "101")
        assert isinstance(said, Say)
    stranger = replace(attempt, referred_by=sip_user("carla"))
    assert isinstance(courses(route(stranger, building(BOX), NOON, Reachable()), 408)[1], ToVoice)


@pytest.mark.acceptance("X-2")
def test_a_transfer_that_cannot_be_made_returns_before_it_is_said() -> None:
    attempt = CallAttempt(FromVoice(ACME, "+525599887766", why="transfer"), "", referred_by=sip_user("ana"))
    for dialled, last in (("199", 404), ("00800", 484), ("5512345678", 486), ("0014155552671", 403)):
        *_, back, words_ = courses(route(replace(attempt, dialled=dialled), building(), NOON, Reachable()), 486, 486)
        assert users(back) == [sip_user("ana")], dialled
        assert isinstance(back, Ring) and back.identity.prefix == "Devuelta:"
        assert isinstance(words_, Say) and words_.status == last
    emergency = route(replace(attempt, dialled="911"), building(), NOON, Reachable())
    assert not any(isinstance(step, Ring) for step in courses(emergency, 486))


@pytest.mark.acceptance("W-2")
def test_a_guest_for_a_room_is_called_in_person() -> None:
    """At the cost of who brings it in; no mailbox and no sentence answers in a room of people."""
    source = FromVoice(ACME, "101", "Ana", "phone-ana", why="room")
    attempt = CallAttempt(source, "102", referred_by=sip_user("ana"))
    for status in (486, 408):
        ring, *rest = courses(route(attempt, building(BOX), NOON, Reachable()), status)
        assert users(ring) == [sip_user("beto")]
        assert rest and all(isinstance(step, Refuse) for step in rest)
    outside = route(replace(attempt, dialled="5512345678"), building(), NOON, Reachable())
    assert isinstance(outside.steps[0], ToTrunk)
    assert outside.person_id == "person-ana"
    assert route(replace(attempt, dialled="*99102"), building(BOX), NOON, Reachable()).steps == (
        Refuse(503, "Service Unavailable"),
    )


@pytest.mark.acceptance("M-2")
def test_who_is_transferred_hears_music_unless_the_company_wants_ringing() -> None:
    attempt = CallAttempt(FromPhone("phone-ana"), "102", referred_by=sip_user("elsa"))
    for choice, plays in (((), True), ((Music(ACME, ACME),), True), ((Music(ACME, ACME, transfer="ringback"),), False)):
        assert route(attempt, building(*choice), NOON, Reachable()).music is plays
    for other in (replace(attempt, referred_by=""), replace(attempt, referred_by=sip_user("carla"))):
        assert not route(other, building(), NOON, Reachable()).music
    away = Reachable(unregistered=frozenset({sip_user("elsa")}))
    assert route(attempt, building(), NOON, away).music, "though it could not return to her"


# Identity


@pytest.mark.acceptance("H-1")
@pytest.mark.parametrize("code", ["*67", "#31#"])
def test_a_hidden_call_is_anonymous_outside_and_shown_inside(code: str) -> None:
    (step,) = dial(f"{code}5512345678").steps
    assert isinstance(step, ToTrunk)
    assert (step.identity.private, step.identity.asserted) == (True, "+525550000101")
    untrusted = building(Trunk(TRUNK, SITE, "Carrier", "carrier", "10.30.0.2", trusted=False))
    (step,) = dial(f"{code}5512345678", directory=untrusted).steps
    assert isinstance(step, ToTrunk) and not step.identity.asserted
    (ring,) = dial(f"{code}102").steps
    assert isinstance(ring, Ring) and (ring.identity.user, ring.identity.private) == ("101", False)
    (other,) = dial(f"{code}5550000201").steps
    assert isinstance(other, Ring) and other.identity.private, "another company is the outside"


@pytest.mark.acceptance("H-1")
def test_permanent_hiding_is_lifted_for_a_call_and_never_for_an_emergency() -> None:
    hiding = building(Preferences("person-ana", ACME, hide_caller_id=True))
    for dialled, private in (("5512345678", True), ("*825512345678", False), ("*31#5512345678", False)):
        (step,) = dial(dialled, directory=hiding).steps
        assert isinstance(step, ToTrunk) and step.identity.private is private
    for dialled in ("911", "*67911"):
        plan = dial(dialled, directory=hiding)
        assert plan.call_class is CallClass.EMERGENCY
        assert not any(isinstance(s, ToTrunk) and s.identity.private for s in plan.steps)


# Emergencies


@pytest.mark.acceptance("E-1", "E-3")
def test_an_emergency_alerts_with_extension_and_place() -> None:
    (alert,) = dial("911").alerts
    assert alert.kind is AlertKind.EMERGENCY
    assert (alert.param("extension"), alert.param("callback")) == ("101", "+525550000100")
    assert alert.param("location") == "Paseo de la Reforma 222, piso 5, Juárez, 06600 CDMX, 101 Ana"


@pytest.mark.acceptance("E-3")
def test_the_test_number_alerts_and_sends_no_call() -> None:
    plan = dial("*9411")
    assert not any(isinstance(s, ToTrunk) for s in all_steps(plan))
    assert plan.alerts[0].kind is AlertKind.EMERGENCY_TEST
    (step, _) = plan.steps
    assert isinstance(step, ToVoice) and step.param("arg") == "emergency-test,digits:525550000100"
    (down, _) = dial("*9411", reach=Reachable(trunks_down=frozenset({TRUNK}))).steps
    assert isinstance(down, ToVoice) and down.param("arg").startswith("emergency-test-no-way")


# Limits


def abroad(reach: Reachable, *rows: object, who: str = "ana") -> Plan:
    ana = next(r for r in building().rows if isinstance(r, Person) and r.id == "person-ana")
    return dial("0014155552671", who, building(replace(ana, international=True), *rows), reach)  # type: ignore[arg-type]


@pytest.mark.acceptance("Q-6")
@pytest.mark.parametrize(
    ("scope", "owner", "most"), [("person", "person-ana", 2), ("account", ACME, 5), ("site", SITE, 20)]
)
def test_too_many_calls_abroad_at_once_stop_new_ones_and_alert(scope: str, owner: str, most: int) -> None:
    assert isinstance(abroad(Reachable()).steps[0], ToTrunk)
    plan = abroad(Reachable(class_counts={(scope, owner, "international"): most}))
    assert words(plan) == (Announcement.LIMIT_REACHED, 403)
    (alert,) = plan.alerts
    assert (alert.kind, alert.param("limit")) == (AlertKind.FRAUD, f"calls-{scope}")


@pytest.mark.acceptance("Q-6")
def test_a_day_s_spending_stops_new_calls_abroad_and_no_others() -> None:
    spent = Reachable(spent={("account", ACME): 200_000})
    assert words(abroad(spent)) == (Announcement.LIMIT_REACHED, 403)
    assert isinstance(dial("5512345678", reach=spent).steps[0], ToTrunk)
    unlimited = Limits(ACME, ACME, spend_day_account=0)
    assert isinstance(abroad(spent, unlimited).steps[0], ToTrunk)
    site = Reachable(spent={("site", SITE): 5_000})
    assert words(abroad(site, SiteLimits(SITE, SITE, spend_day=5_000))) == (Announcement.LIMIT_REACHED, 403)


@pytest.mark.acceptance("Q-6")
def test_out_of_hours_no_call_goes_abroad() -> None:
    hours = Schedule("week", ACME, "Semana")
    limits = Limits(ACME, ACME, international_schedule_id="week")
    open_now = OpenHours("h", ACME, "week", NOON.weekday(), 0, 1440)
    assert isinstance(abroad(Reachable(), hours, limits, open_now).steps[0], ToTrunk)
    closed = abroad(Reachable(), hours, limits)
    assert words(closed) == (Announcement.OUTSIDE_HOURS, 403)
    assert closed.alerts[0].param("limit") == "hours"


@pytest.mark.acceptance("D-5")
def test_prepaid_companies_call_abroad_while_there_is_credit_and_budget() -> None:
    prepaid = Limits(ACME, ACME, prepaid=True, balance=20_000, offline_budget=10_000)
    assert isinstance(abroad(Reachable(), prepaid).steps[0], ToTrunk)
    assert words(abroad(Reachable(), replace(prepaid, balance=0)))[0] is Announcement.NO_CREDIT
    spent = {("unreported", ACME): 10_000}
    assert isinstance(abroad(Reachable(spent=spent), prepaid).steps[0], ToTrunk)
    assert words(abroad(Reachable(spent=spent, link=False), prepaid))[0] is Announcement.NO_CREDIT


# Several buildings


CENTRAL = Trunk("trunk-centre", SITE, "Centre", "central", "10.40.0.1", priority=50)


def moved(*more: object) -> Directory:
    phone = next(r for r in building().rows if isinstance(r, Phone) and r.id == "phone-beto")
    return building(replace(phone, site_id="site-norte"), CENTRAL, *more)  # type: ignore[arg-type]


AWAY = frozenset({sip_user("beto")})


@pytest.mark.acceptance("J-2")
def test_a_person_in_another_building_is_reached_by_the_centre_else_by_full_number() -> None:
    up = dial("102", directory=moved(), reach=Reachable(unregistered=AWAY))
    first, second, *_ = up.steps
    assert isinstance(first, ToTrunk) and isinstance(second, ToTrunk)
    assert (first.trunk_id, first.goto, first.identity.user) == ("trunk-centre", f"person:{BETO}", "101")
    assert (second.trunk_id, second.user, second.identity.user) == (TRUNK, "+525550000102", "+525550000101")
    assert isinstance(courses(up, 486)[1], Say), "busy over there is busy"
    cut = dial("102", directory=moved(), reach=Reachable(unregistered=AWAY, link=False))
    assert [s.user for s in cut.steps if isinstance(s, ToTrunk)][:1] == ["+525550000102"]
    nothing = Reachable(unregistered=AWAY, link=False)
    bare = building(replace(next(p for p in building().phones() if p.id == "phone-beto"), site_id="x"), without=[TRUNK])
    assert words(dial("102", directory=bare, reach=nothing))[0] is Announcement.OTHER_BUILDING


@pytest.mark.acceptance("J-2")
def test_the_other_building_rings_its_own_and_says_404_for_others() -> None:
    def comes(kind: str, target: str, reach: Reachable) -> Plan:
        source = FromTrunk("trunk-centre", "101", "Ana")
        return route(CallAttempt(source, "x", goto=(kind, target)), building(CENTRAL), NOON, reach)

    assert rung(comes("person", BETO, Reachable())) == [sip_user("beto")]
    assert rung(comes("phone", "phone-beto", Reachable())) == [sip_user("beto")]
    (refused,) = comes("phone", "phone-beto", Reachable(unregistered=AWAY)).steps
    assert getattr(refused, "status", 0) == 404


@pytest.mark.acceptance("J-2")
def test_a_group_spans_buildings_while_the_link_is_up() -> None:
    directory = moved(SALES, SALES_EXTENSION, member(1, "person", "person-elsa"), member(2, "person", BETO))
    ring = dial("150", directory=directory, reach=Reachable(unregistered=AWAY)).steps[0]
    assert isinstance(ring, Ring)
    assert [(t.sip_user, t.trunk_id) for t in ring.targets] == [
        (sip_user("elsa"), ""),
        (sip_user("beto"), "trunk-centre"),
    ]
    cut = dial("150", directory=directory, reach=Reachable(unregistered=AWAY, link=False))
    assert rung(cut) == [sip_user("elsa")]


# voice


def test_an_outsider_whom_voice_holds_dials_extensions_and_nothing_that_costs() -> None:
    source = FromVoice(ACME, "+525598765432", "", "", "receptionist")
    ring = route(CallAttempt(source, "102"), building(), NOON, Reachable()).steps[0]
    assert isinstance(ring, Ring) and ring.identity.user == "+525598765432"
    assert isinstance(route(CallAttempt(source, "5512345678"), building(), NOON, Reachable()).steps[0], Say)
    goto = CallAttempt(source, "goto", goto=("mailbox", "box-beto"))
    (step, *_) = route(goto, building(BOX), NOON, Reachable()).steps
    assert isinstance(step, ToVoice) and step.service == "deposit"


def test_of_a_group_with_more_phones_than_one_call_can_ring_all_are_rung_and_it_is_said() -> None:
    crowd = [
        row
        for n in range(30)
        for row in (
            Phone(f"phone-{n}", ACME, SITE, "", f"{n:012x}", "yealink", "T46S", f"crowd{n}", "x"),
            member(n + 10, "phone", f"phone-{n}"),
        )
    ]
    plan = dial("150", directory=group(*crowd), reach=Reachable(frozenset({sip_user("elsa"), sip_user("beto")})))
    rings = [step for step in plan.steps if isinstance(step, Ring)]
    assert [len(r.targets) for r in rings] == [25, 5]
    assert len({t.phone_id for r in rings for t in r.targets}) == 30
    assert Because.GROUP_IN_PARTS in {r.code for r in plan.reasons}
