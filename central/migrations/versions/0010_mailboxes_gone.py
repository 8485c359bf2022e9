"""Deleted mailboxes that buildings are to clear; messages of mailboxes that were deleted before go."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailbox_gone",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("mailbox_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_mailbox_gone_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox_gone")),
    )
    op.create_index(op.f("ix_mailbox_gone_account_id"), "mailbox_gone", ["account_id"], unique=False)
    orphans = "SELECT id FROM message WHERE mailbox_id NOT IN (SELECT id FROM mailbox)"
    op.execute(f"DELETE FROM letter WHERE message_id IN ({orphans})")  # noqa: S608 - of our own words
    op.execute(f"DELETE FROM message WHERE id IN ({orphans})")  # noqa: S608


def downgrade() -> None:
    op.drop_index(op.f("ix_mailbox_gone_account_id"), table_name="mailbox_gone")
    op.drop_table("mailbox_gone")
