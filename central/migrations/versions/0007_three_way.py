"""Who hangs up last in a call of three."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "three_way",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("goes_on", sa.Boolean(), nullable=False),
        sa.CheckConstraint("id = account_id", name=op.f("ck_three_way_one_an_account")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_three_way_account_id")),
        sa.ForeignKeyConstraint(["id"], ["account.id"], name=op.f("fk_three_way_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_three_way")),
    )
    op.create_index(op.f("ix_three_way_account_id"), "three_way", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_three_way_account_id"), table_name="three_way")
    op.drop_table("three_way")
