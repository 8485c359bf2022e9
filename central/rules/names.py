"""Names and other short texts as people type them. Pure."""

import re
import unicodedata

from central.errors import InputProblem, Words

MAX_NAME = 64
MAX_TEXT = 200
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def clean(text: str) -> str:
    """NFC, without control characters, without blanks at the ends or doubled."""
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in composed)
    return " ".join(visible.split())


def name_key(name: str) -> str:
    """What two names share when they are the same name (U-2): neither case nor blanks tell people apart."""
    return unicodedata.normalize("NFKC", clean(name)).casefold()


def required_name(field: str, text: str, what: Words) -> str:
    """A clean name. Raises InputProblem when there is none or it is too long."""
    name = clean(text)
    if not name:
        raise InputProblem(field, Words(f"Write {what.en}.", f"Escriba {what.es}."))
    return short(field, name, MAX_NAME)


def short(field: str, text: str, limit: int = MAX_TEXT) -> str:
    """A clean text of at most `limit` characters."""
    cleaned = clean(text)
    if len(cleaned) > limit:
        raise InputProblem(
            field, Words(f"That is too long: at most {limit} letters.", f"Es demasiado largo: máximo {limit} letras.")
        )
    return cleaned


def email(field: str, text: str) -> str:
    """An address, or nothing."""
    address = short(field, text)
    if address and not EMAIL.fullmatch(address):
        raise InputProblem(
            field,
            Words(f"{address} is not an e-mail address.", f"{address} no es una dirección de correo."),
            Words("It looks like name@company.mx.", "Tiene la forma nombre@empresa.mx."),
        )
    return address
