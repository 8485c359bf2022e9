"""The services as state machines: what they say, and that they end cleanly whenever the caller hangs up."""

from itertools import product

import pytest

from appliance.vocabulary import Announcement
from appliance.voice.announce import LONGEST_S, Announce
from appliance.voice.dialogue import (
    Answer,
    Arrived,
    Connected,
    Dialogue,
    Digit,
    Effect,
    End,
    Event,
    Expired,
    Finished,
    HangUp,
    Left,
    LegLost,
    LegReady,
    OpenLeg,
    Play,
    Progress,
    Reflect,
    Refuse,
    StartTimer,
    Status,
)
from appliance.voice.echo import ANSWER_WAIT_S, Echo
from appliance.voice.echo import LONGEST_S as ECHO_LONGEST_S
from appliance.voice.services import DEFAULT_STATUS, Request, begin, status_of

BUSY = Status(486, "Busy Here")
ANNOUNCE = Announce(("busy",), "es-MX", BUSY)
ECHO = Echo("es-MX")
EVERY_EVENT: tuple[Event, ...] = (
    Arrived(True), Arrived(False), LegReady(), Connected(), Finished(), Digit("5"), Expired("limit"), Left(), LegLost(),
)  # fmt: skip
ENDS = (Refuse, HangUp, End)


def told(dialogue: Dialogue, *events: Event) -> tuple[Dialogue, list[Effect]]:
    effects: list[Effect] = []
    for event in events:
        dialogue, new = dialogue.step(event, 0.0)
        effects += new
    return dialogue, effects


def test_an_announcement_is_early_media_then_the_status() -> None:
    _, effects = told(ANNOUNCE, Arrived(early=True), LegReady(), Finished())
    assert effects == [
        OpenLeg(),
        StartTimer("longest", LONGEST_S),
        Progress(),
        Play(("busy",), "es-MX"),
        Refuse(BUSY),
    ]


def test_a_caller_who_cannot_hear_before_an_answer_gets_the_status_alone() -> None:
    assert told(ANNOUNCE, Arrived(early=False))[1] == [Refuse(BUSY)]


def test_an_announcement_without_words_is_its_status() -> None:
    assert told(Announce((), "es-MX", BUSY), Arrived(early=True))[1] == [Refuse(BUSY)]


@pytest.mark.parametrize("event", [LegLost(), Expired("longest")])
@pytest.mark.parametrize("before", [(Arrived(True),), (Arrived(True), LegReady())])
def test_an_announcement_that_cannot_be_heard_still_gives_its_status(before: tuple[Event, ...], event: Event) -> None:
    assert told(ANNOUNCE, *before, event)[1][-1] == Refuse(BUSY)


def test_echo_answers_beeps_and_reflects() -> None:
    _, effects = told(ECHO, Arrived(early=True), LegReady(), Connected(), Finished())
    assert effects == [
        OpenLeg(),
        StartTimer("limit", ANSWER_WAIT_S),
        Answer(),
        StartTimer("limit", ECHO_LONGEST_S),
        Play(("beep",), "es-MX"),
        Reflect(),
    ]


def test_echo_hangs_up_after_five_minutes() -> None:
    _, effects = told(ECHO, Arrived(True), LegReady(), Connected(), Finished(), Expired("limit"))
    assert effects[-1] == HangUp()
    assert ECHO_LONGEST_S == 300


def test_echo_without_a_leg_is_unavailable_and_when_it_dies_hangs_up() -> None:
    assert told(ECHO, Arrived(True), LegLost())[1][-1] == Refuse(Status(503, "Service Unavailable"))
    assert told(ECHO, Arrived(True), LegReady(), LegLost())[1][-1] == HangUp()


@pytest.mark.parametrize("dialogue", [ANNOUNCE, ECHO], ids=["announce", "echo"])
def test_a_hang_up_at_every_step_ends_it_without_a_word(dialogue: Dialogue) -> None:
    whole: tuple[Event, ...] = (Arrived(True), LegReady(), Connected(), Finished())
    for steps in range(len(whole) + 1):
        before, effects = told(dialogue, *whole[:steps])
        ended_before = any(isinstance(e, ENDS) for e in effects)
        after, last = told(before, Left())
        assert last == ([] if ended_before else [End()])
        assert told(after, *EVERY_EVENT)[1] == []


@pytest.mark.parametrize("dialogue", [ANNOUNCE, ECHO], ids=["announce", "echo"])
def test_no_order_of_events_ends_it_twice_or_plays_before_it_has_a_leg(dialogue: Dialogue) -> None:
    for events in product(EVERY_EVENT, repeat=4):
        _, effects = told(dialogue, *events)
        ends = [n for n, e in enumerate(effects) if isinstance(e, ENDS)]
        assert len(ends) <= 1
        assert not ends or ends[0] == len(effects) - 1
        for n, effect in enumerate(effects):
            if isinstance(effect, Play | Reflect | Progress | Answer):
                assert OpenLeg() in effects[:n]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("484 Address Incomplete", Status(484, "Address Incomplete")),
        (" 486  Busy Here ", Status(486, "Busy Here")),
        ("603", Status(603, "Failed")),
        ("", DEFAULT_STATUS),
        ("200 OK", DEFAULT_STATUS),
        ("183 Progress", DEFAULT_STATUS),
        ("700 x", DEFAULT_STATUS),
        ("486Busy", DEFAULT_STATUS),
        ("486 Busy\r\nX-Evil: 1", DEFAULT_STATUS),
    ],
)
def test_the_status_comes_from_the_header_or_is_480(text: str, status: Status) -> None:
    assert status_of(text) == status


def test_an_invite_becomes_its_service() -> None:
    headers = {
        "x-conserje-say": " Invalid-Prefix, nonsense,try-later",
        "x-conserje-then": "484 Address Incomplete",
        "x-conserje-language": "en-US",
    }
    wanted = Announce(("invalid-prefix", "try-later"), "en", Status(484, "Address Incomplete"))
    assert begin(Request("announce", headers)) == wanted
    assert begin(Request("ECHO", {})) == Echo("es-MX")
    assert begin(Request("fax", {})) is None
    assert begin(Request("", {})) is None


def test_every_announcement_of_the_house_can_be_asked_for() -> None:
    for announcement in Announcement:
        dialogue = begin(Request("announce", {"x-conserje-say": announcement.value}))
        assert dialogue == Announce((announcement.value,), "es-MX", DEFAULT_STATUS)
