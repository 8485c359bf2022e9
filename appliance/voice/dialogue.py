"""The words of a conversation with a caller: what happens to it (events) and what it wants done (effects). Pure.

A service is one frozen dataclass with a `step`; session.py is the one shell that carries effects out. A service knows
nothing of SIP messages, SDP, codecs or sockets, and time comes to it as events: a 32-second wait is tested at once.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Status:
    """A final SIP status, as it goes to the caller."""

    code: int
    reason: str


# Events ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrived:
    """The call is here, unanswered. `early` says whether the caller can hear before an answer (it sent its address)."""

    early: bool


@dataclass(frozen=True, slots=True)
class LegReady:
    """Its leg is open: progress or an answer can be sent now."""


@dataclass(frozen=True, slots=True)
class Connected:
    """Answered, and the caller's address is known: what is played now is heard."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last Play came to its end."""


@dataclass(frozen=True, slots=True)
class Digit:
    key: str


@dataclass(frozen=True, slots=True)
class Expired:
    timer: str


@dataclass(frozen=True, slots=True)
class Left:
    """The caller hung up or cancelled; nothing can be said any more."""


@dataclass(frozen=True, slots=True)
class LegLost:
    """No leg could be opened, or the media engine died with it."""


Event = Arrived | LegReady | Connected | Finished | Digit | Expired | Left | LegLost


# Effects --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenLeg:
    """Get a leg; LegReady or LegLost follows."""


@dataclass(frozen=True, slots=True)
class Progress:
    """183 with SDP: the caller hears us, unanswered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """200; Connected follows."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The final answer of a call that was never answered. The session ends."""

    status: Status


@dataclass(frozen=True, slots=True)
class HangUp:
    """BYE. The session ends."""


@dataclass(frozen=True, slots=True)
class Play:
    """These cues (prompts.CUES), one after the other, instead of what sounds now. Finished follows."""

    cues: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Reflect:
    """Give the caller his own sound back, instead of what sounds now."""


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Expired follows in `seconds`, unless it is started anew. A session's end ends its timers."""

    timer: str
    seconds: float


@dataclass(frozen=True, slots=True)
class End:
    """Nothing is left to do; the session ends without a word."""


Effect = OpenLeg | Progress | Answer | Refuse | HangUp | Play | Reflect | StartTimer | End
Effects = tuple[Effect, ...]


class Dialogue(Protocol):
    """One conversation at one moment. Immutable; `step` never raises, whatever the event and whenever it comes."""

    def step(self, event: Event, now: float) -> "tuple[Dialogue, Effects]":
        """The conversation after `event`, and what is to be done. `now` is monotonic seconds."""
