"""The recordings that a building holds: files by the SHA-256 of their octets, fetched by sync, played by voice.

A file is there whole or not at all, so a greeting that was replaced is heard to its end by whoever listens to it.
Standard library only.
"""

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from appliance.directory.model import Directory
from wire.services import OwnGreeting, Sound

MAX_SOUND = 64 * 1024 * 1024
KEPT_UNUSED_S = 86_400.0
"""A recording that no row names any more stays so long: a call may be playing it, an undo may want it back."""


class SoundFiles:
    """The folder of recordings. Names are digests, so nothing a person typed is part of a path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path | None:
        """Where the recording lies; None while it has not been fetched, or for what is no digest."""
        if len(sha256) != 64 or not all(c in "0123456789abcdef" for c in sha256):
            return None
        path = self._folder / f"{sha256}.wav"
        return path if path.exists() else None

    def missing(self, directory: Directory) -> tuple[str, ...]:
        """Digests that rows name and the folder lacks, each once, in order."""
        named = {s.sha256 for s in sounds_of(directory) if s.sha256}
        return tuple(sorted(d for d in named if self.path(d) is None))

    def keep(self, sha256: str, content: bytes) -> bool:
        """Store a recording. False, and nothing is stored, where the octets are not those of the digest."""
        if hashlib.sha256(content).hexdigest() != sha256 or len(content) > MAX_SOUND:
            return False
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        temporary = self._folder / f".{sha256}.{os.getpid()}"
        with temporary.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(self._folder / f"{sha256}.wav")
        return True

    def keep_new(self, content: bytes) -> str:
        """Store a recording made here; its digest."""
        sha256 = hashlib.sha256(content).hexdigest()
        self.keep(sha256, content)
        return sha256

    def drop_unused(self, directory: Directory, now: float | None = None) -> int:
        """Remove recordings that no row names and that are older than a day. Returns how many."""
        named = {s.sha256 for s in sounds_of(directory)}
        named |= {s.former_sha256 for s in sounds_of(directory) if isinstance(s, OwnGreeting)}
        before = (time.time() if now is None else now) - KEPT_UNUSED_S
        removed = 0
        for path in self._folder.glob("*.wav"):
            if path.stem not in named and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                removed += 1
        return removed


def sounds_of(directory: Directory) -> Iterable[Sound | OwnGreeting]:
    for account in directory.accounts():
        yield from directory.services(Sound, account.id)
        yield from directory.services(OwnGreeting, account.id)
