"""The tables of what callers left and what is mailed: messages with their sound, and the queue of letters."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from central.model.base import Base


class MessageRecord(Base):
    """A voicemail message as its building told of it. `audio_sealed` is empty until the building has sent the sound.

    `changed_stamp`: of the act that made `state` (new | old | deleted), merged by wire/messages.py; empty: none yet.
    """

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_mailbox_id_at", "mailbox_id", "at"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str]
    account_id: Mapped[str] = mapped_column(index=True)
    mailbox_id: Mapped[str]
    caller: Mapped[str]
    caller_name: Mapped[str]
    at: Mapped[datetime]
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    audio_sealed: Mapped[bytes | None]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    state: Mapped[str]
    changed_stamp: Mapped[str]


class Letter(Base):
    """One e-mail. `key` names its occasion: the same occasion is never mailed twice, whoever asks again."""

    __tablename__ = "letter"
    __table_args__ = (Index("ix_letter_state_next_at", "state", "next_at"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    to: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(ForeignKey("message.id"))
    """The voicemail whose sound goes along."""
    state: Mapped[str]
    """waiting | sending | sent | failed"""
    tries: Mapped[int]
    next_at: Mapped[datetime]
    """When it may be tried; of one that is being sent, when that try counts as lost."""
    error: Mapped[str]
    made_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
