"""The languages of the house."""

from central.errors import InputProblem, Words

LANGUAGES = ("es-MX", "en")


def language(field: str, text: str) -> str:
    if text not in LANGUAGES:
        raise InputProblem(
            field, Words("Choose Spanish (es-MX) or English (en).", "Elija español (es-MX) o inglés (en).")
        )
    return text


def optional_language(field: str, text: str) -> str:
    return language(field, text) if text else ""
