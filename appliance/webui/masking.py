"""What facility IT sees of an outside number until it opens the call, which is audited (J-4). Pure."""

import re
from collections.abc import Iterable

KEPT = 4
SHORTEST_HIDDEN = 7
"""Extensions, emergency and service numbers are shorter: they name nobody outside."""
DOT = "•"
_NUMBER = re.compile(r"\+?\d{7,}")
_TELLING = 10
"""Digits at the end by which two ways of writing a number are the same."""


def masked(number: str) -> str:
    """`+525512345678` as `+52 •••• 5678`; what has fewer than SHORTEST_HIDDEN digits as it is."""
    digits = "".join(c for c in number if c.isdigit())
    if len(digits) < SHORTEST_HIDDEN:
        return number
    country = "+52 " if number.startswith("+52") else ("+ " if number.startswith("+") else "")
    return f"{country}{DOT * 4} {digits[-KEPT:]}"


def masked_text(text: str, known: Iterable[str]) -> str:
    """A sentence with each long number masked, but for those that the reader typed."""
    ends = {digits[-_TELLING:] for typed in known if len(digits := "".join(c for c in typed if c.isdigit())) > 0}
    return _NUMBER.sub(lambda m: m[0] if m[0].lstrip("+")[-_TELLING:] in ends else masked(m[0]), text)
