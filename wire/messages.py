"""Which word on a voicemail message counts, where the building and the centre both act on it. Pure.

Both sides merge by the same rule, in whatever order words reach them, and so come to agree (L-2).
"""

from dataclasses import dataclass

NEW, OLD, DELETED = "new", "old", "deleted"


@dataclass(frozen=True, slots=True)
class Standing:
    """A message as one side knows it. `stamp`: hybrid clock of the act that made it so; empty: as it was left."""

    state: str
    stamp: str = ""


def merged(one: Standing, other: Standing) -> Standing:
    """A deletion stays, whatever was done later elsewhere: its sound is gone. Else the later act counts."""
    return max(one, other, key=lambda s: (s.state == DELETED, s.stamp, s.state))
