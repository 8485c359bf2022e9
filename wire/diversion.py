"""Diversions of a call in its headers: counted where it comes in, written where it goes on (RFC 5806, RFC 7044). Pure.

Whose forwarding applies is the building's to say, and the centre's where a building is cut off.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

MOST_DIVERSIONS = 3
"""A call that was diverted so often is diverted no more (G-2)."""
MOST_COUNTED = 64
_CAUSES = {"user-busy": 486, "no-answer": 408, "unconditional": 302, "unavailable": 404, "do-not-disturb": 480}
"""RFC 4458 §2: the SIP causes that stand for the words of RFC 5806."""


@dataclass(frozen=True, slots=True)
class Diversion:
    """A diversion of this call: whose, and why, in the words of RFC 5806 (user-busy, no-answer, unconditional, ...)."""

    user: str
    reason: str


def entries(values: Iterable[str]) -> int:
    """How many list entries these header values have: commas in quotes or angle brackets part nothing."""
    found = 0
    for value in values:
        quoted = bracketed = escaped = False
        filled = False
        for character in value:
            if escaped:
                escaped = False
            elif quoted:
                escaped = character == "\\"
                quoted = character != '"'
            elif character == '"':
                quoted = True
            elif character in "<>":
                bracketed = character == "<"
                filled = True
            elif character == "," and not bracketed:
                found += filled
                filled = False
            elif not character.isspace():
                filled = True
        found += filled
        if found >= MOST_COUNTED:
            return MOST_COUNTED
    return found


def counted(history: Iterable[str], diversion: Iterable[str]) -> int:
    """Diversions that a call has behind it. The first entry of a History-Info is whom it was for."""
    return max(0, entries(history) - 1, entries(diversion))


def headers(diverted: tuple[Diversion, ...], now_to: str, host: str) -> str:
    """Both headers' lines for a leg that goes to `now_to`; the diversion made last stands first in Diversion."""
    if not diverted:
        return ""
    lines = [
        f"Diversion: <sip:{quote(d.user, safe='+*')}@{host}>;reason={d.reason};counter=1" for d in reversed(diverted)
    ]
    users = [*(d.user for d in diverted), now_to]
    parts = []
    for number, user in enumerate(users):
        index = ".".join(["1"] * (number + 1))
        cause = f";cause={_CAUSES.get(diverted[number - 1].reason, 302)}" if number else ""
        mapped = ";mp=" + ".".join(["1"] * number) if number else ""
        parts.append(f"<sip:{quote(user, safe='+*')}@{host}{cause}>;index={index}{mapped}")
    lines.append("History-Info: " + ", ".join(parts))
    return "".join(f"{line}\r\n" for line in lines)
