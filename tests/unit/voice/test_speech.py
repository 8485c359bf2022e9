"""Numbers, dates, times and amounts, phrase by phrase: what is said is read back as a listener would."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from appliance.settings import Settings
from appliance.voice.prompts import RECORDINGS_DIRS
from appliance.voice.sounds import Recording, Sound
from appliance.voice.speech import (
    LARGEST,
    RECORDED,
    Gender,
    amount,
    day,
    digits,
    messages,
    number,
    text,
    time_of_day,
)

ES, EN = "es-MX", "en"


def _words(text: str) -> list[str]:
    return text.split()


_ES_VALUES = {
    word: n
    for n, word in enumerate(
        _words(
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
    "dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro "
    "veinticinco veintiséis veintisiete veintiocho veintinueve treinta"
)
    )
} | {
    "un": 1, "una": 1, "veintiun": 21, "veintiuna": 21, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70,
    "ochenta": 80, "noventa": 90, "cien": 100, "ciento": 100, "doscientos": 200, "trescientos": 300,
    "cuatrocientos": 400, "quinientos": 500, "seiscientos": 600, "setecientos": 700, "ochocientos": 800,
    "novecientos": 900,
}  # fmt: skip
_EN_VALUES = {
    word: n
    for n, word in enumerate(
        _words(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
            "sixteen seventeen eighteen nineteen"
        )
    )
} | {word: n * 10 for n, word in enumerate(_words("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}
SOME = (*range(1100), *range(1990, 2130), *range(9_900, 10_110), *range(20_000, LARGEST, 7_919), LARGEST)


def understood_es(said: str) -> int:
    """A listener's arithmetic: words below a thousand add up, `mil` multiplies what came before it."""
    total = below = 0
    words = said.split()
    for word, following in pairwise([*words, ""]):
        if word == "y":
            assert following in _ES_VALUES
            assert _ES_VALUES[following] < 10, said
        elif word == "mil":
            total, below = max(below, 1) * 1000, 0
        else:
            assert below == 0 or _ES_VALUES[word] < 100, said
            below += _ES_VALUES[word]
    return total + below


def understood_en(said: str) -> int:
    total = below = 0
    for word in said.split():
        if word == "thousand":
            total, below = below * 1000, 0
        elif word == "hundred":
            below *= 100
        else:
            below += _EN_VALUES[word]
    return total + below


@pytest.mark.parametrize("gender", Gender)
def test_a_listener_understands_every_spanish_number(gender: Gender) -> None:
    for n in SOME:
        assert understood_es(text(number(n, ES, gender), ES)) == n


def test_a_listener_understands_every_english_number() -> None:
    for n in SOME:
        assert understood_en(text(number(n, EN), EN)) == n


@pytest.mark.parametrize(
    ("n", "gender", "words"),
    [
        (1, Gender.NONE, "uno"),
        (1, Gender.MASCULINE, "un"),
        (1, Gender.FEMININE, "una"),
        (21, Gender.MASCULINE, "veintiun"),
        (31, Gender.FEMININE, "treinta y una"),
        (100, Gender.NONE, "cien"),
        (101, Gender.NONE, "ciento uno"),
        (1000, Gender.NONE, "mil"),
        (21_000, Gender.NONE, "veintiun mil"),
        (100_031, Gender.NONE, "cien mil treinta y uno"),
    ],
)
def test_spanish_numbers_agree_with_what_they_count(n: int, gender: Gender, words: str) -> None:
    assert text(number(n, ES, gender), ES) == words


def test_digits_are_said_one_by_one() -> None:
    assert text(digits("+52 55*9#"), ES) == "cinco dos cinco cinco asterisco nueve gato"


TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("when", "es", "en"),
    [
        (date(2026, 11, 23), "hoy", "today"),
        (date(2026, 11, 22), "ayer", "yesterday"),
        (date(2026, 11, 1), "domingo primero de noviembre", "Sunday November first"),
        (date(2026, 7, 31), "viernes treinta y uno de julio", "Friday July thirty first"),
        (date(2026, 2, 20), "viernes veinte de febrero", "Friday February twentieth"),
        (
            date(2025, 12, 22),
            "lunes veintidós de diciembre de dos mil veinticinco",
            "Monday December twenty second twenty twenty five",
        ),
    ],
)
def test_days(when: date, es: str, en: str) -> None:
    assert (text(day(when, TODAY, ES), ES), text(day(when, TODAY, EN), EN)) == (es, en)


@pytest.mark.parametrize(
    ("clock", "es", "en"),
    [
        ("00:00", "a las doce en punto a. m.", "at twelve o'clock a m"),
        ("01:05", "a la una y cinco a. m.", "at one oh five a m"),
        ("12:30", "a las doce y treinta p. m.", "at twelve thirty p m"),
        ("15:41", "a las tres y cuarenta y uno p. m.", "at three forty one p m"),
        ("23:59", "a las once y cincuenta y nueve p. m.", "at eleven fifty nine p m"),
    ],
)
def test_times(clock: str, es: str, en: str) -> None:
    when = datetime.fromisoformat(f"2026-11-23T{clock}")
    assert (text(time_of_day(when, ES), ES), text(time_of_day(when, EN), EN)) == (es, en)


def test_every_minute_of_a_day_is_another_phrase() -> None:
    minutes = [datetime(2026, 11, 23, m // 60, m % 60, tzinfo=UTC) for m in range(1440)]
    for language in (ES, EN):
        assert len({text(time_of_day(m, language), language) for m in minutes}) == 1440


@pytest.mark.parametrize(
    ("centavos", "es", "en"),
    [
        (0, "cero pesos", "zero pesos"),
        (100, "un peso", "one peso"),
        (2101, "veintiun pesos con un centavo", "twenty one pesos and one centavo"),
        (
            123_450,
            "mil doscientos treinta y cuatro pesos con cincuenta centavos",
            "one thousand two hundred thirty four pesos and fifty centavos",
        ),
    ],
)
def test_amounts(centavos: int, es: str, en: str) -> None:
    assert (text(amount(centavos, ES), ES), text(amount(centavos, EN), EN)) == (es, en)


@pytest.mark.parametrize(
    ("new", "old", "es", "en"),
    [
        (0, 0, "usted no tiene mensajes", "you have no messages"),
        (1, 0, "usted tiene un mensaje nuevo", "you have one new message"),
        (0, 1, "usted tiene un mensaje viejo", "you have one old message"),
        (
            2,
            21,
            "usted tiene dos mensajes nuevos y veintiun mensajes viejos",
            "you have two new messages and twenty one old messages",
        ),
    ],
)
def test_counts_of_messages(new: int, old: int, es: str, en: str) -> None:
    assert (text(messages(new, old, ES), ES), text(messages(new, old, EN), EN)) == (es, en)


def names(sounds: tuple[Sound, ...]) -> set[str]:
    return {s.name for s in sounds if isinstance(s, Recording)}


@pytest.mark.parametrize("language", [ES, EN])
def test_every_recording_it_asks_for_is_installed(language: str) -> None:
    asked = names(digits("0123456789*#"))
    for n in SOME:
        asked |= names(number(n, language)) | names(messages(n, n, language))
        asked |= names(number(n, language, Gender.FEMININE))
    for n in range(366):
        asked |= names(day(date.fromordinal(date(2024, 1, 1).toordinal() + n), TODAY, language))
    for minute in range(1440):
        asked |= names(time_of_day(datetime(2026, 1, 1, minute // 60, minute % 60, tzinfo=UTC), language))
    assert asked <= RECORDED[language]
    folder = Settings().paths.sounds_dir / RECORDINGS_DIRS[language]
    assert not [name for name in RECORDED[language] if not (folder / f"{name}.wav").exists()]
