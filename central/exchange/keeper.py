"""Writes the records of calls that the centre took in a dark building's place, from what the workers noted."""

import logging
from pathlib import Path

from central.errors import Problem
from central.exchange.records import Note, Taken
from central.model import CdrRecord
from central.office import Office

log = logging.getLogger("conserje.central.exchange")


class Keeper:
    """Made before the workers begin: what the last run noted is kept first, and its file goes."""

    def __init__(self, office: Office, notes: Path) -> None:
        self._office = office
        self._notes = notes
        self._taken = Taken()
        self._offset = 0
        self._waiting: list[CdrRecord] = []
        self.turn()
        if not self._waiting:
            notes.unlink(missing_ok=True)
            self._offset = 0

    def turn(self) -> None:
        """Keep what came. A database that is away keeps records waiting; raises nothing."""
        self._waiting += [CdrRecord(**columns) for columns in self._taken.note(self._read())]
        if not self._waiting:
            return
        try:
            with self._office.database.writing() as session:
                for record in self._waiting:
                    # Told again after a restart, it is the same record.
                    session.merge(record)
        except Problem as away:
            log.warning("event=records_wait why=%s", away.code)
            return
        self._waiting.clear()

    def _read(self) -> list[Note]:
        try:
            with self._notes.open("rb") as notes:
                notes.seek(self._offset)
                data = notes.read()
        except FileNotFoundError:
            return []
        end = data.rfind(b"\n") + 1
        self._offset += end
        found = []
        for line in data[:end].splitlines():
            try:
                found.append(Note.of(line))
            except (ValueError, TypeError) as torn:
                log.warning("event=note_unreadable why=%s", torn)
        return found
