"""Every dialogue at every step: a hang-up, a dead engine, digits during everything, late answers, endless silence."""

import random
from collections.abc import Callable

import pytest

from appliance.directory.model import MemoryDirectory
from appliance.voice import questions as q
from appliance.voice import services
from appliance.voice.accept import Accept
from appliance.voice.answered import Answered
from appliance.voice.book import book_of
from appliance.voice.call_back import CallBack
from appliance.voice.conference import Conference
from appliance.voice.dialogue import (
    Answer,
    Arrived,
    Ask,
    CallerSilent,
    Connected,
    Dial,
    Dialogue,
    Digit,
    Effect,
    End,
    Event,
    Expired,
    Finished,
    HangUp,
    Joined,
    Left,
    LegLost,
    LegReady,
    Music,
    NotJoined,
    NotTaken,
    OtherDigit,
    OtherFinished,
    OtherLeft,
    OtherRefers,
    Play,
    Recorded,
    Refers,
    Refuse,
    Ringing,
    RoomChanged,
    RoomEnded,
    SentOn,
    Shut,
    StartTimer,
    Status,
    StopTimer,
    Taken,
    TellOther,
    Told,
    Why,
)
from appliance.voice.mailbox_deposit import Deposit
from appliance.voice.mailbox_menu import MailboxMenu
from appliance.voice.menu_greetings import MenuGreetings
from appliance.voice.menu_sentences import Say
from appliance.voice.park import Fetching, Parked, Slot
from appliance.voice.parts import Caller, Waiting
from appliance.voice.receptionist import Receptionist
from appliance.voice.services import Request, begin
from appliance.voice.small import Listen, Speak
from appliance.voice.three_way import ThreeWay
from appliance.voice.transfer import Transfer
from tests.lab.sample import ACME, sample_rows
from wire.services import MenuMode

ES = "es-MX"
WHO = Caller("acme", "101", "Ana", "phone-ana")
DOOR = q.Door("box", ES, True, True)
KEYS = {str(n): ("person", "p") for n in range(5)} | {
    "5": ("dial_by_name", ""), "6": ("repeat", ""), "7": ("hang_up", ""), "8": ("receptionist", "r"),
}  # fmt: skip
COUNTER = q.Counter(
    MenuMode.BUSINESS, (Say.WELCOME,), KEYS, ES, book_of(MemoryDirectory(sample_rows()), ACME), default=("person", "p")
)
FOYER = q.Foyer("acme", True, ES, "/music.wav")
SERVICES: dict[str, Callable[[object], Dialogue]] = {
    "receptionist": lambda _: Receptionist(COUNTER, WHO),
    "deposit": lambda _: Deposit(q.Slot("m", "/m.wav", (Say.LEAVE_MESSAGE,), ES, 300.0)),
    "mailbox": lambda _: MailboxMenu(WHO, ES, DOOR),
    "mailbox, asked for": lambda _: MailboxMenu(WHO, ES),
    "first pin": lambda _: MailboxMenu(WHO, ES, q.Door("box", ES, False, True)),
    "conference": lambda _: Conference(FOYER),
    "speak": lambda _: Speak((Say.GOODBYE,), ES),
    "music": lambda _: Listen(""),
    "transfer": lambda _: Transfer(Dial("102"), Waiting(None), ES),
    "greeting": lambda _: MenuGreetings(q.Lobby(DOOR, (q.Desk("Día", {MenuMode.BUSINESS: "m"}),), ES), WHO),
    "three-way": lambda _: ThreeWay("acme/talk/r", ES, True, False),
    "park": lambda _: Parked(Slot("acme", "71", back="p", seconds=300), WHO, ES),
    "park, fetched": lambda _: Fetching(Slot("acme", "71"), ES),
    "call-back": lambda _: CallBack(Dial("102"), "+525512345678", ES),
}
ELSEWHERE = {
    "announce": "test_dialogues.py", "echo": "test_dialogues.py", "confirm": "speak", "whoami": "speak",
    "accept": "its own, below: it answers by itself",
}  # fmt: skip
"""Services of the product that are not in SERVICES by their names, and where they are looked at."""
ANSWERS: tuple[object, ...] = (
    None, True, False, "", "sequence", "/path.wav", COUNTER, DOOR, (), q.Tried.RIGHT, q.Tried.WRONG, q.Tried.LOCKED,
    q.Hall("h", True, True, True, True, 10, "r"), q.Hall("h", False, True, False, False, 10, "r"), q.Role.MEMBER,
    q.Role.MODERATOR,
)  # fmt: skip
LASTING = ("conference", "music", "three-way", "park", "park, fetched")
"""They last as long as those who are in them."""
GOODBYES = (HangUp, Refuse, End)


def test_every_service_is_looked_at() -> None:
    assert set(services.SERVICES) <= {*SERVICES, *ELSEWHERE}


def _begun(service: str) -> Dialogue:
    return Accept(Dial("102"), ES, WHO) if service == "accept" else Answered(None, SERVICES[service])


def _happens(chance: random.Random, asked: list[object], timers: set[str]) -> Event:
    choices: list[Event] = [
        Digit(chance.choice("0123456789*#")), Digit(chance.choice("0123456789*#")), Finished(), LegReady(), Connected(),
        Arrived(True), Ringing(), Taken(), NotTaken(Status(chance.choice((404, 480, 486, 503)), "")), OtherLeft(),
        Recorded("/m.wav", 5.0, chance.choice(list(Why))), Recorded("", 0.0, Why.SILENCE), CallerSilent(60.0),
        Joined("h", chance.randint(1, 9), chance.randint(0, 1)), NotJoined("h", chance.choice(list(Shut))),
        RoomChanged("h", chance.randint(1, 9), chance.randint(0, 1), chance.random() < 0.5), RoomEnded("h"),
        Told("of something else", chance.choice(ANSWERS)), OtherRefers(Dial("103"), "acme", ES), OtherFinished(),
        Refers(Dial("103"), "acme", ES, None), OtherDigit(chance.choice("12*")), SentOn(Dial("103"), "acme", ES),
    ]  # fmt: skip
    choices += [Expired(timer) for timer in sorted(timers)] * 2
    choices += [Told(question, chance.choice(ANSWERS)) for question in asked] * 4
    return chance.choice(choices)


def _life(service: str, seed: int, steps: int, last: Event | None) -> list[Effect]:
    """A call in which anything happens at any time; the effects after `last`, or after the end."""
    chance = random.Random(seed)
    call = _begun(service)
    asked: list[object] = []
    timers: set[str] = set()
    after: list[Effect] | None = None
    events: list[Event] = [Arrived(True), LegReady(), Connected()]
    for n in range(steps):
        event = events[n] if n < len(events) else _happens(chance, asked, timers)
        if n == steps - 1 and last is not None:
            event, after = last, []
        call, effects = call.step(event, 0.0)
        for effect in effects:
            match effect:
                case Ask(question):
                    asked.append(question)
                case StartTimer(timer, seconds):
                    assert seconds > 0
                    timers.add(timer)
                case StopTimer(timer):
                    timers.discard(timer)
                case _:
                    pass
        if after is not None:
            after += effects
        if any(isinstance(e, GOODBYES) for e in effects):
            break
    return after or []


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_that_happens_makes_a_dialogue_raise(service: str) -> None:
    for seed in range(300):
        _life(service, seed, 60, None)


@pytest.mark.parametrize("service", [*SERVICES, "accept"])
def test_a_hang_up_at_any_step_leaves_nothing_but_questions_to_the_desk(service: str) -> None:
    for seed in range(60):
        for steps in range(1, 24):
            for effect in _life(service, seed, steps, Left()):
                assert isinstance(effect, Ask | End | StartTimer), (seed, steps, effect)


@pytest.mark.parametrize("service", [*SERVICES, "accept"])
def test_a_dead_engine_at_any_step_ends_the_call(service: str) -> None:
    for seed in range(60):
        for steps in range(2, 24):
            effects = _life(service, seed, steps, LegLost())
            assert not effects or any(isinstance(e, GOODBYES) for e in effects), (seed, steps)


@pytest.mark.parametrize("service", [name for name in SERVICES if name not in LASTING])
def test_a_caller_who_does_nothing_is_gone_in_the_end(service: str) -> None:
    """Only prompts end and timers run out; questions are answered with nothing."""
    call: Dialogue = Answered(None, SERVICES[service])
    waiting: list[Event] = [Arrived(True)]
    timers: dict[str, float] = {}
    for _ in range(200):
        if not waiting:
            due = min(timers, key=lambda name: timers[name], default=None)
            waiting.append(Expired(due) if due else Finished())
            timers.pop(due or "", None)
        call, effects = call.step(waiting.pop(0), 0.0)
        for effect in effects:
            match effect:
                case HangUp() | Refuse() | End():
                    return
                case Ask(question):
                    waiting.append(Told(question, None))
                case StartTimer(timer, seconds):
                    timers[timer] = seconds
                case StopTimer(timer):
                    timers.pop(timer, None)
                case Answer():
                    waiting.append(Connected())
                case _ if type(effect).__name__ == "OpenLeg":
                    waiting.append(LegReady())
                case _ if type(effect).__name__ == "Play":
                    waiting.append(Finished())
                case _ if type(effect).__name__ == "Record":
                    waiting.append(Recorded("", 0.0, Why.SILENCE))
                case _ if type(effect).__name__ == "Dial":
                    waiting.append(NotTaken(Status(480, "")))
                case _:
                    pass
    pytest.fail("the call never ended")


@pytest.mark.parametrize("service", SERVICES)
def test_a_caller_who_falls_silent_for_good_is_let_go(service: str) -> None:
    """Its plug was pulled: no BYE will ever come."""
    for seed in range(30):
        for steps in range(4, 24):
            effects = _life(service, seed, steps, CallerSilent(180.0))
            assert not effects or isinstance(effects[0], GOODBYES), (seed, steps, effects)
    call: Dialogue = Answered(None, SERVICES[service])
    for event in (Arrived(True), LegReady(), Connected()):
        call, _ = call.step(event, 0.0)
    assert any(isinstance(e, HangUp) for e in call.step(CallerSilent(180.0), 0.0)[1])


def test_who_listens_to_music_need_not_send_anything() -> None:
    """A phone hands it on to whom it holds: from there nothing comes."""
    call = begin(Request("music", {}))
    assert call is not None
    for event in (Arrived(True), Told(q.OfMusic(""), "/music.wav"), LegReady(), Connected()):
        call, effects = call.step(event, 0.0)
    assert Music("/music.wav") in effects
    assert call.step(CallerSilent(180.0), 180.0) == (call, ())


@pytest.mark.parametrize("service", SERVICES)
def test_a_call_that_lasts_too_long_is_told_so_and_let_go(service: str) -> None:
    call: Dialogue = Answered(None, SERVICES[service], longest_s=60.0, language="en")
    timers: list[Effect] = []
    for event in (Arrived(True), LegReady(), Connected()):
        call, effects = call.step(event, 0.0)
        timers += effects
    (longest,) = [e.timer for e in timers if isinstance(e, StartTimer) and e.seconds == 60]
    told, effects = call.step(Expired(longest), 60.0)
    said = (Say.TOO_LONG, Say.GOODBYE)
    assert Play(said, "en") in effects
    assert TellOther(said, "en") in effects, "the other party hears it as well"
    for key in "123456789*0#":
        told, effects = told.step(Digit(key), 61.0)
        assert effects == ()
    for end in (Finished(), Expired(longest), OtherLeft(), CallerSilent(180.0)):
        assert any(isinstance(e, HangUp) for e in told.step(end, 62.0)[1]), end
