"""A caller who leaves between any two steps of a call that uses everything: nothing of it is left over."""

from dataclasses import dataclass

import pytest

from appliance.voice import dialogue as d
from appliance.voice import words
from tests.unit.voice.test_session import Call, offer

ROOM = "room"


@dataclass(frozen=True, slots=True)
class Everything:
    """Does one thing after the other, whatever it hears; after the caller has left it asks once more and ends."""

    done: int = 0

    def step(self, event: d.Event, now: float) -> tuple[d.Dialogue, d.Effects]:
        if isinstance(event, d.Left):
            return self, (d.Ask("left"),)
        if isinstance(event, d.Told) and event.question == "left":
            return self, (d.End(),)
        if self.done >= len(STEPS):
            return self, ()
        return Everything(self.done + 1), STEPS[self.done]


STEPS: tuple[d.Effects, ...] = (
    (d.OpenLeg(),),
    (d.Answer(), d.StartTimer("t", 5.0)),
    (d.Play(("beep",), "en"), d.Ask("first")),
    (d.Music(), d.StopTimer("t")),
    (d.Join(ROOM), d.Chime(("beep",), "en")),
    (d.LockRoom(True), d.SilenceRoom(True), d.MuteInRoom(True)),
    (d.LeaveRoom(),),
    (d.Record("/tmp/never.wav"),),
    (d.StopRecording(), d.SendDigits("1")),
    (d.Dial("102"),),
    (d.Bridge(),),
    (d.DropOther(), d.Join(ROOM)),
    (d.EndRoom(), d.Reflect(), d.Quiet()),
    (d.Record("/tmp/never.wav"), d.StartTimer("u", 9.0)),
)
HEARD: tuple[words.Happening, ...] = (
    words.LegOpened(7, 20000),
    words.Digit(7, "1"),
    words.Digit(7, "2"),
    words.Finished(7, 1),
    words.Digit(7, "3"),
    words.Digit(7, "4"),
    words.Digit(7, "5"),
    words.Digit(7, "6"),
    words.LegOpened(8, 20002),
    words.Digit(7, "7"),
    words.CallerSilent(7, 60.0),
    words.Digit(7, "8"),
    words.Digit(7, "9"),
    words.Digit(7, "0"),
)


def until_step(steps: int) -> Call:
    call = Call(Everything())
    call.session.arrive(offer())
    for word in HEARD[:steps]:
        call.heard(word)
    return call


def assert_nothing_left(call: Call) -> None:
    opened = [word.leg for word in call.house.told if isinstance(word, words.OpenLeg)]
    closed = [word.leg for word in call.house.told if isinstance(word, words.CloseLeg)]
    assert sorted(opened) == sorted(closed)
    assert call.house.over == 1
    assert len(call.house.floor) == 0
    assert all(t.cancelled for t in call.house.timers)


@pytest.mark.parametrize("steps", range(len(HEARD) + 1))
def test_a_caller_leaves_at_any_step(steps: int) -> None:
    call = until_step(steps)
    call.session.left()
    recording = [w for w in call.house.told if isinstance(w, words.Record)]
    for wish in recording[-1:]:
        call.heard(words.Recorded(7, wish.token, "", 0.0, "left", ""))
    while call.house.asked:
        _, told = call.house.asked.pop(0)
        told(None)
    assert_nothing_left(call)
    assert "bye" not in call.line.kinds


@pytest.mark.parametrize("steps", range(len(HEARD) + 1))
def test_the_media_engine_dies_at_any_step(steps: int) -> None:
    call = until_step(steps)
    call.session.media_died()
    call.session.left()
    while call.house.asked:
        _, told = call.house.asked.pop(0)
        told(None)
    assert call.house.over == 1
    assert len(call.house.floor) == 0
    assert all(t.cancelled for t in call.house.timers)


def test_end_does_not_wait_for_a_recording() -> None:
    call = until_step(len(HEARD))
    call.session.left()
    for _, told in call.house.asked:
        told(None)
    assert call.house.over == 1


def test_what_was_recorded_is_told_after_left() -> None:
    call = until_step(8)
    wish = next(w for w in call.house.told if isinstance(w, words.Record))
    call.house.asked.clear()
    call.session.left()
    assert call.house.over == 0
    call.heard(words.Recorded(7, wish.token, wish.path, 2.0, "left", ""))
    assert call.house.over == 0
    for _, told in call.house.asked:
        told(None)
    assert call.house.over == 1
