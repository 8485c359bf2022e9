"""The rows of what a company's phone service does: groups, receptionists, mailboxes, rooms, sounds, habits and limits.

Rows are flat: a list (members, keys, hours) is rows of its own, so that an edit of one travels alone and the centre's
database can keep each link inside its company. Part of wire/rows.py, which lists all kinds.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from wire.fields import secret


class ForwardMode(StrEnum):
    """When a person's calls go elsewhere (G-1)."""

    DISABLED = "disabled"
    OFFLINE = "offline"
    """Only when none of the person's devices is registered."""
    ALWAYS = "always"


class Greeting(StrEnum):
    """What a mailbox says before the tone."""

    DEFAULT = "default"
    CUSTOM = "custom"
    AWAY = "away"


class GroupMode(StrEnum):
    TOGETHER = "together"
    IN_TURN = "in_turn"


class Override(StrEnum):
    """A receptionist's hours by hand (V-6)."""

    AUTO = "auto"
    OPEN = "open"
    CLOSED = "closed"


class MenuMode(StrEnum):
    """Which of a receptionist's three menus; holiday goes before business, business before after-hours (V-2)."""

    BUSINESS = "business"
    AFTER_HOURS = "after_hours"
    HOLIDAY = "holiday"


class KeyAction(StrEnum):
    """What a receptionist's key does beside leading to a DestinationKind."""

    REPEAT = "repeat"
    DIAL_BY_NAME = "dial_by_name"
    HANG_UP = "hang_up"


class TransferSound(StrEnum):
    """What a caller hears while a call is being transferred (M-2)."""

    MUSIC = "music"
    RINGBACK = "ringback"


@dataclass(frozen=True, slots=True)
class Preferences:
    """A person's own settings; its id is the person's. Without the row all is as here.

    Numbers are kept as the person dialled them: an extension, or what the site's dialling profile reads.
    `stamps`: when each field was last written, `field=hlc` parted by `;` (hlc of wire/feed.py): the last writer of each
    field wins, wherever it was written. A field without a stamp is older than any.
    """

    kind: ClassVar[str] = "preferences"
    id: str
    account_id: str
    forward_mode: str = ForwardMode.DISABLED
    forward_to: str = ""
    forward_busy_to: str = ""
    """Empty: not forwarded when busy."""
    forward_no_answer_to: str = ""
    forward_confirm: bool = False
    """Who answers a forwarded call must press 1 to take it (G-2)."""
    do_not_disturb: bool = False
    call_waiting: bool = True
    hide_caller_id: bool = False
    stamps: str = ""


MOST_TOGETHER = 25
"""Members that one call rings at once: Kamailio makes 30 branches of it at most, and a member may have two phones."""


@dataclass(frozen=True, slots=True)
class RingGroup:
    """Members ring together or in turn, `ring_s` seconds in all, or each. Then the no-answer destination.

    `no_answer_kind`: person or mailbox (or empty: the caller hears that nobody answered). 5 <= ring_s <= 300.
    """

    kind: ClassVar[str] = "ring_group"
    id: str
    account_id: str
    name: str
    mode: str = GroupMode.TOGETHER
    ring_s: int = 20
    no_answer_kind: str = ""
    no_answer_target_id: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A person with all devices, or one single device, in a ring group. `position` from 1: the order in turn."""

    kind: ClassVar[str] = "member"
    id: str
    account_id: str
    ring_group_id: str
    position: int
    target_kind: str
    """person | phone"""
    target_id: str


@dataclass(frozen=True, slots=True)
class Sound:
    """A greeting or a track of music. With `sha256` a file, which the building fetches; else `text` is spoken.

    The file is WAV, 16-bit mono, 8 kHz: the centre converts what is uploaded, `sha256` is of the result.
    """

    kind: ClassVar[str] = "sound"
    id: str
    account_id: str
    name: str
    sha256: str = ""
    bytes: int = 0
    duration_ms: int = 0
    text: str = ""
    language: str = ""
    """Of the text; empty: the account's."""


@dataclass(frozen=True, slots=True)
class Music:
    """An account's two sounds; its id is the account's. Empty sound: the building's own track."""

    kind: ClassVar[str] = "music"
    id: str
    account_id: str
    hold_sound_id: str = ""
    transfer_sound_id: str = ""
    transfer: str = TransferSound.MUSIC


@dataclass(frozen=True, slots=True)
class Schedule:
    """A named week of an account; receptionists refer to it. Its hours and holidays are rows of their own."""

    kind: ClassVar[str] = "schedule"
    id: str
    account_id: str
    name: str


@dataclass(frozen=True, slots=True)
class OpenHours:
    """One range of one weekday: 0 is Monday; minutes from midnight, multiples of 15, `to` excluded, <= 1440."""

    kind: ClassVar[str] = "open_hours"
    id: str
    account_id: str
    schedule_id: str
    weekday: int
    from_minute: int
    to_minute: int


@dataclass(frozen=True, slots=True)
class Holiday:
    """Whole days, ISO dates, both included, in the receptionist's own time zone."""

    kind: ClassVar[str] = "holiday"
    id: str
    account_id: str
    schedule_id: str
    name: str
    first_day: str
    last_day: str


@dataclass(frozen=True, slots=True)
class Receptionist:
    """A virtual receptionist. Without a schedule its business menu plays all week (V-2).

    `default_kind`/`default_target_id`: where a caller goes who fails three times; empty: goodbye.
    """

    kind: ClassVar[str] = "receptionist"
    id: str
    account_id: str
    name: str
    timezone: str = ""
    """Empty: the site's."""
    schedule_id: str = ""
    direct_dial: bool = True
    """Callers may dial extensions."""
    override: str = Override.AUTO
    override_stamp: str = ""
    """hlc of the last change of `override`: by code in a building, or in the portal; the last one wins."""
    default_kind: str = ""
    default_target_id: str = ""
    language: str = ""
    """Empty: the account's."""


@dataclass(frozen=True, slots=True)
class Menu:
    """One of a receptionist's three menus. `greeting_sound_id` empty: the building's own sentence.

    A receptionist without a menu for a mode plays its business menu's keys with that mode's own sentence.
    """

    kind: ClassVar[str] = "menu"
    id: str
    account_id: str
    receptionist_id: str
    mode: str
    greeting_sound_id: str = ""


def recorded_sound_id(menu_id: str, sha256: str) -> str:
    """The id of the Sound that a greeting recorded by phone becomes, in the building at once and at the centre."""
    return f"{RECORDED_SOUND}{hashlib.sha256(f'{menu_id}/{sha256}'.encode()).hexdigest()[:24]}"


RECORDED_SOUND = "sound-by-phone-"


@dataclass(frozen=True, slots=True)
class MenuKey:
    """`digit`: 0-9 or *. `action`: a DestinationKind with `target_id`, or a KeyAction without."""

    kind: ClassVar[str] = "menu_key"
    id: str
    account_id: str
    menu_id: str
    digit: str
    action: str
    target_id: str = ""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A voicemail box. With `person_id` that person's; without, a shared one reached by destinations only.

    `pin_hash`: scrypt, as wire/pins.py writes it; empty: no PIN was set, and only the owner's own phone may set one.
    """

    kind: ClassVar[str] = "mailbox"
    id: str
    account_id: str
    name: str
    person_id: str = ""
    enabled: bool = True
    answer_after_s: int = 20
    greeting: str = Greeting.DEFAULT
    greeting_sound_id: str = ""
    """The custom one made in the portal; one recorded by phone lies in the building under the mailbox's id."""
    pin_hash: str = secret()
    email: str = ""
    """Where messages are mailed; empty: nowhere."""
    max_messages: int = 100
    max_message_s: int = 300
    stamps: str = ""
    """As Preferences.stamps: `pin_hash` and `greeting` are also written by phone."""


@dataclass(frozen=True, slots=True)
class OwnGreeting:
    """What a mailbox's owner recorded as one of its greetings, in the portal or by phone; `id` is own_greeting_id().

    The file is as a Sound's. Without `sha256` it was taken away. What was recorded by phone counts only while its own
    stamp is later than `stamp`.
    """

    kind: ClassVar[str] = "own_greeting"
    id: str
    account_id: str
    mailbox_id: str
    greeting: str
    """custom | away"""
    sha256: str = ""
    bytes: int = 0
    duration_ms: int = 0
    former_sha256: str = ""
    """What callers hear until the building has fetched the file."""
    stamp: str = ""


def own_greeting_id(mailbox_id: str, greeting: str) -> str:
    return f"{mailbox_id}.{greeting}"


@dataclass(frozen=True, slots=True)
class MessageState:
    """What its owner did with a voicemail message at the centre. `id` is the message's, `site_id` where it lies.

    It is there until that building has told that it did the same (MessageObeyed); merged by wire/messages.py.
    """

    kind: ClassVar[str] = "message_state"
    id: str
    account_id: str
    site_id: str
    mailbox_id: str
    state: str
    """new | old | deleted"""
    stamp: str


@dataclass(frozen=True, slots=True)
class MailboxGone:
    """A mailbox was deleted at the centre: building `site_id` is to delete what it holds of it.

    It is there until that building has told that it did (MailboxCleared). A mailbox that is merely not in a revision
    loses nothing: an older revision may be in force again.
    """

    kind: ClassVar[str] = "mailbox_gone"
    id: str
    account_id: str
    site_id: str
    mailbox_id: str


def mailbox_gone_id(mailbox_id: str, site_id: str) -> str:
    return f"{mailbox_id}.{site_id}"


@dataclass(frozen=True, slots=True)
class ConferenceServer:
    """An account's conference line: what an extension or a number of kind `conference` leads to."""

    kind: ClassVar[str] = "conference"
    id: str
    account_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Room:
    """A conference room. `number` is the id that callers dial, digits, unique in the account.

    `pin` and `moderator_pin` are digits; empty: none. A room without PIN takes callers of the company alone, and those
    only where `internal_without_pin`.
    """

    kind: ClassVar[str] = "room"
    id: str
    account_id: str
    number: str
    name: str
    pin: str = secret()
    moderator_pin: str = secret()
    internal_without_pin: bool = False
    wait_for_moderator: bool = False
    max_participants: int = 10
    host_leaves_ends: bool = False
    """Whether the room ends when its moderator leaves."""
    person_id: str = ""


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """Calls of three that the building mixes for a phone (W-2); its id is the account's. Without the row: as here."""

    kind: ClassVar[str] = "three_way"
    id: str
    account_id: str
    goes_on: bool = False
    """Whether the others go on talking when the person who joined them hangs up."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What calls may cost, per account; its id is the account's. Amounts in centavos of MXN; 0 means no limit.

    `balance` as the centre last said it; while cut off, the building may spend `offline_budget` of it, no more.
    """

    kind: ClassVar[str] = "limits"
    id: str
    account_id: str
    prepaid: bool = False
    balance: int = 0
    offline_budget: int = 10_000
    international_per_minute: int = 500
    premium_per_minute: int = 1500
    international_at_once_person: int = 2
    international_at_once_account: int = 5
    spend_day_person: int = 50_000
    spend_day_account: int = 200_000
    international_schedule_id: str = ""
    """International and premium calls only within this schedule's hours; empty: at any time."""


@dataclass(frozen=True, slots=True)
class MovePolicy:
    """How a company's phones move from building to building; its id is the account's. Without the row: as here."""

    kind: ClassVar[str] = "move_policy"
    id: str
    account_id: str
    asks: bool = False
    """Somebody at the centre must say so, each time; else a phone that proves itself in the other building moves."""


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """Toll-fraud limits of a whole building; its id is the site's. Without the row: as here."""

    kind: ClassVar[str] = "site_limits"
    id: str
    site_id: str
    international_at_once: int = 20
    spend_day: int = 1_000_000


TRUNK_CLASSES = (
    "internal", "national", "toll_free", "shared_cost", "personal", "special", "international", "premium",
)  # fmt: skip
"""CallClass values (appliance/vocabulary.py) that a trunk may be kept for; `internal`: to another building."""


@dataclass(frozen=True, slots=True)
class TrunkUse:
    """How a trunk is used; its id is the trunk's. Without the row: any call at any time, known by address.

    `classes`: of TRUNK_CLASSES, parted by commas, empty: all. Emergencies may use every trunk. `weekdays`: digits 0
    (Monday) to 6, empty: all; minutes of the site's day, both 0: all day; `to` before `from` goes over midnight.
    """

    kind: ClassVar[str] = "trunk_use"
    id: str
    site_id: str
    registers: bool = False
    """The building registers at the carrier (RFC 3261 §10) with the trunk's username and secret."""
    classes: str = ""
    weekdays: str = ""
    from_minute: int = 0
    to_minute: int = 0


ServiceRow = (
    Preferences
    | RingGroup
    | Member
    | Sound
    | Music
    | Schedule
    | OpenHours
    | Holiday
    | Receptionist
    | Menu
    | MenuKey
    | Mailbox
    | OwnGreeting
    | MessageState
    | MailboxGone
    | ConferenceServer
    | Room
    | ThreeWay
    | Limits
    | MovePolicy
    | SiteLimits
    | TrunkUse
)

SERVICE_ROW_TYPES: tuple[type[ServiceRow], ...] = (
    Preferences,
    RingGroup,
    Member,
    Sound,
    Music,
    Schedule,
    OpenHours,
    Holiday,
    Receptionist,
    Menu,
    MenuKey,
    Mailbox,
    OwnGreeting,
    MessageState,
    MailboxGone,
    ConferenceServer,
    Room,
    ThreeWay,
    Limits,
    MovePolicy,
    SiteLimits,
    TrunkUse,
)
"""In an order in which each row follows what it names."""

LISTED_BY: dict[type[object], str] = {
    Member: "ring_group_id",
    OpenHours: "schedule_id",
    Holiday: "schedule_id",
    Menu: "receptionist_id",
    MenuKey: "menu_id",
    Mailbox: "person_id",
    OwnGreeting: "mailbox_id",
    MessageState: "site_id",
    MailboxGone: "site_id",
}
"""The field that names what a row is a part of: the key by which such rows are looked up together."""


def parent_field(row_type: type[object]) -> str:
    """LISTED_BY's word on a kind; `account_id` for what is a part of nothing smaller."""
    return LISTED_BY.get(row_type, "account_id")
