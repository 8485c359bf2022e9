"""Whether something grows with the calls for ever, or fills up and stays: the slope of its second half. Pure.

Caches fill for many minutes: the edge's last two thousand calls, SQLite's pages of each thread's connection, the
allocator's arenas. What fills up rises less and less; a leak rises as fast in the second half as in the first. So the
first half is not looked at, and of the second it is the middle one of the slopes between any two samples (Theil and
Sen): one crowded minute moves it little.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import median

from tests.soak.counts import Counts

HOUR_S = 3600.0
LEAST = 10
"""Samples below which no slope is worth a word."""
GROWTH_KIB = 4096
"""What a process may grow by in an hour: 330 bytes a call at the load of twelve callers."""
SHARED_KIB = 512
"""The same of what Kamailio has taken of its shared memory."""
DESCRIPTORS = 6
"""The same of a process's descriptors: a leg more or less is a handful of them."""


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    value: float


def per_hour(samples: Sequence[Sample]) -> float:
    """By how much it grows in an hour, as its second half says. 0 for too few samples."""
    if not samples:
        return 0.0
    middle = (samples[0].at_s + samples[-1].at_s) / 2
    late = [s for s in samples if s.at_s >= middle]
    if len(late) < LEAST:
        return 0.0
    return HOUR_S * median((b.value - a.value) / (b.at_s - a.at_s) for a, b in combinations(late, 2))


@dataclass
class History:
    """What each process held, minute by minute, while they called."""

    kib: dict[str, list[Sample]] = field(default_factory=dict)
    descriptors: dict[str, list[Sample]] = field(default_factory=dict)
    shared: list[Sample] = field(default_factory=list)

    def note(self, at_s: float, now: Counts) -> None:
        self.shared.append(Sample(at_s, now.shared_kib))
        for name, process in now.processes.items():
            self.kib.setdefault(name, []).append(Sample(at_s, process.kib))
            self.descriptors.setdefault(name, []).append(Sample(at_s, process.descriptors))

    def kib_per_hour(self, name: str) -> float:
        return per_hour(self.kib.get(name, []))

    def descriptors_per_hour(self, name: str) -> float:
        return per_hour(self.descriptors.get(name, []))

    def leaks(self) -> list[str]:
        """In words, what grew by more than its bound."""
        found = []
        if (shared := per_hour(self.shared)) > SHARED_KIB:
            found.append(f"Kamailio's shared memory grows by {shared:.0f} KiB an hour")
        for name in self.kib:
            if (kib := self.kib_per_hour(name)) > GROWTH_KIB:
                found.append(f"{name} grows by {kib:.0f} KiB an hour")
            if (more := self.descriptors_per_hour(name)) > DESCRIPTORS:
                found.append(f"{name} gets {more:.0f} descriptors more an hour")
        return found
