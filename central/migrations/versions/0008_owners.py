"""Log-ins of people, and what they did at the centre with messages that lie in a building."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("operator") as table:
        table.add_column(sa.Column("person_id", sa.String(), nullable=True))
        table.add_column(sa.Column("temporary", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "message_state",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("mailbox_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stamp", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_message_state_account_id")),
        sa.ForeignKeyConstraint(
            ["account_id", "mailbox_id"],
            ["mailbox.account_id", "mailbox.id"],
            name=op.f("fk_message_state_account_id_mailbox_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_state")),
    )
    op.create_index(op.f("ix_message_state_account_id"), "message_state", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_message_state_account_id"), table_name="message_state")
    op.drop_table("message_state")
    with op.batch_alter_table("operator") as table:
        table.drop_column("temporary")
        table.drop_column("person_id")
