"""What the doors hold against bad input: a budget of misses per source, a memory of what was said already, counts.

Pure: time is passed in. Each is bounded itself, so that inventing sources or names gains nothing.
"""

from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

MISSES_AT_ONCE = 120
"""A phone asks for a dozen files that are not there each time it boots; this is ten boots in a row."""

MISSES_PER_S = 2.0
WITHIN_S = 60.0
SOURCES = 4096
REMEMBERED = 2048


@dataclass
class MissBudget:
    """Token buckets by source. A source that spent its misses is answered nothing until it has waited."""

    at_once: float = MISSES_AT_ONCE
    per_s: float = MISSES_PER_S
    sources: int = SOURCES
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def spent(self, source: str, now: float) -> bool:
        """Nothing is left for this source at `now` (monotonic seconds)."""
        return source in self._buckets and self._left(source, now) < 1

    def miss(self, source: str, now: float) -> None:
        """This source asked for something that it is not given."""
        left = self._left(source, now)
        self._buckets[source] = (max(left - 1, 0), now)
        self._buckets.move_to_end(source)
        while len(self._buckets) > self.sources:
            self._buckets.popitem(last=False)

    def _left(self, source: str, now: float) -> float:
        left, at = self._buckets.get(source, (self.at_once, now))
        return min(self.at_once, left + (now - at) * self.per_s)


@dataclass
class Guesses:
    """Foreign MACs that each source asked for, different ones, within the last WITHIN_S."""

    most: int = 20
    sources: int = SOURCES
    _asked: OrderedDict[str, OrderedDict[str, float]] = field(default_factory=OrderedDict)

    def too_many(self, source: str, mac: str, now: float) -> bool:
        """This source asks for this MAC's file at `now` (monotonic seconds): has it now asked for too many?"""
        if not self.most:
            return False
        asked = self._asked.setdefault(source, OrderedDict())
        self._asked.move_to_end(source)
        if len(self._asked) > self.sources:
            self._asked.popitem(last=False)
        asked[mac] = now
        asked.move_to_end(mac)
        while asked and now - next(iter(asked.values())) > WITHIN_S:
            asked.popitem(last=False)
        if len(asked) <= self.most:
            return False
        del self._asked[source]
        return True


@dataclass
class SaidOnce:
    """Remembers what was said, so that a log has it once. Forgets the oldest of more than `most` things."""

    most: int = REMEMBERED
    _said: OrderedDict[Hashable, None] = field(default_factory=OrderedDict)

    def first(self, what: Hashable) -> bool:
        if what in self._said:
            self._said.move_to_end(what)
            return False
        self._said[what] = None
        if len(self._said) > self.most:
            self._said.popitem(last=False)
        return True


@dataclass
class Tally:
    """Counts by reason. `changed()` gives all counts if any grew since it was last asked, else nothing."""

    _counts: Counter[str] = field(default_factory=Counter)
    _told: int = 0

    def count(self, reason: str) -> None:
        self._counts[reason] += 1

    def changed(self) -> dict[str, int]:
        counts = dict(self._counts)
        total = sum(counts.values())
        if total == self._told:
            return {}
        self._told = total
        return counts
