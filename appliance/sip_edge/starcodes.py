"""The codes that people dial, in both styles (docs/star-codes.md): one table, and how digits are read by it. Pure.

What a code does is coded.py's. The codes of pickup and park are carried out by the workers (kamailio/pickup.py).
"""

from dataclasses import dataclass
from enum import StrEnum


class Feature(StrEnum):
    HIDE = "hide"
    SHOW = "show"
    FORWARD_ALL = "forward-all"
    FORWARD_ALL_OFF = "forward-all-off"
    FORWARD_BUSY = "forward-busy"
    FORWARD_BUSY_OFF = "forward-busy-off"
    FORWARD_NO_ANSWER = "forward-no-answer"
    FORWARD_NO_ANSWER_OFF = "forward-no-answer-off"
    CALL_WAITING = "call-waiting"
    CALL_WAITING_OFF = "call-waiting-off"
    ALONE = "no-call-waiting"
    DO_NOT_DISTURB = "do-not-disturb"
    DO_NOT_DISTURB_OFF = "do-not-disturb-off"
    OWN_MAILBOX = "own-mailbox"
    OTHER_MAILBOX = "other-mailbox"
    DEPOSIT = "deposit"
    CALL_BACK = "call-back"
    REDIAL = "redial"
    ECHO = "echo"
    WHO_AM_I = "who-am-i"
    EMERGENCY_TEST = "emergency-test"
    RECEPTIONIST_AUTO = "receptionist-auto"
    RECEPTIONIST_OPEN = "receptionist-open"
    RECEPTIONIST_CLOSED = "receptionist-closed"
    RECEPTIONIST_GREETING = "receptionist-greeting"
    GROUP_PICKUP = "group-pickup"
    PICKUP = "pickup"
    PARK = "park"


class Argument(StrEnum):
    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class StarCode:
    """`code` without its closing #, which phones may swallow."""

    code: str
    feature: Feature
    argument: Argument = Argument.NONE


_N, _O, _R = Argument.NONE, Argument.OPTIONAL, Argument.REQUIRED
F = Feature
CODES: tuple[StarCode, ...] = (
    StarCode("*67", F.HIDE, _R),
    StarCode("#31#", F.HIDE, _R),
    StarCode("*82", F.SHOW, _R),
    StarCode("*31#", F.SHOW, _R),
    StarCode("*72", F.FORWARD_ALL, _O),
    StarCode("*21*", F.FORWARD_ALL, _R),
    StarCode("*73", F.FORWARD_ALL_OFF),
    StarCode("#21", F.FORWARD_ALL_OFF),
    StarCode("*90", F.FORWARD_BUSY, _R),
    StarCode("*67*", F.FORWARD_BUSY, _R),
    StarCode("*91", F.FORWARD_BUSY_OFF),
    StarCode("#67", F.FORWARD_BUSY_OFF),
    StarCode("*92", F.FORWARD_NO_ANSWER, _R),
    StarCode("*61*", F.FORWARD_NO_ANSWER, _R),
    StarCode("*93", F.FORWARD_NO_ANSWER_OFF),
    StarCode("#61", F.FORWARD_NO_ANSWER_OFF),
    StarCode("*43", F.CALL_WAITING),
    StarCode("#43", F.CALL_WAITING_OFF),
    StarCode("*70", F.ALONE, _R),
    StarCode("*78", F.DO_NOT_DISTURB),
    StarCode("*79", F.DO_NOT_DISTURB_OFF),
    StarCode("*97", F.OWN_MAILBOX),
    StarCode("*98", F.OTHER_MAILBOX, _O),
    StarCode("*99", F.DEPOSIT, _R),
    StarCode("*69", F.CALL_BACK),
    StarCode("*66", F.REDIAL),
    StarCode("*9196", F.ECHO),
    StarCode("*65", F.WHO_AM_I),
    StarCode("*9411", F.EMERGENCY_TEST),
    StarCode("*640", F.RECEPTIONIST_AUTO, _O),
    StarCode("*641", F.RECEPTIONIST_OPEN, _O),
    StarCode("*642", F.RECEPTIONIST_CLOSED, _O),
    StarCode("*643", F.RECEPTIONIST_GREETING, _O),
    StarCode("*8", F.GROUP_PICKUP),
    StarCode("**", F.PICKUP, _R),
    StarCode("*85", F.PARK, _O),
)
_EXACT = {c.code: c for c in CODES if c.argument is not Argument.REQUIRED}
_LONGEST_FIRST = sorted((c for c in CODES if c.argument is not Argument.NONE), key=lambda c: -len(c.code))
_PLAIN = frozenset("+0123456789")
MORE = frozenset({F.HIDE, F.SHOW, F.ALONE})
"""Codes that stand before another one, or before any number."""


@dataclass(frozen=True, slots=True)
class Coded:
    feature: Feature
    argument: str = ""


def parse(digits: str) -> Coded | None:
    """A code with what follows it; None for what is none. `digits` without separators and closing # (numbering.bare).

    The longest code counts: *67*N forwards when busy, *67N hides the caller, *9196 is no *91.
    """
    exact = _EXACT.get(digits)
    if exact is not None:
        return Coded(exact.feature)
    for code in _LONGEST_FIRST:
        rest = digits.removeprefix(code.code)
        if digits.startswith(code.code) and rest:
            if code.feature in MORE and rest.startswith(("*", "#")):
                return Coded(code.feature, rest)
            if _PLAIN.issuperset(rest):
                return Coded(code.feature, rest)
    return None
