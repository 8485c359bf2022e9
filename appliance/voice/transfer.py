"""A call that one of our phones transferred, from when voice has taken that phone's place in it (X-2, X-3). Pure.

The other end hears the company's transfer music, or ringing, while the target is called; Kamailio's routing brings the
call back to who transferred it where nobody takes it. Who transferred is let go as soon as anything rings. In an
attended transfer the call that was consulted is taken over in the place of a new one.
"""

from dataclasses import dataclass, replace

from appliance.voice.dialogue import (
    Bridge,
    Connected,
    Dial,
    Dialogue,
    Effects,
    Event,
    Finished,
    HangUp,
    Music,
    NotTaken,
    OtherLeft,
    Play,
    Report,
    Ringing,
    ShowOther,
    Status,
    StopPlaying,
    Taken,
)
from appliance.voice.parts import LastWords, Waiting, sorry
from appliance.voice.sentences import RINGBACK

DONE = Status(200, "OK")


@dataclass(frozen=True, slots=True)
class Transfer:
    """`dial` is the leg to the target. `told`: who transferred it knows the outcome."""

    dial: Dial
    waiting: Waiting
    language: str
    told: bool = False
    shows: bool = False
    """Who is transferred has a phone that is to show the target, or comes by a trunk that is to be told of it."""
    bridged: bool = False
    words: LastWords | None = None

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        if self.words is not None:
            words, effects = self.words.step(event, now)
            return replace(self, words=words), effects
        match event:
            case Connected():
                track = self.waiting.track
                heard = Play((RINGBACK,), self.language) if track is None else Music(track)
                return self, (heard, self.dial)
            case Finished() if self.waiting.track is None and not self.bridged:
                return self, (Play((RINGBACK,), self.language),)
            case Ringing():
                return self._tell(DONE)
            case Taken():
                told, report = self._tell(DONE)
                shown: Effects = (ShowOther(),) if self.shows else ()
                return replace(told, bridged=True), (StopPlaying(), Bridge(), *report, *shown)
            case NotTaken(status):
                told, report = self._tell(status)
                words, effects = LastWords((sorry(status),), self.language).begin()
                return replace(told, words=words), (*report, *effects)
            case OtherLeft():
                return self, (HangUp(),)
            case _:
                return self, ()

    def _tell(self, status: Status) -> tuple["Transfer", Effects]:
        return (self, ()) if self.told else (replace(self, told=True), (Report(status),))
