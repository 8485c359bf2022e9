"""Mexico's numbering plan: what dialled digits mean (docs/dialling.md), and one canonical form of a caller's number.

Pure. Knows no account and no extension: the routing asks for those first. Classes of numbers and possible lengths
abroad come from libphonenumber, whose data of a country is loaded when a number of that country is first met.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from phonenumbers import (
    PhoneNumber,
    PhoneNumberType,
    ValidationResult,
    is_possible_number_with_reason,
    is_valid_number,
    number_type,
    phonenumberutil,
)

from appliance.directory.model import DialProfile
from appliance.vocabulary import CallClass
from wire.extensions import EMERGENCY_CODES, PREMIUM_SHORT_CODES, SPECIAL_CODES

EMERGENCY_SENT_AS = "911"

OPERATOR_CODES = frozenset({"020", "090"})
"""Calls by an operator, at a charge: refused."""

EIGHT_DIGIT_AREAS = frozenset({"55", "56", "33", "81"})
"""Mexico City and its overlay, Guadalajara, Monterrey; every other area code has three digits."""

_COUNTRY = 52
_E164_MIN, _E164_MAX = 7, 15
_MAX_DIALLED = 64
"""Longer texts are no numbers, and are not kept in the caches."""
_CACHED = 4096
_SEPARATORS = str.maketrans("", "", " \t-./()")


class Reading(StrEnum):
    """How dialled digits were read, or why they could not be. Values are stable: explanations name them."""

    NATIONAL = "national"
    LOCAL = "local"
    OLD_01 = "old-01"
    OLD_044 = "old-044"
    OLD_045 = "old-045"
    E164 = "e164"
    LEGACY_MOBILE_1 = "legacy-mobile-1"
    INTERNATIONAL_00 = "international-00"
    EMERGENCY_CODE = "emergency-code"
    SPECIAL_CODE = "special-code"
    OPERATOR_CODE = "operator-code"
    PREMIUM_SHORT_CODE = "premium-short-code"
    OLD_FORM_REFUSED = "old-form-refused"
    OPERATOR_PREFIX = "operator-prefix"
    UNKNOWN_PREFIX = "unknown-prefix"
    NO_SUCH_COUNTRY = "no-such-country"
    WRONG_LENGTH = "wrong-length"
    SHORT = "short"
    NOT_DIGITS = "not-digits"


@dataclass(frozen=True, slots=True)
class Dialled:
    """A number as read: `e164` (with its plus) or `short` (a public code) is set; neither, if it is no number."""

    call_class: CallClass
    why: Reading
    e164: str = ""
    short: str = ""

    @property
    def abroad(self) -> bool:
        return bool(self.e164) and not self.e164.startswith(f"+{_COUNTRY}")


def bare(dialled: str) -> str:
    """The digits without what people and phones put between and after them: separators, parameters, a closing `#`."""
    return dialled.partition(";")[0].translate(_SEPARATORS).rstrip("#")


def is_emergency(dialled: str) -> bool:
    """Whether this is an emergency number in any form that a phone may send."""
    digits = bare(dialled)
    return digits in EMERGENCY_CODES or digits in _EMERGENCY_E164


_EMERGENCY_E164 = frozenset(f"{prefix}{_COUNTRY}{code}" for prefix in ("+", "00") for code in EMERGENCY_CODES)


def normalise(dialled: str, profile: str, area_code: str, strict: bool) -> Dialled:
    """What `dialled` means to someone in `area_code`. Total: what is no number is class UNKNOWN with its reason.

    `strict` counts with profile mx2020 only: then the forms that ended on 3 August 2020 are refused; else they are
    understood, for the contacts that people saved. The result always is the present form.
    """
    if len(dialled) > _MAX_DIALLED:
        return _not_a_number(Reading.NOT_DIGITS)
    return _normalise(dialled, profile, area_code, strict)


@lru_cache(maxsize=_CACHED)
def _normalise(dialled: str, profile: str, area_code: str, strict: bool) -> Dialled:
    digits = bare(dialled)
    if is_emergency(digits):
        return Dialled(CallClass.EMERGENCY, Reading.EMERGENCY_CODE, short=EMERGENCY_SENT_AS)
    plus = digits.startswith("+")
    digits = digits[1:] if plus else digits
    if not (digits.isascii() and digits.isdigit()):
        return _not_a_number(Reading.NOT_DIGITS)
    if plus:
        return _international(digits, Reading.E164)
    if digits in SPECIAL_CODES:
        reading = Reading.OPERATOR_CODE if digits in OPERATOR_CODES else Reading.SPECIAL_CODE
        return Dialled(CallClass.SPECIAL, reading, short=digits)
    if digits in PREMIUM_SHORT_CODES:
        return Dialled(CallClass.PREMIUM, Reading.PREMIUM_SHORT_CODE, short=digits)
    if digits.startswith("00"):
        return _international(digits[2:], Reading.INTERNATIONAL_00)
    old_forms = profile != DialProfile.MX2020 or not strict
    if digits.startswith("0"):
        return _prefixed(digits, old_forms)
    return _unprefixed(digits, area_code, old_forms)


def canonical_number(text: str) -> str:
    """One form for a number that a trunk wrote, of a caller or called: E.164 with its plus where it can be read so.

    +521…, 521…, 00521…, 52…, 01…, 044…, 045… and ten digits all become +52 and ten digits. What cannot be read so comes
    back as its digits (`911`, a local number); what has no digits, such as `anonymous`, as empty text.
    """
    return _canonical(text) if len(text) <= _MAX_DIALLED else ""


@lru_cache(maxsize=_CACHED)
def _canonical(text: str) -> str:
    digits = bare(text)
    plus = digits.startswith("+")
    digits = digits[1:] if plus else digits
    if not (digits.isascii() and digits.isdigit()):
        return ""
    if plus or digits.startswith("00"):
        number = digits.removeprefix("00")
        if mexican := _mexican(number):
            return f"+{_COUNTRY}{mexican}"
        return f"+{number}" if _E164_MIN <= len(number) <= _E164_MAX else digits
    for prefix in ("01", "044", "045", ""):
        if digits.startswith(prefix) and _is_national(digits[len(prefix) :]):
            return f"+{_COUNTRY}{digits[len(prefix) :]}"
    if mexican := _mexican(digits):
        return f"+{_COUNTRY}{mexican}"
    if len(digits) > 10 and (parsed := _parsed(digits)) is not None and is_valid_number(parsed):
        return f"+{digits}"
    return digits


def _not_a_number(why: Reading) -> Dialled:
    return Dialled(CallClass.UNKNOWN, why)


def _is_national(digits: str) -> bool:
    """Ten digits, the first 2 to 9: a national significant number."""
    return len(digits) == 10 and digits[0] in "23456789"


def _mexican(digits: str) -> str:
    """The national number in a country code and number without plus; empty if it is none of ours."""
    if digits.startswith("52") and _is_national(digits[2:]):
        return digits[2:]
    if digits.startswith("521") and _is_national(digits[3:]):
        return digits[3:]
    return ""


_CLASS_OF_TYPE = {
    PhoneNumberType.TOLL_FREE: CallClass.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: CallClass.PREMIUM,
    PhoneNumberType.SHARED_COST: CallClass.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: CallClass.PERSONAL,
}


def _national(number: str, why: Reading) -> Dialled:
    """Landlines and mobiles are one class: since portability and 2019 their digits do not tell them apart."""
    kind = number_type(PhoneNumber(_COUNTRY, int(number)))
    return Dialled(_CLASS_OF_TYPE.get(kind, CallClass.NATIONAL), why, e164=f"+{_COUNTRY}{number}")


def _prefixed(digits: str, old_forms: bool) -> Dialled:
    for prefix, why in (("01", Reading.OLD_01), ("044", Reading.OLD_044), ("045", Reading.OLD_045)):
        number = digits[len(prefix) :]
        if digits.startswith(prefix):
            if not old_forms:
                return _not_a_number(Reading.OLD_FORM_REFUSED)
            return _national(number, why) if _is_national(number) else _not_a_number(Reading.WRONG_LENGTH)
    if digits.startswith(("02", "09")):
        return _not_a_number(Reading.OPERATOR_PREFIX)
    return _not_a_number(Reading.UNKNOWN_PREFIX)


def _unprefixed(digits: str, area_code: str, old_forms: bool) -> Dialled:
    if _is_national(digits):
        return _national(digits, Reading.NATIONAL)
    if mexican := _mexican(digits):
        return _national(mexican, Reading.LEGACY_MOBILE_1 if len(digits) == 13 else Reading.E164)
    if len(digits) == (8 if area_code in EIGHT_DIGIT_AREAS else 7) and _is_national(area_code + digits):
        return _national(area_code + digits, Reading.LOCAL) if old_forms else _not_a_number(Reading.OLD_FORM_REFUSED)
    return _not_a_number(Reading.SHORT if len(digits) < 7 else Reading.WRONG_LENGTH)


def _parsed(digits: str) -> PhoneNumber | None:
    """The number behind a country code, or None where there is no such country. `digits` without plus."""
    for length in (1, 2, 3):
        code = digits[:length]
        if (
            not code.startswith("0")
            and len(code) == length
            and int(code) in phonenumberutil.COUNTRY_CODE_TO_REGION_CODE
        ):
            rest = digits[length:]
            if not rest:
                return None
            zeros = len(rest) - len(rest.lstrip("0"))
            return PhoneNumber(
                int(code),
                int(rest),
                italian_leading_zero=True if zeros else None,
                number_of_leading_zeros=zeros or None,
            )
    return None


_TOO_FAR_OFF = (ValidationResult.TOO_SHORT, ValidationResult.TOO_LONG, ValidationResult.INVALID_COUNTRY_CODE)


def _international(digits: str, why: Reading) -> Dialled:
    if mexican := _mexican(digits):
        return _national(mexican, Reading.LEGACY_MOBILE_1 if digits.startswith("521") and len(digits) == 13 else why)
    if len(digits) > _E164_MAX:
        return _not_a_number(Reading.WRONG_LENGTH)
    number = _parsed(digits)
    if number is None:
        return _not_a_number(Reading.NO_SUCH_COUNTRY)
    if number.country_code == _COUNTRY or is_possible_number_with_reason(number) in _TOO_FAR_OFF:
        return _not_a_number(Reading.WRONG_LENGTH)
    premium = number_type(number) == PhoneNumberType.PREMIUM_RATE
    return Dialled(CallClass.PREMIUM if premium else CallClass.INTERNATIONAL, why, e164=f"+{digits}")
