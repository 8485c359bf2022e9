"""The central office's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("default_kind", sa.String(), nullable=False),
        sa.Column("default_target_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name_key", name=op.f("uq_account_name_key")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_account_id"), "audit", ["account_id"], unique=False)
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_table(
        "cdr",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("caller_phone_id", sa.String(), nullable=False),
        sa.Column("dialled", sa.String(), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("call_class", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("talk_ms", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("sip_status", sa.Integer(), nullable=False),
        sa.Column("answered_by", sa.String(), nullable=False),
        sa.Column("trunk_id", sa.String(), nullable=False),
        sa.Column("legs", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cdr")),
    )
    op.create_index("ix_cdr_account_id_started_at", "cdr", ["account_id", "started_at"], unique=False)
    op.create_index("ix_cdr_site_id_started_at", "cdr", ["site_id", "started_at"], unique=False)
    op.create_table(
        "certificate",
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retire_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_certificate")),
    )
    op.create_index(op.f("ix_certificate_site_id"), "certificate", ["site_id"], unique=False)
    op.create_table(
        "fact",
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("hlc", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused_en", sa.String(), nullable=False),
        sa.Column("refused_es", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_fact")),
    )
    op.create_table(
        "past_presence",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "site_id", name=op.f("pk_past_presence")),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("dial_profile", sa.String(), nullable=False),
        sa.Column("strict_dialling", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("callback_number", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("name_key", name=op.f("uq_site_name_key")),
    )
    op.create_table(
        "site_contact",
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_site_contact")),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttle")),
    )
    op.create_table(
        "building_status",
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error_en", sa.String(), nullable=False),
        sa.Column("error_es", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_building_status_site_id")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_building_status")),
    )
    op.create_table(
        "claim_code",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_claim_code_site_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_claim_code")),
    )
    op.create_index(op.f("ix_claim_code_site_id"), "claim_code", ["site_id"], unique=False)
    op.create_table(
        "extension",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("digits", sa.String(), nullable=False),
        sa.Column("target_kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_extension_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extension")),
        sa.UniqueConstraint("account_id", "digits", name=op.f("uq_extension_account_id_digits")),
    )
    op.create_index(op.f("ix_extension_target_id"), "extension", ["target_id"], unique=False)
    op.create_table(
        "feed",
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("changes_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_feed_site_id")),
        sa.PrimaryKeyConstraint("site_id", "revision", name=op.f("pk_feed")),
    )
    op.create_table(
        "number",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("e164", sa.String(), nullable=False),
        sa.CheckConstraint("e164 LIKE '+%'", name=op.f("ck_number_e164_has_plus")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_number_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number")),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_number_account_id_id")),
        sa.UniqueConstraint("e164", name=op.f("uq_number_e164")),
    )
    op.create_table(
        "operator",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_operator_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator")),
        sa.UniqueConstraint("user", name=op.f("uq_operator_user")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("international", sa.Boolean(), nullable=False),
        sa.Column("premium", sa.Boolean(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("caller_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_person_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_person_account_id_id")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_person_account_id_name_key")),
    )
    op.create_table(
        "presence",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_presence_account_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_presence_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence")),
        sa.UniqueConstraint("account_id", "site_id", name=op.f("uq_presence_account_id_site_id")),
    )
    op.create_index(op.f("ix_presence_site_id"), "presence", ["site_id"], unique=False)
    op.create_table(
        "seen_phone",
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("mac", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("firmware", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("switch_port", sa.String(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_seen_phone_site_id")),
        sa.PrimaryKeyConstraint("site_id", "mac", name=op.f("pk_seen_phone")),
    )
    op.create_table(
        "site_state",
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_state_site_id")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_site_state")),
    )
    op.create_table(
        "trunk",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("trunk_kind", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("transport", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("plus", sa.Boolean(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_trunk_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trunk")),
        sa.UniqueConstraint("site_id", "name", name=op.f("uq_trunk_site_id_name")),
    )
    op.create_table(
        "mapping",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("target_kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "id"], ["number.account_id", "number.id"], name=op.f("fk_mapping_account_id_id")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_mapping_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping")),
    )
    op.create_index(op.f("ix_mapping_target_id"), "mapping", ["target_id"], unique=False)
    op.create_table(
        "phone",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("mac", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("sip_user", sa.String(), nullable=False),
        sa.Column("sip_secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "person_id"], ["person.account_id", "person.id"], name=op.f("fk_phone_account_id_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "site_id"],
            ["presence.account_id", "presence.site_id"],
            name=op.f("fk_phone_account_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_phone_account_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_phone_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone")),
        sa.UniqueConstraint("mac", name=op.f("uq_phone_mac")),
        sa.UniqueConstraint("person_id", name=op.f("uq_phone_person_id")),
        sa.UniqueConstraint("sip_user", name=op.f("uq_phone_sip_user")),
    )
    op.create_index(op.f("ix_phone_account_id"), "phone", ["account_id"], unique=False)
    op.create_index(op.f("ix_phone_site_id"), "phone", ["site_id"], unique=False)
    op.create_table(
        "portal_session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"], name=op.f("fk_portal_session_operator_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_portal_session")),
    )
    op.create_index(op.f("ix_portal_session_operator_id"), "portal_session", ["operator_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_portal_session_operator_id"), table_name="portal_session")
    op.drop_table("portal_session")
    op.drop_index(op.f("ix_phone_site_id"), table_name="phone")
    op.drop_index(op.f("ix_phone_account_id"), table_name="phone")
    op.drop_table("phone")
    op.drop_index(op.f("ix_mapping_target_id"), table_name="mapping")
    op.drop_table("mapping")
    op.drop_table("trunk")
    op.drop_table("site_state")
    op.drop_table("seen_phone")
    op.drop_index(op.f("ix_presence_site_id"), table_name="presence")
    op.drop_table("presence")
    op.drop_table("person")
    op.drop_table("operator")
    op.drop_table("number")
    op.drop_table("feed")
    op.drop_index(op.f("ix_extension_target_id"), table_name="extension")
    op.drop_table("extension")
    op.drop_index(op.f("ix_claim_code_site_id"), table_name="claim_code")
    op.drop_table("claim_code")
    op.drop_table("building_status")
    op.drop_table("throttle")
    op.drop_table("site_contact")
    op.drop_table("site")
    op.drop_table("past_presence")
    op.drop_table("fact")
    op.drop_index(op.f("ix_certificate_site_id"), table_name="certificate")
    op.drop_table("certificate")
    op.drop_index("ix_cdr_site_id_started_at", table_name="cdr")
    op.drop_index("ix_cdr_account_id_started_at", table_name="cdr")
    op.drop_table("cdr")
    op.drop_index(op.f("ix_audit_at"), table_name="audit")
    op.drop_index(op.f("ix_audit_account_id"), table_name="audit")
    op.drop_table("audit")
    op.drop_table("account")
