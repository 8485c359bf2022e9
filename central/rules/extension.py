"""Which digits may be an extension here (D-7, docs/dialling.md), and why not. Pure.

wire.extensions knows the public codes; the centre is stricter about shape: three or four digits, the first 1 to 8, so
that nothing collides with 9 for 911 or with the prefixes that begin with 0.
"""

import re
from itertools import islice

from central.errors import InputProblem, Words
from wire.extensions import extension_conflict

SHAPE = re.compile(r"[1-8][0-9]{2,3}")
FIRST_OFFERED = 101


def checked_extension(field: str, text: str) -> str:
    """The digits. Raises InputProblem that explains the refusal."""
    digits = "".join(text.split())
    if not digits:
        raise InputProblem(field, Words("Write an extension.", "Escriba una extensión."))
    conflict = extension_conflict(digits)
    if conflict is not None and conflict.code != "length":
        raise InputProblem(field, Words(conflict.says_en, conflict.says_es))
    if not SHAPE.fullmatch(digits):
        raise InputProblem(
            field,
            Words(
                f"{digits[:12]} cannot be an extension: it has three or four digits and begins with 1 to 8.",
                f"{digits[:12]} no puede ser una extensión: lleva tres o cuatro dígitos y empieza con 1 a 8.",
            ),
            Words("For example 101.", "Por ejemplo 101."),
        )
    return digits


def next_free(used: frozenset[str]) -> str:
    """The first extension that can be offered; empty when all are in use."""
    return next(iter(free(used, 1)), "")


def free(used: frozenset[str], most: int) -> tuple[str, ...]:
    """The first `most` extensions that can be offered: allowed, and not in use (U-3)."""
    every = (str(number) for number in range(FIRST_OFFERED, 9000))
    return tuple(islice((d for d in every if d not in used and extension_conflict(d) is None), most))
