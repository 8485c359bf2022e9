"""The tables between the centre and its buildings: feed, status, received facts, enrolment."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from central.model.base import Base


class SiteState(Base):
    """The newest revision of a site and the digest of its whole state. Locked by whoever writes the next revision."""

    __tablename__ = "site_state"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str]


class FeedRevision(Base):
    """One revision of one site. `changes_sealed`: the changes as canonical JSON, compressed and sealed."""

    __tablename__ = "feed"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    digest: Mapped[str]
    changes_sealed: Mapped[bytes]
    made_at: Mapped[datetime]


class BuildingStatus(Base):
    """What a building last said of itself (S-5). `at` is its own clock, `received_at` ours."""

    __tablename__ = "building_status"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str]
    state: Mapped[str]
    error_en: Mapped[str]
    error_es: Mapped[str]
    at: Mapped[str]
    version: Mapped[str]
    received_at: Mapped[datetime]
    rolled_back_from: Mapped[int] = mapped_column(BigInteger, default=0)
    """The last revision that the building could not take or keep; stays when all is well again."""
    rolled_back_at: Mapped[str] = mapped_column(default="")
    rolled_back_en: Mapped[str] = mapped_column(default="")
    rolled_back_es: Mapped[str] = mapped_column(default="")


class SiteContact(Base):
    """When a building last asked for anything; written at most every few minutes."""

    __tablename__ = "site_contact"
    site_id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class FactRecord(Base):
    """A fact of a building's journal that has been answered. Sent again, it gets the same answer and does nothing."""

    __tablename__ = "fact"
    site_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    fact: Mapped[str]
    hlc: Mapped[str]
    received_at: Mapped[datetime]
    refused_en: Mapped[str]
    """Why it was refused; empty when it was applied."""
    refused_es: Mapped[str]


class CdrRecord(Base):
    """A call, as the building recorded it. It outlives its account, its site and the phones in it."""

    __tablename__ = "cdr"
    __table_args__ = (
        Index("ix_cdr_account_id_started_at", "account_id", "started_at"),
        Index("ix_cdr_site_id_started_at", "site_id", "started_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str]
    account_id: Mapped[str]
    call_id: Mapped[str] = mapped_column(Text)
    direction: Mapped[str]
    caller: Mapped[str]
    caller_phone_id: Mapped[str]
    dialled: Mapped[str]
    destination: Mapped[str]
    call_class: Mapped[str]
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    talk_ms: Mapped[int] = mapped_column(BigInteger)
    cause: Mapped[str]
    sip_status: Mapped[int]
    answered_by: Mapped[str]
    trunk_id: Mapped[str]
    legs: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reasons: Mapped[list[str]] = mapped_column(JSON)


class SeenPhone(Base):
    """An unknown phone in a building: "sin asignar" (P-2)."""

    __tablename__ = "seen_phone"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), primary_key=True)
    mac: Mapped[str] = mapped_column(primary_key=True)
    family: Mapped[str]
    model: Mapped[str]
    firmware: Mapped[str]
    address: Mapped[str]
    evidence: Mapped[list[str]] = mapped_column(JSON)
    switch_port: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class PastPresence(Base):
    """An account was once present at a site: calls recorded then may still arrive."""

    __tablename__ = "past_presence"
    account_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class ClaimCode(Base):
    """A one-time code, kept only as its keyed hash."""

    __tablename__ = "claim_code"
    hash: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), index=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class CertificateRecord(Base):
    """A building's certificate. It counts until `expires_at`, `retire_at` or `revoked_at`, whichever comes first."""

    __tablename__ = "certificate"
    serial: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(index=True)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    first_used_at: Mapped[datetime | None]
    retire_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_why: Mapped[str]
