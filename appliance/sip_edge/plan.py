"""The words of a call's routing: an attempt goes in, a plan comes out. Frozen, without behaviour.

`routing.route()` makes plans, kemi.py carries them out, `conserje explain` and the calls page print them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from appliance.reasons import Reason
from appliance.sip_edge.dialogs import Replaces
from appliance.vocabulary import Announcement, CallClass
from wire.diversion import Diversion


@dataclass(frozen=True, slots=True)
class FromPhone:
    """The caller is one of our phones, proven by digest."""

    phone_id: str


@dataclass(frozen=True, slots=True)
class FromTrunk:
    """The caller came in by a trunk, known by its source address. `caller` as the trunk wrote it; may be empty."""

    trunk_id: str
    caller: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class FromVoice:
    """voice goes on with a call that it holds: for a receptionist's caller, a transfer, a forward to be accepted.

    `caller` as it was shown (an extension, or E.164), `phone_id` where one of our phones calls. `on_behalf`: the person
    whose forwarding it is, whose permissions count. `why`: receptionist | accept | transfer | call-back | room.
    """

    account_id: str
    caller: str
    display: str = ""
    phone_id: str = ""
    why: str = ""
    on_behalf: str = ""


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """A new call as it reaches the building. `dialled` is the user part of the Request-URI, unescaped.

    `goto`: a DestinationKind and an id in the place of digits, only ever said by voice or by another building of ours.
    `diversions`: how often the call was diverted before it came here (RFC 7044, RFC 5806). `referred_by`: sip_user of
    the phone that transferred it (RFC 3892). `wants_privacy`: the caller asks to be hidden (RFC 3323). `replaces`: the
    call whose place it is to take (RFC 3891); its Request-URI need not be ours then, and `dialled` is empty.
    """

    source: FromPhone | FromTrunk | FromVoice
    dialled: str
    call_id: str = ""
    goto: tuple[str, str] | None = None
    diversions: int = 0
    referred_by: str = ""
    wants_privacy: bool = False
    replaces: Replaces | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """A call that is up, by sip_users: who called (empty: no phone of ours), and who rings, or the one who answered."""

    caller: str
    phones: tuple[str, ...]
    answered: bool
    plain: frozenset[str] = frozenset()
    """Phones of it that did not say that they know Replaces."""


WITHHELD = "anonymous"
"""Who rang last, where the phone was shown nobody."""


class Scope(StrEnum):
    """Whose calls or spending are counted. UNREPORTED: an account's spending that the centre does not know of yet."""

    PERSON = "person"
    ACCOUNT = "account"
    SITE = "site"
    UNREPORTED = "unreported"


class Reach(Protocol):
    """What can be reached at this moment. Consistent for the length of one decision."""

    def registered(self, sip_user: str) -> bool: ...
    def trunk_up(self, trunk_id: str) -> bool: ...
    def voice_up(self) -> bool: ...
    def link_up(self) -> bool:
        """Whether the centre can be reached."""

    def calls_of(self, sip_user: str) -> int:
        """Calls that this phone is in now, from dialogs: those that it makes, and those that it answered."""

    def alone(self, sip_user: str) -> bool:
        """Whether this phone makes a call beside which it wants no other (*70)."""

    def class_calls(self, scope: str, id: str, call_class: str) -> int:
        """Calls of a class that ring or talk now, of a person, an account or the site."""

    def spent_today(self, scope: str, id: str) -> int:
        """Centavos since midnight of the site, running calls included."""

    def last_dialled(self, phone_id: str) -> str:
        """What this phone dialled last; empty if nothing."""

    def last_caller(self, phone_id: str) -> str:
        """What to dial to call back who rang this phone last; WITHHELD if it was shown nobody, empty if nobody rang."""

    def talk(self, key: str) -> Talk | None:
        """A call by its name on the board; None: it is not up."""

    def sent_by(self, sip_user: str, where: str) -> str:
        """Who (sip_user) sent this phone there a moment ago, by REFER; empty: nobody. `where`: a call, or a room."""

    def room_of(self, sip_user: str) -> str:
        """The room of a call of three that this phone is in; empty: none."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is shown to the far end. `user` is an extension inside, E.164 outside (without plus if the trunk has none).

    Empty `user`: there is nothing to show; the From is anonymous. `asserted` goes to trusted trunks
    (P-Asserted-Identity, RFC 3325); empty: no such header. `prefix` stands before the name on a phone's screen.
    """

    user: str
    display: str = ""
    asserted: str = ""
    private: bool = False
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One phone to ring, by its SIP identity; all its contacts ring.

    With `trunk_id` it is a phone of another building of ours, reached by that trunk as `user`.
    """

    phone_id: str
    sip_user: str
    trunk_id: str = ""
    user: str = ""
    goto: str = ""
    """`kind:id`, said to the other building."""


@dataclass(frozen=True, slots=True)
class OnFailure:
    """After a step has failed: what the next step is, by the SIP status class of the failure (`failover.following`).

    A busy phone (486, 600, 603), silence (408, 480), a number that does not exist (404, 410, 484, 604) and all else may
    lead to different words. Where `not_found` is empty, `other` is used.
    """

    busy: "tuple[Step, ...]" = ()
    no_answer: "tuple[Step, ...]" = ()
    other: "tuple[Step, ...]" = ()
    not_found: "tuple[Step, ...]" = ()


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring these phones until one answers. RFC 3261 §16.7 forks them when `together`, else in turn, `seconds` each.

    `after`: ways of this step alone, taken before what follows it in the plan. `elsewhere`: phones that lose get a
    CANCEL that says so (RFC 3326), and count no missed call.
    """

    targets: tuple[Target, ...]
    together: bool
    seconds: int
    identity: Identity
    after: OnFailure = OnFailure()
    elsewhere: bool = True
    diverted: tuple[Diversion, ...] = ()
    replaces: str = ""
    """A Replaces header's value for these phones (RFC 3891)."""
    answers: bool = False
    """The phone is asked to answer by itself: its person talks already."""
    if_idle: bool = False
    """Passed over where one of its phones is in a call when its turn comes (groups.passed_over)."""


@dataclass(frozen=True, slots=True)
class ToTrunk:
    """Offer the call to a trunk. `user` is the user part of its Request-URI.

    `silence_s`: no reply at all, not even 100, for so long is a failure of the trunk. `insist`: whatever the far end
    answers short of 200, the next trunk is tried (emergencies). `location`: a civic address to send along (RFC 6442).
    `goto`: `kind:id`, said to another building of ours, which answers 404 where the phone is not there. `party`: who is
    called; trunks offered the same party stand for one another.
    """

    trunk_id: str
    user: str
    identity: Identity
    seconds: int = 60
    silence_s: int = 3
    insist: bool = False
    location: str = ""
    goto: str = ""
    party: str = ""
    diverted: tuple[Diversion, ...] = ()


@dataclass(frozen=True, slots=True)
class Say:
    """voice speaks as early media (183), then refuses with `status`; with voice dead rtpengine plays it (saying.py)."""

    announcement: Announcement
    status: int
    reason: str
    language: str


@dataclass(frozen=True, slots=True)
class ToVoice:
    """voice answers the call: a service by name, such as `echo`.

    `params` travel as headers `X-Conserje-<Name>`, percent-encoded: target, arg, and who calls (account, caller, name,
    phone).
    """

    service: str
    language: str
    params: tuple[tuple[str, str], ...] = ()

    def param(self, name: str) -> str:
        return dict(self.params).get(name, "")


@dataclass(frozen=True, slots=True)
class Refuse:
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class PickUp:
    """Give the caller the call that has rung longest at any of these phones; its own INVITE ends by it. 404: none.

    `key`: that very call, by its name on the board.
    """

    targets: tuple[Target, ...]
    key: str = ""


Step = Ring | ToTrunk | Say | ToVoice | Refuse | PickUp


class AlertKind(StrEnum):
    EMERGENCY = "emergency"
    EMERGENCY_TEST = "emergency-test"
    FRAUD = "fraud"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that people must learn of at once. `params` are plain texts: extension, location, limit, ..."""

    kind: AlertKind
    account_id: str
    params: tuple[tuple[str, str], ...] = ()

    def param(self, name: str) -> str:
        return dict(self.params).get(name, "")


@dataclass(frozen=True, slots=True)
class PreferenceChange:
    """A person's setting changed by a code. `field` is one of wire Preferences; `value` as text (`yes`, empty: no).

    With `kind` receptionist, the id is a receptionist's and the field its `override`.
    """

    person_id: str
    account_id: str
    field: str
    value: str
    kind: str = "preferences"


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps tried in order until one answers; then, by how the last one failed, `after`.

    `reasons` explain every choice made, in order; `Reason.text(language)` is the sentence for people. `alerts` are
    raised and `changes` made as the call begins, whatever becomes of it.
    """

    steps: tuple[Step, ...]
    call_class: CallClass
    account_id: str
    caller: str
    """Extension or E.164 of the caller, as it is logged."""
    destination: str
    """Normalised: an extension, E.164, or a service."""
    direction: str
    after: OnFailure = OnFailure()
    reasons: tuple[Reason, ...] = ()
    alerts: tuple[Alert, ...] = ()
    changes: tuple[PreferenceChange, ...] = ()
    person_id: str = ""
    """Whose call it is, for limits: the caller, or who forwards."""
    music: bool = False
    """While phones ring the caller hears the company's transfer music: a transfer made this call (M-2)."""
    alone: bool = False
    """While it is up, who else calls its caller meets busy (*70, W-1)."""
