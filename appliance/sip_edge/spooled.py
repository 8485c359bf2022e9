"""Reads the call facts that Kamailio's workers spool, and says which files are needed no more.

No offset is kept on disk: after a restart every file is read again, and the ledger makes the same records with the same
ids, of which the journal takes each once. A file is deleted when every call in it is in the journal.
"""

import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

from appliance.sip_edge.callfacts import CallFact, News, UnreadableFact, decode
from appliance.sip_edge.eras import Eras
from appliance.sip_edge.kamailio.spool import HOUR_S

log = logging.getLogger(__name__)

LATE_S = 300
"""A worker that was held up may still write to the file of the hour before."""
AT_ONCE = 4 * 1024 * 1024
"""Bytes read of one file at a time."""


@dataclass(slots=True)
class _Read:
    offset: int = 0
    newest_ms: int = 0


class SpoolReader:
    """The spool as one process reads it, from its beginning. Calls are dated as the clock stands in the newest era."""

    def __init__(self, directory: Path, eras: Eras = Eras()) -> None:  # noqa: B008 - frozen
        self._directory = directory
        self._eras = eras
        self._files: dict[str, _Read] = {}
        self._news: list[News] = []
        self.unreadable = 0

    def read(self) -> list[CallFact]:
        """Facts that came since the last time, in the order of the files; whole lines only."""
        return [fact for path in self._paths() for fact in self._read_file(path)]

    def take_news(self) -> list[News]:
        """What calls read so far have said beside their course, each once."""
        taken, self._news = self._news, []
        return taken

    def discard(self, oldest_needed_ms: int | None, now_s: float | None = None) -> list[str]:
        """Delete files of past hours in which nothing is as late as `oldest_needed_ms` (None: nothing is needed)."""
        now = time.time() if now_s is None else now_s
        gone = []
        for path in self._paths():
            read, stat = self._files.get(path.name), _stat(path)
            if stat is None or read is None or read.offset < stat.st_size or abs(now - stat.st_mtime) < HOUR_S + LATE_S:
                continue
            if oldest_needed_ms is None or read.newest_ms < oldest_needed_ms:
                path.unlink(missing_ok=True)
                del self._files[path.name]
                gone.append(path.name)
        return gone

    def _paths(self) -> list[Path]:
        try:
            return sorted(p for p in self._directory.iterdir() if p.suffix == ".jsonl")
        except FileNotFoundError:
            return []

    def _read_file(self, path: Path) -> list[CallFact]:
        stat = _stat(path)
        if stat is None:
            return []
        read = self._files.setdefault(path.name, _Read())
        if stat.st_size <= read.offset:
            return []
        try:
            with path.open("rb") as spool:
                spool.seek(read.offset)
                data = spool.read(AT_ONCE)
        except FileNotFoundError:
            return []
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) == AT_ONCE:
            end = len(data)
        read.offset += end
        facts: list[CallFact] = []
        for line in data[:end].splitlines():
            try:
                fact = decode(line, self._eras.since)
                if isinstance(fact, News):
                    self._news.append(fact)
                else:
                    facts.append(fact)
            except UnreadableFact as torn:
                self.unreadable += 1
                log.warning("a line of %s is not a call fact and is left out: %s", path.name, torn)
        read.newest_ms = max([read.newest_ms, *(f.at_ms for f in facts)])
        return facts


def _stat(path: Path) -> os.stat_result | None:
    """None: the edge service needs it no more, and deleted it."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def replace_file(path: Path, text: str) -> bool:
    """Write `text` whole, or not at all; False where it was there already."""
    try:
        if path.read_text(encoding="utf-8") == text:
            return False
    except OSError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
    return True
