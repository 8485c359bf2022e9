"""What a benchmark says: a ratio against a reference of the same run on the same machine, never a bare time."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

NO_GOAL = 0.0
"""A figure that explains another one; nothing was promised of it."""


@dataclass(frozen=True, slots=True)
class Result:
    """`ratio` is ours / reference where more is better, or reference / ours where less is; `goal` is the least ratio.

    Where the issue gives an absolute bound (a time, a size), the bound is the reference: ratio = bound / ours, goal 1.
    """

    name: str
    unit: str
    ours: float
    reference: float
    reference_is: str
    ratio: float
    goal: float

    @property
    def met(self) -> bool:
        return self.ratio >= self.goal


def rate(name: str, unit: str, ours: float, reference: float, reference_is: str, goal: float) -> Result:
    """More is better."""
    return Result(name, unit, ours, reference, reference_is, ours / reference if reference else 0.0, goal)


def by_turns(name: str, unit: str, pairs: Sequence[tuple[float, float]], reference_is: str, goal: float) -> Result:
    """More is better; `pairs` of (ours, reference), each measured one right after the other.

    The ratio is the median of the pairs' own: what else the machine does for a while then counts on both sides, and a
    single bad round on neither.
    """
    ours, reference = median(p[0] for p in pairs), median(p[1] for p in pairs)
    return Result(name, unit, ours, reference, reference_is, median(a / b for a, b in pairs), goal)


def bound(name: str, unit: str, ours: float, limit: float) -> Result:
    """Less is better, and `limit` is what was promised."""
    return Result(name, unit, ours, limit, "the bound", limit / ours if ours else float("inf"), 1.0)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the sorted values lie; the last one for 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
