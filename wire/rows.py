"""The facts that the centre owns and every building holds a copy of: frozen dataclasses of plain values.

One definition serves the change feed, the building's SQLite tables and the routing. A field whose metadata says
``secret`` is sealed wherever it touches a disk. Ids are opaque strings, unique everywhere.
A building gets: its site, its trunks, the accounts present at it, and all that belongs to those accounts.
"""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar

from wire.fields import secret as _secret
from wire.services import SERVICE_ROW_TYPES, ServiceRow


class DestinationKind(StrEnum):
    """What an extension or a number can lead to."""

    PERSON = "person"
    RING_GROUP = "ring_group"
    RECEPTIONIST = "receptionist"
    CONFERENCE = "conference"
    MAILBOX = "mailbox"


class DialProfile(StrEnum):
    """Which Mexican dialling habits a site accepts (docs/dialling.md)."""

    MX2017 = "mx2017"
    MX2020 = "mx2020"


class TrunkKind(StrEnum):
    CARRIER = "carrier"
    CENTRAL = "central"
    GATEWAY = "gateway"


class KeyKind(StrEnum):
    """What a programmable key of a phone does."""

    LINE = "line"
    BLF = "blf"
    """Watches an extension, calls it, picks up what rings there."""
    SPEED = "speed"
    PARK = "park"


@dataclass(frozen=True, slots=True)
class Site:
    """A building. `callback_number` (E.164) is shown on emergency calls; `address` goes with them."""

    kind: ClassVar[str] = "site"
    id: str
    name: str
    timezone: str = "America/Mexico_City"
    area_code: str = "55"
    dial_profile: str = DialProfile.MX2020
    strict_dialling: bool = False
    address: str = ""
    callback_number: str = ""
    language: str = "es-MX"


@dataclass(frozen=True, slots=True)
class Account:
    """A company. Extensions, numbers and people mean nothing outside their account."""

    kind: ClassVar[str] = "account"
    id: str
    name: str
    language: str = "es-MX"
    default_kind: str = ""
    default_target_id: str = ""
    """Where a number without a mapping leads (N-2): a DestinationKind and the id of that thing; empty: nowhere."""


@dataclass(frozen=True, slots=True)
class Presence:
    """An account has phones at a site."""

    kind: ClassVar[str] = "presence"
    id: str
    account_id: str
    site_id: str


@dataclass(frozen=True, slots=True)
class Person:
    kind: ClassVar[str] = "person"
    id: str
    account_id: str
    first_name: str
    last_name: str = ""
    email: str = ""
    language: str = ""
    """Empty: the account's."""
    international: bool = False
    premium: bool = False
    area_code: str = ""
    """For 7 and 8 digit dialling; empty: the site's."""
    caller_id: str = ""
    """E.164 shown outside; empty: the person's first mapped number, else the site's call-back number."""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Extension:
    """A short number of one account. `digits` is unique in the account, never across accounts."""

    kind: ClassVar[str] = "extension"
    id: str
    account_id: str
    digits: str
    target_kind: str
    target_id: str


@dataclass(frozen=True, slots=True)
class Number:
    """A DID. `e164` with its plus; unique everywhere."""

    kind: ClassVar[str] = "number"
    id: str
    account_id: str
    e164: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """A number leads to exactly one thing: the mapping's id is the number's id (N-4)."""

    kind: ClassVar[str] = "mapping"
    id: str
    account_id: str
    target_kind: str
    target_id: str


@dataclass(frozen=True, slots=True)
class Phone:
    """A device. `sip_user` is its own identity, unique everywhere, and never the extension.

    `mac`: twelve lower-case hex digits. `person_id` empty: assigned to the account, to nobody yet.
    """

    kind: ClassVar[str] = "phone"
    id: str
    account_id: str
    site_id: str
    person_id: str
    mac: str
    family: str
    model: str
    sip_user: str
    sip_secret: str = _secret()
    label: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class LineKey:
    """A programmable key of a phone. `position` from 1; `key_kind` a KeyKind; `value` what it dials or watches."""

    kind: ClassVar[str] = "line_key"
    id: str
    account_id: str
    phone_id: str
    position: int
    key_kind: str
    value: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Trunk:
    """A way out of a site. Tried in `priority` order, lowest first.

    `host` is an address or name; `port` 0: found by the name's SRV records (RFC 3263), else the transport's port.
    `plus` says whether the user part carries the plus of E.164.
    """

    kind: ClassVar[str] = "trunk"
    id: str
    site_id: str
    name: str
    trunk_kind: str
    host: str
    port: int = 5060
    transport: str = "udp"
    priority: int = 10
    plus: bool = True
    username: str = ""
    secret: str = _secret()
    trusted: bool = True
    """A trusted trunk is sent P-Asserted-Identity (RFC 3325)."""


Row = Site | Account | Presence | Person | Extension | Number | Mapping | Phone | LineKey | Trunk | ServiceRow

ROW_TYPES: tuple[type[Row], ...] = (
    Site,
    Account,
    Presence,
    Person,
    Extension,
    Number,
    Mapping,
    Phone,
    LineKey,
    Trunk,
    *SERVICE_ROW_TYPES,
)
BY_KIND: dict[str, type[Row]] = {t.kind: t for t in ROW_TYPES}


def secret_fields(row_type: type[Row]) -> tuple[str, ...]:
    """Names of the fields to seal at rest."""
    return tuple(f.name for f in fields(row_type) if f.metadata.get("secret"))
