"""Which short numbers an account may give: the one rule, which the centre asks before it stores an extension (D-7).

A building relies on it, and reads public codes before extensions in any case (docs/dialling.md).
The codes are Mexico's (Plan Técnico Fundamental de Numeración 2018; libphonenumber shortdata for MX).
"""

from dataclasses import dataclass

EMERGENCY_CODES = frozenset({"911", "066", "060", "061", "065", "068", "080"})
"""911 alone is official since 2017; the others are still dialled, and are sent as 911."""

SPECIAL_CODES = frozenset(
    {"020", "030", "031", "040", "050", "051", "055", "070", "071", "072", "073", "074", "075", "077", "078"}
    | {"088", "089", "090"}
)
PREMIUM_SHORT_CODES = frozenset({"53053", "7766"})

MIN_DIGITS = 2
MAX_DIGITS = 6
"""Seven digits and more are local numbers."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why an extension cannot be. `code` is stable; `with_code` is the public code it collides with, if one."""

    code: str
    with_code: str
    says_en: str
    says_es: str


def extension_conflict(digits: str) -> Conflict | None:
    """Why `digits` cannot be an extension; None where they can.

    Refused: what equals, begins, ends, begins with or ends in an emergency or special code, and what contains an
    emergency code: a digit too many or too few must never lead to a public service, or away from one. Premium
    short codes, which nobody may call, count from the front only. From 100 to 899 this takes 530 and 776, from 1000 to
    8999 the 25 endings of each thousand that are public codes, and two more: plans of both lengths stay whole.
    """
    if not (digits.isascii() and digits.isdigit() and MIN_DIGITS <= len(digits) <= MAX_DIGITS):
        return Conflict(
            "length",
            "",
            f"An extension has {MIN_DIGITS} to {MAX_DIGITS} digits, and nothing else.",
            f"Una extensión tiene de {MIN_DIGITS} a {MAX_DIGITS} dígitos, y nada más.",
        )
    for code in sorted(EMERGENCY_CODES):
        if code in digits or _is_an_end(digits, code):
            return Conflict(
                "emergency",
                code,
                f"{digits} can be mistaken for the emergency number {code}: choose another extension.",
                f"{digits} se puede confundir con el número de emergencia {code}: elija otra extensión.",
            )
    for code in sorted(SPECIAL_CODES):
        if _is_an_end(code, digits) or _is_an_end(digits, code):
            return _collision(digits, code)
    for code in sorted(PREMIUM_SHORT_CODES):
        if digits.startswith(code) or code.startswith(digits):
            return _collision(digits, code)
    if digits.startswith("0"):
        return Conflict(
            "zero",
            "",
            "An extension cannot begin with 0: 0 begins prefixes and public service codes.",
            "Una extensión no puede empezar con 0: el 0 inicia prefijos y códigos de servicio público.",
        )
    return None


def _is_an_end(part: str, whole: str) -> bool:
    """Whether `whole` begins with `part` or ends in it."""
    return whole.startswith(part) or whole.endswith(part)


def _collision(digits: str, code: str) -> Conflict:
    return Conflict(
        "special",
        code,
        f"{digits} can be mistaken for the public service code {code}: choose another extension.",
        f"{digits} se puede confundir con el código de servicio público {code}: elija otra extensión.",
    )
