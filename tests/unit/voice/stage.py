"""A conversation on paper: events go in by name, the desk answers at once from a function, timers run only as set."""

from collections.abc import Callable
from dataclasses import dataclass, field

from appliance.voice.dialogue import (
    Answer,
    Arrived,
    Ask,
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
    Left,
    LegReady,
    OpenLeg,
    Play,
    Refuse,
    StartTimer,
    StopTimer,
    Told,
)
from appliance.voice.sounds import Sound

ENDS = (HangUp, Refuse, End)


@dataclass
class OnPaper:
    """One call. `heard` is the last Play, `asked` all questions, `timers` those that run."""

    dialogue: Dialogue
    desk: Callable[[object], object] = lambda question: None
    effects: list[Effect] = field(default_factory=list)
    asked: list[object] = field(default_factory=list)
    timers: set[str] = field(default_factory=set)

    def called(self) -> "OnPaper":
        """Arrived, answered, connected."""
        return self.gets(Arrived(True))

    def gets(self, *events: Event) -> "OnPaper":
        for event in events:
            self.dialogue, effects = self.dialogue.step(event, 0.0)
            for effect in effects:
                self.effects.append(effect)
                self._follow(effect)
        return self

    def presses(self, keys: str) -> "OnPaper":
        return self.gets(*(Digit(key) for key in keys))

    def hears_out(self) -> "OnPaper":
        """The last Play comes to its end."""
        return self.gets(Finished())

    def waits(self, timer: str = "keys") -> "OnPaper":
        """That timer runs out."""
        assert timer in self.timers, f"{timer} does not run, only {self.timers}"
        self.timers.discard(timer)
        return self.gets(Expired(timer))

    def hangs_up(self) -> "OnPaper":
        return self.gets(Left())

    @property
    def heard(self) -> tuple[Sound, ...]:
        return next(e.sounds for e in reversed(self.effects) if isinstance(e, Play))

    @property
    def dialled(self) -> Dial | None:
        return next((e for e in reversed(self.effects) if isinstance(e, Dial)), None)

    @property
    def over(self) -> bool:
        return any(isinstance(e, ENDS) for e in self.effects)

    def did(self, effect: Effect) -> bool:
        return effect in self.effects

    def _follow(self, effect: Effect) -> None:
        match effect:
            case Ask(question):
                self.asked.append(question)
                self.gets(Told(question, self.desk(question)))
            case OpenLeg():
                self.gets(LegReady())
            case Answer():
                self.gets(Connected())
            case StartTimer(timer, _):
                self.timers.add(timer)
            case StopTimer(timer):
                self.timers.discard(timer)
            case _:
                pass


def goto(dial: Dial | None) -> str:
    """Where a leg to a destination leads, as Kamailio is told."""
    assert dial is not None
    return dict(dial.headers).get("X-Conserje-Goto", dial.user)
