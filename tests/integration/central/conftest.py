"""A central office in one line, on SQLite and on PostgreSQL alike."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from central.database import Database
from central.office import Office, open_office
from central.settings import DatabaseSettings, Feed, Paths, Security, Settings, load
from tests.integration.central.databases import Cluster, private_cluster
from tests.integration.central.server import Served, serving

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


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served office, one for all tests of a module: each makes buildings and companies of its own."""
    place = tmp_path_factory.mktemp("office")
    if request.param == "sqlite":
        with serving(place, "") as running:
            yield running
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = cluster.create()
    try:
        with serving(place, cluster.url(name)) as running:
            yield running
    finally:
        cluster.drop(name)


@pytest.fixture(scope="module")
def served_office(served: Served) -> Iterator[Office]:
    """The same office in this process: edits made here are served there."""
    opened = open_office(load(served.place / "central.toml", {}))
    yield opened
    opened.database.close()
