"""What holds of every call, whatever is dialled and however broken the directory is."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.directory.model import (
    Account,
    DestinationKind,
    DialProfile,
    Extension,
    Mapping,
    MemoryDirectory,
    Number,
    Person,
    Phone,
    Site,
    Trunk,
)
from appliance.directory.numbering import is_emergency
from appliance.sip_edge.callfacts import legs_of
from appliance.sip_edge.carry import pack, unpack
from appliance.sip_edge.failover import all_steps, following
from appliance.sip_edge.plan import (
    CallAttempt,
    FromPhone,
    FromTrunk,
    FromVoice,
    Plan,
    Refuse,
    Ring,
    Say,
    ToTrunk,
    ToVoice,
)
from appliance.sip_edge.routing import route
from appliance.sip_edge.starcodes import CODES
from appliance.vocabulary import CallClass
from tests.unit.sip_edge.building import NOON, Reachable, building
from wire.extensions import EMERGENCY_CODES
from wire.services import ConferenceServer, Limits, Mailbox, Member, Preferences, Receptionist, RingGroup

IDS = st.sampled_from(["", "a", "b", "c", "d"])
"""Few ids, shared by rows of every kind: most references dangle, cross accounts or meet themselves."""

DIGITS = st.sampled_from(["", "101", "102", "911", "066", "9", "*9196", "5512345678", "0"]) | st.text(max_size=8)
E164 = st.sampled_from(["", "+525550000101", "+525550000102", "5550000101", "+14155552671", "garbage"])
KINDS = st.sampled_from([*DestinationKind, "", "rocket"])
SITES = st.builds(
    Site,
    st.just("here"),
    st.text(max_size=5),
    area_code=st.sampled_from(["55", "664", "", "x"]),
    dial_profile=st.sampled_from([*DialProfile, "mx1999"]),
    strict_dialling=st.booleans(),
    callback_number=E164,
)
ROWS = st.one_of(
    st.builds(Account, IDS, st.text(max_size=5), default_kind=KINDS, default_target_id=IDS),
    st.builds(
        Person, IDS, IDS, st.text(max_size=5), international=st.booleans(), premium=st.booleans(), caller_id=E164
    ),
    st.builds(Extension, IDS, IDS, DIGITS, KINDS, IDS),
    st.builds(Number, IDS, IDS, E164),
    st.builds(Mapping, IDS, IDS, KINDS, IDS),
    st.builds(Phone, IDS, IDS, st.sampled_from(["here", "there"]), IDS, DIGITS, IDS, IDS, IDS),
    st.builds(Trunk, IDS, st.just("here"), IDS, IDS, IDS, priority=st.integers(0, 3), plus=st.booleans()),
)
MODES = st.sampled_from(["together", "in_turn", "?"])
FORWARDS = st.builds(
    Preferences,
    IDS,
    IDS,
    st.sampled_from(["disabled", "offline", "always", "?"]),
    DIGITS,
    DIGITS,
    DIGITS,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
SERVICES = st.one_of(
    FORWARDS,
    st.builds(RingGroup, IDS, IDS, IDS, MODES, st.integers(-1, 400), KINDS, IDS),
    st.builds(Member, IDS, IDS, IDS, st.integers(1, 3), st.sampled_from(["person", "phone", "?"]), IDS),
    st.builds(Mailbox, IDS, IDS, IDS, IDS, st.booleans(), st.integers(-1, 400)),
    st.builds(Receptionist, IDS, IDS, IDS),
    st.builds(ConferenceServer, IDS, IDS, IDS),
    st.builds(Limits, IDS, IDS, st.booleans(), st.integers(0, 2), international_schedule_id=IDS),
)
WITH_SERVICES = st.builds(
    lambda site, rows, services: MemoryDirectory((site, *rows, *services)),
    SITES,
    st.lists(ROWS, max_size=14),
    st.lists(SERVICES, max_size=10),
)
DIRECTORIES = st.builds(
    lambda site, rows: MemoryDirectory(tuple(([site] if site else []) + rows)),
    st.none() | SITES,
    st.lists(ROWS, max_size=14),
)
REACHES = st.builds(Reachable, st.frozensets(IDS), st.frozensets(IDS), st.booleans())
DIALLED = st.one_of(
    DIGITS,
    E164,
    st.sampled_from(["00525550000101", "50000102", "*9196#", "090", "9001234567", "0014155552671", "7766"]),
    st.text(alphabet="0123456789*#+", max_size=16),
    st.text(max_size=30),
)
CODED = st.builds(lambda code, rest: code + rest, st.sampled_from([c.code for c in CODES]), DIALLED)
PHONE_CALLS = st.builds(CallAttempt, st.builds(FromPhone, IDS), DIALLED | CODED)
TRUNK_CALLS = st.builds(CallAttempt, st.builds(FromTrunk, IDS, DIALLED, st.text(max_size=5)), DIALLED)
WHY = st.sampled_from(["", "receptionist", "accept", "transfer", "room"])
VOICE_CALLS = st.builds(
    CallAttempt,
    st.builds(FromVoice, IDS, DIGITS, IDS, IDS, WHY, IDS),
    DIALLED,
    st.just(""),
    st.none() | st.tuples(KINDS, IDS),
    st.integers(0, 5),
    IDS,
    st.booleans(),
)
QUICK = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def steps_end(plan: Plan) -> None:
    """Whatever fails with whatever status, the call comes to an end: positions only grow."""
    for status in (403, 404, 408, 480, 486, 487, 500, 503, 603):
        position: int | None = 0
        while position is not None:
            found = following(plan, position, status)
            assert found is None or found > position
            position = found


@QUICK
@given(PHONE_CALLS | TRUNK_CALLS | VOICE_CALLS, DIRECTORIES | WITH_SERVICES, REACHES)
def test_every_call_has_a_plan_that_ends_and_can_be_carried(
    attempt: CallAttempt, directory: MemoryDirectory, reach: Reachable
) -> None:
    plan = route(attempt, directory, NOON, reach)
    assert plan.steps
    assert plan == route(attempt, directory, NOON, reach), "the same question has the same answer"
    steps_end(plan)
    for step in all_steps(plan):
        legs_of(step)
        if isinstance(step, Ring):
            assert step.targets
    carried = unpack(pack(plan))
    assert (carried.steps, carried.after) == (plan.steps, plan.after)
    for reason in plan.reasons:
        assert reason.text("en")
        assert reason.text("es-MX")


@QUICK
@given(PHONE_CALLS, DIRECTORIES | WITH_SERVICES, REACHES)
def test_an_emergency_is_never_anything_else(
    attempt: CallAttempt, directory: MemoryDirectory, reach: Reachable
) -> None:
    plan = route(attempt, directory, NOON, reach)
    if not is_emergency(attempt.dialled):
        if plan.call_class is CallClass.EMERGENCY:
            return  # a code that stands before any number stood before this one
        assert all(not (isinstance(s, ToTrunk) and s.insist) for s in plan.steps)
        return
    tried = {s.trunk_id for s in plan.steps if isinstance(s, ToTrunk)}
    assert tried == {t.id for t in directory.trunks()}
    assert all(isinstance(s, ToTrunk) and s.insist and s.user == "911" for s in plan.steps) or (
        not tried and isinstance(plan.steps[0], Say)
    )


@QUICK
@given(
    PHONE_CALLS, DIRECTORIES | WITH_SERVICES, REACHES, st.lists(st.sampled_from([403, 404, 408, 480, 486, 503, 603]))
)
def test_whatever_fails_a_known_phone_hears_a_sentence_or_a_voice_at_the_end(
    attempt: CallAttempt, directory: MemoryDirectory, reach: Reachable, statuses: list[int]
) -> None:
    """Also where the directory names what does not exist. A transfer may end at the phone it came from."""
    assert isinstance(attempt.source, FromPhone)
    if directory.phone(attempt.source.phone_id) is None and not is_emergency(attempt.dialled):
        return
    plan = route(attempt, directory, NOON, reach)
    steps, position = all_steps(plan), 0
    for status in [*statuses, *([480] * len(steps))]:
        onward = following(plan, position, status)
        if onward is None:
            break
        position = onward
    # While voice is down nothing can be said: what it alone could have answered ends with a status.
    last = Say | ToVoice if reach.voice else Say | ToVoice | Refuse
    assert isinstance(steps[position], last), (plan.steps, plan.after)


@QUICK
@given(VOICE_CALLS, DIRECTORIES | WITH_SERVICES, REACHES, st.sampled_from(sorted(EMERGENCY_CODES)))
def test_an_emergency_out_of_a_menu_or_a_transfer_is_one_too(
    attempt: CallAttempt, directory: MemoryDirectory, reach: Reachable, number: str
) -> None:
    plan = route(replace(attempt, dialled=number, goto=None), directory, NOON, reach)
    assert plan.call_class is CallClass.EMERGENCY
    assert all(isinstance(s, ToTrunk) and s.user == "911" for s in plan.steps) or isinstance(plan.steps[0], Say)


@QUICK
@given(PHONE_CALLS, DIRECTORIES, REACHES)
@pytest.mark.acceptance("J-1")
def test_a_short_number_never_crosses_accounts(
    attempt: CallAttempt, directory: MemoryDirectory, reach: Reachable
) -> None:
    assert isinstance(attempt.source, FromPhone)
    caller = directory.phone(attempt.source.phone_id)
    plan = route(attempt, directory, NOON, reach)
    for step in plan.steps:
        if isinstance(step, Ring):
            assert caller is not None
            rung = [directory.phone(t.phone_id) for t in step.targets]
            assert attempt.source.phone_id not in {t.phone_id for t in step.targets}
            if not plan.destination.startswith("+"):
                assert {p.account_id for p in rung if p} == {caller.account_id}


@QUICK
@given(TRUNK_CALLS, DIRECTORIES, REACHES)
def test_what_comes_by_a_trunk_only_rings_or_is_refused(
    attempt: CallAttempt, directory: MemoryDirectory, reach: Reachable
) -> None:
    plan = route(attempt, directory, NOON, reach)
    assert all(isinstance(step, Ring | Say | Refuse) for step in all_steps(plan))


@QUICK
@given(PHONE_CALLS | TRUNK_CALLS | VOICE_CALLS, WITH_SERVICES, REACHES)
def test_no_call_is_diverted_more_than_three_times_and_no_phone_rings_twice_at_once(
    attempt: CallAttempt, directory: MemoryDirectory, reach: Reachable
) -> None:
    for step in all_steps(route(attempt, directory, NOON, reach)):
        if isinstance(step, Ring | ToTrunk):
            assert len(step.diverted) <= 3
        if isinstance(step, Ring):
            rung = [t.phone_id for t in step.targets]
            assert len(rung) == len(set(rung))


@QUICK
@given(VOICE_CALLS, WITH_SERVICES, REACHES)
def test_an_outsider_whom_voice_holds_never_leaves_at_nobodys_cost(
    attempt: CallAttempt, directory: MemoryDirectory, reach: Reachable
) -> None:
    assert isinstance(attempt.source, FromVoice)
    if attempt.source.phone_id or attempt.source.why in ("accept", "transfer") or is_emergency(attempt.dialled):
        return
    plan = route(attempt, directory, NOON, reach)
    assert all(step.diverted for step in plan.steps if isinstance(step, ToTrunk)), "only a forward leads out"


@given(st.text())
def test_nothing_dialled_in_a_good_building_is_without_an_answer(dialled: str) -> None:
    plan = route(CallAttempt(FromPhone("phone-ana"), dialled), building(), NOON, Reachable())
    assert isinstance(plan.steps[0], Ring | ToTrunk | Say | ToVoice)
