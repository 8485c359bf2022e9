"""Whether a company wants to be asked before its phones move from building to building."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "move_policy",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.CheckConstraint("id = account_id", name=op.f("ck_move_policy_one_an_account")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_move_policy_account_id")),
        sa.ForeignKeyConstraint(["id"], ["account.id"], name=op.f("fk_move_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move_policy")),
    )
    op.create_index(op.f("ix_move_policy_account_id"), "move_policy", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_move_policy_account_id"), table_name="move_policy")
    op.drop_table("move_policy")
