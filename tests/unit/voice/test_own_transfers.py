"""A caller who transfers: whom voice has beyond itself, a room, or nobody; and how legs and lines change hands."""

from dataclasses import replace
from urllib.parse import unquote

import pytest

from appliance.held import Held
from appliance.voice import questions as q
from appliance.voice import words
from appliance.voice.accept import Accept
from appliance.voice.answered import TRYING, Answered
from appliance.voice.conference import Conference
from appliance.voice.dialogue import (
    Bridge,
    BringIn,
    Connected,
    Dial,
    Dialogue,
    Follow,
    HangUp,
    Join,
    Joined,
    Music,
    NotTaken,
    OtherDigit,
    OtherRefers,
    Party,
    Refers,
    Report,
    Ringing,
    RoomChanged,
    SendOn,
    SentOn,
    ShowOther,
    Status,
    Taken,
    TradePlaces,
)
from appliance.voice.echo import Echo
from appliance.voice.park import Fetching, Parked, Slot
from appliance.voice.parts import Caller, Waiting
from appliance.voice.questions import OfWaiting
from appliance.voice.three_way import ThreeWay
from appliance.voice.transfer import DONE, Transfer
from tests.unit.voice.stage import OnPaper
from tests.unit.voice.test_session import Call, PaperLine, offer

HEADERS = (("X-Conserje-Caller", "101"), ("X-Conserje-Phone", "phone-ana"), ("X-Conserje-Why", "transfer"))
REFERS = Refers(Dial("103", "101", "Ana", HEADERS), "acct-acme", "es-MX")
BETO = Party("102", "Beto Díaz", '"Beto Díaz" <sip:102@10.20.0.1>')
WITH_BETO = replace(REFERS, party=BETO)


def talking() -> OnPaper:
    """With Beto, through whatever service."""
    talk = Answered(None, lambda _: Transfer(Dial("102"), Waiting(), "es-MX"))
    return OnPaper(talk, lambda _: Waiting("/t.wav")).called().gets(Taken())


def test_the_other_party_becomes_the_caller_and_is_on_the_way_to_the_target() -> None:
    stage = talking()
    before = len(stage.effects)
    stage.gets(WITH_BETO)
    assert stage.effects[before : before + 3] == [Follow(), TradePlaces(), Report(TRYING)], "nothing comes before"
    assert stage.asked[-1] == OfWaiting("acct-acme")
    assert stage.did(Music("/t.wav"))
    dial = stage.dialled
    assert dial is not None
    said = {name: unquote(value) for name, value in dial.headers}
    assert (dial.user, dial.number, said["X-Conserje-Caller"]) == ("103", "102", "102")
    assert said["X-Conserje-Name"] == "Beto Díaz"
    assert "X-Conserje-Phone" not in said
    stage.gets(Ringing(), Taken())
    assert stage.effects[-1] == ShowOther(), "Beto's phone shows who he talks to"
    assert [e.status for e in stage.effects if isinstance(e, Report)][-1] == DONE


def test_a_call_that_was_consulted_is_told_who_comes() -> None:
    held = Held("c", "<sip:a@h>;tag=a", "<sip:b@h>;tag=b", "sip:b@h", (), 3, shown="<sip:380@h>")
    stage = talking().gets(replace(WITH_BETO, dial=replace(REFERS.dial, dialog=held.text())))
    assert stage.dialled is not None
    assert Held.of(stage.dialled.dialog).shown == BETO.shown


def test_in_a_menu_and_while_it_rings_nobody_is_transferred() -> None:
    for stage in (OnPaper(Answered(None, lambda _: Transfer(Dial("102"), Waiting(), "es-MX"))).called(),):
        assert not stage.gets(REFERS).did(Follow())


def test_a_forward_that_was_accepted_is_transferred_too() -> None:
    stage = OnPaper(Accept(Dial("5512345678"), "es-MX", Caller("acct-acme", "101"))).called()
    stage.gets(Taken(), OtherDigit("1"))
    assert not stage.gets(REFERS).did(Follow())
    assert stage.gets(replace(REFERS, party=Party("5512345678"))).did(TradePlaces())


@pytest.mark.acceptance("W-2")
def test_a_room_calls_its_guest_and_who_asked_stays() -> None:
    stage = OnPaper(Answered(None, lambda _: ThreeWay("r", "es-MX", host=True, goes_on=True))).called()
    stage.gets(Joined("r", 1, 1), REFERS)
    guest = next(e for e in stage.effects if isinstance(e, BringIn))
    assert dict(guest.dial.headers)["X-Conserje-Why"] == "room", "no mailbox answers there"
    assert guest.dial.number == "101"
    assert stage.effects.index(Follow()) < stage.effects.index(guest)
    joins = OnPaper(guest.conversation).called().effects[-1]
    assert isinstance(joins, Join)
    assert (joins.room, joins.moderator) == ("r", False)
    assert not stage.over


def test_a_conference_lets_in_whom_a_member_brings_unless_it_is_locked() -> None:
    hall = q.Hall("acct-acme/r", True, False, False, False, 10, "row")
    foyer = q.Foyer("acct-acme", True, "es-MX", "/m.wav", hall)

    def member(moderator: bool) -> OnPaper:
        role = q.Role.MODERATOR if moderator else q.Role.MEMBER
        stage = OnPaper(Answered(None, lambda _: Conference(foyer, role))).called()
        return stage.gets(Joined(hall.room, 2, 1))

    for moderator in (True, False):
        stage = member(moderator).gets(REFERS)
        guest = next(e for e in stage.effects if isinstance(e, BringIn))
        joins = OnPaper(guest.conversation).called().effects[-1]
        assert isinstance(joins, Join)
        assert (joins.room, joins.moderator) == (hall.room, moderator)
        locked = member(moderator).gets(RoomChanged(hall.room, 2, 1, locked=True), REFERS)
        assert locked.did(Follow()) is moderator


def test_who_fetched_a_caller_sends_it_on_and_is_hung_up_on() -> None:
    slot = Slot("acct-acme", "71")
    stage = OnPaper(Answered(None, lambda _: Fetching(slot, "es-MX"))).called().gets(Joined(slot.room, 2, 1))
    stage.gets(REFERS)
    assert stage.did(Follow()) and stage.did(SendOn(REFERS.dial, "acct-acme", "es-MX"))
    stage.gets(RoomChanged(slot.room, 1, 1, False))
    assert stage.did(Report(DONE)) and not stage.over
    assert stage.waits("parked").did(HangUp())


def test_a_parked_caller_is_sent_on_in_its_own_name() -> None:
    caller = Caller("acct-acme", "+525512345678", "Cliente")
    slot = Slot("acct-acme", "71")
    parked = Answered(None, lambda _: Parked(slot, caller, "es-MX"), caller=caller)
    stage = OnPaper(parked, lambda _: Waiting("/t.wav")).called().gets(RoomChanged(slot.room, 2, 1, False))
    stage.gets(SentOn(REFERS.dial, "acct-acme", "es-MX"))
    assert stage.dialled is not None
    assert stage.dialled.number == "+525512345678"
    stage.gets(RoomChanged(slot.room, 1, 0, False), Taken())
    assert stage.effects[-1] == Bridge(), "it is out of the slot's hands, and has no phone that shows anything"
    assert not stage.gets(NotTaken(Status(486, "Busy"))).did(HangUp())


class Putting:
    """A caller put through at once."""

    def step(self, event: object, now: float) -> tuple[Dialogue, tuple[Dial | Bridge, ...]]:
        match event:
            case Connected():
                return self, (Dial("102"),)
            case Taken():
                return self, (Bridge(),)
            case _:
                return self, ()


def test_legs_and_lines_change_hands() -> None:
    call = Call(Answered(None, lambda _: Putting()))
    call.session.arrive(offer())
    call.heard(words.LegOpened(7, 20000), words.LegOpened(8, 20002))
    line = call.house.line
    assert line is not None
    assert not call.session.refers(OtherRefers(REFERS.dial, "acct-acme", "es-MX")), "it is not taken yet"
    other = call.house.dialled
    assert other is not None
    other.shown(BETO.shown)
    other.answered(offer(4002))
    assert call.session.refers(OtherRefers(REFERS.dial, "acct-acme", "es-MX"))
    assert call.session.leg == 8
    assert call.house.freed == [7]
    assert call.line.kinds[-2:] == ["departs", "report"]
    closed = [w.leg for w in call.house.told if isinstance(w, words.CloseLeg)]
    assert closed == [7]
    call.house.asked[-1][1](Waiting("/t.wav"))
    assert words.Music(8, "/t.wav") in call.house.told
    # Who was the caller hears of the end; the far end hangs up as any caller does.
    other.left()
    assert call.line.said[-1] == ("report", Status(487, "Request Terminated"))
    assert isinstance(call.line, PaperLine)
    assert call.house.over == 1


def test_what_nobody_follows_is_refused() -> None:
    call = Call(Echo("es-MX"))
    call.session.arrive(offer())
    call.heard(words.LegOpened(7, 20000))
    assert not call.session.refers(OtherRefers(REFERS.dial, "acct-acme", "es-MX"))
    assert "departs" not in call.line.kinds
