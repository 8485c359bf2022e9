"""One decision in the making: what it may look at, who calls, and the reasons so far.

Every module of the routing takes it; none keeps it. The words of the answer are plan.py's.
"""

from dataclasses import dataclass, field
from datetime import datetime

from appliance.directory.model import Directory, Phone
from appliance.reasons import Because, Reason, because
from appliance.sip_edge.identity import Calling, seen_inside
from appliance.sip_edge.plan import (
    Alert,
    OnFailure,
    Plan,
    PreferenceChange,
    Reach,
    Step,
    ToVoice,
)
from appliance.sip_edge.said import said
from appliance.vocabulary import Announcement, CallClass
from wire.diversion import Diversion

Way = tuple[tuple[Step, ...], OnFailure]
"""The steps of a plan, and what follows their failure."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Where a call has been on its way: what it must not come back to, and the diversions made here."""

    been: frozenset[tuple[str, str]] = frozenset()
    diverted: tuple[Diversion, ...] = ()
    extensions: tuple[Diversion, ...] = ()
    """The same diversions, as phones inside are shown them."""
    seconds: int = 0
    """How long who diverted it lets it ring there; 0: nobody did."""

    def at(self, kind: str, target_id: str) -> "Trail":
        return Trail(self.been | {(kind, target_id)}, self.diverted, self.extensions, self.seconds)

    def diverting(self, number: str, extension: str, reason: str, seconds: int) -> "Trail":
        return Trail(
            self.been,
            (*self.diverted, Diversion(number, reason)),
            (*self.extensions, Diversion(extension or number, reason)),
            seconds,
        )


@dataclass(slots=True)
class Decision:
    directory: Directory
    reach: Reach
    now: datetime
    ring_s: int
    dialled: str
    calling: Calling = Calling()  # noqa: RUF009 - frozen
    language: str = ""
    diversions: int = 0
    """Made before the call came here."""
    returns_to: Phone | None = None
    """The phone that transferred this call: where it goes back when it is not answered."""
    music: bool = False
    """A transfer made this call, and its company plays music meanwhile."""
    from_building: bool = False
    """It came from another building of ours: what is not here is not looked for elsewhere again."""
    told: bool = False
    """Its caller came by a trunk that may be told whom it talks to."""
    alone: bool = False
    """Its caller wants no other call while it is up (*70)."""
    person_id: str = ""
    charged: CallClass | None = None
    """What a forward of this call costs as, where that is more than the call itself."""
    reasons: list[Reason] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    changes: list[PreferenceChange] = field(default_factory=list)

    def note(self, code: Because, **params: str) -> None:
        self.reasons.append(because(code, **params))

    def plan(
        self, way: Way, call_class: CallClass, account: str, caller: str, destination: str, direction: str
    ) -> Plan:
        steps, after = way
        return Plan(
            steps,
            self.charged or call_class,
            account,
            caller,
            destination,
            direction,
            after,
            tuple(self.reasons),
            tuple(self.alerts),
            tuple(self.changes),
            self.person_id,
            self.music,
            self.alone,
        )


def by_voice(d: Decision, service: str, account_id: str, target: str = "", arg: str = "") -> ToVoice:
    """A service of voice, told who calls as the account sees it."""
    shown, _ = seen_inside(d.calling, account_id, d.directory)
    hidden = shown.private or not shown.user
    params = (
        ("account", account_id),
        ("caller", "" if hidden else shown.user),
        ("name", "" if hidden else shown.display),
        ("phone", d.calling.phone_id),
        ("target", target),
        ("arg", arg),
        ("shows", "1" if d.told else ""),
    )
    return ToVoice(service, d.language, tuple((name, value) for name, value in params if value))


def voice_way(d: Decision, step: ToVoice) -> Way:
    """A service of voice alone. Where voice is dead, or dies over it, the caller is asked to try later."""
    later = said(Announcement.TRY_LATER, 503, d.language)
    if d.reach.voice_up():
        return (step, later), OnFailure()
    d.note(Because.VOICE_DOWN)
    return (later,), OnFailure()
