"""Which greeting a caller hears: the later one of phone and centre; nothing is missed while another is fetched."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.directory.local import LocalStore
from appliance.directory.mailboxes import Cipher, Mailboxes
from appliance.directory.model import MemoryDirectory
from appliance.directory.sounds import SoundFiles
from appliance.ports import SystemChance, SystemClock
from appliance.voice import questions as q
from appliance.voice.mailbox_desk import MailboxDesk
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Caller
from appliance.voice.sounds import File
from wire.rows import Account, Row
from wire.services import Mailbox, OwnGreeting, Sound, own_greeting_id

ACME = "acme"
EARLIER, LATER = "0000000000001-0000-centre", "9999999999999-0000-centre"


@dataclass
class Desk:
    folder: Path

    def __post_init__(self) -> None:
        clock = SystemClock()
        journal = LocalStore(self.folder / "local.db", clock, SystemChance())
        self.mailboxes = Mailboxes(self.folder / "mailboxes", journal, Cipher(str, str), clock)
        self.files = SoundFiles(self.folder / "sounds")
        self.rows: dict[str, Row] = {}
        self.put(Account(ACME, "Acme"), Mailbox("box", ACME, "Ana", greeting="custom"))
        self.desk = MailboxDesk(lambda: MemoryDirectory(tuple(self.rows.values())), self.mailboxes, self.files, clock)

    def put(self, *rows: Row) -> None:
        self.rows |= {row.id: row for row in rows}

    def fetched(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        assert self.files.keep(digest, content)
        return digest

    def by_phone(self, greeting: str = "custom") -> Path:
        box = self.rows["box"]
        assert isinstance(box, Mailbox)
        draft = self.mailboxes.draft_path("box")
        draft.write_bytes(b"by phone")
        assert self.mailboxes.keep_greeting(box, greeting, draft)
        return self.mailboxes.greeting_path("box", greeting)

    def centre(self, sha256: str, stamp: str, former: str = "") -> None:
        row_id = own_greeting_id("box", "custom")
        self.put(OwnGreeting(row_id, ACME, "box", "custom", sha256, former_sha256=former, stamp=stamp))

    def plays(self) -> object:
        slot = self.desk.answers[q.OfDeposit](q.OfDeposit("box", "es-MX", Caller(ACME, "102", "")))
        assert isinstance(slot, q.Slot)
        return slot.greeting[0]

    def chooses(self, greeting: str) -> object:
        return self.desk.answers[q.ChooseGreeting](q.ChooseGreeting("box", greeting))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_later_one_of_phone_and_centre_is_heard(desk: Desk) -> None:
    assert desk.plays() is Say.MAILBOX_OF
    uploaded = desk.fetched(b"uploaded")
    desk.centre(uploaded, EARLIER)
    assert desk.plays() == File(str(desk.files.path(uploaded)))
    recorded = desk.by_phone()
    assert desk.plays() == File(str(recorded))
    desk.centre(uploaded, LATER)
    assert desk.plays() == File(str(desk.files.path(uploaded)))


def test_what_is_not_fetched_yet_is_not_missed(desk: Desk) -> None:
    coming = hashlib.sha256(b"coming").hexdigest()
    recorded = desk.by_phone()
    desk.centre(coming, LATER)
    assert desk.plays() == File(str(recorded))
    former = desk.fetched(b"former")
    desk.centre(coming, LATER, former)
    assert desk.plays() == File(str(desk.files.path(former)))
    directory = MemoryDirectory(tuple(desk.rows.values()))
    assert desk.files.missing(directory) == (coming,)
    assert desk.files.drop_unused(directory, now=2e9) == 0, "it may still be needed"
    desk.fetched(b"coming")
    assert desk.plays() == File(str(desk.files.path(coming)))


def test_what_was_taken_away_at_the_centre_is_heard_no_more_and_not_chosen(desk: Desk) -> None:
    desk.by_phone()
    desk.centre("", LATER)
    assert desk.plays() is Say.MAILBOX_OF
    assert desk.chooses("custom") is False
    desk.put(Sound("sound", ACME, "Saludo", text="Hola"))
    desk.put(Mailbox("box", ACME, "Ana", greeting="custom", greeting_sound_id="sound"))
    assert desk.chooses("custom") is True
    assert desk.chooses("away") is False
    assert desk.chooses("default") is True
