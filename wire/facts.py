"""Facts that a building makes and the centre receives: each travels in the journal, with an id, and is applied once."""

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Leg:
    """One branch of a call. `to`: a phone's sip_user, a trunk's id or a voice service. Times ISO 8601 UTC, ms."""

    kind: str
    """phone | trunk | voice"""
    to: str
    started_at: str
    ended_at: str
    status: int
    """Final SIP status of the branch; 0 while none came."""


@dataclass(frozen=True, slots=True)
class Cdr:
    """One record a call. Empty strings where a thing did not happen or is not known."""

    fact: ClassVar[str] = "cdr"
    id: str
    site_id: str
    account_id: str
    """The caller's account on calls from our phones, else the called number's."""
    call_id: str
    direction: str
    """internal | outbound | inbound"""
    caller: str
    """Extension of our person, else E.164."""
    caller_phone_id: str
    dialled: str
    """As dialled."""
    destination: str
    """Normalised: E.164, an extension, or a service name."""
    call_class: str
    started_at: str
    answered_at: str
    ended_at: str
    talk_ms: int
    cause: str
    """answered | busy | no-answer | cancelled | refused | failed"""
    sip_status: int
    answered_by: str
    """Phone id, trunk id or voice service."""
    trunk_id: str
    legs: tuple[Leg, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhoneSeen:
    """An unknown phone asked for something; it stands in the portal as "sin asignar" (P-2)."""

    fact: ClassVar[str] = "phone_seen"
    mac: str
    family: str
    model: str
    firmware: str
    address: str
    evidence: tuple[str, ...]
    first_seen_at: str
    last_seen_at: str
    switch_port: str = ""


@dataclass(frozen=True, slots=True)
class PhoneAdopted:
    """Facility IT gave an unknown phone to a person, perhaps while cut off. The centre makes it so everywhere.

    `sip_user` and `sip_secret` are the identity that the building has already given the phone.
    """

    fact: ClassVar[str] = "phone_adopted"
    phone_id: str
    account_id: str
    site_id: str
    person_id: str
    mac: str
    family: str
    model: str
    sip_user: str
    sip_secret: str = field(repr=False)
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class PhoneSwapped:
    """Another device took a phone's place: its row keeps id, person and `sip_user`; MAC, kind and secret are these."""

    fact: ClassVar[str] = "phone_swapped"
    phone_id: str
    account_id: str
    site_id: str
    old_mac: str
    new_mac: str
    family: str
    model: str
    sip_secret: str = field(repr=False)
    by: str
    at: str


FACT_TYPES = {t.fact: t for t in (Cdr, PhoneSeen, PhoneAdopted, PhoneSwapped)}
WITH_SECRET = frozenset({PhoneAdopted.fact, PhoneSwapped.fact})
"""Facts with a `sip_secret`: sealed in the building's journal, opened for the way to the centre."""
