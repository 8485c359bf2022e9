"""The central office in one value: settings, database, sealer, clock; and the one way to edit what it owns."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from central.clock import Clock, SystemClock
from central.database import Database
from central.directory.edit import Edit
from central.errors import SetUpProblem, Words
from central.sealing import Sealer, load_sealer
from central.settings import Settings


@dataclass(frozen=True)
class Office:
    """Made once a process, after its fork."""

    settings: Settings
    database: Database
    sealer: Sealer = field(repr=False)
    clock: Clock = field(default_factory=SystemClock)

    @contextmanager
    def editing(self, actor: str) -> Iterator[Edit]:
        """One edit by `actor`: all of it is in the database and in the feeds at the end, or none of it."""
        with self.database.writing() as session:
            edit = Edit(session, self.sealer, actor, self.clock.now(), self.settings.feed.keep_revisions)
            yield edit
            edit.finish()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.database.reading() as session:
            yield session


def open_office(settings: Settings) -> Office:
    """The office of these settings. Raises SetUpProblem when it was never set up, or for another version."""
    office = Office(
        settings,
        Database(settings.database_url),
        load_sealer(settings.paths.sealing_key, settings.security.sealing_key),
    )
    if not office.database.is_current():
        raise SetUpProblem(
            Words("The database does not have this version's tables.", "La base no tiene las tablas de esta versión."),
            Words("Run `conserje-central init`.", "Ejecute `conserje-central init`."),
        )
    return office
