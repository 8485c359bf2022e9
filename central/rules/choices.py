"""Words and numbers that a form lets people choose from. Pure."""

from collections.abc import Sequence

from central.errors import InputProblem, Words


def one_of(field: str, text: str, allowed: Sequence[str]) -> str:
    """`text`, if it is one of `allowed`. Raises InputProblem that lists them."""
    if text not in allowed:
        listed = ", ".join(allowed)
        raise InputProblem(field, Words(f"Choose one of: {listed}.", f"Elija uno de: {listed}."))
    return str(text)


def number_between(field: str, text: str, least: int, most: int) -> int:
    """A whole number, both ends included. Raises InputProblem that names them."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9 and least <= int(digits) <= most):
        raise InputProblem(
            field, Words(f"Write a number from {least} to {most}.", f"Escriba un número del {least} al {most}.")
        )
    return int(digits)
