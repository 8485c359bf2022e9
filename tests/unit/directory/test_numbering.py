"""What digits mean in Mexico: every form of the acceptance table, and that nothing anyone dials can break it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.directory.model import DialProfile
from appliance.directory.numbering import Dialled, Reading, canonical_number, is_emergency, normalise
from appliance.vocabulary import CallClass
from wire.extensions import EMERGENCY_CODES, PREMIUM_SHORT_CODES, SPECIAL_CODES, extension_conflict

OLD, NEW = DialProfile.MX2017, DialProfile.MX2020
DIALLABLE = st.text(alphabet="0123456789+*# -.()", max_size=24) | st.text(max_size=80)


def read(dialled: str, profile: str = NEW, area_code: str = "55", strict: bool = False) -> Dialled:
    return normalise(dialled, profile, area_code, strict)


@pytest.mark.acceptance("D-1")
@pytest.mark.parametrize("dialled", ["5512345678", "3331234567", "6641234567", "55 1234 5678", "(664) 123-4567"])
@pytest.mark.parametrize("strict", [True, False])
def test_ten_digits_are_a_national_number(dialled: str, strict: bool) -> None:
    digits = "".join(c for c in dialled if c.isdigit())
    assert read(dialled, strict=strict) == Dialled(CallClass.NATIONAL, Reading.NATIONAL, f"+52{digits}")


OLD_FORMS = [
    ("015512345678", "55", "+525512345678", Reading.OLD_01),
    ("0445512345678", "55", "+525512345678", Reading.OLD_044),
    ("0456641234567", "55", "+526641234567", Reading.OLD_045),
    ("12345678", "55", "+525512345678", Reading.LOCAL),
    ("12345678", "56", "+525612345678", Reading.LOCAL),
    ("12345678", "33", "+523312345678", Reading.LOCAL),
    ("12345678", "81", "+528112345678", Reading.LOCAL),
    ("1234567", "664", "+526641234567", Reading.LOCAL),
]


@pytest.mark.acceptance("D-2")
@pytest.mark.parametrize(("dialled", "area_code", "e164", "how"), OLD_FORMS)
def test_the_forms_of_2017_are_understood_unless_the_site_is_strict(
    dialled: str, area_code: str, e164: str, how: Reading
) -> None:
    understood = Dialled(CallClass.NATIONAL, how, e164)
    assert read(dialled, OLD, area_code) == understood
    assert read(dialled, OLD, area_code, strict=True) == understood
    assert read(dialled, NEW, area_code) == understood
    assert read(dialled, NEW, area_code, strict=True) == Dialled(CallClass.UNKNOWN, Reading.OLD_FORM_REFUSED)


@pytest.mark.parametrize(
    ("dialled", "area_code"), [("12345678", "664"), ("1234567", "55"), ("12345678", ""), ("1234567", "6")]
)
def test_a_local_number_has_the_length_that_its_area_code_leaves(dialled: str, area_code: str) -> None:
    assert read(dialled, area_code=area_code) == Dialled(CallClass.UNKNOWN, Reading.WRONG_LENGTH)


@pytest.mark.acceptance("D-3")
@pytest.mark.parametrize("dialled", ["+5215512345678", "5215512345678", "005215512345678", "+52 1 55 1234 5678"])
@pytest.mark.parametrize("profile", [OLD, NEW])
@pytest.mark.parametrize("strict", [True, False])
def test_the_old_mobile_1_is_dropped(dialled: str, profile: str, strict: bool) -> None:
    expected = Dialled(CallClass.NATIONAL, Reading.LEGACY_MOBILE_1, "+525512345678")
    assert read(dialled, profile, strict=strict) == expected
    assert canonical_number(dialled) == "+525512345678"


@pytest.mark.acceptance("D-3")
@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("+525512345678", "+525512345678"),
        ("525512345678", "+525512345678"),
        ("5512345678", "+525512345678"),
        ("00525512345678", "+525512345678"),
        ("015512345678", "+525512345678"),
        ("0445512345678", "+525512345678"),
        ("0455512345678", "+525512345678"),
        ("5215512345678;phone-context=+52", "+525512345678"),
        ("+14155552671", "+14155552671"),
        ("14155552671", "+14155552671"),
        ("0014155552671", "+14155552671"),
        ("911", "911"),
        ("12345678", "12345678"),
        ("anonymous", ""),
        ("", ""),
        ("+", ""),
        ("٣٣٣", ""),
        ("9" * 5000, ""),
    ],
)
def test_a_callers_number_has_one_form(written: str, canonical: str) -> None:
    assert canonical_number(written) == canonical


@pytest.mark.acceptance("D-4")
@pytest.mark.parametrize(
    ("dialled", "call_class", "e164"),
    [
        ("8001234567", CallClass.TOLL_FREE, "+528001234567"),
        ("8881234567", CallClass.TOLL_FREE, "+528881234567"),
        ("018001234567", CallClass.TOLL_FREE, "+528001234567"),
        ("9001234567", CallClass.PREMIUM, "+529001234567"),
        ("019001234567", CallClass.PREMIUM, "+529001234567"),
        ("+529001234567", CallClass.PREMIUM, "+529001234567"),
        ("3001234567", CallClass.SHARED_COST, "+523001234567"),
        ("5001234567", CallClass.PERSONAL, "+525001234567"),
    ],
)
def test_the_first_digits_tell_who_pays(dialled: str, call_class: CallClass, e164: str) -> None:
    found = read(dialled)
    assert (found.call_class, found.e164) == (call_class, e164)


def test_landlines_and_mobiles_are_one_class_even_in_an_area_not_yet_in_the_tables() -> None:
    assert read("2001234567").call_class is CallClass.NATIONAL
    assert read("5991234567").call_class is CallClass.NATIONAL
    assert read("2991234567").call_class is CallClass.NATIONAL


@pytest.mark.acceptance("D-5")
def test_00_and_plus_lead_abroad() -> None:
    assert read("0014155552671") == Dialled(CallClass.INTERNATIONAL, Reading.INTERNATIONAL_00, "+14155552671")
    assert read("+34 911 23 45 67") == Dialled(CallClass.INTERNATIONAL, Reading.E164, "+34911234567")
    assert read("+390612345678").e164 == "+390612345678"
    assert read("0014155552671").abroad
    assert not read("00525512345678").abroad
    assert read("00525512345678").call_class is CallClass.NATIONAL


def test_premium_numbers_abroad_are_premium() -> None:
    found = read("0019002345678")
    assert found.call_class is CallClass.PREMIUM
    assert found.abroad


@pytest.mark.acceptance("D-5")
@pytest.mark.parametrize("dialled", ["09", "0915551234", "02", "025512345678"])
def test_operator_prefixes_are_refused(dialled: str) -> None:
    assert read(dialled) == Dialled(CallClass.UNKNOWN, Reading.OPERATOR_PREFIX)


@pytest.mark.parametrize(
    ("dialled", "why"),
    [
        ("009991234567", Reading.NO_SUCH_COUNTRY),
        ("+", Reading.NOT_DIGITS),
        ("00", Reading.NO_SUCH_COUNTRY),
        ("+1", Reading.NO_SUCH_COUNTRY),
        ("+1415", Reading.WRONG_LENGTH),
        ("+5255123456", Reading.WRONG_LENGTH),
        ("+14155552671000000", Reading.WRONG_LENGTH),
        ("1234567890", Reading.WRONG_LENGTH),
        ("55123456789", Reading.WRONG_LENGTH),
        ("01551234567", Reading.WRONG_LENGTH),
        ("0551234", Reading.UNKNOWN_PREFIX),
        ("101", Reading.SHORT),
        ("ana", Reading.NOT_DIGITS),
        ("٥٥١٢٣٤٥٦٧٨", Reading.NOT_DIGITS),
        ("", Reading.NOT_DIGITS),
        ("5" * 100_000, Reading.NOT_DIGITS),
    ],
)
def test_what_is_no_number_says_why(dialled: str, why: Reading) -> None:
    assert read(dialled) == Dialled(CallClass.UNKNOWN, why)


@pytest.mark.acceptance("E-1")
@pytest.mark.parametrize("code", ["911", "066", "060", "065", "068", "080", "061"])
@pytest.mark.parametrize("form", ["{}", "{}#", " {} ", "+52{}", "0052{}"])
def test_every_emergency_number_is_sent_as_911(code: str, form: str) -> None:
    for profile in (OLD, NEW):
        found = read(form.format(code), profile, strict=True)
        assert found == Dialled(CallClass.EMERGENCY, Reading.EMERGENCY_CODE, short="911")
    assert is_emergency(form.format(code))


def test_public_service_codes_are_known_and_the_charged_ones_told_apart() -> None:
    assert read("089") == Dialled(CallClass.SPECIAL, Reading.SPECIAL_CODE, short="089")
    assert read("088").why is Reading.SPECIAL_CODE
    assert read("020").why is Reading.OPERATOR_CODE
    assert read("090").why is Reading.OPERATOR_CODE
    for code in ("53053", "7766"):
        assert read(code) == Dialled(CallClass.PREMIUM, Reading.PREMIUM_SHORT_CODE, short=code)


@given(
    DIALLABLE,
    st.sampled_from([OLD, NEW, "mx1999"]),
    st.text(max_size=4) | st.sampled_from(["55", "664"]),
    st.booleans(),
)
def test_whatever_is_dialled_is_read_or_refused(dialled: str, profile: str, area_code: str, strict: bool) -> None:
    found = normalise(dialled, profile, area_code, strict)
    assert found == normalise(dialled, profile, area_code, strict)
    assert not (found.e164 and found.short)
    assert (found.call_class is CallClass.UNKNOWN) == (not found.e164 and not found.short)
    if found.e164:
        assert found.e164.startswith("+")
        assert found.e164[1:].isascii()
        assert found.e164[1:].isdigit()
        assert not found.e164.startswith("+521") or len(found.e164) == 13


@given(DIALLABLE)
def test_the_canonical_form_of_a_canonical_form_is_itself(text: str) -> None:
    once = canonical_number(text)
    assert canonical_number(once) == once


@pytest.mark.acceptance("D-7")
@pytest.mark.parametrize(
    ("digits", "code"),
    [
        ("911", "911"), ("9110", "911"), ("9111", "911"), ("4911", "911"), ("1911", "911"), ("19110", "911"),
        ("91", "911"), ("11", "911"), ("066", "066"), ("06", "060"), ("1066", "066"), ("2080", "080"), ("80", "080"),
        ("020", "020"), ("1020", "020"), ("1050", "050"), ("8089", "089"), ("089", "089"), ("0891", "089"),
        ("89", "089"), ("7766", "7766"), ("776", "7766"), ("530", "53053"),
    ],
)  # fmt: skip
def test_an_extension_never_collides_with_a_public_code(digits: str, code: str) -> None:
    conflict = extension_conflict(digits)
    assert conflict is not None
    assert conflict.with_code == code
    assert code in conflict.says_en
    assert code in conflict.says_es
    assert digits in conflict.says_en


@pytest.mark.acceptance("D-7")
@given(st.integers(100, 8999).map(str))
def test_what_may_be_an_extension_neither_begins_nor_ends_a_public_code_nor_the_other_way_round(digits: str) -> None:
    codes = EMERGENCY_CODES | SPECIAL_CODES
    collides = any(
        long.startswith(short) or long.endswith(short) for c in codes for long, short in ((digits, c), (c, digits))
    )
    if collides:
        assert extension_conflict(digits) is not None
    elif not any(c.startswith(digits) or digits.startswith(c) for c in PREMIUM_SHORT_CODES) and "911" not in digits:
        assert extension_conflict(digits) is None


@pytest.mark.acceptance("D-7")
def test_every_code_is_refused_as_an_extension_and_ordinary_plans_are_not() -> None:
    for code in EMERGENCY_CODES | SPECIAL_CODES:
        assert extension_conflict(code) is not None
    for digits in ("101", "1001", "1100", "200", "8999", "12345"):
        assert extension_conflict(digits) is None
    for digits in ("", "1", "1234567", "1a", "٣٣", "012"):
        assert extension_conflict(digits) is not None
    assert [d for d in map(str, range(100, 900)) if extension_conflict(d)] == ["530", "776"]
    assert sum(extension_conflict(d) is not None for d in map(str, range(1000, 9000))) == 202
