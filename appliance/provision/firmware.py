"""Which phone is led to which firmware, and how a roll-out goes on: so many phones at a time, until one stays away.

Pure: files and their records are `firmware_store.py`'s, time and what phones said are passed in.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

FOLDER = "firmware/"
"""Of the paths that phones ask for."""

DIGEST_SHOWN = 16
GOOD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


@dataclass(frozen=True, slots=True)
class FirmwareFile:
    """One file of the store. `version` as its phones say it in their User-Agent."""

    sha256: str
    name: str
    size: int
    family: str
    version: str
    added_at: str = ""
    added_by: str = ""

    @property
    def path(self) -> str:
        """What phones ask for: its content is in its address, so it never changes."""
        return f"{FOLDER}{self.sha256[:DIGEST_SHOWN]}/{self.name}"

    def answers(self, path: str) -> bool:
        """Whether this is what a path asks for. Polycoms put their part number and a dot before the name."""
        folder, _, asked = path.rpartition("/")
        plain = asked == self.name or asked.endswith(f".{self.name}")
        return plain and folder == self.path.rpartition("/")[0]

    def is_on(self, version: str) -> bool:
        """Whether a phone that says this version has it already."""
        return bool(version) and (version == self.version or version.startswith(f"{self.version}."))


class RolloutState(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Given:
    """A phone that was led to the file. ISO 8601 UTC; `back_at` empty: it has not come back with it."""

    mac: str
    at: str
    back_at: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """The file that phones of a model are to have. Without `state` nobody is led to it yet."""

    family: str
    model: str
    sha256: str
    state: RolloutState | None = None
    at_a_time: int = 0
    back_within_s: int = 0
    given: tuple[Given, ...] = ()
    stopped_by: str = ""
    """MAC of the phone that did not come back."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """All files and targets: one state of the store."""

    files: tuple[FirmwareFile, ...] = ()
    targets: tuple[Target, ...] = field(default=())

    def file(self, sha256: str) -> FirmwareFile | None:
        """By its digest, or the beginning of one that no other has."""
        found = [f for f in self.files if sha256 and f.sha256.startswith(sha256.lower())]
        return found[0] if len(found) == 1 else None

    def asked_for(self, path: str) -> FirmwareFile | None:
        return next((f for f in self.files if f.answers(path)), None)

    def target(self, family: str, model: str) -> Target | None:
        return next((t for t in self.targets if (t.family, t.model) == (family, model)), None)

    def with_target(self, target: Target) -> "Shelf":
        """This one in place of the model's former."""
        others = tuple(t for t in self.targets if (t.family, t.model) != (target.family, target.model))
        return replace(self, targets=tuple(sorted((*others, target), key=lambda t: (t.family, t.model))))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a phone showed of itself when it last asked. `version` empty: it said none (TFTP has no User-Agent).

    `took_at`, `asked_at`: when it last took a firmware file whole, and asked for its own files. ISO 8601 UTC or empty.
    """

    mac: str
    version: str = ""
    took_at: str = ""
    asked_at: str = ""


def firmware_for(mac: str, family: str, model: str, shelf: Shelf) -> FirmwareFile | None:
    """The file that this phone is led to now.

    While a roll-out runs: those given it so far. After a stop: those of them that came back. When it is done: all.
    """
    target = shelf.target(family, model)
    if target is None or target.state is None:
        return None
    given = next((g for g in target.given if g.mac == mac), None)
    led = target.state is RolloutState.DONE or (
        given is not None and (target.state is RolloutState.RUNNING or bool(given.back_at))
    )
    return shelf.file(target.sha256) if led else None


def start(target: Target, at_a_time: int, back_within_s: int, now: datetime) -> Target:
    """Begin, or go on after a stop: phones that did not come back are given their time anew."""
    again = tuple(g if g.back_at else replace(g, at=_iso(now)) for g in target.given)
    return replace(
        target,
        state=RolloutState.RUNNING,
        at_a_time=max(at_a_time, 1),
        back_within_s=back_within_s,
        given=again,
        stopped_by="",
    )


def advance(target: Target, file: FirmwareFile, phones: Iterable[Seen], now: datetime) -> Target:
    """The roll-out as it stands at `now`: who came back; a stop where one is late; else the next, when all are back.

    `phones` are all of the model that ever asked for files, in the order in which they get their turn.
    """
    if target.state is not RolloutState.RUNNING:
        return target
    seen = {s.mac: s for s in phones}
    given = tuple(_looked_at(g, seen.get(g.mac), file, now) for g in target.given)
    target = replace(target, given=given)
    for g in given:
        if not g.back_at and now - datetime.fromisoformat(g.at) > timedelta(seconds=target.back_within_s):
            return replace(target, state=RolloutState.STOPPED, stopped_by=g.mac)
    if any(not g.back_at for g in given):
        return target
    had = {g.mac for g in given}
    waiting = [s for s in seen.values() if s.mac not in had]
    there = tuple(Given(s.mac, _iso(now), _iso(now)) for s in waiting if file.is_on(s.version))
    following = [s for s in waiting if not file.is_on(s.version)][: target.at_a_time]
    given = (*given, *there, *(Given(s.mac, _iso(now)) for s in following))
    return replace(target, given=given, state=RolloutState.RUNNING if following else RolloutState.DONE)


def _looked_at(given: Given, seen: Seen | None, file: FirmwareFile, now: datetime) -> Given:
    if given.back_at or seen is None:
        return given
    silent_but_there = not seen.version and given.at < seen.took_at < seen.asked_at
    return replace(given, back_at=_iso(now)) if file.is_on(seen.version) or silent_but_there else given


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
