"""What the desk answers about mailboxes: places for messages, greetings, doors and PINs, and what is in them."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.directory.mailboxes import Mailboxes, Message
from appliance.directory.model import Directory
from appliance.directory.schedule import local_time
from appliance.directory.sounds import SoundFiles
from appliance.ports import Clock
from appliance.voice import questions as q
from appliance.voice.menu_sentences import Say
from appliance.voice.sounds import File, Sound, Text
from appliance.voice.spoken import language_of
from wire import pins
from wire.rows import DestinationKind
from wire.services import Greeting, Mailbox, OwnGreeting, own_greeting_id
from wire.services import Sound as SoundRow


def spoken(files: SoundFiles, directory: Directory, sound_id: str) -> tuple[Sound, ...]:
    """A sound as it is played: its file, else its text; nothing where neither is there (yet)."""
    row = directory.service(SoundRow, sound_id) if sound_id else None
    if row is None:
        return ()
    path = files.path(row.sha256)
    if path is not None:
        return (File(str(path)),)
    return (Text(row.text),) if row.text else ()


class MailboxDesk:
    """`answers`: by the type of the question. For several threads at once."""

    def __init__(
        self, directory: Callable[[], Directory], mailboxes: Mailboxes, files: SoundFiles, clock: Clock
    ) -> None:
        self._directory = directory
        self._mailboxes = mailboxes
        self._files = files
        self._clock = clock
        self.answers: dict[type[Any], Callable[[Any], object]] = {
            q.OfDeposit: self._deposit,
            q.KeepMessage: lambda asked: mailboxes.keep(asked.message_id, asked.seconds),
            q.DropMessage: lambda asked: mailboxes.drop(asked.message_id),
            q.OfAccess: self.access,
            q.TryPin: self._try_pin,
            q.SetPin: self._set_pin,
            q.ListMessages: self._messages,
            q.MarkMessage: lambda asked: mailboxes.mark(asked.message_id, asked.state),
            q.RecordGreeting: lambda asked: str(mailboxes.draft_path(asked.mailbox_id)),
            q.KeepGreeting: self._keep_greeting,
            q.DropGreeting: lambda asked: mailboxes.drop_draft(Path(asked.path)),
            q.ChooseGreeting: self._choose_greeting,
        }

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
        made = self._recorded(row, row.greeting)
        if made:
            return made
        person = self._directory().person(row.person_id)
        name = Text(person.name if person else row.name)
        away = (Say.AWAY,) if row.greeting == Greeting.AWAY else ()
        return (Say.MAILBOX_OF, name, *away, Say.LEAVE_MESSAGE)

    def _recorded(self, row: Mailbox, greeting: str) -> tuple[Sound, ...]:
        """The later one of what the owner recorded by phone and of what the centre has; nothing where there is none.

        What the building has not fetched yet is not missed: its callers hear the one before until then.
        """
        held = self._directory().service(OwnGreeting, own_greeting_id(row.id, greeting))
        by_phone = self._mailboxes.by_phone(row.id, greeting, held.stamp if held else "")
        if by_phone is None and held is not None and held.sha256:
            known = (self._files.path(held.sha256), self._files.path(held.former_sha256))
            by_phone = known[0] or known[1] or self._mailboxes.by_phone(row.id, greeting, "")
        if by_phone is not None:
            return (File(str(by_phone)),)
        return spoken(self._files, self._directory(), row.greeting_sound_id) if greeting == Greeting.CUSTOM else ()

    def access(self, asked: q.OfAccess) -> q.Door | None:
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
            at = local_time(datetime.fromisoformat(one.at), zone)
            return q.Letter(one.id, one.state == "new", str(one.path), at, today, one.caller)

        return tuple(letter(one) for one in self._mailboxes.messages(asked.mailbox_id))

    def _keep_greeting(self, asked: q.KeepGreeting) -> bool:
        row = self._owned(asked.mailbox_id)
        return row is not None and self._mailboxes.keep_greeting(row, asked.greeting, Path(asked.path))

    def _choose_greeting(self, asked: q.ChooseGreeting) -> bool:
        row = self._owned(asked.mailbox_id)
        if row is None or (asked.greeting != Greeting.DEFAULT and not self._recorded(row, asked.greeting)):
            return False
        self._mailboxes.choose_greeting(row, asked.greeting)
        return True
