"""Telephone numbers as people type them, to E.164. Pure, on libphonenumber's data."""

import re

import phonenumbers

from central.errors import InputProblem, Words

HOME = "MX"
_LEGACY_MOBILE = re.compile(r"\+521(\d{10})")
"""Mexican mobiles carried a 1 after +52 until August 2019; the number is the same without it."""
AREA_CODE = re.compile(r"[2-9]\d{1,2}")


def e164(field: str, text: str) -> str:
    """The number with its plus. Ten digits are Mexican. Raises InputProblem."""
    typed = "".join(text.split())
    try:
        if len(typed) > 40:
            raise phonenumbers.NumberParseException(phonenumbers.NumberParseException.TOO_LONG, "too long")
        parsed = phonenumbers.parse(typed, HOME)
        number = str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
        number = _LEGACY_MOBILE.sub(r"+52\1", number)
        valid = bool(phonenumbers.is_valid_number(phonenumbers.parse(number, HOME)))
    except phonenumbers.NumberParseException:
        valid = False
    if not valid or parsed.extension:
        raise InputProblem(
            field,
            Words(f"{typed[:40]} is not a valid telephone number.", f"{typed[:40]} no es un número telefónico válido."),
            Words("Write ten digits, or + and the country's code.", "Escriba diez dígitos, o + y la clave del país."),
        )
    return number


def optional_e164(field: str, text: str) -> str:
    return e164(field, text) if text.strip() else ""


def for_people(number: str) -> str:
    """`+525512345678` as Mexicans write it: 55 1234 5678; foreign ones in the international form."""
    try:
        parsed = phonenumbers.parse(number, HOME)
    except phonenumbers.NumberParseException:
        return number
    home = parsed.country_code == phonenumbers.country_code_for_region(HOME)
    form = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(parsed, form))


def area_code(field: str, text: str) -> str:
    """Two or three digits, or nothing."""
    code = "".join(text.split())
    if code and not AREA_CODE.fullmatch(code):
        raise InputProblem(
            field,
            Words(f"{code[:12]} is not an area code.", f"{code[:12]} no es una clave lada."),
            Words("For example 55 or 664.", "Por ejemplo 55 o 664."),
        )
    return code
