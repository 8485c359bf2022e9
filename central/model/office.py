"""The tables of the office itself: who may log in, what they did, and who is made to wait."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from central.model.base import Base


class Operator(Base):
    """A log-in to the portal. `account_id` set: sees and changes that account only. `password_hash`: argon2id.

    `person_id` set: that person's own, for what is theirs alone. `temporary`: somebody else has seen the password, so
    that it opens nothing but the page where another one is chosen.
    """

    __tablename__ = "operator"
    id: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.id"))
    person_id: Mapped[str | None]
    temporary: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str]
    made_at: Mapped[datetime]


class PortalSession(Base):
    """A log-in in force. The cookie holds the token, this table its hash."""

    __tablename__ = "portal_session"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    operator_id: Mapped[str] = mapped_column(ForeignKey("operator.id"), index=True)
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what, when, and how the row was before and after; without its secrets."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str]
    action: Mapped[str]
    account_id: Mapped[str | None] = mapped_column(index=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class Throttle(Base):
    """Failures of one key (an address, a user) in one window of time."""

    __tablename__ = "throttle"
    key: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    failures: Mapped[int]
