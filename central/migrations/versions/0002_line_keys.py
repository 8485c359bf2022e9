"""Programmable keys of phones."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # An index and not a constraint: SQLite adds it without writing the table of phones anew.
    op.create_index("ix_phone_account_id_id", "phone", ["account_id", "id"], unique=True)
    op.create_table(
        "line_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key_kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_line_key_position_from_1")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_line_key_account_id")),
        sa.ForeignKeyConstraint(
            ["account_id", "phone_id"], ["phone.account_id", "phone.id"], name=op.f("fk_line_key_account_id_phone_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_key")),
        sa.UniqueConstraint("phone_id", "position", name=op.f("uq_line_key_phone_id_position")),
    )
    op.create_index(op.f("ix_line_key_account_id"), "line_key", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_line_key_account_id"), table_name="line_key")
    op.drop_table("line_key")
    op.drop_index("ix_phone_account_id_id", table_name="phone")
