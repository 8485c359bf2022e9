"""Messages that buildings tell of: sealed, given to their own company, mailed exactly once by a real SMTP server."""

import hashlib
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from central import journal, post, voicemail
from central.directory import mailboxes
from central.errors import InputProblem, NotFoundProblem
from central.facts import envelope_of
from central.model import Letter, MessageRecord
from central.office import Office
from central.settings import Mail
from tests.integration.central.conftest import SettableClock
from tests.integration.central.making import WHO, a_company, a_person, a_site
from tests.lab.letterbox import Letterbox
from wire import pins
from wire.facts import MessageChanged, MessageLeft, PinChanged
from wire.services import Mailbox

AUDIO = b"RIFF" + bytes(range(256)) * 40


@pytest.fixture
def letterbox() -> Iterator[Letterbox]:
    box = Letterbox().start()
    yield box
    box.stop()


@pytest.fixture
def server(letterbox: Letterbox) -> Mail:
    return Mail("127.0.0.1", letterbox.port, "none", sender="buzon@conserje.mx")


@dataclass(frozen=True)
class House:
    office: Office
    site: str
    account: str
    box: Mailbox

    def tells(self, fact: Any, hlc: str = "1772463600000-0000-casa", fact_id: str = "") -> journal.Answer:
        body = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(fact).items()}
        told = {"id": fact_id or uuid4().hex, "fact": fact.fact, "hlc": hlc, "body": body}
        return journal.receive(self.office, self.site, [envelope_of(told)])

    def message(self) -> MessageLeft:
        digest = hashlib.sha256(AUDIO).hexdigest()
        at = "2026-03-02T15:00:00.000Z"
        return MessageLeft(uuid4().hex, self.box.id, self.account, "+525512345678", "", at, 4000, len(AUDIO), digest)


@pytest.fixture
def house(office: Office, server: Mail) -> House:
    office = replace(office, settings=replace(office.settings, mail=server))
    site = a_site(office)
    acme = a_company(office, "", site)
    ana = a_person(office, acme, "Ana", "101").person.id
    with office.editing(WHO) as edit:
        box = mailboxes.add_mailbox(edit, acme, mailboxes.MailboxWish(email="ana@acme.mx"), ana)
    return House(office, site, acme, box)


def deliver(house: House) -> int:
    return post.deliver(house.office, post.by_smtp(house.office.settings.mail))


@pytest.mark.acceptance("L-1")
def test_a_message_is_mailed_once_with_its_sound_however_often_the_building_tells_of_it(
    house: House, letterbox: Letterbox
) -> None:
    message = house.message()
    for _ in range(2):
        assert house.tells(message, fact_id="same").accepted == ("same",)
        voicemail.keep_audio(house.office, house.site, message.message_id, AUDIO)
        deliver(house)
    (letter,) = letterbox.taken
    assert letter["To"] == "ana@acme.mx"
    assert letter["Subject"] == "Mensaje de voz de 55 1234 5678, 4 s"
    assert "del 2026-03-02 09:00" in letter.get_body().get_content()  # type: ignore[union-attr]
    (sound,) = letter.iter_attachments()
    assert sound.get_content() == AUDIO
    with house.office.reading() as session:
        record = session.get_one(MessageRecord, message.message_id)
        assert record.audio_sealed is not None
        assert AUDIO not in record.audio_sealed
    assert voicemail.audio_of(house.office, house.account, house.box.id, message.message_id) == AUDIO
    with pytest.raises(NotFoundProblem):
        voicemail.audio_of(house.office, a_company(house.office), house.box.id, message.message_id)


def test_a_mail_server_that_refuses_or_is_dead_loses_no_letter(
    house: House, letterbox: Letterbox, clock: SettableClock
) -> None:
    message = house.message()
    house.tells(message)
    voicemail.keep_audio(house.office, house.site, message.message_id, AUDIO)
    letterbox.answer = "451 4.3.0 come back later"
    assert deliver(house) == 0
    assert deliver(house) == 0, "not tried again at once"
    dead = post.by_smtp(replace(house.office.settings.mail, port=9))
    clock.forward(seconds=post.FIRST_PAUSE_S)
    assert post.deliver(house.office, dead) == 0
    letterbox.answer = "250 OK"
    clock.forward(seconds=2 * post.FIRST_PAUSE_S)
    assert deliver(house) == 1
    assert len(letterbox.taken) == 1
    with house.office.reading() as session:
        letter = session.scalars(select(Letter)).one()
    assert (letter.state, letter.tries) == ("sent", 3)


def test_a_mail_server_that_hangs_loses_no_letter(
    house: House, letterbox: Letterbox, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the connection and says nothing."""
    message = house.message()
    house.tells(message)
    voicemail.keep_audio(house.office, house.site, message.message_id, AUDIO)
    monkeypatch.setattr(post, "SMTP_TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        hanging = post.by_smtp(replace(house.office.settings.mail, port=mute.getsockname()[1]))
        began = time.monotonic()
        assert post.deliver(house.office, hanging) == 0
        assert time.monotonic() - began < 3
    clock.forward(seconds=post.FIRST_PAUSE_S)
    assert deliver(house) == 1
    assert len(letterbox.taken) == 1


def test_a_letter_that_is_refused_for_good_says_why(house: House, letterbox: Letterbox) -> None:
    message = house.message()
    house.tells(message)
    voicemail.keep_audio(house.office, house.site, message.message_id, AUDIO)
    letterbox.answer = "550 5.1.1 no such mailbox"
    assert deliver(house) == 0
    with house.office.reading() as session:
        letter = session.scalars(select(Letter)).one()
    assert letter.state == "failed"
    assert "550" in letter.error


def test_two_processes_never_send_the_same_letter(house: House) -> None:
    message = house.message()
    house.tells(message)
    voicemail.keep_audio(house.office, house.site, message.message_id, AUDIO)
    assert post.take(house.office) is not None
    assert post.take(house.office) is None


def test_sound_that_is_not_what_was_announced_is_refused_and_a_foreign_building_gets_nothing(house: House) -> None:
    message = house.message()
    house.tells(message)
    with pytest.raises(InputProblem):
        voicemail.keep_audio(house.office, house.site, message.message_id, AUDIO[:-1])
    with pytest.raises(NotFoundProblem):
        voicemail.keep_audio(house.office, a_site(house.office), message.message_id, AUDIO)


def test_deleting_by_phone_takes_the_sound_away_here_too_and_an_older_word_does_not_bring_it_back(house: House) -> None:
    message = house.message()
    house.tells(message)
    voicemail.keep_audio(house.office, house.site, message.message_id, AUDIO)
    at = "2026-03-02T16:00:00.000Z"
    gone = MessageChanged(message.message_id, house.box.id, house.account, "deleted", at)
    house.tells(gone, hlc="1772467200000-0000-casa")
    house.tells(replace(gone, state="old"), hlc="1772467100000-0000-casa")
    with house.office.reading() as session:
        record = session.get_one(MessageRecord, message.message_id)
    assert (record.state, record.audio_sealed) == ("deleted", None)


@pytest.mark.acceptance("L-2")
def test_a_pin_set_by_phone_holds_unless_the_centre_gave_a_later_one(house: House, clock: SettableClock) -> None:
    at = "2026-03-02T15:00:00.000Z"
    kept = pins.hashed("9274", b"0123456789abcdef")
    fact = PinChanged(house.box.id, house.account, kept, at)
    before, after = (f"{int(clock.moment.timestamp() * 1000) + d:013d}-0000-casa" for d in (-60_000, 60_000))
    house.tells(fact, hlc=after)
    with house.office.editing(WHO) as edit:
        edit.lock_account(house.account)
        assert edit.get(Mailbox, house.box.id, house.account).pin_hash == kept
    clock.forward(minutes=5)
    with house.office.editing(WHO) as edit:
        pin = mailboxes.new_pin(edit, house.account, house.box.id)
    house.tells(replace(fact, pin_hash=kept), hlc=before)
    with house.office.editing(WHO) as edit:
        edit.lock_account(house.account)
        assert pins.fits(pin, edit.get(Mailbox, house.box.id, house.account).pin_hash)


def test_a_building_speaks_of_no_company_that_was_never_in_it(house: House) -> None:
    stranger = replace(house.message(), account_id=a_company(house.office))
    assert house.tells(stranger).refused
