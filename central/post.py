"""The queue of letters: written in the transaction of what they tell of, sent by SMTP until the server takes them.

A letter leaves once. Only a machine that dies between the server's word and our note of it makes a second one, with the
same Message-ID, by which mail programs show it once.
"""

import logging
import smtplib
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from central.errors import Problem
from central.model import Letter, MessageRecord
from central.office import Office
from central.rules import tokens
from central.settings import Mail

log = logging.getLogger("conserje.central.post")

WAITING, SENDING, SENT, FAILED = "waiting", "sending", "sent", "failed"
LOOK_S = 2.0
SMTP_TIMEOUT_S = 20.0
LOST_AFTER = timedelta(minutes=10)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 20, 3600
KEPT_TRYING = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A letter taken out of the queue to be sent."""

    id: str
    to: str
    message: EmailMessage


class Refused(Exception):
    """The server will never take this letter. The message is its answer."""


class NotNow(Exception):
    """The server could not be reached, or said to come back."""


def queue(session: Session, now: datetime, key: str, to: str, subject: str, text: str, message_id: str = "") -> bool:
    """Put a letter into the queue, in the caller's transaction. False: that occasion has its letter already."""
    if session.scalar(select(Letter.id).where(Letter.key == key)):
        return False
    session.add(
        Letter(
            id=tokens.new_id("letter"),
            key=key,
            to=to,
            subject=subject[:200],
            text=text,
            message_id=message_id or None,
            state=WAITING,
            tries=0,
            next_at=now,
            error="",
            made_at=now,
            sent_at=None,
        )
    )
    session.flush()
    return True


def pause(tries: int) -> timedelta:
    """How long to wait after so many tries: twenty seconds, doubled each time, an hour at most."""
    return timedelta(seconds=min(FIRST_PAUSE_S * 2 ** min(tries - 1, 12), LONGEST_PAUSE_S))


def take(office: Office) -> Envelope | None:
    """The next letter that is due, marked as being sent, so that of several processes one has it."""
    now = office.clock.now()
    with office.database.writing() as session:
        due = or_(Letter.state == WAITING, Letter.state == SENDING)
        letter = session.scalar(
            select(Letter)
            .where(due, Letter.next_at <= now)
            .order_by(Letter.next_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if letter is None:
            return None
        letter.state, letter.tries, letter.next_at = SENDING, letter.tries + 1, now + LOST_AFTER
        return Envelope(letter.id, letter.to, _written(office, session, letter))


def settle(office: Office, letter_id: str, error: str = "", for_ever: bool = False) -> None:
    """Note how a try ended. Without an error: sent. `for_ever`: it is not tried again."""
    now = office.clock.now()
    with office.database.writing() as session:
        letter = session.get(Letter, letter_id, with_for_update=True)
        if letter is None:
            return
        letter.error = error[:500]
        if not error:
            letter.state, letter.sent_at = SENT, now
        elif for_ever or now - letter.made_at > KEPT_TRYING:
            letter.state = FAILED
        else:
            letter.state, letter.next_at = WAITING, now + pause(letter.tries)


def deliver(office: Office, send: Callable[[Envelope], None]) -> int:
    """Send all that is due. Returns how many the server took. `send` raises Refused or NotNow."""
    sent = 0
    while (envelope := take(office)) is not None:
        try:
            send(envelope)
        except Refused as never:
            log.error("event=letter_refused id=%s says=%s", envelope.id, never)
            settle(office, envelope.id, str(never) or "refused", for_ever=True)
        except NotNow as later:
            log.warning("event=letter_waits id=%s why=%s", envelope.id, later)
            settle(office, envelope.id, str(later) or "no answer")
            return sent
        else:
            settle(office, envelope.id)
            log.info("event=letter_sent id=%s", envelope.id)
            sent += 1
    return sent


def by_smtp(mail: Mail) -> Callable[[Envelope], None]:
    """What sends a letter by this server: bounded in time at each step."""

    def send(envelope: Envelope) -> None:
        try:
            with _connect(mail) as server:
                if mail.username:
                    server.login(mail.username, mail.password)
                server.send_message(envelope.message, mail.sender, [envelope.to])
        except smtplib.SMTPRecipientsRefused as refused:
            code, said = next(iter(refused.recipients.values()))
            raise (Refused if code >= 500 else NotNow)(f"{code} {said.decode(errors='replace')}") from refused
        except smtplib.SMTPAuthenticationError as wrong:
            raise NotNow(f"the mail server refuses our password ({wrong.smtp_code})") from wrong
        except smtplib.SMTPResponseException as answered:
            text = f"{answered.smtp_code} {answered.smtp_error!r}"
            raise (Refused if answered.smtp_code >= 500 else NotNow)(text) from answered
        except (OSError, smtplib.SMTPException) as broken:
            raise NotNow(f"{type(broken).__name__}: {broken}") from broken

    return send


def run_postman(office: Office, stopping: threading.Event) -> threading.Thread:
    """Deliver in a thread until `stopping` is set; without a mail server letters wait in the queue."""

    def work() -> None:
        send = by_smtp(office.settings.mail)
        while not stopping.wait(LOOK_S):
            with suppress(Problem):  # the database is away: later
                deliver(office, send)

    thread = threading.Thread(target=work, name="postman", daemon=True)
    if office.settings.mail.host:
        thread.start()
    return thread


def _connect(mail: Mail) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=mail.ca_file or None)
    if mail.security == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=SMTP_TIMEOUT_S, context=context)
    server = smtplib.SMTP(mail.host, mail.port, timeout=SMTP_TIMEOUT_S)
    if mail.security == "starttls":
        server.starttls(context=context)
    return server


def _written(office: Office, session: Session, letter: Letter) -> EmailMessage:
    mail = office.settings.mail
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender, letter.to, letter.subject
    message["Date"] = format_datetime(letter.made_at)
    message["Message-ID"] = f"<{letter.id}@{mail.sender.partition('@')[2] or 'conserje'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    record = session.get(MessageRecord, letter.message_id) if letter.message_id else None
    if record is not None and record.audio_sealed is not None:
        audio = office.sealer.open(record.audio_sealed, f"message/{record.id}")
        name = f"mensaje-{record.at:%Y%m%d-%H%M%S}.wav"
        message.add_attachment(audio, maintype="audio", subtype="wav", filename=name)
    return message
