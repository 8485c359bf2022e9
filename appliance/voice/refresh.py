"""Session timers (RFC 4028): what an INVITE or UPDATE and its answer agree on, and when to refresh or to give up. Pure.

voice asks for no timer of its own accord: a leg without a packet for a minute is noticed by the media engine. Carriers
and gateways do ask.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

SHORTEST_S = 90
"""RFC 4028 §5: no session may be asked to last less."""
LONGEST_S = 86_400
"""What is asked beyond is cut to it; the other end learns so from our answer."""
GIVE_UP_S = 32
"""RFC 4028 §10: a session that nobody refreshed ends so long before its time, or after two thirds of a short one."""
EXTENSION = "timer"

_VALUE = re.compile(r"\s*(\d{1,10})\s*(?:;|$)")
_REFRESHER = re.compile(r";\s*refresher\s*=\s*(uac|uas)\s*(?:;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refresh:
    """The session ends `seconds` after its last refresh. `ours`: the refreshing is on us."""

    seconds: int
    ours: bool

    @property
    def refresh_after_s(self) -> float:
        return self.seconds / 2

    @property
    def give_up_after_s(self) -> float:
        return self.seconds - min(GIVE_UP_S, self.seconds / 3)


@dataclass(frozen=True, slots=True)
class TooBrief:
    """422: the other end may ask again for at least so many seconds (Min-SE)."""

    least_s: int


def asked_of_us(expires: str, supported: Sequence[str], shortest_s: int = SHORTEST_S) -> Refresh | TooBrief | None:
    """What a request's Session-Expires makes of the session (RFC 4028 §9); None without one that can be read.

    `supported`: the option tags of its Supported and Require headers. Who knows timers may choose who refreshes, and
    does it itself where it does not say; for who does not know them (a proxy put the header in) it is ours.
    """
    seconds = _seconds(expires)
    if seconds is None:
        return None
    knows = EXTENSION in supported
    if knows and seconds < shortest_s:
        return TooBrief(shortest_s)
    wish = _REFRESHER.search(expires)
    ours = not knows or (wish is not None and wish[1].lower() == "uas")
    return Refresh(max(shortest_s, min(seconds, LONGEST_S)), ours)


def answered_to_us(expires: str) -> Refresh | None:
    """What a 2xx to our request says (RFC 4028 §7.2). Without a word on who refreshes it is on us, who asked."""
    seconds = _seconds(expires)
    if seconds is None or seconds == 0:
        return None
    said = _REFRESHER.search(expires)
    return Refresh(min(seconds, LONGEST_S), said is None or said[1].lower() == "uac")


def in_answer(agreed: Refresh) -> tuple[tuple[str, str], ...]:
    """Headers of our 2xx. Require, where the other end must refresh (RFC 4028 §9)."""
    who = "uas" if agreed.ours else "uac"
    return (
        ("Session-Expires", f"{agreed.seconds};refresher={who}"),
        *(() if agreed.ours else (("Require", EXTENSION),)),
    )


def in_refresh(agreed: Refresh) -> tuple[tuple[str, str], ...]:
    """Headers of a refresh of ours."""
    return ("Session-Expires", f"{agreed.seconds};refresher=uac"), ("Supported", EXTENSION)


def option_tags(*values: str) -> tuple[str, ...]:
    return tuple(tag.strip().lower() for value in values for tag in value.split(",") if tag.strip())


def _seconds(expires: str) -> int | None:
    found = _VALUE.match(expires)
    return int(found[1]) if found else None
