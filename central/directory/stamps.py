"""When each field of a person's own settings was last written, and which of two writers was later. Pure.

A stamp is a hybrid logical clock as in wire/feed.py: it sorts as text. The centre's own ends in its name.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from wire.services import Mailbox, Preferences
from wire.stamps import following, read, written

NODE = "centre"
T = TypeVar("T", Preferences, Mailbox)


def moment(now: datetime) -> str:
    """The stamp of an edit made here now."""
    return f"{int(now.timestamp() * 1000):013d}-0000-{NODE}"


def after(seen: str, now: datetime) -> str:
    """The stamp of an edit by somebody who had what `seen` stamps before their eyes: later, whatever the clocks say."""
    return following(seen, int(now.timestamp() * 1000), NODE)


def changed(row: T, values: Mapping[str, str | bool], stamp: str) -> T:
    """The row with those values whose field was not written later by somebody else; fields named are stamped."""
    stamps = read(row.stamps)
    later = {name: value for name, value in values.items() if stamp > stamps.get(name, "")}
    return replace(row, **later, stamps=written(stamps | dict.fromkeys(later, stamp)))  # type: ignore[arg-type]
