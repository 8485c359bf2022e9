"""A central office in one line, on SQLite and on PostgreSQL alike."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from central.database import Database
from central.office import Office, open_office
from central.settings import DatabaseSettings, Feed, Paths, Security, Settings
from tests.integration.central.databases import Cluster, private_cluster

KEY = base64.b64encode(b"k" * 32).decode()


class SettableClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def forward(self, **how_far: float) -> None:
        self.moment += timedelta(**how_far)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with private_cluster() as started:
        yield started


@pytest.fixture(scope="session")
def migrated(cluster: Cluster) -> str:
    """A database with our tables, to copy for each test: quicker than migrating each time."""
    name = cluster.create()
    database = Database(cluster.url(name))
    database.upgrade()
    database.close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database with our tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'central.db'}"
        database = Database(url)
        database.upgrade()
        database.close()
        yield url
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = cluster.create(request.getfixturevalue("migrated"))
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        paths=Paths(state_dir=tmp_path),
        database=DatabaseSettings(url=database_url),
        security=Security(sealing_key=KEY),
        feed=Feed(keep_revisions=40),
    )


@pytest.fixture
def office(settings: Settings, clock: SettableClock) -> Iterator[Office]:
    opened = open_office(settings)
    yield Office(opened.settings, opened.database, opened.sealer, clock)
    opened.database.close()
