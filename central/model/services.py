"""The tables of wire/services.py: groups, receptionists, mailboxes, rooms, sounds, habits and limits of a company.

As in directory.py, keys over (account_id, …) keep every link inside its company. What a key or a group leads to may be
of several kinds, so that link is the code's to check; all others are the database's.
"""

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from central.model.base import Base
from central.model.directory import Record


class OfAccount(Record):
    """`(account_id, id)` is what rows of the same company refer to."""

    __abstract__ = True
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)


class PreferencesRecord(OfAccount):
    __tablename__ = "preferences"
    __table_args__ = (ForeignKeyConstraint(["account_id", "id"], ["person.account_id", "person.id"]),)
    forward_mode: Mapped[str]
    forward_to: Mapped[str]
    forward_busy_to: Mapped[str]
    forward_no_answer_to: Mapped[str]
    forward_confirm: Mapped[bool]
    do_not_disturb: Mapped[bool]
    call_waiting: Mapped[bool]
    hide_caller_id: Mapped[bool]
    stamps: Mapped[str]


class RingGroupRecord(OfAccount):
    __tablename__ = "ring_group"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "name_key"),
        CheckConstraint("ring_s BETWEEN 5 AND 300", name="ring_s_in_bounds"),
    )
    name: Mapped[str]
    name_key: Mapped[str]
    mode: Mapped[str]
    ring_s: Mapped[int]
    no_answer_kind: Mapped[str]
    no_answer_target_id: Mapped[str]


class MemberRecord(OfAccount):
    __tablename__ = "member"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "ring_group_id"], ["ring_group.account_id", "ring_group.id"]),
        UniqueConstraint("ring_group_id", "target_kind", "target_id"),
        CheckConstraint("position >= 1", name="position_from_1"),
    )
    ring_group_id: Mapped[str] = mapped_column(index=True)
    position: Mapped[int]
    target_kind: Mapped[str]
    target_id: Mapped[str] = mapped_column(index=True)


class SoundRecord(OfAccount):
    """The octets are in sound_content, once each, by their SHA-256."""

    __tablename__ = "sound"
    __table_args__ = (UniqueConstraint("account_id", "id"),)
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int]
    duration_ms: Mapped[int]
    text: Mapped[str]
    language: Mapped[str]


class SoundContent(Base):
    """The octets of a sound, as buildings fetch them."""

    __tablename__ = "sound_content"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes]


def _sound(column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["account_id", column], ["sound.account_id", "sound.id"])


def _schedule(column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["account_id", column], ["schedule.account_id", "schedule.id"])


class MusicRecord(OfAccount):
    __tablename__ = "music"
    __table_args__ = (
        ForeignKeyConstraint(["id"], ["account.id"]),
        _sound("hold_sound_id"),
        _sound("transfer_sound_id"),
        CheckConstraint("id = account_id", name="one_an_account"),
    )
    hold_sound_id: Mapped[str | None]
    transfer_sound_id: Mapped[str | None]
    transfer: Mapped[str]


class ThreeWayRecord(OfAccount):
    __tablename__ = "three_way"
    __table_args__ = (
        ForeignKeyConstraint(["id"], ["account.id"]),
        CheckConstraint("id = account_id", name="one_an_account"),
    )
    goes_on: Mapped[bool]


class ScheduleRecord(OfAccount):
    __tablename__ = "schedule"
    __table_args__ = (UniqueConstraint("account_id", "id"), UniqueConstraint("account_id", "name_key"))
    name: Mapped[str]
    name_key: Mapped[str]


class OpenHoursRecord(OfAccount):
    __tablename__ = "open_hours"
    __table_args__ = (
        _schedule("schedule_id"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("from_minute >= 0 AND from_minute < to_minute AND to_minute <= 1440", name="range"),
        CheckConstraint("from_minute % 15 = 0 AND to_minute % 15 = 0", name="quarter_hours"),
    )
    schedule_id: Mapped[str] = mapped_column(index=True)
    weekday: Mapped[int]
    from_minute: Mapped[int]
    to_minute: Mapped[int]


class HolidayRecord(OfAccount):
    __tablename__ = "holiday"
    __table_args__ = (_schedule("schedule_id"), CheckConstraint("first_day <= last_day", name="days_in_order"))
    schedule_id: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    first_day: Mapped[str]
    last_day: Mapped[str]


class ReceptionistRecord(OfAccount):
    __tablename__ = "receptionist"
    __table_args__ = (
        _schedule("schedule_id"),
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "name_key"),
    )
    name: Mapped[str]
    name_key: Mapped[str]
    timezone: Mapped[str]
    schedule_id: Mapped[str | None]
    direct_dial: Mapped[bool]
    override: Mapped[str]
    override_stamp: Mapped[str]
    default_kind: Mapped[str]
    default_target_id: Mapped[str]
    language: Mapped[str]


class MenuRecord(OfAccount):
    __tablename__ = "menu"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "receptionist_id"], ["receptionist.account_id", "receptionist.id"]),
        _sound("greeting_sound_id"),
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("receptionist_id", "mode"),
    )
    receptionist_id: Mapped[str]
    mode: Mapped[str]
    greeting_sound_id: Mapped[str | None]


class MenuKeyRecord(OfAccount):
    __tablename__ = "menu_key"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "menu_id"], ["menu.account_id", "menu.id"]),
        UniqueConstraint("menu_id", "digit"),
    )
    menu_id: Mapped[str]
    digit: Mapped[str]
    action: Mapped[str]
    target_id: Mapped[str] = mapped_column(index=True)


class MailboxRecord(OfAccount):
    """A person has one at most."""

    __tablename__ = "mailbox"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "person_id"], ["person.account_id", "person.id"]),
        _sound("greeting_sound_id"),
        UniqueConstraint("account_id", "id"),
    )
    name: Mapped[str]
    person_id: Mapped[str | None] = mapped_column(unique=True)
    enabled: Mapped[bool]
    answer_after_s: Mapped[int]
    greeting: Mapped[str]
    greeting_sound_id: Mapped[str | None]
    pin_hash_sealed: Mapped[bytes]
    email: Mapped[str]
    max_messages: Mapped[int]
    max_message_s: Mapped[int]
    stamps: Mapped[str]


class OwnGreetingRecord(OfAccount):
    """The octets are in sound_content."""

    __tablename__ = "own_greeting"
    __table_args__ = (ForeignKeyConstraint(["account_id", "mailbox_id"], ["mailbox.account_id", "mailbox.id"]),)
    mailbox_id: Mapped[str]
    greeting: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int]
    duration_ms: Mapped[int]
    former_sha256: Mapped[str]
    stamp: Mapped[str]


class MessageStateRecord(OfAccount):
    """An act of an owner that the message's building has not obeyed yet."""

    __tablename__ = "message_state"
    __table_args__ = (ForeignKeyConstraint(["account_id", "mailbox_id"], ["mailbox.account_id", "mailbox.id"]),)
    site_id: Mapped[str]
    mailbox_id: Mapped[str]
    state: Mapped[str]
    stamp: Mapped[str]


class MailboxGoneRecord(OfAccount):
    """A deleted mailbox of which a building has not told yet that it holds nothing more."""

    __tablename__ = "mailbox_gone"
    site_id: Mapped[str]
    mailbox_id: Mapped[str]


class ConferenceServerRecord(OfAccount):
    """One an account."""

    __tablename__ = "conference"
    __table_args__ = (UniqueConstraint("account_id"),)
    name: Mapped[str]


class RoomRecord(OfAccount):
    __tablename__ = "room"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "person_id"], ["person.account_id", "person.id"]),
        UniqueConstraint("account_id", "number"),
    )
    number: Mapped[str]
    name: Mapped[str]
    pin_sealed: Mapped[bytes]
    moderator_pin_sealed: Mapped[bytes]
    internal_without_pin: Mapped[bool]
    wait_for_moderator: Mapped[bool]
    max_participants: Mapped[int]
    host_leaves_ends: Mapped[bool]
    person_id: Mapped[str | None]


class LimitsRecord(OfAccount):
    __tablename__ = "limits"
    __table_args__ = (
        ForeignKeyConstraint(["id"], ["account.id"]),
        _schedule("international_schedule_id"),
        CheckConstraint("id = account_id", name="one_an_account"),
    )
    prepaid: Mapped[bool]
    balance: Mapped[int]
    offline_budget: Mapped[int]
    international_per_minute: Mapped[int]
    premium_per_minute: Mapped[int]
    international_at_once_person: Mapped[int]
    international_at_once_account: Mapped[int]
    spend_day_person: Mapped[int]
    spend_day_account: Mapped[int]
    international_schedule_id: Mapped[str | None]


class MovePolicyRecord(OfAccount):
    __tablename__ = "move_policy"
    __table_args__ = (
        ForeignKeyConstraint(["id"], ["account.id"]),
        CheckConstraint("id = account_id", name="one_an_account"),
    )
    asks: Mapped[bool]


class SiteLimitsRecord(Record):
    __tablename__ = "site_limits"
    __table_args__ = (CheckConstraint("id = site_id", name="one_a_site"),)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    international_at_once: Mapped[int]
    spend_day: Mapped[int]


class TrunkUseRecord(Record):
    __tablename__ = "trunk_use"
    __table_args__ = (ForeignKeyConstraint(["id"], ["trunk.id"]),)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), index=True)
    registers: Mapped[bool]
    classes: Mapped[str]
    weekdays: Mapped[str]
    from_minute: Mapped[int]
    to_minute: Mapped[int]


SERVICE_RECORDS: tuple[type[Record], ...] = (
    PreferencesRecord,
    RingGroupRecord,
    MemberRecord,
    SoundRecord,
    MusicRecord,
    ScheduleRecord,
    OpenHoursRecord,
    HolidayRecord,
    ReceptionistRecord,
    MenuRecord,
    MenuKeyRecord,
    MailboxRecord,
    OwnGreetingRecord,
    MessageStateRecord,
    MailboxGoneRecord,
    ConferenceServerRecord,
    RoomRecord,
    ThreeWayRecord,
    LimitsRecord,
    MovePolicyRecord,
    SiteLimitsRecord,
    TrunkUseRecord,
)
