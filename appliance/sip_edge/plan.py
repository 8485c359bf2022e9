"""The words of a call's routing: an attempt goes in, a plan comes out. Frozen, without behaviour.

`routing.route()` makes plans, kemi.py carries them out, `conserje explain` and the calls page print them.
"""

from dataclasses import dataclass
from typing import Protocol

from appliance.reasons import Reason
from appliance.vocabulary import Announcement, CallClass


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
class CallAttempt:
    """A new call as it reaches the building. `dialled` is the user part of the Request-URI, unescaped."""

    source: FromPhone | FromTrunk
    dialled: str
    call_id: str = ""


class Reach(Protocol):
    """What can be reached at this moment. Consistent for the length of one decision."""

    def registered(self, sip_user: str) -> bool: ...
    def trunk_up(self, trunk_id: str) -> bool: ...
    def voice_up(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is shown to the far end. `user` is an extension inside, E.164 outside (without plus if the trunk has none).

    Empty `user`: there is nothing to show; the From is anonymous. `asserted` goes to trusted trunks
    (P-Asserted-Identity, RFC 3325); empty: no such header.
    """

    user: str
    display: str = ""
    asserted: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One phone to ring, by its SIP identity; all its contacts ring."""

    phone_id: str
    sip_user: str


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring these phones until one answers. RFC 3261 §16.7 forks them when `together`, else in turn."""

    targets: tuple[Target, ...]
    together: bool
    seconds: int
    identity: Identity


@dataclass(frozen=True, slots=True)
class ToTrunk:
    """Offer the call to a trunk. `user` is the user part of its Request-URI.

    `silence_s`: no reply at all, not even 100, for so long is a failure of the trunk. `insist`: whatever the far end
    answers short of 200, the next trunk is tried (emergencies).
    """

    trunk_id: str
    user: str
    identity: Identity
    seconds: int = 60
    silence_s: int = 3
    insist: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """voice speaks as early media (183), then refuses with `status`; if voice is dead, the status alone."""

    announcement: Announcement
    status: int
    reason: str
    language: str


@dataclass(frozen=True, slots=True)
class ToVoice:
    """voice answers the call: a service by name, such as `echo`."""

    service: str
    language: str


@dataclass(frozen=True, slots=True)
class Refuse:
    status: int
    reason: str


Step = Ring | ToTrunk | Say | ToVoice | Refuse


@dataclass(frozen=True, slots=True)
class OnFailure:
    """After a step has failed: what the next step is, by the SIP status class of the failure (`failover.following`).

    A busy phone (486, 600, 603), silence (408, 480), a number that does not exist (404, 410, 484, 604) and all else may
    lead to different words. Where `not_found` is empty, `other` is used.
    """

    busy: tuple[Step, ...] = ()
    no_answer: tuple[Step, ...] = ()
    other: tuple[Step, ...] = ()
    not_found: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps tried in order until one answers; then, by how the last one failed, `after`.

    `reasons` explain every choice made, in order; `Reason.text(language)` is the sentence for people.
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
