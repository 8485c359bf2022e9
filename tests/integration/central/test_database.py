"""The tables themselves: what the migrations make is what the code means, on SQLite and PostgreSQL."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from central.database import Database
from central.errors import SetUpProblem, UnavailableProblem
from central.model import Base
from central.office import open_office
from central.settings import DatabaseSettings, Paths, Security, Settings
from tests.integration.central.conftest import KEY


@pytest.mark.acceptance("Z-4")
def test_the_migrations_make_the_tables_the_code_means(database_url: str) -> None:
    database = Database(database_url)
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    database.upgrade()
    assert database.is_current()
    database.close()


def test_an_office_of_another_version_does_not_open(database_url: str, settings: Settings) -> None:
    database = Database(database_url)
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    database.close()
    with pytest.raises(SetUpProblem, match="tables"):
        open_office(settings)


def test_a_database_that_is_away_is_said_to_be_away(settings: Settings) -> None:
    away = Settings(
        paths=Paths(state_dir=settings.paths.state_dir),
        database=DatabaseSettings(url="postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"),
        security=Security(sealing_key=KEY),
    )
    with pytest.raises(UnavailableProblem, match="does not answer"):
        open_office(away)


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(SetUpProblem, match="mysql"):
        Database("mysql://u@h/d")
