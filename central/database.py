"""One engine for SQLite and PostgreSQL: reads are of one snapshot, writes take their lock first.

SQLite: BEGIN IMMEDIATE for writes, so that two writers queue instead of failing half-way; WAL, so that readers never
wait; full synchronisation, so that a revision given to a building survives a power cut here. PostgreSQL: REPEATABLE
READ for reads, READ COMMITTED with row locks for writes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from central.errors import SetUpProblem, UnavailableProblem, Words

BUSY_TIMEOUT_MS = 10_000
POOL_SIZE = 8
POOL_OVERFLOW = 8


class Database:
    """Sessions on one URL. Cheap to make; connections are made when used, so make it after a fork."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.dialect = parsed.get_backend_name()
        if self.dialect not in ("sqlite", "postgresql"):
            raise SetUpProblem(
                Words(f"The database {self.dialect} is not supported.", f"La base {self.dialect} no está soportada."),
                Words("Use sqlite:// or postgresql://.", "Use sqlite:// o postgresql://."),
            )
        postgres = self.dialect == "postgresql"
        self.engine: Engine = create_engine(
            parsed,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_pre_ping=postgres,
            connect_args={"options": f"-c lock_timeout={BUSY_TIMEOUT_MS}"} if postgres else {},
        )
        if self.dialect == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
            self._reader = self.engine
            self._writer = self.engine.execution_options(conserje_begin="BEGIN IMMEDIATE")
        else:
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._writer = self.engine.execution_options(isolation_level="READ COMMITTED")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one snapshot. Raises UnavailableProblem when the database does not answer."""
        with _no_answer_is_a_problem(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back on any exception."""
        with _no_answer_is_a_problem(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def upgrade(self, to: str = "head") -> None:
        """Bring the tables to this version's shape, or to a named revision on the way; safe to run again."""
        with _no_answer_is_a_problem(), self._writer.begin() as connection:
            config = _alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, to)

    def is_current(self) -> bool:
        with _no_answer_is_a_problem(), self._reader.connect() as connection:
            heads = MigrationContext.configure(connection).get_current_heads()
        return set(heads) == set(ScriptDirectory.from_config(_alembic_config()).get_heads())

    def close(self) -> None:
        self.engine.dispose()


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


@contextmanager
def _no_answer_is_a_problem() -> Iterator[None]:
    try:
        yield
    except OperationalError as away:
        raise UnavailableProblem(
            Words("The central office's database does not answer.", "La base de datos de la central no responde."),
            Words("Try again in a moment.", "Intente de nuevo en un momento."),
        ) from away
    except DBAPIError as broken:
        if not broken.connection_invalidated:
            raise
        raise UnavailableProblem(
            Words("The connection to the database was lost.", "Se perdió la conexión con la base de datos."),
            Words("Try again in a moment.", "Intente de nuevo en un momento."),
        ) from broken


def _prepare_sqlite(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        raw.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("conserje_begin", "BEGIN"))
