"""What each phone was last given, file by file, in plain text: to tell whether its files changed, and to show how.

Sealed at rest, whatever it holds. At most FILES_KEPT files of a phone, the newest, and nothing longer than LONGEST.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from appliance.directory.localdb import LocalDatabase
from appliance.directory.sealing import open_box
from appliance.ports import Clock

FILES_KEPT = 12
LONGEST = 256 * 1024
"""Octets of a file whose text is kept; of a longer one only the digest is."""


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file as its templates made it, before links of its own and encryption.

    `name` without folder. `family`, `model`: as what it was rendered. `secrets`: texts in it that are not to be shown.
    """

    mac: str
    name: str
    family: str
    model: str
    data: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class GivenHead:
    """A GivenFile without its text. `at`: when the phone first was given this content, ISO 8601 UTC."""

    mac: str
    name: str
    family: str
    model: str
    sha256: str
    at: str


class GivenFiles(LocalDatabase):
    """Written behind the doors' backs, in batches; a file that has not changed costs one look-up."""

    schema = """
CREATE TABLE IF NOT EXISTS given(
    mac TEXT NOT NULL, name TEXT NOT NULL, family TEXT NOT NULL, model TEXT NOT NULL, sha256 TEXT NOT NULL,
    at TEXT NOT NULL, sealed TEXT NOT NULL, PRIMARY KEY (mac, name)) WITHOUT ROWID;
"""

    def __init__(self, path: Path, identity_dir: Path, clock: Clock) -> None:
        super().__init__(path)
        self._identity_dir = identity_dir
        self._clock = clock

    def keep(self, files: Iterable[GivenFile]) -> None:
        """The phones of these have them now."""
        known = self._connection()
        new = []
        for file in files:
            row = known.execute(
                "SELECT family, model, sha256 FROM given WHERE mac = ? AND name = ?", (file.mac, file.name)
            ).fetchone()
            if row != (file.family, file.model, file.sha256):
                new.append(file)
        if not new:
            return
        now = self._clock.now().isoformat(timespec="milliseconds")
        box = open_box(self._identity_dir)
        rows = [
            (f.mac, f.name[:200], f.family, f.model, f.sha256, now, box.seal(_packed(f)) if _fits(f) else "")
            for f in new
        ]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO given VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            connection.executemany(
                "DELETE FROM given WHERE mac = ? AND name NOT IN"
                " (SELECT name FROM given WHERE mac = ? ORDER BY at DESC, name LIMIT ?)",
                [(mac, mac, FILES_KEPT) for mac in {f.mac for f in new}],
            )

    def heads(self) -> dict[str, tuple[GivenHead, ...]]:
        """MAC -> what it was given, without the texts."""
        found: dict[str, list[GivenHead]] = {}
        for row in self._connection().execute(
            "SELECT mac, name, family, model, sha256, at FROM given ORDER BY mac, name"
        ):
            head = GivenHead(*row)
            found.setdefault(head.mac, []).append(head)
        return {mac: tuple(heads) for mac, heads in found.items()}

    def of(self, mac: str) -> tuple[tuple[GivenHead, GivenFile | None], ...]:
        """What one phone was given, by name; None for a text that was too long to keep.

        Raises DirectoryProblem when it was sealed by another box's key.
        """
        box = open_box(self._identity_dir)
        found = self._connection().execute(
            "SELECT mac, name, family, model, sha256, at, sealed FROM given WHERE mac = ? ORDER BY name", (mac,)
        )
        return tuple((GivenHead(*row[:6]), _unpacked(box.open(row[6]), *row[:4]) if row[6] else None) for row in found)

    def forget_others(self, macs: Iterable[str]) -> None:
        """Only phones of the directory have anything kept of them."""
        known = set(macs)
        gone = [(mac,) for (mac,) in self._connection().execute("SELECT DISTINCT mac FROM given") if mac not in known]
        if gone:
            with self._transaction() as connection:
                connection.executemany("DELETE FROM given WHERE mac = ?", gone)


def _fits(file: GivenFile) -> bool:
    return len(file.data) <= LONGEST


def _packed(file: GivenFile) -> str:
    text = base64.b64encode(zlib.compress(file.data)).decode()
    return json.dumps({"data": text, "secrets": file.secrets})


def _unpacked(text: str, mac: str, name: str, family: str, model: str) -> GivenFile:
    kept = json.loads(text)
    return GivenFile(mac, name, family, model, zlib.decompress(base64.b64decode(kept["data"])), tuple(kept["secrets"]))
