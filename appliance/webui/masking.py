"""What facility IT sees of an outside number until it opens the call, which is audited (J-4). Pure."""

KEPT = 4
SHORTEST_HIDDEN = 7
"""Extensions, emergency and service numbers are shorter: they name nobody outside."""
DOT = "•"


def masked(number: str) -> str:
    """`+525512345678` as `+52 •••• 5678`; what has fewer than SHORTEST_HIDDEN digits as it is."""
    digits = "".join(c for c in number if c.isdigit())
    if len(digits) < SHORTEST_HIDDEN:
        return number
    country = "+52 " if number.startswith("+52") else ("+ " if number.startswith("+") else "")
    return f"{country}{DOT * 4} {digits[-KEPT:]}"
