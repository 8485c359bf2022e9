"""Groups, receptionists, mailboxes, rooms, sounds, habits and limits; how each trunk is used."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sound_content",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_sound_content")),
    )
    op.create_table(
        "conference",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_conference_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conference")),
        sa.UniqueConstraint("account_id", name=op.f("uq_conference_account_id")),
    )
    op.create_index(op.f("ix_conference_account_id"), "conference", ["account_id"], unique=False)
    op.create_table(
        "ring_group",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("ring_s", sa.Integer(), nullable=False),
        sa.Column("no_answer_kind", sa.String(), nullable=False),
        sa.Column("no_answer_target_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.CheckConstraint("ring_s BETWEEN 5 AND 300", name=op.f("ck_ring_group_ring_s_in_bounds")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_ring_group_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ring_group")),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_ring_group_account_id_id")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_ring_group_account_id_name_key")),
    )
    op.create_index(op.f("ix_ring_group_account_id"), "ring_group", ["account_id"], unique=False)
    op.create_table(
        "schedule",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_schedule_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_schedule_account_id_id")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_schedule_account_id_name_key")),
    )
    op.create_index(op.f("ix_schedule_account_id"), "schedule", ["account_id"], unique=False)
    op.create_table(
        "site_limits",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("international_at_once", sa.Integer(), nullable=False),
        sa.Column("spend_day", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = site_id", name=op.f("ck_site_limits_one_a_site")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_limits_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_limits")),
    )
    op.create_table(
        "sound",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sound_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sound")),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_sound_account_id_id")),
    )
    op.create_index(op.f("ix_sound_account_id"), "sound", ["account_id"], unique=False)
    op.create_index(op.f("ix_sound_sha256"), "sound", ["sha256"], unique=False)
    op.create_table(
        "holiday",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("schedule_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("first_day", sa.String(), nullable=False),
        sa.Column("last_day", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_holiday_days_in_order")),
        sa.ForeignKeyConstraint(
            ["account_id", "schedule_id"],
            ["schedule.account_id", "schedule.id"],
            name=op.f("fk_holiday_account_id_schedule_id"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_holiday_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday")),
    )
    op.create_index(op.f("ix_holiday_account_id"), "holiday", ["account_id"], unique=False)
    op.create_index(op.f("ix_holiday_schedule_id"), "holiday", ["schedule_id"], unique=False)
    op.create_table(
        "limits",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("prepaid", sa.Boolean(), nullable=False),
        sa.Column("balance", sa.Integer(), nullable=False),
        sa.Column("offline_budget", sa.Integer(), nullable=False),
        sa.Column("international_per_minute", sa.Integer(), nullable=False),
        sa.Column("premium_per_minute", sa.Integer(), nullable=False),
        sa.Column("international_at_once_person", sa.Integer(), nullable=False),
        sa.Column("international_at_once_account", sa.Integer(), nullable=False),
        sa.Column("spend_day_person", sa.Integer(), nullable=False),
        sa.Column("spend_day_account", sa.Integer(), nullable=False),
        sa.Column("international_schedule_id", sa.String(), nullable=True),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.CheckConstraint("id = account_id", name=op.f("ck_limits_one_an_account")),
        sa.ForeignKeyConstraint(
            ["account_id", "international_schedule_id"],
            ["schedule.account_id", "schedule.id"],
            name=op.f("fk_limits_account_id_international_schedule_id"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_limits_account_id")),
        sa.ForeignKeyConstraint(["id"], ["account.id"], name=op.f("fk_limits_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limits")),
    )
    op.create_index(op.f("ix_limits_account_id"), "limits", ["account_id"], unique=False)
    op.create_table(
        "mailbox",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("answer_after_s", sa.Integer(), nullable=False),
        sa.Column("greeting", sa.String(), nullable=False),
        sa.Column("greeting_sound_id", sa.String(), nullable=True),
        sa.Column("pin_hash_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("max_messages", sa.Integer(), nullable=False),
        sa.Column("max_message_s", sa.Integer(), nullable=False),
        sa.Column("stamps", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "greeting_sound_id"],
            ["sound.account_id", "sound.id"],
            name=op.f("fk_mailbox_account_id_greeting_sound_id"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "person_id"],
            ["person.account_id", "person.id"],
            name=op.f("fk_mailbox_account_id_person_id"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_mailbox_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_mailbox_account_id_id")),
        sa.UniqueConstraint("person_id", name=op.f("uq_mailbox_person_id")),
    )
    op.create_index(op.f("ix_mailbox_account_id"), "mailbox", ["account_id"], unique=False)
    op.create_table(
        "member",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("ring_group_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("target_kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_member_position_from_1")),
        sa.ForeignKeyConstraint(
            ["account_id", "ring_group_id"],
            ["ring_group.account_id", "ring_group.id"],
            name=op.f("fk_member_account_id_ring_group_id"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_member_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint(
            "ring_group_id", "target_kind", "target_id", name=op.f("uq_member_ring_group_id_target_kind_target_id")
        ),
    )
    op.create_index(op.f("ix_member_account_id"), "member", ["account_id"], unique=False)
    op.create_index(op.f("ix_member_ring_group_id"), "member", ["ring_group_id"], unique=False)
    op.create_index(op.f("ix_member_target_id"), "member", ["target_id"], unique=False)
    op.create_table(
        "music",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hold_sound_id", sa.String(), nullable=True),
        sa.Column("transfer_sound_id", sa.String(), nullable=True),
        sa.Column("transfer", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.CheckConstraint("id = account_id", name=op.f("ck_music_one_an_account")),
        sa.ForeignKeyConstraint(
            ["account_id", "hold_sound_id"],
            ["sound.account_id", "sound.id"],
            name=op.f("fk_music_account_id_hold_sound_id"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "transfer_sound_id"],
            ["sound.account_id", "sound.id"],
            name=op.f("fk_music_account_id_transfer_sound_id"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_music_account_id")),
        sa.ForeignKeyConstraint(["id"], ["account.id"], name=op.f("fk_music_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_music")),
    )
    op.create_index(op.f("ix_music_account_id"), "music", ["account_id"], unique=False)
    op.create_table(
        "open_hours",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("schedule_id", sa.String(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("to_minute", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.CheckConstraint("from_minute % 15 = 0 AND to_minute % 15 = 0", name=op.f("ck_open_hours_quarter_hours")),
        sa.CheckConstraint(
            "from_minute >= 0 AND from_minute < to_minute AND to_minute <= 1440", name=op.f("ck_open_hours_range")
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_open_hours_weekday")),
        sa.ForeignKeyConstraint(
            ["account_id", "schedule_id"],
            ["schedule.account_id", "schedule.id"],
            name=op.f("fk_open_hours_account_id_schedule_id"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_open_hours_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_hours")),
    )
    op.create_index(op.f("ix_open_hours_account_id"), "open_hours", ["account_id"], unique=False)
    op.create_index(op.f("ix_open_hours_schedule_id"), "open_hours", ["schedule_id"], unique=False)
    op.create_table(
        "preferences",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("forward_mode", sa.String(), nullable=False),
        sa.Column("forward_to", sa.String(), nullable=False),
        sa.Column("forward_busy_to", sa.String(), nullable=False),
        sa.Column("forward_no_answer_to", sa.String(), nullable=False),
        sa.Column("forward_confirm", sa.Boolean(), nullable=False),
        sa.Column("do_not_disturb", sa.Boolean(), nullable=False),
        sa.Column("call_waiting", sa.Boolean(), nullable=False),
        sa.Column("hide_caller_id", sa.Boolean(), nullable=False),
        sa.Column("stamps", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "id"], ["person.account_id", "person.id"], name=op.f("fk_preferences_account_id_id")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_preferences_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preferences")),
    )
    op.create_index(op.f("ix_preferences_account_id"), "preferences", ["account_id"], unique=False)
    op.create_table(
        "receptionist",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("schedule_id", sa.String(), nullable=True),
        sa.Column("direct_dial", sa.Boolean(), nullable=False),
        sa.Column("override", sa.String(), nullable=False),
        sa.Column("override_stamp", sa.String(), nullable=False),
        sa.Column("default_kind", sa.String(), nullable=False),
        sa.Column("default_target_id", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "schedule_id"],
            ["schedule.account_id", "schedule.id"],
            name=op.f("fk_receptionist_account_id_schedule_id"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_receptionist_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receptionist")),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_receptionist_account_id_id")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_receptionist_account_id_name_key")),
    )
    op.create_index(op.f("ix_receptionist_account_id"), "receptionist", ["account_id"], unique=False)
    op.create_table(
        "room",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("pin_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("moderator_pin_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("internal_without_pin", sa.Boolean(), nullable=False),
        sa.Column("wait_for_moderator", sa.Boolean(), nullable=False),
        sa.Column("max_participants", sa.Integer(), nullable=False),
        sa.Column("host_leaves_ends", sa.Boolean(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "person_id"], ["person.account_id", "person.id"], name=op.f("fk_room_account_id_person_id")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_room_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("account_id", "number", name=op.f("uq_room_account_id_number")),
    )
    op.create_index(op.f("ix_room_account_id"), "room", ["account_id"], unique=False)
    op.create_table(
        "trunk_use",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("registers", sa.Boolean(), nullable=False),
        sa.Column("classes", sa.String(), nullable=False),
        sa.Column("weekdays", sa.String(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("to_minute", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["trunk.id"], name=op.f("fk_trunk_use_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_trunk_use_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trunk_use")),
    )
    op.create_index(op.f("ix_trunk_use_site_id"), "trunk_use", ["site_id"], unique=False)
    op.create_table(
        "menu",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("receptionist_id", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("greeting_sound_id", sa.String(), nullable=True),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "greeting_sound_id"],
            ["sound.account_id", "sound.id"],
            name=op.f("fk_menu_account_id_greeting_sound_id"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "receptionist_id"],
            ["receptionist.account_id", "receptionist.id"],
            name=op.f("fk_menu_account_id_receptionist_id"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_menu_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menu")),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_menu_account_id_id")),
        sa.UniqueConstraint("receptionist_id", "mode", name=op.f("uq_menu_receptionist_id_mode")),
    )
    op.create_index(op.f("ix_menu_account_id"), "menu", ["account_id"], unique=False)
    op.create_table(
        "menu_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("menu_id", sa.String(), nullable=False),
        sa.Column("digit", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "menu_id"], ["menu.account_id", "menu.id"], name=op.f("fk_menu_key_account_id_menu_id")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_menu_key_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menu_key")),
        sa.UniqueConstraint("menu_id", "digit", name=op.f("uq_menu_key_menu_id_digit")),
    )
    op.create_index(op.f("ix_menu_key_account_id"), "menu_key", ["account_id"], unique=False)
    op.create_index(op.f("ix_menu_key_target_id"), "menu_key", ["target_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_menu_key_target_id"), table_name="menu_key")
    op.drop_index(op.f("ix_menu_key_account_id"), table_name="menu_key")
    op.drop_table("menu_key")
    op.drop_index(op.f("ix_menu_account_id"), table_name="menu")
    op.drop_table("menu")
    op.drop_index(op.f("ix_trunk_use_site_id"), table_name="trunk_use")
    op.drop_table("trunk_use")
    op.drop_index(op.f("ix_room_account_id"), table_name="room")
    op.drop_table("room")
    op.drop_index(op.f("ix_receptionist_account_id"), table_name="receptionist")
    op.drop_table("receptionist")
    op.drop_index(op.f("ix_preferences_account_id"), table_name="preferences")
    op.drop_table("preferences")
    op.drop_index(op.f("ix_open_hours_schedule_id"), table_name="open_hours")
    op.drop_index(op.f("ix_open_hours_account_id"), table_name="open_hours")
    op.drop_table("open_hours")
    op.drop_index(op.f("ix_music_account_id"), table_name="music")
    op.drop_table("music")
    op.drop_index(op.f("ix_member_target_id"), table_name="member")
    op.drop_index(op.f("ix_member_ring_group_id"), table_name="member")
    op.drop_index(op.f("ix_member_account_id"), table_name="member")
    op.drop_table("member")
    op.drop_index(op.f("ix_mailbox_account_id"), table_name="mailbox")
    op.drop_table("mailbox")
    op.drop_index(op.f("ix_limits_account_id"), table_name="limits")
    op.drop_table("limits")
    op.drop_index(op.f("ix_holiday_schedule_id"), table_name="holiday")
    op.drop_index(op.f("ix_holiday_account_id"), table_name="holiday")
    op.drop_table("holiday")
    op.drop_index(op.f("ix_sound_sha256"), table_name="sound")
    op.drop_index(op.f("ix_sound_account_id"), table_name="sound")
    op.drop_table("sound")
    op.drop_table("site_limits")
    op.drop_index(op.f("ix_schedule_account_id"), table_name="schedule")
    op.drop_table("schedule")
    op.drop_index(op.f("ix_ring_group_account_id"), table_name="ring_group")
    op.drop_table("ring_group")
    op.drop_index(op.f("ix_conference_account_id"), table_name="conference")
    op.drop_table("conference")
    op.drop_table("sound_content")
