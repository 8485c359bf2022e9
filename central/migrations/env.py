"""Alembic's environment: runs on the connection that central.database hands over. There is no alembic.ini."""

from alembic import context

from central.model import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
