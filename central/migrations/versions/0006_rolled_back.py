"""The last revision that a building could not take or keep."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("building_status") as table:
        table.add_column(sa.Column("rolled_back_from", sa.BigInteger(), nullable=False, server_default="0"))
        for name in ("rolled_back_at", "rolled_back_en", "rolled_back_es"):
            table.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("building_status") as table:
        for name in ("rolled_back_es", "rolled_back_en", "rolled_back_at", "rolled_back_from"):
            table.drop_column(name)
