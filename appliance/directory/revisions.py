"""The building's copy of the directory on disk: immutable SQLite files, one a revision, the last three kept.

A file's name carries its number and the SHA-256 of its bytes: what was half written, or has rotted, is not loaded and
the one before it is. Applying is whole-or-nothing: copy, change in one transaction, check the digest, sync, rename.
"""

import hashlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.directory import tables
from appliance.directory.sealing import SealBox
from appliance.errors import FeedProblem, Words
from wire.feed import Change, FeedAnswer, Put, Revision, Snapshot, format_digest, row_digest, row_to_wire
from wire.rows import Row

KEPT = 3
SCHEMA = "1"
log = logging.getLogger("conserje.directory")

RESYNC = Words("The building asks the centre for a whole copy.", "El edificio pide una copia completa a la central.")


@dataclass(frozen=True, slots=True)
class Stored:
    """A revision on disk whose bytes are as they were written."""

    number: int
    path: Path


def _name(number: int, digest: str) -> str:
    return f"rev-{number:012d}-{digest}.db"


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def stored(directory: Path) -> tuple[Path, ...]:
    """Revision files, newest first, whether good or not."""
    return tuple(sorted(directory.glob("rev-*.db"), reverse=True))


def newest_good(directory: Path) -> Stored | None:
    """The newest revision whose bytes match its name. A bad one is logged and set aside as `.bad`, never loaded."""
    for path in stored(directory):
        _, number, digest = path.stem.split("-", 2)
        try:
            good = _sha256(path) == digest
        except OSError:
            good = False
        if good:
            return Stored(int(number), path)
        log.error("event=revision_corrupt number=%s file=%s", int(number), path.name)
        path.replace(path.with_suffix(".bad"))
    return None


@dataclass(frozen=True, slots=True)
class Rotten:
    """A revision whose bytes were not as written: set aside, whoever found it."""

    number: int
    at: datetime


def set_aside(directory: Path) -> Rotten | None:
    """The newest of the revisions set aside, and when."""
    found = sorted(directory.glob("rev-*.bad"), reverse=True)
    if not found:
        return None
    return Rotten(int(found[0].stem.split("-")[1]), datetime.fromtimestamp(found[0].stat().st_ctime, UTC))


def apply_answer(directory: Path, box: SealBox, answer: FeedAnswer) -> Stored | None:
    """Apply what the feed answered. Returns the new revision, or None when the answer brings nothing.

    Raises FeedProblem when the answer has a hole, a wrong digest or rows that clash; the former revision stays.
    """
    current = newest_good(directory)
    if answer.snapshot is not None:
        return _apply_snapshot(directory, box, answer.snapshot)
    if not answer.revisions:
        return None
    if current is None:
        raise _problem(
            "The centre sent changes but this building has no copy to apply them to.",
            "La central envió cambios pero este edificio no tiene una copia donde aplicarlos.",
        )
    expected = current.number
    for revision in answer.revisions:
        expected += 1
        if revision.number != expected:
            raise _problem(
                f"The change feed has a hole: revision {expected} is missing.",
                f"Falta la revisión {expected} en el canal de cambios.",
            )
    return _apply_revisions(directory, box, current, answer.revisions)


def _problem(en: str, es: str) -> FeedProblem:
    return FeedProblem(Words(en, es), RESYNC)


def _apply_snapshot(directory: Path, box: SealBox, snapshot: Snapshot) -> Stored:
    def fill(connection: sqlite3.Connection) -> int:
        tables.create(connection)
        total = 0
        for row in snapshot.rows:
            tables.put(connection, tables.with_secrets(row, box.seal))
            total += row_digest(row_to_wire(row))
        return total

    return _write(directory, None, snapshot.number, snapshot.digest, fill)


def _apply_revisions(directory: Path, box: SealBox, base: Stored, revisions: tuple[Revision, ...]) -> Stored:
    def change(connection: sqlite3.Connection) -> int:
        tables.create(connection)
        total = int(tables.read_meta(connection)["digest"], 16)
        for revision in revisions:
            for one in revision.changes:
                total += _apply_change(connection, box, one)
            if format_digest(total) != revision.digest:
                raise _digest_problem(revision.number)
        return total

    return _write(directory, base.path, revisions[-1].number, revisions[-1].digest, change)


def _apply_change(connection: sqlite3.Connection, box: SealBox, change: Change) -> int:
    """Make one change; returns what it adds to the state's digest."""
    kind, row_id = (change.row.kind, change.row.id) if isinstance(change, Put) else (change.kind, change.id)
    old = tables.get(connection, kind, row_id)
    difference = 0 if old is None else -row_digest(row_to_wire(tables.with_secrets(old, box.open)))
    if isinstance(change, Put):
        tables.put(connection, tables.with_secrets(change.row, box.seal))
        return difference + row_digest(row_to_wire(change.row))
    tables.delete(connection, kind, row_id)
    return difference


def _digest_problem(number: int) -> FeedProblem:
    return _problem(
        f"Revision {number} does not give the state that the centre has.",
        f"La revisión {number} no da el estado que tiene la central.",
    )


def _write(
    directory: Path, base: Path | None, number: int, digest: str, fill: Callable[[sqlite3.Connection], int]
) -> Stored:
    directory.mkdir(parents=True, exist_ok=True)
    temporary = directory / f".writing-{os.getpid()}.db"
    temporary.unlink(missing_ok=True)
    try:
        if base is not None:
            shutil.copyfile(base, temporary)
        temporary.touch(mode=0o600)
        connection = sqlite3.connect(temporary, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("BEGIN IMMEDIATE")
            total = fill(connection)
            if format_digest(total) != digest:
                raise _digest_problem(number)
            meta = {"revision": str(number), "digest": format_digest(total), "schema": SCHEMA}
            tables.write_meta(connection, meta)
            connection.execute("COMMIT")
        finally:
            connection.close()
        return _keep(directory, temporary, number)
    except sqlite3.IntegrityError as clash:
        raise _problem(
            f"Revision {number} contradicts itself: {clash}.", f"La revisión {number} se contradice: {clash}."
        ) from clash
    except (sqlite3.OperationalError, OSError) as full:
        raise FeedProblem(
            Words(
                f"Revision {number} could not be written: {full}.", f"No se pudo escribir la revisión {number}: {full}."
            ),
            Words(
                "Free some disk space; the building keeps its former copy.",
                "Libere espacio en disco; el edificio conserva su copia anterior.",
            ),
        ) from full
    finally:
        temporary.unlink(missing_ok=True)


def _keep(directory: Path, written: Path, number: int) -> Stored:
    with written.open("rb") as source:
        os.fsync(source.fileno())
    final = directory / _name(number, _sha256(written))
    # A resync may go back in number; what is newer by name would win over it.
    stale = [p for p in stored(directory) if int(p.stem.split("-")[1]) >= number and p != final]
    written.replace(final)
    for path in [*stale, *stored(directory)[KEPT + len(stale) :]]:
        path.unlink(missing_ok=True)
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return Stored(number, final)


def read_rows(path: Path, box: SealBox) -> tuple[Row, ...]:
    """Every row of a revision, secrets opened."""
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        return tuple(tables.with_secrets(r, box.open) for r in tables.rows(connection))
    finally:
        connection.close()


def read_revision(path: Path) -> tuple[int, str]:
    """(number, digest) as the file itself says."""
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        meta = tables.read_meta(connection)
        return int(meta["revision"]), meta["digest"]
    finally:
        connection.close()
