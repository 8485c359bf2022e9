"""What dialogues ask the desk (desk.py) and what it answers: frozen dataclasses, no more. Pure words.

An answer of None means that there is no such thing, or that the desk could not say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from appliance.voice.parts import Caller, Waiting
from appliance.voice.sounds import Sound
from wire.services import MenuMode

RINGS = Waiting()

# Receptionists --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """An extension of a company as callers may dial it. `name` only for persons: those can be spelled."""

    digits: str
    kind: str
    target_id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """A company's extensions: by digits, and by the keys that spell a name (`spelled`: keys, index in `listed`)."""

    listed: tuple[Listed, ...] = ()
    by_digits: Mapping[str, Listed] = field(default_factory=dict)
    prefixes: frozenset[str] = frozenset()
    """Every beginning of an extension that has more digits."""
    spelled: tuple[tuple[str, int], ...] = ()

    def named(self, keys: str) -> tuple[Listed, ...]:
        """Who has a name that begins so, in order of their names."""
        found = {index for word, index in self.spelled if word.startswith(keys)}
        return tuple(sorted((self.listed[i] for i in found), key=lambda one: (one.name, one.digits)))


@dataclass(frozen=True, slots=True)
class OfReceptionist:
    """-> Counter"""

    receptionist_id: str
    language: str


@dataclass(frozen=True, slots=True)
class Counter:
    """A receptionist at this moment. `keys`: what each does, an action and a target (wire.services.MenuKey)."""

    mode: MenuMode
    greeting: tuple[Sound, ...]
    keys: Mapping[str, tuple[str, str]]
    language: str
    book: Book = Book()
    direct_dial: bool = True
    default: tuple[str, str] = ("", "")
    waiting: Waiting = RINGS


@dataclass(frozen=True, slots=True)
class OfLobby:
    """A person wants to record a receptionist's greeting: this one's, or, empty, one of the company's. -> Lobby"""

    receptionist_id: str
    language: str
    caller: Caller


@dataclass(frozen=True, slots=True)
class Desk:
    """A receptionist whose greetings can be recorded. `menus`: the id of each, by its mode."""

    name: str
    menus: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lobby:
    """`door`: of the person's own mailbox, whose PIN is asked for."""

    door: "Door"
    desks: tuple[Desk, ...]
    language: str


@dataclass(frozen=True, slots=True)
class RecordMenuGreeting:
    """Where to record it before it is kept. -> its path"""

    menu_id: str


@dataclass(frozen=True, slots=True)
class KeepMenuGreeting:
    """The recording is whole at its path. -> True when callers hear it from now on."""

    menu_id: str
    path: str
    seconds: float
    caller: Caller


@dataclass(frozen=True, slots=True)
class DropMenuGreeting:
    path: str


# Mailboxes ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfDeposit:
    """A caller is to leave a message. -> Slot"""

    mailbox_id: str
    language: str
    caller: Caller


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a message goes. `greeting` is whole: what is said before the tone. `path` empty: the mailbox is full."""

    message_id: str
    path: str
    greeting: tuple[Sound, ...]
    language: str
    longest_s: float


@dataclass(frozen=True, slots=True)
class KeepMessage:
    """The recording is whole at its path. -> True when it is in the mailbox."""

    message_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class DropMessage:
    """Nothing was recorded."""

    message_id: str


@dataclass(frozen=True, slots=True)
class OfAccess:
    """Who opens a mailbox: by its id, or by an extension of the caller's company. -> Door"""

    caller: Caller
    language: str
    mailbox_id: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """A mailbox before its PIN. `at_home`: the call comes from a phone of its owner."""

    mailbox_id: str
    language: str
    has_pin: bool
    at_home: bool
    locked: bool = False


@dataclass(frozen=True, slots=True)
class TryPin:
    """-> Tried"""

    mailbox_id: str
    pin: str = field(repr=False)
    caller: Caller


class Tried(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class SetPin:
    """-> why it is refused (wire.pins.weakness), empty: it is set"""

    mailbox_id: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListMessages:
    """-> tuple[Letter, ...], the newest last"""

    mailbox_id: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in a mailbox. `at` on the building's clock; `today` there, when it was listed."""

    message_id: str
    new: bool
    path: str
    at: datetime
    today: date
    caller: str
    """Extension or E.164; empty: withheld."""


@dataclass(frozen=True, slots=True)
class MarkMessage:
    """`state`: old | deleted (wire.facts.MessageChanged)."""

    message_id: str
    state: str


@dataclass(frozen=True, slots=True)
class RecordGreeting:
    """-> a path to record at"""

    mailbox_id: str


@dataclass(frozen=True, slots=True)
class KeepGreeting:
    """The recording at `path` becomes that greeting (wire.services.Greeting), which is in force. -> True"""

    mailbox_id: str
    greeting: str
    path: str


@dataclass(frozen=True, slots=True)
class DropGreeting:
    path: str


@dataclass(frozen=True, slots=True)
class ChooseGreeting:
    """-> True; False where it was never recorded"""

    mailbox_id: str
    greeting: str


MAX_PARTICIPANTS = 10
"""C-2: of a room."""

# Rooms ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfConference:
    """-> Foyer. `room_id`: the caller is led straight into that one."""

    server_id: str
    room_id: str
    caller: Caller
    language: str


@dataclass(frozen=True, slots=True)
class OfThreeWay:
    """-> bool: whether a call of three goes on without the one who joined the others."""

    account_id: str


@dataclass(frozen=True, slots=True)
class Hall:
    """A conference room before its PIN. `asks`: a PIN is wanted; `open`: one may also enter without."""

    room: str
    """Its name towards the engine, unique in the building."""
    asks: bool
    open: bool
    wait_for_moderator: bool
    host_leaves_ends: bool
    max_members: int
    row_id: str = ""


@dataclass(frozen=True, slots=True)
class Foyer:
    """A conference server. `hall`: the room that the caller is led into without being asked."""

    account_id: str
    internal: bool
    """The caller is of the company."""
    language: str
    track: str
    """The file of the music for who is alone."""
    hall: Hall | None = None


@dataclass(frozen=True, slots=True)
class OfRoom:
    """-> Hall; None: there is none of that number"""

    account_id: str
    number: str
    internal: bool


class Role(StrEnum):
    NOBODY = "nobody"
    MEMBER = "member"
    MODERATOR = "moderator"


@dataclass(frozen=True, slots=True)
class TryRoomPin:
    """-> Role"""

    row_id: str
    pin: str = field(repr=False)


# Small things ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfMusic:
    """-> the path of a sound's file; empty: the default track"""

    sound_id: str


@dataclass(frozen=True, slots=True)
class OfWaiting:
    """What callers of this account hear while they are moved. -> Waiting"""

    account_id: str
