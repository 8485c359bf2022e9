"""Messages of mailboxes as buildings tell of them: kept with their sound, mailed to whom the mailbox names (L-1)."""

import hashlib
import re
from datetime import UTC
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from central import post
from central.clock import from_iso
from central.directory import messages
from central.directory.edit import Edit
from central.directory.greetings import RECORDED, take_recorded
from central.directory.stamps import changed
from central.errors import InputProblem, NotFoundProblem, Words
from central.model import MessageRecord, PresenceRecord, SiteRecord
from central.model.rows import find
from central.model.services import MailboxRecord
from central.office import Office
from central.rules.numbers import for_people
from central.sounds import recorded
from wire.facts import (
    GreetingChosen,
    MailboxCleared,
    MailboxLocked,
    MessageChanged,
    MessageLeft,
    MessageObeyed,
    PinChanged,
)
from wire.messages import DELETED, NEW, Standing
from wire.rows import Account, Person
from wire.services import Mailbox

MAX_AUDIO = 16 * 1024 * 1024
STAMP = re.compile(r"[0-9]{13}-[0-9]{4}-[A-Za-z0-9._-]{1,40}")
MessageFact = MessageLeft | MessageChanged | MessageObeyed
MailboxFact = MessageFact | MailboxCleared | PinChanged | GreetingChosen | MailboxLocked


def apply(edit: Edit, site_id: str, fact: MailboxFact, hlc: str) -> None:
    """What a mailbox in a building says. The caller has checked that the company is at that site.

    A mailbox that was deleted meanwhile is no fault of the building's: what concerns it is passed over.
    """
    match fact:
        case MessageLeft():
            _left(edit, site_id, fact)
        case MessageChanged():
            _changed(edit, fact, hlc)
        case MessageObeyed():
            messages.obeyed(edit, site_id, fact.account_id, fact.message_id, fact.stamp)
        case MailboxCleared():
            messages.cleared(edit, site_id, fact.account_id, fact.mailbox_id)
        case PinChanged():
            _write(edit, fact.account_id, fact.mailbox_id, {"pin_hash": fact.pin_hash}, hlc)
            edit.note("pin-by-phone", Mailbox.kind, fact.mailbox_id, account=fact.account_id)
        case GreetingChosen():
            _write(edit, fact.account_id, fact.mailbox_id, {"greeting": fact.greeting}, hlc)
        case MailboxLocked():
            what = {"by": fact.by, "until": fact.until}
            edit.note("locked", Mailbox.kind, fact.mailbox_id, what, account=fact.account_id)


def keep_audio(office: Office, site_id: str, message_id: str, audio: bytes) -> None:
    """The sound of a message; then it is mailed. Sent again it changes nothing.

    Raises NotFoundProblem for a message of another building, InputProblem for octets that are not those announced.
    """
    with office.database.writing() as session:
        record = session.get(MessageRecord, message_id, with_for_update=True)
        if record is None or record.site_id != site_id:
            raise NotFoundProblem(Words("There is no such message.", "No existe ese mensaje."))
        if record.audio_sealed is not None or record.state == DELETED:
            return
        if hashlib.sha256(audio).hexdigest() != record.sha256:
            raise InputProblem(
                "", Words("These are not the octets that were announced.", "No son los octetos que se anunciaron.")
            )
        record.audio_sealed = office.sealer.seal(audio, f"message/{message_id}")
        session.flush()
        _mail(office, session, record)


def take_greeting(office: Office, site_id: str, mailbox_id: str, greeting: str, stamp: str, audio: bytes) -> None:
    """A greeting that was recorded by phone. Sent again, or older than what is here, it changes nothing.

    Raises NotFoundProblem for a mailbox that is not in that building, InputProblem for what is no such recording.
    """
    if greeting not in RECORDED or not STAMP.fullmatch(stamp):
        raise InputProblem("", Words("That is no recording of a greeting.", "No es la grabación de un saludo."))
    content = recorded(audio)
    with office.editing(f"building:{site_id}") as edit:
        box = find(edit.session, Mailbox, mailbox_id)
        there = box and edit.session.scalar(
            select(PresenceRecord.id).where(
                PresenceRecord.account_id == box.account_id, PresenceRecord.site_id == site_id
            )
        )
        if box is None or not there:
            raise NotFoundProblem(Words("There is no such mailbox here.", "No existe ese buzón aquí."))
        take_recorded(edit, box, greeting, content, stamp)


def audio_of(office: Office, account_id: str, mailbox_id: str, message_id: str) -> bytes:
    """A message's sound, for its owner's page. Raises NotFoundProblem, as for one of another mailbox."""
    with office.reading() as session:
        record = session.get(MessageRecord, message_id)
        if (
            record is None
            or (record.account_id, record.mailbox_id) != (account_id, mailbox_id)
            or record.audio_sealed is None
        ):
            raise NotFoundProblem(Words("There is no such message.", "No existe ese mensaje."))
        return office.sealer.open(record.audio_sealed, f"message/{message_id}")


def _left(edit: Edit, site_id: str, fact: MessageLeft) -> None:
    if edit.session.get(MessageRecord, fact.message_id) is not None:
        return
    there = select(MailboxRecord.id).where(MailboxRecord.id == fact.mailbox_id).with_for_update(read=True)
    if edit.session.scalar(there) is None:
        return
    edit.session.add(
        MessageRecord(
            id=fact.message_id,
            site_id=site_id,
            account_id=fact.account_id,
            mailbox_id=fact.mailbox_id,
            caller=fact.caller,
            caller_name=fact.caller_name,
            at=from_iso(fact.at),
            duration_ms=fact.duration_ms,
            bytes=fact.bytes,
            sha256=fact.sha256,
            state=NEW,
            changed_stamp="",
            audio_sealed=None,
        )
    )
    edit.session.flush()


def _changed(edit: Edit, fact: MessageChanged, hlc: str) -> None:
    record = edit.session.get(MessageRecord, fact.message_id, with_for_update=True)
    if record is None or record.account_id != fact.account_id:
        return
    messages.take(record, Standing(fact.state, fact.stamp or hlc))
    edit.session.flush()


def _write(edit: Edit, account_id: str, mailbox_id: str, values: dict[str, str], hlc: str) -> None:
    edit.lock_account(account_id)
    box = find(edit.session, Mailbox, mailbox_id, edit.sealer)
    if box is None or box.account_id != account_id:
        return
    made = changed(box, values, hlc)
    if made != box:
        edit.put(made)


def _mail(office: Office, session: Session, record: MessageRecord) -> None:
    box = find(session, Mailbox, record.mailbox_id)
    if box is None or not box.email:
        return
    account = find(session, Account, record.account_id)
    person = find(session, Person, box.person_id) if box.person_id else None
    language = (person.language if person else "") or (account.language if account else "") or "es-MX"
    site = session.get(SiteRecord, record.site_id)
    who = " ".join(p for p in (record.caller_name, for_people(record.caller)) if p)
    who = who or Words("a hidden number", "un número oculto").text(language)
    seconds = max(1, round(record.duration_ms / 1000))
    subject = Words(f"Voice message from {who}, {seconds} s", f"Mensaje de voz de {who}, {seconds} s")
    place = f" ({site.name})" if site else ""
    zone = ZoneInfo(site.timezone) if site else UTC
    when = f"{record.at.astimezone(zone):%Y-%m-%d %H:%M}"
    text = Words(
        f"{box.name} has a new voice message from {who}, of {when}{place}.\n\nIt is attached; by phone dial *97.\n",
        f"{box.name} tiene un mensaje de voz de {who}, del {when}{place}.\n\nVa adjunto; por teléfono marque *97.\n",
    )
    key = f"message:{record.id}"
    post.queue(session, office.clock.now(), key, box.email, subject.text(language), text.text(language), record.id)
