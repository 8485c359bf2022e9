"""Parts of conversations that several services share: keys typed after a prompt, moving a caller on, last words. Pure.

A part is stepped by the conversation that holds it, and says beside its effects what came of it: None while it goes on.
"""

from dataclasses import dataclass, field, replace
from urllib.parse import quote

from appliance.held import Held
from appliance.vocabulary import Announcement
from appliance.voice.dialogue import (
    Bridge,
    Dial,
    Digit,
    Effects,
    Event,
    Expired,
    Finished,
    HangUp,
    Music,
    NotTaken,
    OtherLeft,
    Play,
    StartTimer,
    Status,
    StopPlaying,
    StopTimer,
    Taken,
)
from appliance.voice.menu_sentences import Say
from appliance.voice.sentences import RINGBACK
from appliance.voice.sounds import Sound

SILENCE_S = 7.0
"""V-4: without a key for so long after a prompt, the caller is taken for lost."""
BETWEEN_DIGITS_S = 3.0
KEYS = "keys"
"""The timer of keys."""
RING_S = 180.0
"""The routing ends a ring before; this is for a routing that died."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as Kamailio said it (X-Conserje-*). `phone_id`: one of our phones, else empty."""

    account_id: str = ""
    number: str = ""
    name: str = ""
    phone_id: str = ""


NOBODY = Caller()


@dataclass(frozen=True, slots=True)
class Entry:
    """Keys after a prompt, until #, the longest input, or a pause.

    Its outcome: the digits; `#` for that key alone; `*` for that key first (later it begins anew); empty for silence.
    A key during the prompt cuts it short. `typed` is not shown: it may be a PIN.
    """

    prompt: tuple[Sound, ...]
    language: str
    longest: int = 20
    typed: str = field(default="", repr=False)

    def begin(self) -> tuple["Entry", Effects]:
        return replace(self, typed=""), (StopTimer(KEYS), Play(self.prompt, self.language))

    def step(self, event: Event) -> tuple["Entry", Effects, str | None]:
        match event:
            case Finished() if not self.typed:
                return self, (StartTimer(KEYS, SILENCE_S),), None
            case Expired(timer) if timer == KEYS:
                return self, (), self.typed
            case Digit(key):
                return self._pressed(key)
            case _:
                return self, (), None

    def _pressed(self, key: str) -> tuple["Entry", Effects, str | None]:
        quiet: Effects = () if self.typed else (StopPlaying(),)
        if key == "#":
            return self, (*quiet, StopTimer(KEYS)), self.typed or "#"
        if key == "*" and not self.typed:
            return self, (*quiet, StopTimer(KEYS)), "*"
        typed = "" if key == "*" else self.typed + key
        if len(typed) >= self.longest:
            return self, (*quiet, StopTimer(KEYS)), typed
        pause = BETWEEN_DIGITS_S if typed else SILENCE_S
        return replace(self, typed=typed), (*quiet, StartTimer(KEYS, pause)), None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a caller hears while it is moved (M-2): a track by its path ("" the default one), or None: it rings."""

    track: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Put the caller through by a second leg. Its outcome: the refusal, when nobody took it; else it ends the call."""

    dial: Dial
    waiting: Waiting
    language: str
    bridged: bool = False

    def begin(self) -> tuple["Move", Effects]:
        dial: Effects = (StopTimer(KEYS), self.dial)
        if self.waiting.track is None:
            return self, (Play((Say.ONE_MOMENT, RINGBACK), self.language), *dial)
        return self, (Music(self.waiting.track), Play((Say.ONE_MOMENT,), self.language), *dial)

    def step(self, event: Event) -> tuple["Move", Effects, Status | None]:
        match event:
            case Finished() if not self.bridged and self.waiting.track is None:
                return self, (Play((RINGBACK,), self.language),), None
            case Taken():
                return replace(self, bridged=True), (StopPlaying(), Bridge()), None
            case NotTaken(status):
                return self, (StopPlaying(),), status
            case OtherLeft():
                return self, (HangUp(),), None
            case _:
                return self, (), None


@dataclass(frozen=True, slots=True)
class LastWords:
    """A whole conversation: say these and hang up, whatever is pressed."""

    words: tuple[Sound, ...]
    language: str

    def begin(self) -> tuple["LastWords", Effects]:
        return self, (StopTimer(KEYS), Play(self.words, self.language))

    def step(self, event: Event, now: float) -> tuple["LastWords", Effects]:
        return self, (HangUp(),) if isinstance(event, Finished) else ()


def goto(caller: Caller, kind: str, target_id: str, why: str = "receptionist") -> Dial:
    """A leg to a destination of the directory, as Kamailio's routing takes it from voice."""
    return Dial("goto", caller.number, caller.name, _headers(caller, why, ("Goto", f"{kind}:{target_id}")), RING_S)


def to_digits(caller: Caller, digits: str, why: str, *more: tuple[str, str]) -> Dial:
    """A leg to what a person of ours could dial."""
    return Dial(digits, caller.number, caller.name, _headers(caller, why, *more), RING_S)


def as_from(dial: Dial, number: str, name: str, shown: str = "") -> Dial:
    """The same leg in another one's name: who is transferred, where it was made out in the name of who transfers.

    `shown`: that one, as P-Asserted-Identity has it, for a call that is taken over.
    """
    whose = ("x-conserje-caller", "x-conserje-name", "x-conserje-phone")
    kept = tuple(header for header in dial.headers if header[0].lower() not in whose)
    said = tuple((f"X-Conserje-{n}", quote(v, safe=",:+*")) for n, v in (("Caller", number), ("Name", name)) if v)
    dialog = replace(Held.of(dial.dialog), shown=shown).text() if dial.dialog else ""
    return replace(dial, number=number, name=name, headers=(*said, *kept), dialog=dialog)


def _headers(caller: Caller, why: str, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    said = (
        ("Account", caller.account_id),
        ("Caller", caller.number),
        ("Name", caller.name),
        ("Phone", caller.phone_id),
        ("Why", why),
        *more,
    )
    return tuple((f"X-Conserje-{name}", quote(value, safe=",:+*")) for name, value in said if value)


def sorry(status: Status) -> Announcement:
    """Why a caller could not be put through."""
    match status.code:
        case 486 | 600:
            return Announcement.BUSY
        case 404 | 410 | 484 | 604:
            return Announcement.NO_SUCH_EXTENSION
        case 403:
            return Announcement.NOT_PERMITTED
        case _:
            return Announcement.NOT_AVAILABLE
