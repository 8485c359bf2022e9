"""What became of a wish that a phone read its files or restart, as a person is told of it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from appliance.directory.resyncs import Cause, Outcome, Resync, Wish, came_back

NEWS_S = 900.0
"""So long the list of phones shows what came of a wish that ended well."""


class WishState(StrEnum):
    WAITING = "waiting"
    TOLD = "told"
    """It was told, and has not come for its files yet."""
    BACK = "back"
    """It was told, and came."""
    SILENT = "silent"
    UNNEEDED = "unneeded"
    GIVEN_UP = "given_up"
    CANCELLED = "cancelled"


WORRIES = frozenset({WishState.SILENT, WishState.GIVEN_UP})
HELD = ("in-a-call", "not-registered", "edge-silent", "no-answer", "no-event", "not-in-directory")


@dataclass(frozen=True, slots=True)
class WishLine:
    """Times ISO 8601 UTC, empty where it did not happen. `held_by`: one of HELD, or empty."""

    wish: Wish
    state: WishState
    held_by: str
    asked_at: str
    told_at: str
    back_at: str
    status: int
    by: str
    by_itself: bool
    """The building asked, because the phone's files changed."""


def wish_line(resync: Resync, fetched_at: Iterable[str]) -> WishLine:
    """`fetched_at`: when it was given files, in any order. It came back at the first of them after it was told."""
    backs = [back for at in fetched_at if (back := came_back(resync, at))]
    back_at = min(backs, default="")
    return WishLine(
        resync.wish,
        WishState.BACK if back_at else _STATES[resync.outcome],
        resync.held_by if resync.held_by in HELD else "",
        resync.asked_at,
        resync.sent_at,
        back_at,
        resync.status,
        resync.by,
        resync.cause is Cause.CHANGED,
    )


def is_news(line: WishLine, now: datetime) -> bool:
    """Whether the list of phones shows it: what is under way, what went wrong, and what just went well."""
    if line.state in (WishState.WAITING, WishState.TOLD) or line.state in WORRIES:
        return True
    try:
        asked = datetime.fromisoformat(line.back_at or line.asked_at)
    except ValueError:
        return False
    return line.state is WishState.BACK and now - asked < timedelta(seconds=NEWS_S)


_STATES = {
    Outcome.WAITING: WishState.WAITING,
    Outcome.SENT: WishState.TOLD,
    Outcome.ANSWERED: WishState.TOLD,
    Outcome.SILENT: WishState.SILENT,
    Outcome.UNNEEDED: WishState.UNNEEDED,
    Outcome.GIVEN_UP: WishState.GIVEN_UP,
    Outcome.CANCELLED: WishState.CANCELLED,
}
