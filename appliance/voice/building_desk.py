"""The desk of a building: answers dialogues' questions from the live directory, the mailboxes and the recordings.

Decides nothing that a dialogue says; it looks up, keeps, and compares PINs where they lie.
"""

import hmac
import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from appliance.directory.habits import Habits
from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.mailboxes import Cipher, Mailboxes
from appliance.directory.model import Directory
from appliance.directory.publish import publish
from appliance.directory.schedule import menu_mode
from appliance.directory.sealing import open_box
from appliance.directory.sounds import SoundFiles
from appliance.ports import Clock, SystemChance, SystemClock
from appliance.settings import Settings
from appliance.voice import questions as q
from appliance.voice.book import book_of
from appliance.voice.greeting_desk import GreetingDesk
from appliance.voice.mailbox_desk import MailboxDesk, spoken
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Waiting
from appliance.voice.spoken import language_of
from wire.services import (
    ConferenceServer,
    Holiday,
    Menu,
    MenuKey,
    MenuMode,
    Music,
    OpenHours,
    Receptionist,
    Room,
    ThreeWay,
    TransferSound,
)
from wire.services import Sound as SoundRow

log = logging.getLogger("conserje.voice.desk")

RECOVER_EVERY_S = 5.0
_WELCOMES = {
    MenuMode.BUSINESS: Say.WELCOME,
    MenuMode.AFTER_HOURS: Say.WELCOME_CLOSED,
    MenuMode.HOLIDAY: Say.WELCOME_HOLIDAY,
}


@dataclass(frozen=True, slots=True)
class Greetings:
    """What receptionists' greetings recorded by phone need: a folder to wait in, a keeper, what puts them in force."""

    drafts: Path
    habits: Habits
    publish: Callable[[], object]


class BuildingDesk:
    """`directory` gives the revision in force. For several threads at once."""

    def __init__(
        self, directory: Callable[[], Directory], mailboxes: Mailboxes, files: SoundFiles, clock: Clock,
        default_track: Path, transfer_track: Path | None = None, greetings: "Greetings | None" = None,
    ) -> None:  # fmt: skip
        self._directory = directory
        self._mailboxes = mailboxes
        self._files = files
        self._clock = clock
        self._default_track = str(default_track)
        self._transfer_track = str(transfer_track or "")
        self._books: dict[tuple[int, str], q.Book] = {}
        self._answers: dict[type[Any], Callable[[Any], object]] = {
            q.OfReceptionist: self._receptionist,
            **(mailbox_desk := MailboxDesk(directory, mailboxes, files, clock)).answers,
            q.OfConference: self._conference,
            q.OfRoom: self._room,
            q.OfThreeWay: lambda asked: self._goes_on(asked.account_id),
            q.TryRoomPin: self._try_room_pin,
            q.OfMusic: lambda asked: self._track(asked.sound_id),
            q.OfWaiting: lambda asked: self._waiting(self._directory(), asked.account_id),
        }
        if greetings is not None:
            self._answers |= GreetingDesk(
                directory, mailbox_desk.access, files, greetings.drafts, greetings.habits, greetings.publish, clock
            ).answers

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
            spoken(self._files, directory, menu.greeting_sound_id if menu else "") or (_WELCOMES[mode],),
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
        return Waiting(self._track(music.transfer_sound_id if music else "") or self._transfer_track)

    def _hold_track(self, account_id: str) -> str:
        music = self._directory().service(Music, account_id)
        return self._track(music.hold_sound_id) if music is not None else ""

    def _track(self, sound_id: str) -> str:
        """The file of a sound, empty for the building's own track."""
        row = self._directory().service(SoundRow, sound_id) if sound_id else None
        path = self._files.path(row.sha256) if row is not None else None
        return str(path) if path is not None else ""

    # Rooms ------------------------------------------------------------------------------------------------------------

    def _conference(self, asked: q.OfConference) -> q.Foyer | None:
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
            hall = _hall(row, internal) if row is not None else None
        return q.Foyer(account_id, internal, language_of(asked.language), track, hall)

    def _goes_on(self, account_id: str) -> bool:
        chosen = self._directory().service(ThreeWay, account_id)
        return chosen is not None and chosen.goes_on

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


def building_desk(settings: Settings) -> BuildingDesk:
    """The desk over this building's own files; begins to recover what an earlier death left."""
    paths, clock = settings.paths, SystemClock()
    box = open_box(paths.identity_dir)
    journal = LocalStore(paths.local_db, clock, SystemChance())
    mailboxes = Mailboxes(paths.mailboxes_dir, journal, Cipher(box.seal, box.open), clock)
    live = Live(paths.live_dir)
    habits = Habits(paths.local_db, clock, SystemChance())
    greetings = Greetings(paths.state_dir / "voice" / "drafts", habits, lambda: publish(settings))
    desk = BuildingDesk(
        live.current, mailboxes, SoundFiles(paths.sounds_store_dir), clock, paths.hold_music, paths.transfer_music,
        greetings,
    )  # fmt: skip
    Thread(target=_keep_recovering, args=(desk,), name="recover", daemon=True).start()
    return desk


def _keep_recovering(desk: BuildingDesk) -> None:
    while True:
        try:
            desk.recover()
        except (OSError, sqlite3.Error) as refused:
            log.warning("event=recover_waits why=%s", refused)
        time.sleep(RECOVER_EVERY_S)
