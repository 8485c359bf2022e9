"""Who may take another's place in a call, and how Replaces and Refer-To are read. Pure."""

from dataclasses import replace
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from appliance.reasons import Because
from appliance.sip_edge.carry import pack, unpack
from appliance.sip_edge.dialogs import Replaces, key_of, led_by, refer_to, replaces_of
from appliance.sip_edge.plan import CallAttempt, FromPhone, PickUp, Plan, Refuse, Ring, Talk, ToTrunk
from appliance.sip_edge.routing import route
from tests.lab.sample import sip_user
from tests.unit.sip_edge.building import NOON, Reachable, building, codes

ANA, BETO, ELSA, DARIO = (sip_user(name) for name in ("ana", "beto", "elsa", "dario"))
TEXT = "a-call@10.20.0.5;to-tag=there;from-tag=here"
NAMED = Replaces(TEXT, (key_of("a-call@10.20.0.5", "here"), key_of("a-call@10.20.0.5", "there")))
KEY = NAMED.keys[0]


def asks(who: str, talk: Talk | None, sent_by: str = "", dialled: str = "") -> Plan:
    """This phone's INVITE with Replaces, of a call that is up so."""
    referrals = {(sip_user(who), KEY): sent_by} if sent_by else {}
    reach = Reachable(talks={KEY: talk} if talk else {}, referrals=referrals)
    attempt = CallAttempt(FromPhone(f"phone-{who}"), dialled, replaces=NAMED)
    return route(attempt, building(), NOON, reach)


def test_the_other_end_of_the_transferors_call_is_rung_with_replaces() -> None:
    for talk, transferor in ((Talk(ANA, (ELSA,), True), ANA), (Talk(ELSA, (ANA,), True), ANA)):
        plan = asks("beto", talk, transferor)
        step = plan.steps[0]
        assert isinstance(step, Ring)
        assert [t.sip_user for t in step.targets] == [ELSA]
        assert (step.replaces, step.identity.user) == (TEXT, "102")
        assert plan.destination == "103"
        assert Because.TAKES_PLACE in codes(plan)
        assert isinstance(plan.after.other[0], Ring), "one that answers 481 rings as any"
        assert not plan.after.busy
        assert unpack(pack(plan)).steps == plan.steps


def test_all_that_ring_of_a_call_not_answered_yet_are_rung() -> None:
    step = asks("beto", Talk(ANA, (ELSA, sip_user("beto")), False), ANA).steps[0]
    assert isinstance(step, Refuse), "one of them would be Beto himself"
    step = asks("beto", Talk(ANA, (ELSA,), False, frozenset({ELSA})), ANA).steps[0]
    assert isinstance(step, Ring) and step.replaces, "whether it knows Replaces it says when it answers"


def test_a_phone_that_does_not_know_replaces_is_to_answer_by_itself() -> None:
    step = asks("beto", Talk(ANA, (ELSA,), True, frozenset({ELSA})), ANA).steps[0]
    assert isinstance(step, Ring) and step.answers and not step.replaces
    step = asks("beto", Talk(ANA, (ELSA,), True, frozenset({ANA})), ANA).steps[0]
    assert isinstance(step, Ring) and step.replaces


def test_nobody_else_may() -> None:
    call = Talk(ANA, (ELSA,), True)
    refused = (
        asks("beto", call),
        asks("beto", call, DARIO),
        asks("dario", call, ANA),
        asks("dario", call),
        asks("beto", Talk(ANA, (DARIO,), True), ANA),
        asks("ana", call, ELSA),
        asks("dario", Talk(ANA, (ELSA,), False)),
    )
    for plan in refused:
        step = plan.steps[0]
        assert isinstance(step, Refuse) and step.status in (403, 481)
        assert codes(plan)[-1] is Because.PLACE_NOT_OFFERED
        assert len(plan.steps) == 1


def test_what_is_not_up_is_481_and_what_no_phones_talk_in_is_dialled() -> None:
    step = asks("beto", None).steps[0]
    assert step == Refuse(481, "Call/Transaction Does Not Exist")
    parked = Talk(ANA, (), True)
    assert isinstance(asks("beto", parked, ANA, dialled="103").steps[0], Ring)
    assert asks("beto", parked, ANA).steps == (step,), "its Request-URI is not ours: nothing else can be meant"
    assert isinstance(asks("beto", None, dialled="911").steps[0], ToTrunk), "an emergency is before it all"


def test_who_is_sent_to_a_neighbour_that_still_rings_calls_the_number_that_was_named() -> None:
    rings = Talk(ANA, (DARIO,), False)
    assert isinstance(asks("beto", rings, ANA, dialled="5550000202").steps[0], Ring)
    assert isinstance(asks("beto", rings, "", dialled="5550000202").steps[0], Refuse), "nobody sent him"
    answered = replace(rings, answered=True)
    assert isinstance(asks("beto", answered, ANA, dialled="5550000202").steps[0], Refuse), "voice joins those"


def test_a_ringing_call_is_picked_up_by_its_name() -> None:
    step = asks("elsa", Talk("", (BETO,), False), dialled="102").steps[0]
    assert isinstance(step, PickUp)
    assert (step.key, [t.sip_user for t in step.targets]) == (KEY, [BETO])


def test_refer_to_is_read_and_led_past_us() -> None:
    value = f'"Elsa" <sip:{ELSA}@10.20.0.7:5061;transport=tls?Require=replaces&Replaces={quote(TEXT)}>'
    asked = refer_to(value)
    assert asked is not None
    assert (asked.user, asked.replaces) == (ELSA, NAMED)
    led = led_by(value, "10.20.0.1:5060")
    assert led == f"<sip:{ELSA}@10.20.0.1:5060?Require=replaces&Replaces={quote(TEXT)}>"
    assert refer_to(led) == replace(asked, host="10.20.0.1:5060")
    for plain in ("<sip:102@10.20.0.1>", "sip:102@10.20.0.1;method=INVITE"):
        found = refer_to(plain)
        assert found is not None and (found.user, found.replaces) == ("102", None)
    assert refer_to("tel:102") is None
    assert refer_to("") is None


def test_replaces_is_read_with_its_tags_in_any_order() -> None:
    assert replaces_of(TEXT) == NAMED
    assert replaces_of("x ; from-tag=a ; early-only ; to-tag=b") == Replaces(
        "x ; from-tag=a ; early-only ; to-tag=b", (key_of("x", "a"), key_of("x", "b"))
    )
    for wrong in ("", None, "x", ";to-tag=a", "x;to-tag=", "x;to-tag=a\r\nX: y", "x;to-tag=" + "y" * 600):
        assert replaces_of(wrong) is None, wrong


@given(st.text(max_size=80))
def test_no_header_breaks_the_reading(text: str) -> None:
    refer_to(f"<sip:{text}")
    led = led_by(f"<sip:x@{text}>", "10.20.0.1")
    assert "\r" not in led or "\r" in text
    named = replaces_of(text)
    assert named is None or named.text == text


@given(
    st.sampled_from(("ana", "beto", "elsa", "dario")),
    st.sampled_from((ANA, BETO, ELSA, DARIO, "", "nobody")),
    st.lists(st.sampled_from((ANA, BETO, ELSA, DARIO, "nobody")), max_size=3),
    st.booleans(),
    st.sampled_from((ANA, BETO, ELSA, DARIO, "", "nobody")),
    st.sampled_from(("", "103", "*85")),
)
def test_a_place_is_never_taken_across_companies(
    who: str, caller: str, phones: list[str], answered: bool, sent_by: str, dialled: str
) -> None:
    plan = asks(who, Talk(caller, tuple(phones), answered), sent_by, dialled)
    assert plan.steps
    account = building().phone(f"phone-{who}")
    for step in plan.steps:
        if isinstance(step, Ring | PickUp):
            assert account is not None
            assert {building().phone(t.phone_id).account_id for t in step.targets} == {account.account_id}  # type: ignore[union-attr]
        if isinstance(step, Ring) and step.replaces:
            assert sent_by in (caller, *phones)
            assert f"phone-{who}" not in {t.phone_id for t in step.targets}
