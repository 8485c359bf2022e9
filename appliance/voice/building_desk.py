"""The desk of a building: answers dialogues' questions from the live directory, the mailboxes and the recordings.

Decides nothing that a dialogue says; it looks up, keeps, and compares PINs where they lie.
"""

import hmac
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.mailboxes import Cipher, Mailboxes, Message
from appliance.directory.model import Directory
from appliance.directory.schedule import local_time, menu_mode
from appliance.directory.sealing import open_box
from appliance.directory.sounds import SoundFiles
from appliance.ports import Clock, SystemChance, SystemClock
from appliance.settings import Settings
from appliance.voice import questions as q
from appliance.voice.book import book_of
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Waiting
from appliance.voice.sounds import File, Sound, Text
from appliance.voice.spoken import language_of
from wire import pins
from wire.rows import DestinationKind
from wire.services import (
    ConferenceServer,
    Greeting,
    Holiday,
    Mailbox,
    Menu,
    MenuKey,
    MenuMode,
    Music,
    OpenHours,
    Receptionist,
    Room,
    TransferSound,
)
from wire.services import Sound as SoundRow

log = logging.getLogger("conserje.voice.desk")

RECOVER_EVERY_S = 5.0
DEFAULT_TRACK = "manolo_camp-morning_coffee.wav"
_WELCOMES = {
    MenuMode.BUSINESS: Say.WELCOME,
    MenuMode.AFTER_HOURS: Say.WELCOME_CLOSED,
    MenuMode.HOLIDAY: Say.WELCOME_HOLIDAY,
}


class BuildingDesk:
    """`directory` gives the revision in force. For several threads at once."""

    def __init__(
        self, directory: Callable[[], Directory], mailboxes: Mailboxes, files: SoundFiles, clock: Clock,
        default_track: Path,
    ) -> None:  # fmt: skip
        self._directory = directory
        self._mailboxes = mailboxes
        self._files = files
        self._clock = clock
        self._default_track = str(default_track)
        self._books: dict[tuple[int, str], q.Book] = {}
        self._answers: dict[type[Any], Callable[[Any], object]] = {
            q.OfReceptionist: self._receptionist,
            q.OfDeposit: self._deposit,
            q.KeepMessage: lambda asked: self._mailboxes.keep(asked.message_id, asked.seconds),
            q.DropMessage: lambda asked: self._mailboxes.drop(asked.message_id),
            q.OfAccess: self._access,
            q.TryPin: self._try_pin,
            q.SetPin: self._set_pin,
            q.ListMessages: self._messages,
            q.MarkMessage: lambda asked: self._mailboxes.mark(asked.message_id, asked.state),
            q.RecordGreeting: lambda asked: str(self._mailboxes.draft_path(asked.mailbox_id)),
            q.KeepGreeting: self._keep_greeting,
            q.DropGreeting: lambda asked: self._mailboxes.drop_draft(Path(asked.path)),
            q.ChooseGreeting: self._choose_greeting,
            q.OfConference: self._conference,
            q.OfRoom: self._room,
            q.TryRoomPin: self._try_room_pin,
            q.OfMusic: lambda asked: self._track(asked.sound_id),
        }

    def answer(self, question: object) -> object:
        found = self._answers.get(type(question))
        if found is None:
            return None
        try:
            return found(question)
        except sqlite3.Error as refused:
            raise OSError(f"mailboxes: {refused}") from refused

    def recover(self) -> None:
        kept = self._mailboxes.recover()
        if kept:
            log.warning("event=messages_recovered count=%d", kept)

    # Receptionists ----------------------------------------------------------------------------------------------------

    def _receptionist(self, asked: q.OfReceptionist) -> q.Counter | None:
        directory = self._directory()
        row = directory.service(Receptionist, asked.receptionist_id)
        if row is None:
            return None
        hours = directory.services_of(OpenHours, row.schedule_id) if row.schedule_id else ()
        holidays = directory.services_of(Holiday, row.schedule_id) if row.schedule_id else ()
        mode = menu_mode(row, hours, holidays, self._clock.now(), directory.site.timezone)
        menus = {menu.mode: menu for menu in directory.services_of(Menu, row.id)}
        menu, keyed = menus.get(mode), menus.get(mode) or menus.get(MenuMode.BUSINESS)
        language = language_of(row.language or asked.language)
        return q.Counter(
            mode,
            self._spoken(directory, menu.greeting_sound_id if menu else "") or (_WELCOMES[mode],),
            {key.digit: (key.action, key.target_id) for key in directory.services_of(MenuKey, keyed.id)}
            if keyed
            else {},
            language,
            self._book(directory, row.account_id),
            row.direct_dial,
            (row.default_kind, row.default_target_id),
            self._waiting(directory, row.account_id),
        )

    def _book(self, directory: Directory, account_id: str) -> q.Book:
        """Made once for each revision; a company has at most some thousand extensions."""
        key = (directory.revision, account_id)
        book = self._books.get(key)
        if book is None:
            if any(revision != directory.revision for revision, _ in self._books):
                self._books = {}
            book = self._books[key] = book_of(directory, account_id)
        return book

    def _waiting(self, directory: Directory, account_id: str) -> Waiting:
        music = directory.service(Music, account_id)
        if music is not None and music.transfer == TransferSound.RINGBACK:
            return Waiting(None)
        return Waiting(self._track(music.transfer_sound_id if music else ""))

    def _hold_track(self, account_id: str) -> str:
        music = self._directory().service(Music, account_id)
        return self._track(music.hold_sound_id) if music is not None else ""

    def _track(self, sound_id: str) -> str:
        """The file of a sound, empty for the building's own track."""
        row = self._directory().service(SoundRow, sound_id) if sound_id else None
        path = self._files.path(row.sha256) if row is not None else None
        return str(path) if path is not None else ""

    def _spoken(self, directory: Directory, sound_id: str) -> tuple[Sound, ...]:
        """A sound as it is played: its file, else its text; nothing where neither is there (yet)."""
        row = directory.service(SoundRow, sound_id) if sound_id else None
        if row is None:
            return ()
        path = self._files.path(row.sha256)
        if path is not None:
            return (File(str(path)),)
        return (Text(row.text),) if row.text else ()

    # Mailboxes --------------------------------------------------------------------------------------------------------

    def _owned(self, mailbox_id: str) -> Mailbox | None:
        row = self._directory().service(Mailbox, mailbox_id)
        return self._mailboxes.as_owned(row) if row is not None and row.enabled else None

    def _deposit(self, asked: q.OfDeposit) -> q.Slot | None:
        row = self._owned(asked.mailbox_id)
        if row is None:
            return None
        language = language_of(asked.language)
        place = self._mailboxes.reserve(row, asked.caller.number, asked.caller.name)
        if place is None:
            return q.Slot("", "", (), language, 0.0)
        return q.Slot(place.id, str(place.path), self._greeting(row), language, float(row.max_message_s))

    def _greeting(self, row: Mailbox) -> tuple[Sound, ...]:
        """The owner's recording, made by phone or in the portal; else the building's words with the owner's name."""
        path = self._mailboxes.greeting_path(row.id, row.greeting)
        if row.greeting != Greeting.DEFAULT and path.exists():
            return (File(str(path)),)
        made = self._spoken(self._directory(), row.greeting_sound_id) if row.greeting == Greeting.CUSTOM else ()
        if made:
            return made
        person = self._directory().person(row.person_id)
        name = Text(person.name if person else row.name)
        away = (Say.AWAY,) if row.greeting == Greeting.AWAY else ()
        return (Say.MAILBOX_OF, name, *away, Say.LEAVE_MESSAGE)

    def _access(self, asked: q.OfAccess) -> q.Door | None:
        directory = self._directory()
        mailbox_id = asked.mailbox_id or self._mailbox_at(directory, asked.caller.account_id, asked.extension)
        row = self._owned(mailbox_id) if mailbox_id else None
        if row is None or (asked.caller.account_id and row.account_id != asked.caller.account_id):
            return None
        phone = directory.phone(asked.caller.phone_id) if asked.caller.phone_id else None
        at_home = phone is not None and bool(row.person_id) and phone.person_id == row.person_id
        locked = self._mailboxes.locked(row.id)
        return q.Door(row.id, self._language(directory, row, asked.language), bool(row.pin_hash), at_home, locked)

    def _language(self, directory: Directory, row: Mailbox, asked: str) -> str:
        person = directory.person(row.person_id)
        account = directory.account(row.account_id)
        return language_of((person.language if person else "") or (account.language if account else "") or asked)

    def _mailbox_at(self, directory: Directory, account_id: str, digits: str) -> str:
        found = directory.extension(account_id, digits)
        if found is None:
            return ""
        if found.target_kind == DestinationKind.MAILBOX:
            return found.target_id
        owned = directory.services_of(Mailbox, found.target_id)
        return owned[0].id if owned and found.target_kind == DestinationKind.PERSON else ""

    def _try_pin(self, asked: q.TryPin) -> q.Tried:
        row = self._owned(asked.mailbox_id)
        if row is None:
            return q.Tried.WRONG
        if self._mailboxes.locked(row.id):
            return q.Tried.LOCKED
        if pins.fits(asked.pin, row.pin_hash):
            self._mailboxes.right_pin(row.id)
            return q.Tried.RIGHT
        return q.Tried.LOCKED if self._mailboxes.wrong_pin(row, asked.caller.number) else q.Tried.WRONG

    def _set_pin(self, asked: q.SetPin) -> str | None:
        row = self._owned(asked.mailbox_id)
        if row is None:
            return None
        directory = self._directory()
        own = directory.extension_of(DestinationKind.PERSON, row.person_id) if row.person_id else None
        own = own or directory.extension_of(DestinationKind.MAILBOX, row.id)
        weak = pins.weakness(asked.pin, own.digits if own else "")
        if not weak:
            self._mailboxes.set_pin(row, pins.hashed(asked.pin, os.urandom(16)))
        return weak

    def _messages(self, asked: q.ListMessages) -> tuple[q.Letter, ...]:
        zone = self._directory().site.timezone
        today = local_time(self._clock.now(), zone).date()

        def letter(one: Message) -> q.Letter:
            at = local_time(_moment(one.at), zone)
            return q.Letter(one.id, one.state == "new", str(one.path), at, today, one.caller)

        return tuple(letter(one) for one in self._mailboxes.messages(asked.mailbox_id))

    def _keep_greeting(self, asked: q.KeepGreeting) -> bool:
        row = self._owned(asked.mailbox_id)
        return row is not None and self._mailboxes.keep_greeting(row, asked.greeting, Path(asked.path))

    def _choose_greeting(self, asked: q.ChooseGreeting) -> bool:
        row = self._owned(asked.mailbox_id)
        return row is not None and self._mailboxes.choose_greeting(row, asked.greeting)

    # Rooms ------------------------------------------------------------------------------------------------------------

    def _conference(self, asked: q.OfConference) -> q.Foyer | None:
        """`room_id` is a room's, or a name that the routing made up for people who talk already (W-2)."""
        directory = self._directory()
        server = directory.service(ConferenceServer, asked.server_id)
        account_id = server.account_id if server is not None else asked.caller.account_id
        if server is None and not asked.room_id:
            return None
        phone = directory.phone(asked.caller.phone_id) if asked.caller.phone_id else None
        internal = phone is not None and phone.account_id == account_id
        track = self._hold_track(account_id) or self._default_track
        hall = None
        if asked.room_id:
            row = directory.service(Room, asked.room_id)
            hall = _hall(row, internal) if row is not None else _for_talk(account_id, asked.room_id)
        return q.Foyer(account_id, internal, language_of(asked.language), track, hall)

    def _room(self, asked: q.OfRoom) -> q.Hall | None:
        rooms = self._directory().services(Room, asked.account_id)
        found = next((room for room in rooms if room.number == asked.number), None)
        if found is None:
            return None
        hall = _hall(found, asked.internal)
        return hall if hall.asks or hall.open else None

    def _try_room_pin(self, asked: q.TryRoomPin) -> q.Role:
        room = self._directory().service(Room, asked.row_id)
        if room is None:
            return q.Role.NOBODY
        for pin, role in ((room.moderator_pin, q.Role.MODERATOR), (room.pin, q.Role.MEMBER)):
            if pin and hmac.compare_digest(pin.encode(), asked.pin.encode()):
                return role
        return q.Role.NOBODY


def _hall(room: Room, internal: bool) -> q.Hall:
    """A room without PIN takes callers of the company alone, and those only where that is set (C-1)."""
    return q.Hall(
        f"{room.account_id}/{room.id}",
        asks=bool(room.pin or room.moderator_pin),
        open=not room.pin and internal and room.internal_without_pin,
        wait_for_moderator=room.wait_for_moderator,
        host_leaves_ends=room.host_leaves_ends,
        max_members=min(room.max_participants, q.MAX_PARTICIPANTS),
        row_id=room.id,
    )


def _for_talk(account_id: str, name: str) -> q.Hall:
    return q.Hall(f"{account_id}/talk/{name[:80]}", False, True, False, False, q.MAX_PARTICIPANTS)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def building_desk(settings: Settings) -> BuildingDesk:
    """The desk over this building's own files; begins to recover what an earlier death left."""
    paths, clock = settings.paths, SystemClock()
    box = open_box(paths.identity_dir)
    journal = LocalStore(paths.local_db, clock, SystemChance())
    mailboxes = Mailboxes(paths.mailboxes_dir, journal, Cipher(box.seal, box.open), clock)
    track = paths.sounds_dir.parent / "moh" / DEFAULT_TRACK
    live = Live(paths.live_dir)
    desk = BuildingDesk(live.current, mailboxes, SoundFiles(paths.sounds_store_dir), clock, track)
    Thread(target=_keep_recovering, args=(desk,), name="recover", daemon=True).start()
    return desk


def _keep_recovering(desk: BuildingDesk) -> None:
    while True:
        try:
            desk.recover()
        except (OSError, sqlite3.Error) as refused:
            log.warning("event=recover_waits why=%s", refused)
        time.sleep(RECOVER_EVERY_S)
