"""A transferred call: what is heard meanwhile, who is told what, and that nobody is left in silence."""

from appliance.vocabulary import Announcement
from appliance.voice.answered import Answered
from appliance.voice.dialogue import (
    Ask,
    Bridge,
    Dial,
    DropOther,
    HangUp,
    Music,
    NotTaken,
    OtherLeft,
    OtherRefers,
    Play,
    Report,
    Ringing,
    Status,
    StopPlaying,
    Taken,
    Told,
)
from appliance.voice.parts import Waiting
from appliance.voice.questions import OfWaiting
from appliance.voice.sentences import RINGBACK
from appliance.voice.services import Request, transferred
from appliance.voice.transfer import DONE, Transfer
from tests.unit.voice.stage import OnPaper

DIAL = Dial("102")
BUSY = Status(486, "Busy Here")


def moved(track: str | None = "/transfer.wav") -> OnPaper:
    return OnPaper(Answered(None, lambda _: Transfer(DIAL, Waiting(track), "es-MX"))).called()


def reports(stage: OnPaper) -> list[Status]:
    return [e.status for e in stage.effects if isinstance(e, Report)]


def test_transfer_music_sounds_until_somebody_answers_and_who_transferred_is_let_go_when_it_rings() -> None:
    stage = moved()
    assert stage.did(Music("/transfer.wav"))
    assert stage.dialled == DIAL
    assert reports(stage) == []
    stage.gets(Ringing(), Ringing(), Taken())
    assert reports(stage) == [DONE]
    assert stage.effects.index(Bridge()) > stage.effects.index(StopPlaying())
    stage.gets(OtherLeft())
    assert stage.did(HangUp())


def test_ringing_sounds_over_and_over_where_the_company_has_set_that() -> None:
    stage = moved(None).hears_out().hears_out()
    assert [e.sounds for e in stage.effects if isinstance(e, Play)] == [(RINGBACK,)] * 3


def test_what_nobody_takes_is_said_and_reported() -> None:
    stage = moved().gets(NotTaken(BUSY))
    assert reports(stage) == [BUSY]
    assert stage.heard == (Announcement.BUSY,)
    assert not stage.over
    assert stage.hears_out().over


def test_kamailio_s_headers_become_the_leg_to_the_target() -> None:
    headers = {
        "x-conserje-account": "acct-acme",
        "x-conserje-caller": "+525555001122",
        "x-conserje-arg": "*99102",
        "x-conserje-referrer": "sip:p-ana@conserje",
        "x-conserje-consult": "%7B%7D",
    }
    stage = OnPaper(transferred(Request("transfer", headers)), lambda question: Waiting("/t.wav")).called()
    assert stage.did(Music("/t.wav"))
    dial = stage.dialled
    assert dial is not None
    assert (dial.user, dial.number, dial.dialog) == ("*99102", "+525555001122", "{}")
    said = dict(dial.headers)
    assert said["Referred-By"] == "<sip:p-ana@conserje>"
    assert said["X-Conserje-Why"] == "transfer"


def test_who_was_put_through_may_send_the_caller_on() -> None:
    stage = OnPaper(Answered(None, lambda _: Transfer(DIAL, Waiting(), "es-MX")), lambda _: Waiting("/t.wav"))
    stage.called().gets(Taken())
    stage.gets(OtherRefers(Dial("103"), "acct-acme", "es-MX"))
    assert stage.asked == [OfWaiting("acct-acme")]
    assert stage.effects[-3:] == [DropOther(), Music("/t.wav"), Dial("103")]
    stage.gets(Ringing(), Taken())
    assert stage.effects[-1] == Bridge()
    assert reports(stage) == [DONE], "nobody waits for a word"


def test_who_hangs_up_as_soon_as_it_has_transferred_takes_nobody_along() -> None:
    talking = OnPaper(Answered(None, lambda _: Transfer(DIAL, Waiting(), "es-MX"))).called().gets(Taken()).dialogue
    moving, (_, ask) = talking.step(OtherRefers(Dial("103"), "acct-acme", "es-MX"), 0.0)
    assert ask == Ask(OfWaiting("acct-acme"))
    left, nothing = moving.step(OtherLeft(), 0.0)
    assert nothing == ()
    assert Dial("103") in left.step(Told(OfWaiting("acct-acme"), None), 0.0)[1]
