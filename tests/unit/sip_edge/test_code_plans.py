"""What the routing makes of star codes: settings changed, the last number again, receptionists opened and recorded."""

from dataclasses import replace

import pytest

from appliance.directory.model import Extension
from appliance.sip_edge.plan import (
    WITHHELD,
    CallAttempt,
    FromVoice,
    PreferenceChange,
    ToTrunk,
    ToVoice,
)
from appliance.sip_edge.routing import route
from appliance.sip_edge.starcodes import CODES, Argument, Coded, Feature, parse
from appliance.vocabulary import Announcement
from tests.lab.sample import ACME, sip_user
from tests.unit.sip_edge.building import NOON, Reachable, building, dial, rung, words
from wire.services import (
    Preferences,
    Receptionist,
)


@pytest.mark.parametrize(
    ("dialled", "changes", "cue"),
    [
        ("*72103", [("forward_to", "103"), ("forward_mode", "always")], "forward-all-on,digits:103"),
        ("*21*103#", [("forward_to", "103"), ("forward_mode", "always")], "forward-all-on,digits:103"),
        ("*21*103", [("forward_to", "103"), ("forward_mode", "always")], "forward-all-on,digits:103"),
        ("*73", [("forward_mode", "disabled")], "forward-all-off"),
        ("#21#", [("forward_mode", "disabled")], "forward-all-off"),
        ("*67*5512345678#", [("forward_busy_to", "5512345678")], "forward-busy-on,digits:5512345678"),
        ("*905512345678", [("forward_busy_to", "5512345678")], "forward-busy-on,digits:5512345678"),
        ("#67#", [("forward_busy_to", "")], "forward-busy-off"),
        ("*61*102", [("forward_no_answer_to", "102")], "forward-no-answer-on,digits:102"),
        ("*92102#", [("forward_no_answer_to", "102")], "forward-no-answer-on,digits:102"),
        ("*43#", [("call_waiting", "yes")], "call-waiting-on"),
        ("#43", [("call_waiting", "")], "call-waiting-off"),
        ("*78", [("do_not_disturb", "yes")], "do-not-disturb-on"),
        ("*79#", [("do_not_disturb", "")], "do-not-disturb-off"),
    ],
)
def test_a_code_changes_a_setting_and_is_said_back(dialled: str, changes: list[tuple[str, str]], cue: str) -> None:
    plan = dial(dialled)
    assert plan.changes == tuple(PreferenceChange("person-ana", ACME, f, v) for f, v in changes)
    (step, _) = plan.steps
    assert isinstance(step, ToVoice)
    assert (step.service, step.param("arg")) == ("confirm", cue)


@pytest.mark.parametrize("dialled", ["*72101", "*720014155552671", "*72911", "*72", "*72999", "*729001234567"])
def test_a_forward_that_could_not_be_followed_is_not_set(dialled: str) -> None:
    plan = dial(dialled)
    assert words(plan) == (Announcement.FORWARD_REFUSED, 403)
    assert not plan.changes


def test_every_code_is_read_as_itself_with_and_without_what_may_follow() -> None:
    for code in CODES:
        if code.argument is not Argument.REQUIRED:
            assert parse(code.code) == Coded(code.feature)
        if code.argument is not Argument.NONE:
            assert parse(f"{code.code}102") == Coded(code.feature, "102")
    assert parse("*9196") == Coded(Feature.ECHO)
    assert parse("*67*102") == Coded(Feature.FORWARD_BUSY, "102")
    assert parse("*67102") == Coded(Feature.HIDE, "102")
    assert parse("*67*") == Coded(Feature.HIDE, "*")
    assert parse("*1234") is None


def test_redial_and_call_back_go_where_the_last_call_went() -> None:
    reach = Reachable(dialled={"phone-ana": "+525512345678"}, callers={"phone-ana": "102"})
    (step,) = dial("*66", reach=reach).steps
    assert isinstance(step, ToTrunk) and step.user == "+525512345678"
    assert words(dial("*69")) == (Announcement.NO_LAST_CALL, 404)
    unshown = Reachable(callers={"phone-ana": WITHHELD})
    assert words(dial("*69", reach=unshown)) == (Announcement.LAST_CALLER_WITHHELD, 404)
    assert rung(dial("*69", reach=replace(reach, voice=False))) == [sip_user("beto")], "without voice it is called"


@pytest.mark.acceptance("H-1")
def test_the_last_caller_is_said_and_then_called_hidden_or_shown_as_for_any_call() -> None:
    reach = Reachable(callers={"phone-ana": "+525512345678"})
    hiding = Preferences("person-ana", ACME, hide_caller_id=True)
    for code, directory, hidden in (
        ("*69", building(), False),
        ("#31#*69", building(), True),
        ("*69", building(hiding), True),
        ("*82*69", building(hiding), False),
    ):
        step, _ = dial(code, directory=directory, reach=reach).steps
        assert isinstance(step, ToVoice)
        assert (step.service, step.param("target")) == ("call-back", "+525512345678")
        source = FromVoice(ACME, "101", "Ana", "phone-ana", "call-back")
        (out,) = route(CallAttempt(source, step.param("arg")), directory, NOON, reach).steps
        assert isinstance(out, ToTrunk) and out.user == "+525512345678"
        assert out.identity.private is hidden, code


def test_a_receptionist_is_opened_and_closed_by_code() -> None:
    desk = Receptionist("desk", ACME, "Recepción")
    plan = dial("*642", directory=building(desk))
    assert plan.changes == (PreferenceChange("desk", ACME, "override", "closed", "receptionist"),)
    assert words(dial("*642", "carla", building(desk))) == (Announcement.NOT_ALLOWED_HERE, 403)
    two = building(desk, replace(desk, id="desk-2"), Extension("ext-d", ACME, "180", "receptionist", "desk-2"))
    assert words(dial("*641", directory=two)) == (Announcement.NOT_ALLOWED_HERE, 403)
    assert dial("*641180", directory=two).changes[0].person_id == "desk-2"


def test_a_receptionist_s_greeting_is_recorded_by_code() -> None:
    desk = Receptionist("desk", ACME, "Recepción")
    two = building(desk, replace(desk, id="desk-2"), Extension("ext-d", ACME, "180", "receptionist", "desk-2"))
    for code, directory, target in (("*643", building(desk), "desk"), ("*643", two, ""), ("*643180", two, "desk-2")):
        step, _ = dial(code, directory=directory).steps
        assert isinstance(step, ToVoice)
        assert (step.service, dict(step.params).get("target", "")) == ("greeting", target)
    assert words(dial("*643", "carla", two)) == (Announcement.NOT_ALLOWED_HERE, 403)
    assert words(dial("*643999", directory=two)) == (Announcement.NOT_ALLOWED_HERE, 403)
