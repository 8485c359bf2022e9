"""What owners of mailboxes recorded as their greetings."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_greeting",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("mailbox_id", sa.String(), nullable=False),
        sa.Column("greeting", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("former_sha256", sa.String(), nullable=False),
        sa.Column("stamp", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_own_greeting_account_id")),
        sa.ForeignKeyConstraint(
            ["account_id", "mailbox_id"],
            ["mailbox.account_id", "mailbox.id"],
            name=op.f("fk_own_greeting_account_id_mailbox_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_greeting")),
    )
    op.create_index(op.f("ix_own_greeting_account_id"), "own_greeting", ["account_id"], unique=False)
    op.create_index(op.f("ix_own_greeting_sha256"), "own_greeting", ["sha256"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_own_greeting_sha256"), table_name="own_greeting")
    op.drop_index(op.f("ix_own_greeting_account_id"), table_name="own_greeting")
    op.drop_table("own_greeting")
