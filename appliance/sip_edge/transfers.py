"""Who carries a transfer out: the far end that the REFER is for, or voice, which takes the transferor's place.

Between two phones of a company a REFER is relayed. A trunk is never asked: it may refuse, and would call at nobody
knows whose cost; nor is a neighbour's phone, to which an extension means another person. There voice goes on with the
transferor's dialog (voice/takeover.py), so that the far end sees no more than a re-INVITE. Nobody outside moves our
calls. Pure; the facts are Kamailio's (kamailio/handover.py).
"""

from dataclasses import dataclass

from appliance.directory.model import Site
from appliance.directory.numbering import bare, normalise
from appliance.sip_edge.dialogs import ReferTo
from appliance.sip_edge.plan import Identity
from appliance.sip_edge.starcodes import Feature, parse

MOST_TARGET = 40
"""Longer than any number or code that leads anywhere."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A call of which the transferor is one end. `far`: sip_user of the other one; empty: none of our phones."""

    far: str = ""
    neighbour: bool = False
    """The other end is a phone of another company in this building."""
    answered: bool = True
    by_voice: bool = False
    """voice is the other end: a menu, a mailbox, a slot."""
    known: bool = True
    """Whether what is needed to go on in it is known (kamailio/places.py)."""

    @property
    def colleague(self) -> bool:
        """Whether the other end can be told to call somebody, and calls whom the transferor means."""
        return bool(self.far) and not self.neighbour


@dataclass(frozen=True, slots=True)
class Referral:
    """A REFER within a call, as a worker sees it."""

    sender: str
    """sip_user of who sends it; empty: none of our phones, or a call that is not known."""
    talk: Conversation
    outsider: bool
    """It comes from a trunk."""
    to: ReferTo | None
    """None: it points nowhere, or to several."""
    ours: bool
    """Whether it points to this building."""
    consulted: Conversation | None = None
    """The call that its Replaces names, where the sender is in it."""
    voice_up: bool = True


@dataclass(frozen=True, slots=True)
class Relay:
    """The far end does it."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The call goes on as it was. `why` is for the log."""

    status: int
    reason: str
    why: str


@dataclass(frozen=True, slots=True)
class Take:
    """voice takes the transferor's place and calls `digits`, with this Replaces where one is named."""

    digits: str
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """voice takes the transferor's place in both calls and puts them together."""


Verdict = Relay | Deny | Take | Join


def judged(asked: Referral) -> Verdict:
    """What is done with a REFER. Never raises."""
    if asked.outsider:
        return Deny(403, "Forbidden", "a trunk may not move our calls")
    if not asked.sender:
        return Relay()
    to = asked.to
    if to is None:
        return Deny(400, "Bad Refer-To", "it points nowhere")
    if to.replaces:
        return _attended(asked, to)
    return Relay() if asked.talk.colleague else _blind(asked, to)


def _blind(asked: Referral, to: ReferTo, replaces: str = "") -> Verdict:
    if not asked.ours:
        return Deny(403, "Forbidden", "it points out of the building")
    if not to.user or len(to.user) > MOST_TARGET:
        return Deny(484, "Address Incomplete", "no such number")
    if not asked.voice_up:
        return Deny(503, "Service Unavailable", "voice is down") if asked.talk.neighbour else Relay()
    return Take(to.user, replaces)


def _attended(asked: Referral, to: ReferTo) -> Verdict:
    consulted = asked.consulted
    if consulted is None:
        known = "the call that it would replace is not the sender's"
        return Relay() if asked.talk.colleague else Deny(481, "No Such Call To Replace", known)
    if asked.talk.colleague and (consulted.colleague or consulted.by_voice):
        return Relay()
    if consulted.by_voice:
        return _blind(asked, to, to.replaces.text if to.replaces else "")
    if not consulted.answered:
        return Relay() if asked.talk.colleague else _blind(asked, to)
    if not asked.voice_up:
        return Relay() if asked.talk.colleague else Deny(503, "Service Unavailable", "voice is down")
    if not consulted.known:
        return Deny(481, "No Such Call To Replace", "Kamailio began anew since it was answered")
    return Join()


def outsider(user: str, display: str, dialled: bool, site: Site, area: str) -> Identity:
    """A party out there as our phones are to see it: in E.164 where what was `dialled` can be read so."""
    if not dialled:
        return Identity(user, display, private=user == "anonymous" or not user)
    coded = parse(bare(user))
    digits = bare(coded.argument if coded is not None and coded.feature in (Feature.HIDE, Feature.SHOW) else user)
    read = normalise(digits, site.dial_profile, area or site.area_code, site.strict_dialling)
    return Identity(read.e164 or read.short or digits)
