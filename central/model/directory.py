"""The tables of what the centre owns: the same facts as wire/rows.py, with the rules that the database itself keeps.

Keys over (account_id, …) make a link from one company's row to another's impossible, whatever the code above does.
Columns carry the wire's field names; `<name>_sealed` holds a secret. rows.py turns records into wire rows and back.
"""

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from central.model.base import Base


class Record(Base):
    """A table whose rows go down the wire."""

    __abstract__ = True
    id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)


class SiteRecord(Record):
    __tablename__ = "site"
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(unique=True)
    timezone: Mapped[str]
    area_code: Mapped[str]
    dial_profile: Mapped[str]
    strict_dialling: Mapped[bool]
    address: Mapped[str]
    callback_number: Mapped[str]
    language: Mapped[str]


class AccountRecord(Record):
    __tablename__ = "account"
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str]
    default_kind: Mapped[str]
    default_target_id: Mapped[str]


class PresenceRecord(Record):
    __tablename__ = "presence"
    __table_args__ = (UniqueConstraint("account_id", "site_id"),)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), index=True)


class PersonRecord(Record):
    """`name_key` is the folded first and last name: unique in the account (U-2)."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("account_id", "name_key"), UniqueConstraint("account_id", "id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    first_name: Mapped[str]
    last_name: Mapped[str]
    name_key: Mapped[str]
    email: Mapped[str]
    language: Mapped[str]
    international: Mapped[bool]
    premium: Mapped[bool]
    area_code: Mapped[str]
    caller_id: Mapped[str]


class ExtensionRecord(Record):
    __tablename__ = "extension"
    __table_args__ = (UniqueConstraint("account_id", "digits"),)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    digits: Mapped[str]
    target_kind: Mapped[str]
    target_id: Mapped[str] = mapped_column(index=True)


class NumberRecord(Record):
    __tablename__ = "number"
    __table_args__ = (UniqueConstraint("account_id", "id"), CheckConstraint("e164 LIKE '+%'", name="e164_has_plus"))
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    e164: Mapped[str] = mapped_column(unique=True)


class MappingRecord(Record):
    """Its primary key is the number's id: a number cannot lead to two things (N-4)."""

    __tablename__ = "mapping"
    __table_args__ = (ForeignKeyConstraint(["account_id", "id"], ["number.account_id", "number.id"]),)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    target_kind: Mapped[str]
    target_id: Mapped[str] = mapped_column(index=True)


class PhoneRecord(Record):
    """`person_id` is unique where set: one IP phone each (U-4). A phone stands only where its account is present."""

    __tablename__ = "phone"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "site_id"], ["presence.account_id", "presence.site_id"]),
        ForeignKeyConstraint(["account_id", "person_id"], ["person.account_id", "person.id"]),
        Index("ix_phone_account_id_id", "account_id", "id", unique=True),
    )
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(unique=True)
    mac: Mapped[str] = mapped_column(unique=True)
    family: Mapped[str]
    model: Mapped[str]
    sip_user: Mapped[str] = mapped_column(unique=True)
    sip_secret_sealed: Mapped[bytes]
    label: Mapped[str]
    language: Mapped[str]


class LineKeyRecord(Record):
    """A phone has one thing at a position, and only keys of its own company."""

    __tablename__ = "line_key"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "phone_id"], ["phone.account_id", "phone.id"]),
        UniqueConstraint("phone_id", "position"),
        CheckConstraint("position >= 1", name="position_from_1"),
    )
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    phone_id: Mapped[str]
    position: Mapped[int]
    key_kind: Mapped[str]
    value: Mapped[str]
    label: Mapped[str]


class TrunkRecord(Record):
    __tablename__ = "trunk"
    __table_args__ = (UniqueConstraint("site_id", "name"),)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    name: Mapped[str]
    trunk_kind: Mapped[str]
    host: Mapped[str]
    port: Mapped[int]
    transport: Mapped[str]
    priority: Mapped[int]
    plus: Mapped[bool]
    username: Mapped[str]
    secret_sealed: Mapped[bytes]
    trusted: Mapped[bool]


OWN_RECORDS: dict[str, type[Record]] = {
    "site": SiteRecord,
    "account": AccountRecord,
    "presence": PresenceRecord,
    "person": PersonRecord,
    "extension": ExtensionRecord,
    "number": NumberRecord,
    "mapping": MappingRecord,
    "phone": PhoneRecord,
    "line_key": LineKeyRecord,
    "trunk": TrunkRecord,
}
