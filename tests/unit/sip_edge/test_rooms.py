"""Who begins a call of three, and who may enter it. Pure."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.reasons import Because
from appliance.sip_edge.plan import CallAttempt, FromPhone, FromVoice, Plan, Refuse, ToVoice
from appliance.sip_edge.rooms import is_room, uri_user
from appliance.sip_edge.routing import route
from appliance.vocabulary import Announcement
from tests.lab.sample import ACME, BRAVO, sip_user
from tests.unit.sip_edge.building import NOON, Reachable, arrive, building, codes, words

ANA, BETO, DARIO = sip_user("ana"), sip_user("beto"), sip_user("dario")
ROOM = "0123456789abcdef"


def calls(who: str, dialled: str, sender: str = "", rooms: dict[str, str] | None = None, voice: bool = True) -> Plan:
    referrals = {(sip_user(who), dialled): sender} if sender else {}
    reach = Reachable(voice=voice, referrals=referrals, rooms={ANA: ROOM} if rooms is None else rooms)
    return route(CallAttempt(FromPhone(f"phone-{who}"), dialled), building(), NOON, reach)


def led_to(plan: Plan) -> tuple[str, str]:
    step = plan.steps[0]
    assert isinstance(step, ToVoice), step
    return step.service, step.param("arg")


def test_who_calls_the_conference_uri_begins_a_room() -> None:
    plan = calls("ana", "conference", rooms={})
    assert led_to(plan) == ("three-way", ",host")
    assert codes(plan)[-1] is Because.ROOM_BEGINS


def test_whom_somebody_in_it_sends_enters_by_either_uri() -> None:
    for dialled in ("conference", uri_user(ROOM)):
        plan = calls("beto", dialled, ANA)
        assert led_to(plan) == ("three-way", f"{ROOM},guest")
        assert codes(plan)[-1] is Because.ROOM_ENTERED


def test_nobody_else_enters() -> None:
    refused = (
        calls("beto", uri_user(ROOM)),
        calls("ana", uri_user(ROOM)),
        calls("beto", uri_user(ROOM), ANA, rooms={}),
        calls("beto", uri_user("f" * 16), ANA),
        calls("dario", uri_user(ROOM), ANA),
        calls("beto", "conference", DARIO, rooms={DARIO: ROOM}),
    )
    for plan in refused:
        assert plan.steps == (Refuse(403, "Forbidden"),)
        assert codes(plan)[-1] is Because.ROOM_NOT_OFFERED


def test_a_party_held_by_voice_enters_where_who_sent_it_is() -> None:
    def goes_on(account: str, sender: str) -> Plan:
        attempt = CallAttempt(FromVoice(account, "+525512345678", why="transfer"), uri_user(ROOM), referred_by=sender)
        return route(attempt, building(), NOON, Reachable(rooms={ANA: ROOM}))

    assert led_to(goes_on(ACME, ANA)) == ("three-way", f"{ROOM},guest")
    assert goes_on(ACME, BETO).steps == (Refuse(403, "Forbidden"),)
    assert goes_on(BRAVO, ANA).steps == (Refuse(403, "Forbidden"),)


def test_a_room_is_no_number_for_a_trunk_and_nothing_without_voice() -> None:
    assert not isinstance(arrive(uri_user(ROOM)).steps[0], ToVoice)
    assert not isinstance(arrive("conference").steps[0], ToVoice)
    assert words(calls("ana", "conference", voice=False)) == (Announcement.TRY_LATER, 503)


@given(st.text(max_size=30))
def test_no_digits_mean_a_room(text: str) -> None:
    assert not is_room(text) or text.startswith("conference")
    assert not is_room(f"{text}5")
