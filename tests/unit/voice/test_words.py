"""The words between the processes survive the journey, and a dead end is noticed."""

import os

import pytest

from appliance.voice import words
from appliance.voice.sounds import File, Pause, Recording, Text
from appliance.voice.words import Terms

TERMS = Terms("PCMU", 0, 101, ("10.0.0.9", 4000), "10.0.0.9", True, True)
ALL = [
    words.OpenLeg(1, TERMS),
    words.OpenLeg(2, Terms("PCMA", 8, None, None, "", False, False)),
    words.ChangeLeg(3, TERMS),
    words.Play(1, 7, ("busy", "beep"), "es-MX"),
    words.Play(1, 7, (File("/a.wav", 1.5), Text("dos"), Recording("digits/2"), Pause(0.2), "beep"), "es-MX", True),
    words.StopPlaying(1),
    words.Music(1, ""),
    words.Quiet(1),
    words.Record(1, 8, "/m.wav", 180.0, 5.0, 1.0, True, "#"),
    words.StopRecording(1),
    words.SendDigits(1, "12"),
    words.KeyByInfo(1, "5"),
    words.Mix(1, "room", True, None),
    words.Hear(1, False),
    words.Chime("room", ("beep",), "en"),
    words.Bridge(1, 2),
    words.Recorded(1, 8, "/m.wav", 3.5, "silence", ""),
    words.CallerSilent(1, 60.0),
    words.Reflect(1),
    words.CloseLeg(1),
    words.LegOpened(1, 20000),
    words.LegRefused(1, "no free port"),
    words.Finished(1, 7),
    words.Digit(1, "#"),
    words.LegClosed(1, 2, 3, 4, 5, 6),
    words.MediaPulse(4, 0.25),
    words.SignallingPulse(4),
    words.NewLink(),
    words.Drain(),
]


@pytest.mark.parametrize("word", ALL, ids=lambda w: type(w).__name__)
def test_a_word_arrives_as_it_was_sent(word: words.Word) -> None:
    here, there = words.pair()
    with here, there:
        assert words.send(here, word)
        assert words.receive(there) == (word, ())


def test_words_keep_apart_and_bring_descriptors() -> None:
    here, there = words.pair()
    with here, there:
        assert words.send(here, words.Reflect(1))
        assert words.send(here, words.NewLink(), here.fileno())
        assert words.receive(there) == (words.Reflect(1), ())
        came = words.receive(there)
        assert came is not None
        assert len(came[1]) == 1
        os.close(came[1][0])


def test_a_dead_end_is_noticed_by_reader_and_writer() -> None:
    here, there = words.pair()
    with here:
        there.close()
        assert words.receive(here) is None
        assert not words.send(here, words.Reflect(1))
