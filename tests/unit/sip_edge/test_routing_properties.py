"""What holds of every call, whatever is dialled and however broken the directory is."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.directory.model import MemoryDirectory
from appliance.directory.numbering import is_emergency
from appliance.sip_edge.callfacts import legs_of
from appliance.sip_edge.carry import pack, unpack
from appliance.sip_edge.failover import all_steps, following
from appliance.sip_edge.plan import (
    CallAttempt,
    FromPhone,
    FromVoice,
    Plan,
    Refuse,
    Ring,
    Say,
    ToTrunk,
    ToVoice,
)
from appliance.sip_edge.rooms import is_room
from appliance.sip_edge.routing import route
from appliance.vocabulary import CallClass
from tests.unit.sip_edge.anything import (
    DIRECTORIES,
    PHONE_CALLS,
    REACHES,
    TRUNK_CALLS,
    VOICE_CALLS,
    WITH_SERVICES,
)
from tests.unit.sip_edge.building import NOON, Reachable, building
from wire.extensions import EMERGENCY_CODES

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
    """Also where the directory names what does not exist, and with voice dead.

    Of a transfer that cannot be made the phone that asked for it is told, by a status; so are those of a room.
    """
    assert isinstance(attempt.source, FromPhone)
    if directory.phone(attempt.source.phone_id) is None and not is_emergency(attempt.dialled):
        return
    if attempt.replaces is not None or is_room(attempt.dialled):
        return
    plan = route(attempt, directory, NOON, reach)
    steps, position = all_steps(plan), 0
    for status in [*statuses, *([480] * len(steps))]:
        onward = following(plan, position, status)
        if onward is None:
            break
        position = onward
    assert isinstance(steps[position], Say | ToVoice), (plan.steps, plan.after)
    assert reach.voice or isinstance(steps[position], Say)


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
