"""The tables themselves: what the migrations make is what the code means, on SQLite and PostgreSQL."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from central.database import Database
from central.directory.keys import KeyWish, set_keys
from central.errors import SetUpProblem, UnavailableProblem
from central.model import RECORDS, Base, SiteState
from central.model.rows import fill
from central.office import open_office
from central.sealing import Sealer
from central.settings import DatabaseSettings, Paths, Security, Settings
from tests.integration.central.building import Copy
from tests.integration.central.conftest import KEY
from tests.integration.central.databases import Cluster
from wire.feed import digest_of_wire, row_to_wire
from wire.rows import Account, Extension, Person, Phone, Presence, Site


@pytest.mark.acceptance("Z-4")
def test_the_migrations_make_the_tables_the_code_means(database_url: str) -> None:
    database = Database(database_url)
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    database.upgrade()
    assert database.is_current()
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'central.db'}"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.mark.acceptance("Z-4")
def test_an_office_with_data_of_the_first_version_goes_on_with_it(empty_url: str, tmp_path: Path) -> None:
    database = Database(empty_url)
    database.upgrade("0001")
    settings = Settings(
        paths=Paths(state_dir=tmp_path),
        database=DatabaseSettings(url=empty_url),
        security=Security(sealing_key=KEY),
    )
    sealer = Sealer(base64.b64decode(KEY))
    held = (
        Site("s1", "Torre"), Account("acme", "Acme"), Presence("p1", "acme", "s1"), Person("ana", "acme", "Ana"),
        Extension("e1", "acme", "101", "person", "ana"),
        Phone("ph1", "acme", "s1", "ana", "001565000001", "yealink", "T46S", "pana", "secret-of-ana"),
    )  # fmt: skip
    digest = digest_of_wire(row_to_wire(r) for r in held)
    with database.writing() as session:
        for row in held:
            record = RECORDS[row.kind](id=row.id)
            fill(record, row, sealer)
            session.add(record)
            session.flush()
        session.add(SiteState(site_id="s1", revision=7, digest=digest))
    with pytest.raises(SetUpProblem, match="tables"):
        open_office(settings)
    database.upgrade()
    database.close()
    office = open_office(settings)
    copy = Copy("s1")
    copy.follow(office)
    assert (copy.revision, set(copy.rows.values())) == (7, set(held))
    with office.editing("test") as edit:
        set_keys(edit, "acme", "ph1", [KeyWish(2, "blf", "101")])
    copy.follow(office)
    assert (copy.revision, copy.kinds()["line_key"]) == (8, 1)
    office.database.close()


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
