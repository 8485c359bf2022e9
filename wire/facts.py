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
    payer_id: str = ""
    """The person whose spending it counts for: the caller, or who forwarded it abroad."""


@dataclass(frozen=True, slots=True)
class PhoneSeen:
    """A phone that is nobody's, or of another building, asked for something; it stands in the portal (P-2, J-3)."""

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


@dataclass(frozen=True, slots=True)
class PhoneAssigned:
    """Facility IT gave a phone that was `person_before`'s to another person of its company. All else of it stays."""

    fact: ClassVar[str] = "phone_assigned"
    phone_id: str
    account_id: str
    site_id: str
    person_before: str
    person_id: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class PhoneMoved:
    """A phone of another building registered here by its own password, from its own MAC address (J-3)."""

    fact: ClassVar[str] = "phone_moved"
    phone_id: str
    account_id: str
    site_id: str
    from_site_id: str
    """Where it stood by this building's copy: a phone that stands elsewhere by now has moved on."""
    address: str
    at: str


@dataclass(frozen=True, slots=True)
class MessageLeft:
    """A voicemail message: what is known of it. Its audio stays here; `sha256` and `bytes` are of the file."""

    fact: ClassVar[str] = "message_left"
    message_id: str
    mailbox_id: str
    account_id: str
    caller: str
    """Extension or E.164 as shown; empty: withheld."""
    caller_name: str
    at: str
    """When it began, ISO 8601 UTC."""
    duration_ms: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """A message was heard, saved or deleted by phone."""

    fact: ClassVar[str] = "message_changed"
    message_id: str
    mailbox_id: str
    account_id: str
    state: str
    """new | old | deleted"""
    at: str
    stamp: str = ""
    """By which it is merged with what is done at the centre (wire/messages.py); empty: the envelope's hlc."""


@dataclass(frozen=True, slots=True)
class MessageObeyed:
    """The building has done what a MessageState row of this stamp asked; the row may go."""

    fact: ClassVar[str] = "message_obeyed"
    message_id: str
    mailbox_id: str
    account_id: str
    stamp: str


@dataclass(frozen=True, slots=True)
class MailboxCleared:
    """The building holds nothing more of a mailbox that a MailboxGone row named; the row may go."""

    fact: ClassVar[str] = "mailbox_cleared"
    mailbox_id: str
    account_id: str


@dataclass(frozen=True, slots=True)
class PinChanged:
    """Its owner gave a mailbox another PIN by phone; `pin_hash` as wire/pins.py writes it."""

    fact: ClassVar[str] = "pin_changed"
    mailbox_id: str
    account_id: str
    pin_hash: str = field(repr=False)
    at: str


@dataclass(frozen=True, slots=True)
class GreetingChosen:
    """Its owner chose by phone what a mailbox says; `sha256` of what was recorded just now, empty where nothing was."""

    fact: ClassVar[str] = "greeting_chosen"
    mailbox_id: str
    account_id: str
    greeting: str
    sha256: str
    at: str


@dataclass(frozen=True, slots=True)
class MailboxLocked:
    """Wrong PINs closed a mailbox for a while. `by`: who called, as shown."""

    fact: ClassVar[str] = "mailbox_locked"
    mailbox_id: str
    account_id: str
    by: str
    at: str
    until: str


@dataclass(frozen=True, slots=True)
class PreferenceChanged:
    """A person changed a setting by a code. `field` one of wire Preferences; `value` as text (a switch: yes, or empty).

    When is the envelope's hlc: the last writer of each field wins.
    """

    fact: ClassVar[str] = "preference_changed"
    person_id: str
    account_id: str
    field: str
    value: str
    at: str


@dataclass(frozen=True, slots=True)
class ReceptionistOverridden:
    """A receptionist's hours were set by hand, by a code (V-6). `override`: one of wire Override."""

    fact: ClassVar[str] = "receptionist_overridden"
    receptionist_id: str
    account_id: str
    override: str
    at: str


@dataclass(frozen=True, slots=True)
class MenuGreetingRecorded:
    """A receptionist's greeting was recorded by phone (V-5); `sha256` and `bytes` of its octets, which follow."""

    fact: ClassVar[str] = "menu_greeting_recorded"
    menu_id: str
    receptionist_id: str
    account_id: str
    sha256: str
    bytes: int
    duration_ms: int
    person_id: str
    at: str


@dataclass(frozen=True, slots=True)
class EmergencyCalled:
    """Somebody called an emergency service, or tried its way (`test`). People must be told at once (E-3)."""

    fact: ClassVar[str] = "emergency_called"
    site_id: str
    account_id: str
    call_id: str
    dialled: str
    extension: str
    person: str
    phone_id: str
    location: str
    callback_number: str
    test: bool
    at: str


@dataclass(frozen=True, slots=True)
class LimitBreached:
    """A limit against toll fraud stopped a call (Q-6). `limit`: hours, calls-<scope> or spend-<scope>."""

    fact: ClassVar[str] = "limit_breached"
    site_id: str
    account_id: str
    call_id: str
    person: str
    number: str
    limit: str
    value: str
    most: str
    at: str


Fact = (
    Cdr
    | PhoneSeen
    | PhoneAdopted
    | PhoneSwapped
    | PhoneAssigned
    | PhoneMoved
    | MessageLeft
    | MessageChanged
    | MessageObeyed
    | MailboxCleared
    | PinChanged
    | GreetingChosen
    | MailboxLocked
    | PreferenceChanged
    | ReceptionistOverridden
    | MenuGreetingRecorded
    | EmergencyCalled
    | LimitBreached
)
CALL_FACTS = (PreferenceChanged, ReceptionistOverridden, MenuGreetingRecorded, EmergencyCalled, LimitBreached)
MAILBOX_FACTS = (MessageLeft, MessageChanged, MessageObeyed, MailboxCleared, PinChanged, GreetingChosen, MailboxLocked)
PHONE_FACTS = (PhoneSeen, PhoneAdopted, PhoneSwapped, PhoneAssigned, PhoneMoved)
FACT_TYPES: dict[str, type[Fact]] = {t.fact: t for t in (Cdr, *PHONE_FACTS, *MAILBOX_FACTS, *CALL_FACTS)}
"""The kinds that a centre of this version applies."""
SECRET_FIELDS = {PhoneAdopted.fact: "sip_secret", PhoneSwapped.fact: "sip_secret", PinChanged.fact: "pin_hash"}
"""The one field of a fact that is sealed in the building's journal, and opened for the way to the centre."""
WITH_SECRET = frozenset(SECRET_FIELDS)
