"""Forwarded calls that must be accepted by pressing 1: nobody is connected before, and nothing is lost."""

from appliance.voice.accept import ASKED, Accept
from appliance.voice.dialogue import (
    Answer,
    Bridge,
    CallerSilent,
    Dial,
    DropOther,
    End,
    Follow,
    HangUp,
    NotTaken,
    OtherDigit,
    OtherFinished,
    OtherLeft,
    OtherRefers,
    Progress,
    Refuse,
    Report,
    Ringing,
    Status,
    Taken,
    TellOther,
)
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Caller, Waiting, to_digits
from appliance.voice.questions import OfWaiting
from tests.unit.voice.stage import OnPaper

ES = "es-MX"
CALLER = Caller("acme", "+525512345678", "Pepe")


DIAL = to_digits(CALLER, "5512345678", "accept", ("Target", "person-ana"))


def forwarded() -> OnPaper:
    return OnPaper(Accept(DIAL, ES)).called()


def test_the_leg_out_says_on_whose_behalf_it_is() -> None:
    assert dict(DIAL.headers)["X-Conserje-Why"] == "accept"
    assert dict(DIAL.headers)["X-Conserje-Target"] == "person-ana"


def test_the_caller_hears_ringing_and_is_answered_when_1_is_pressed() -> None:
    call = forwarded()
    assert call.did(Progress())
    assert call.heard == ("ringback",)
    assert isinstance(call.dialled, Dial)
    call.gets(Taken())
    assert call.did(TellOther((Say.FORWARDED_CALL,), ES))
    assert not call.did(Answer())
    assert call.gets(OtherDigit("1")).effects[-1] == Bridge()
    assert call.gets(OtherLeft()).did(HangUp())


def test_2_or_no_key_gives_the_call_back() -> None:
    assert forwarded().gets(Taken(), OtherDigit("2")).did(Refuse(Status(480, "Temporarily Unavailable")))
    call = forwarded().gets(Taken())
    for _ in range(ASKED):
        call.gets(OtherFinished()).waits("key")
    assert call.did(Refuse(Status(480, "Temporarily Unavailable")))


def test_who_is_busy_there_is_busy_here() -> None:
    assert forwarded().gets(NotTaken(Status(486, "Busy Here"))).did(Refuse(Status(486, "Busy Here")))


def test_an_answering_machine_that_hangs_up_gives_the_call_back() -> None:
    assert forwarded().gets(Taken(), OtherLeft()).did(Refuse(Status(480, "Temporarily Unavailable")))


def test_a_caller_who_leaves_ends_it() -> None:
    assert forwarded().gets(Taken()).hangs_up().did(End())


def test_a_caller_whose_plug_is_pulled_is_let_go_once_they_talk() -> None:
    """Before, an unanswered phone need not send anything."""
    assert not forwarded().gets(Taken(), CallerSilent(180.0)).over
    talking = forwarded().gets(Taken()).gets(OtherDigit("1"))
    assert talking.did(Bridge())
    assert talking.gets(CallerSilent(180.0)).did(HangUp())


def test_who_took_the_call_transfers_it_and_the_caller_goes_on_to_the_target() -> None:
    """The phone is told how that stands, and is not left at "transferring"."""
    call = OnPaper(Accept(DIAL, ES), lambda question: Waiting("/transfer.wav")).called()
    call.gets(Taken(), OtherDigit("1"))
    target = to_digits(CALLER, "103", "transfer")
    call.gets(OtherRefers(target, "acme", ES))
    assert call.did(Follow()), "202"
    assert call.asked == [OfWaiting("acme")]
    assert call.did(DropOther())
    assert call.dialled is not None
    assert call.dialled.user == "103"
    call.gets(Ringing(), Taken())
    assert not any(isinstance(effect, Report) for effect in call.effects), "who was called is told by its own line"
    assert call.effects.count(Bridge()) == 2
    assert call.gets(OtherLeft()).did(HangUp())
