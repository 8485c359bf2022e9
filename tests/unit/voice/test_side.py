"""A hold at one end of a bridge, and voice at the other end of it: that one learns that it hears nobody's own voice."""

from appliance.voice import words
from appliance.voice.answered import Answered
from appliance.voice.dialogue import OtherRefers
from appliance.voice.other import Other
from appliance.voice.parts import Waiting
from tests.unit.voice.test_own_transfers import BETO, REFERS, Putting
from tests.unit.voice.test_session import Call, PaperOtherLine, offer


def voices(port: int = 4000, how: str = "sendrecv") -> str:
    """What another voice says, as rtpengine leaves it."""
    return offer(port, how=how).replace("o=- ", "o=conserje ")


class Bridged:
    """A caller and whom it was put through to."""

    def __init__(self, caller: str, other: str) -> None:
        self.call = Call(Answered(None, lambda _: Putting()))
        self.call.session.arrive(caller)
        self.call.heard(words.LegOpened(7, 20000), words.LegOpened(8, 20002))
        assert isinstance(self.call.house.line, PaperOtherLine)
        assert isinstance(self.call.house.dialled, Other)
        self.line, self.other = self.call.house.line, self.call.house.dialled
        self.other.answered(other)

    @property
    def told_other(self) -> list[object]:
        return [held for kind, held in self.line.said if kind == "held"]

    @property
    def told_caller(self) -> list[object]:
        return [held for kind, held in self.call.line.said if kind == "held"]

    def hears(self, leg: int) -> bool:
        changes = [w for w in self.call.house.told if isinstance(w, words.ChangeLeg) and w.leg == leg]
        return changes[-1].terms.hears


def test_a_room_behind_a_bridge_learns_that_the_caller_holds_and_no_more() -> None:
    bridged = Bridged(offer(), voices(4002))
    assert bridged.told_other == []
    bridged.call.session.offered_again(offer(how="sendonly"))
    bridged.call.session.offered_again(offer(how="inactive"))
    assert bridged.told_other == [True], "said once"
    bridged.call.session.offered_again(offer())
    assert bridged.told_other == [True, False]
    assert bridged.told_caller == []


def test_who_holds_already_when_the_room_answers_is_silent_there_from_the_beginning() -> None:
    assert Bridged(offer(how="sendonly"), voices(4002)).told_other == [True]


def test_a_person_is_told_nothing_and_hears_the_music() -> None:
    bridged = Bridged(offer(), offer(4002))
    bridged.call.session.offered_again(offer(how="sendonly"))
    bridged.other.offered_again(offer(4002, how="sendonly"))
    assert bridged.told_other == bridged.told_caller == []
    assert not bridged.hears(7)
    assert not bridged.hears(8)


def test_a_guest_that_forwarded_its_call_and_holds_is_silent_in_the_room_that_called_it() -> None:
    bridged = Bridged(voices(), offer(4002))
    bridged.other.offered_again(offer(4002, how="sendonly"))
    assert bridged.told_caller == [True]
    bridged.other.left()
    assert bridged.told_caller == [True, False], "what comes now is a sentence of ours"


def test_what_one_voice_was_told_goes_on_to_the_next() -> None:
    bridged = Bridged(voices(), voices(4002))
    bridged.call.session.far_holds(True)
    assert not bridged.hears(7)
    assert bridged.told_other == [True]
    bridged.other.far_holds(True)
    assert not bridged.hears(8)
    assert bridged.told_caller == [True]
    bridged.call.session.far_holds(False)
    assert bridged.hears(7)
    assert bridged.told_other == [True, False]


def test_a_room_that_becomes_the_caller_learns_who_speaks_to_it_now() -> None:
    """Who holds a room behind a receptionist transfers it: the next one there speaks himself."""
    bridged = Bridged(offer(), voices(4002))
    bridged.call.session.offered_again(offer(how="sendonly"))
    session, house = bridged.call.session, bridged.call.house
    bridged.other.shown(BETO.shown)
    assert session.refers(OtherRefers(REFERS.dial, "acct-acme", "es-MX"))
    house.asked[-1][1](Waiting("/t.wav"))
    assert bridged.told_other[-1] is True, "our transfer music is no voice either"
    third = house.dialled
    assert third is not None
    assert third is not bridged.other
    third.opened(20004)
    third.answered(offer(4004))
    assert words.Bridge(8, 8) in house.told
    assert bridged.told_other[-1] is False
