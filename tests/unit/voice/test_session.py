"""The shell of a call between a line and a house that write down what they are told; nothing of it is left over."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from appliance.voice import words
from appliance.voice.announce import Announce
from appliance.voice.dialogue import BringIn, Dial, Dialogue, Status
from appliance.voice.echo import Echo
from appliance.voice.floor import Floor
from appliance.voice.other import Other, Reporter
from appliance.voice.session import Session

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP {formats}\r\na={how}\r\n"
)
BUSY = Status(486, "Busy Here")


def offer(port: int = 4000, formats: str = "0 8", how: str = "sendrecv") -> str:
    return OFFER.format(port=port, formats=formats, how=how)


@dataclass
class PaperLine:
    said: list[tuple[str, object]] = field(default_factory=list)

    def progress(self, body: str) -> None:
        self.said.append(("183", body))

    def answer(self, body: str, awaits_answer: bool) -> None:
        self.said.append(("200 offer" if awaits_answer else "200", body))

    def refuse(self, status: Status) -> None:
        self.said.append(("refused", status))

    def hang_up(self) -> None:
        self.said.append(("bye", None))

    def accept_offer(self, body: str) -> None:
        self.said.append(("200 again", body))

    def refuse_offer(self, status: Status) -> None:
        self.said.append(("refused again", status))

    def report(self, status: Status) -> None:
        self.said.append(("report", status))

    def depart(self) -> Reporter:
        self.said.append(("departs", None))
        return self.report

    def show(self, asserted: str) -> None:
        self.said.append(("shows", asserted))

    def hand_on(self, held: bool) -> None:
        self.said.append(("held", held))

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.said]


@dataclass
class PaperTimer:
    seconds: float
    then: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class PaperOtherLine:
    """The line of another party."""

    said: list[tuple[str, object]] = field(default_factory=list)

    def invite(self, wish: Dial, body: str) -> None:
        self.said.append(("INVITE", body))

    def drop(self) -> None:
        self.said.append(("drop", None))

    def accept_offer(self, body: str) -> None:
        self.said.append(("200 again", body))

    def refuse_offer(self, status: Status) -> None:
        self.said.append(("refused again", status))

    def depart(self) -> Reporter:
        self.said.append(("departs", None))
        return self.report

    def report(self, status: Status) -> None:
        self.said.append(("report", status))

    def show(self, asserted: str) -> None:
        self.said.append(("shows", asserted))

    def hand_on(self, held: bool) -> None:
        self.said.append(("held", held))


@dataclass
class PaperHouse:
    media: bool = True
    told: list[words.Command] = field(default_factory=list)
    timers: list[PaperTimer] = field(default_factory=list)
    over: int = 0
    floor: Floor = field(default_factory=Floor)
    asked: list[tuple[object, Callable[[object], None]]] = field(default_factory=list)
    freed: list[int] = field(default_factory=list)
    guests: list[BringIn] = field(default_factory=list)
    line: "PaperOtherLine | None" = None
    dialled: Other | None = None

    def tell(self, word: words.Command) -> bool:
        self.told.append(word)
        return self.media

    def after(self, seconds: float, then: Callable[[], None]) -> PaperTimer:
        self.timers.append(PaperTimer(seconds, then))
        return self.timers[-1]

    def now(self) -> float:
        return 0.0

    def ask(self, question: object, told: Callable[[object], None]) -> None:
        self.asked.append((question, told))

    def new_leg(self, session: Session) -> int:
        return 8

    def dial(self, other: Other) -> None:
        self.line, self.dialled = PaperOtherLine(), other
        other.start(self.line)

    def forget(self, leg: int) -> None:
        self.freed.append(leg)

    def bring_in(self, wish: BringIn, tell: Reporter) -> None:
        self.guests.append(wish)

    def ended(self, session: Session) -> None:
        self.over += 1

    @property
    def kinds(self) -> list[str]:
        return [type(word).__name__ for word in self.told]


class Call:
    """A session with both its sides on paper."""

    def __init__(self, conversation: Dialogue, media: bool = True) -> None:
        self.line, self.house = PaperLine(), PaperHouse(media)
        self.session = Session(7, "call", conversation, self.line, self.house, "10.20.0.1")

    def heard(self, *happenings: words.Happening) -> None:
        for happening in happenings:
            self.session.heard(happening)


def announcement() -> Call:
    return Call(Announce(("busy",), "es-MX", BUSY))


def test_an_announcement_from_invite_to_status() -> None:
    call = announcement()
    call.session.arrive(offer())
    call.heard(words.LegOpened(7, 20000), words.Finished(7, 1))
    assert call.line.kinds == ["183", "refused"]
    assert "m=audio 20000 RTP/AVP 0\r\n" in str(call.line.said[0][1])
    assert call.line.said[1][1] == BUSY
    assert call.house.kinds == ["OpenLeg", "Play", "CloseLeg"]
    assert call.house.over == 1
    assert all(t.cancelled for t in call.house.timers)


@pytest.mark.parametrize(
    ("body", "status"), [(offer(formats="18"), 488), ("nonsense", 400), (offer(port=0), 488), ("", 400)]
)
def test_an_offer_that_cannot_be_met_is_refused_and_opens_nothing(body: str, status: int) -> None:
    call = announcement()
    call.session.arrive(body)
    (said,) = call.line.said
    assert isinstance(said[1], Status)
    assert said[1].code == status
    assert call.house.kinds == []
    assert call.house.over == 1


def test_an_announcement_to_a_late_offer_is_the_status_at_once() -> None:
    call = announcement()
    call.session.arrive(None)
    assert call.line.said == [("refused", BUSY)]


def test_without_a_media_engine_an_announcement_is_its_status() -> None:
    call = Call(Announce(("busy",), "es-MX", BUSY), media=False)
    call.session.arrive(offer())
    assert call.line.said == [("refused", BUSY)]
    assert call.house.over == 1


def test_a_leg_refused_ends_the_call_without_closing_what_was_never_open() -> None:
    call = announcement()
    call.session.arrive(offer())
    call.heard(words.LegRefused(7, "no free port"))
    assert call.line.said == [("refused", BUSY)]
    assert "CloseLeg" not in call.house.kinds


@pytest.mark.parametrize("happened", range(4))
def test_a_hang_up_at_any_moment_frees_leg_and_timers_once(happened: int) -> None:
    call = Call(Echo("es-MX"))
    call.session.arrive(offer())
    steps = (words.LegOpened(7, 20000), words.Finished(7, 1), words.Digit(7, "5"))
    call.heard(*steps[:happened])
    call.session.left()
    call.session.left()
    call.heard(*steps)
    call.session.media_died()
    assert call.house.kinds.count("CloseLeg") == 1
    assert call.house.kinds[-1] == "CloseLeg"
    assert call.house.over == 1
    assert all(t.cancelled for t in call.house.timers)
    assert "bye" not in call.line.kinds


def test_a_late_offer_is_answered_with_ours_and_the_ack_starts_the_sound() -> None:
    call = Call(Echo("es-MX"))
    call.session.arrive(None)
    call.heard(words.LegOpened(7, 20000))
    assert call.line.kinds == ["200 offer"]
    assert "m=audio 20000 RTP/AVP 0 8 9 111 101" in str(call.line.said[0][1])
    assert "Play" not in call.house.kinds
    call.session.answered(offer(port=4444, formats="8"))
    change = call.house.told[1]
    assert isinstance(change, words.ChangeLeg)
    assert (change.terms.codec, change.terms.remote, change.terms.sends) == ("PCMA", ("10.0.0.9", 4444), True)
    assert call.house.kinds == ["OpenLeg", "ChangeLeg", "Play"]


@pytest.mark.parametrize("answer", [None, "", "nonsense", offer(formats="18")])
def test_an_ack_without_a_usable_answer_ends_the_call(answer: str | None) -> None:
    call = Call(Echo("es-MX"))
    call.session.arrive(None)
    call.heard(words.LegOpened(7, 20000))
    call.session.answered(answer)
    assert call.line.kinds == ["200 offer", "bye"]
    assert call.house.over == 1


def test_hold_and_resume_change_the_leg_and_the_version() -> None:
    call = Call(Echo("es-MX"))
    call.session.arrive(offer())
    call.heard(words.LegOpened(7, 20000))
    for how, ours, sends in (
        ("sendonly", "recvonly", False),
        ("inactive", "inactive", False),
        ("sendrecv",) * 2 + (True,),
    ):
        call.session.offered_again(offer(how=how))
        change, body = call.house.told[-1], str(call.line.said[-1][1])
        assert isinstance(change, words.ChangeLeg)
        assert change.terms.sends is sends
        assert f"a={ours}\r\n" in body
    assert "o=conserje 7 4 IN" in str(call.line.said[-1][1])


def test_a_re_invite_that_cannot_be_met_leaves_the_call_as_it_was() -> None:
    call = Call(Echo("es-MX"))
    call.session.arrive(offer())
    call.heard(words.LegOpened(7, 20000))
    call.session.offered_again(offer(formats="18"))
    assert call.line.said[-1] == ("refused again", Status(488, "Not Acceptable Here"))
    assert "ChangeLeg" not in call.house.kinds
    call.session.offered_again(offer(formats="8"))
    assert call.line.kinds[-1] == "200 again"


def test_an_old_finished_does_not_end_a_newer_prompt() -> None:
    call = announcement()
    call.session.arrive(offer())
    call.heard(words.LegOpened(7, 20000), words.Finished(7, 99))
    assert call.line.kinds == ["183"]


def test_when_the_media_engine_dies_an_answered_call_gets_a_bye() -> None:
    call = Call(Echo("es-MX"))
    call.session.arrive(offer())
    call.heard(words.LegOpened(7, 20000))
    call.session.media_died()
    assert call.line.kinds == ["200", "bye"]
    assert "CloseLeg" not in call.house.kinds


def test_five_minutes_pass() -> None:
    call = Call(Echo("es-MX"))
    call.session.arrive(offer())
    call.heard(words.LegOpened(7, 20000))
    limit = call.house.timers[-1]
    assert limit.seconds == 300
    assert call.house.timers[0].cancelled
    limit.then()
    assert call.line.kinds[-1] == "bye"
    assert call.house.kinds[-1] == "CloseLeg"
