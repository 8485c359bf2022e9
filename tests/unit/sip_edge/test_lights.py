"""Call facts become lamps: in any order, in each state, gone with the call or with the phone that was in it."""

import itertools
import xml.etree.ElementTree as ET

import pytest

from appliance.sip_edge.callfacts import Answered, Began, CallFact, Departed, Ended, Invite, LegName, Rang, Replied
from appliance.sip_edge.dialoginfo import Dialog, DialogState, Direction, dialog_info, message_summary
from appliance.sip_edge.lights import Lights, with_ended

CALL, TAG = "c1@ana", "t1"
ANA, BETO, ELSA = "phone-ana", "phone-beto", "phone-elsa"


def invite(destination: str = "102", call_id: str = CALL, at_ms: int = 1000, caller: str = ANA) -> Invite:
    return Invite(
        call_id, TAG, at_ms, "acct-acme", "internal", "101", caller, destination, destination, "internal",
        shown="101", shown_name="Ana",
    )  # fmt: skip


def leg(person: str) -> LegName:
    return LegName("phone", f"p-{person}", f"phone-{person}")


BEGAN = Began(CALL, TAG, 1001, 0, (leg("beto"), leg("elsa")))
RANG = Rang(CALL, TAG, 1002, "phone", "p-beto")
REFUSED = Replied(CALL, TAG, 1003, "phone", "p-elsa", 486)
TAKEN = Answered(CALL, TAG, 1004, "phone", "p-beto")
OVER = Ended(CALL, TAG, 1005, "caller")


def lit(*facts: CallFact) -> Lights:
    lights = Lights()
    for fact in facts:
        lights.note(fact)
    return lights


def state(lights: Lights, what: str) -> list[str]:
    return [d.state.value for d in lights.dialogs(what)]


@pytest.mark.parametrize("facts", tuple(itertools.permutations((invite(), BEGAN, RANG))))
def test_a_phone_rings_whatever_order_its_facts_come_in(facts: tuple[CallFact, ...]) -> None:
    lights = lit(*facts)
    assert (state(lights, ANA), state(lights, BETO), state(lights, ELSA)) == (["early"], ["early"], [])
    dialog = lights.dialogs(BETO)[0]
    assert (dialog.direction, dialog.remote, dialog.remote_name) == (Direction.RECIPIENT, "101", "Ana")


@pytest.mark.parametrize("facts", tuple(itertools.permutations((BEGAN, RANG, REFUSED, TAKEN))))
def test_only_who_answered_talks(facts: tuple[CallFact, ...]) -> None:
    lights = lit(invite(), *facts)
    assert (state(lights, ANA), state(lights, BETO), state(lights, ELSA)) == (["confirmed"], ["confirmed"], [])


def test_what_ended_is_dark_and_late_facts_light_nothing() -> None:
    lights = lit(invite(), BEGAN, RANG, TAKEN, OVER, REFUSED, BEGAN)
    assert not any(state(lights, p) for p in (ANA, BETO, ELSA))
    assert lights.touched() >= {ANA, BETO, ELSA}
    assert lights.touched() == frozenset()


def test_a_failure_beside_an_answer_ends_nothing() -> None:
    lights = lit(invite(), BEGAN, TAKEN, Ended(CALL, TAG, 1005, "callee", 486))
    assert state(lights, BETO) == ["confirmed"]


def test_a_phone_that_was_switched_off_and_on_is_in_no_call_of_before() -> None:
    lights = lit(invite(), BEGAN, TAKEN)
    lights.began_anew(BETO, 1004)
    assert state(lights, BETO) == ["confirmed"], "what is as young may be of its new life"
    lights.began_anew(BETO, 5000)
    assert (state(lights, BETO), state(lights, ANA)) == ([], [])


def test_calls_end_by_their_media_and_by_their_age() -> None:
    lights = lit(invite(), BEGAN, TAKEN)
    lights.lost(["other"], 2000)
    assert lights.up()[0].callee_phone_id == BETO
    lights.lost([CALL], 2000)
    assert not lights.up()
    ringing = lit(invite(), BEGAN, RANG)
    ringing.none_rings_since(1002)
    assert state(ringing, BETO) == ["early"]
    ringing.none_rings_since(1003)
    assert state(ringing, BETO) == [], "Kamailio began anew since"
    ringing = lit(invite(), BEGAN, RANG)
    ringing.expire(1002 + 600_001)
    assert state(ringing, BETO) == []


def test_a_slot_is_lit_from_its_call_being_parked_to_its_being_fetched() -> None:
    slot = "park:acct-acme:71"
    lights = lit(invite("park:71"), Began(CALL, TAG, 1001, 0, (LegName("voice", "park"),)))
    assert state(lights, slot) == []
    lights.note(Answered(CALL, TAG, 1004, "voice", "park"))
    assert state(lights, slot) == ["confirmed"]
    lights.note(invite("fetch:71", "c2@elsa", 2000, ELSA))
    assert state(lights, slot) == []


def test_what_was_shown_and_is_no_more_is_shown_once_as_ended() -> None:
    before = lit(invite(), BEGAN, RANG).dialogs(BETO)
    assert [d.state for d in with_ended((), before)] == [DialogState.TERMINATED]
    assert with_ended(before, before) == before


def test_the_document_is_good_xml_whatever_names_people_have() -> None:
    evil = Dialog('a"<', DialogState.EARLY, Direction.RECIPIENT, "x&y\x01", "l", "r", "101", 'O\'Hara <&> "Söns" \x00')
    root = ET.fromstring(dialog_info("102", "10.20.0.1", 7, [evil]).encode())
    assert (root.attrib["version"], root.attrib["state"], root.attrib["entity"]) == ("7", "full", "sip:102@10.20.0.1")
    identity = root.find(".//{*}remote/{*}identity")
    assert identity is not None
    assert identity.attrib["display"].startswith("O'Hara <&>")
    hidden = Dialog("a", DialogState.EARLY, Direction.RECIPIENT, "x", "l", "r", "")
    assert "anonymous.invalid" in dialog_info("102", "h", 0, [hidden])


def test_the_summary_says_whether_to_light() -> None:
    assert message_summary("*97", "h", 0, 3).startswith("Messages-Waiting: no\r\n")
    assert "Voice-Message: 2/3 (0/0)" in message_summary("*97", "h", 2, 3)


def test_a_phone_that_transferred_its_call_is_dark_and_the_call_goes_on() -> None:
    lights = lit(invite(), BEGAN, RANG, TAKEN, Departed(CALL, TAG, 1005, "p-ana", ANA))
    assert (state(lights, ANA), state(lights, BETO)) == ([], ["confirmed"])
    (up,) = lights.up()
    assert (up.caller_phone_id, up.callee_phone_id) == ("", BETO)
