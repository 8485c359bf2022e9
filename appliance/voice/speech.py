"""Numbers, digits, dates, times and amounts as they are said in es-MX and English. Pure.

Each becomes recordings of Debian's packages, and `text` gives their words, by which tests read what a caller hears.
An amount has no recordings for its currency: its words are spoken by espeak-ng.
"""

from datetime import date, datetime, timedelta
from enum import Enum

from appliance.voice.sounds import Recording, Sound, Text
from appliance.voice.spoken import SPANISH

LARGEST = 999_999


class Gender(Enum):
    """Of what is counted, in Spanish. NONE: the bare number, as one counts."""

    NONE = ""
    MASCULINE = "M"
    FEMININE = "F"


def number(n: int, language: str, gender: Gender = Gender.NONE) -> tuple[Sound, ...]:
    """A cardinal from 0 to LARGEST; what is beyond is said digit by digit."""
    if not 0 <= n <= LARGEST:
        return digits(str(abs(n)))
    return _said(_spanish(n, gender) if language == SPANISH else _english(n))


def digits(text: str) -> tuple[Sound, ...]:
    """Digit by digit, with star and pound; all else of a number (a plus, spaces) is passed over."""
    names = {"*": "star", "#": "pound"}
    return _said([names.get(c, c) for c in text if c in names or (c.isascii() and c.isdigit())])


def day(when: date, today: date, language: str) -> tuple[Sound, ...]:
    """Today, yesterday, else weekday, day and month; with the year where it is another one."""
    if when == today:
        return _said(["today"])
    if when == today - timedelta(days=1):
        return _said(["yesterday"])
    weekday, month = f"day-{(when.weekday() + 1) % 7}", f"mon-{when.month - 1}"
    year = _year(when.year, language) if when.year != today.year else []
    if language == SPANISH:
        of_month = ["h-1"] if when.day == 1 else _spanish(when.day, Gender.NONE)
        return _said([weekday, *of_month, "es-de", month, *(["es-de", *year] if year else [])])
    return _said([weekday, month, *_ordinal(when.day), *year])


def time_of_day(when: datetime, language: str) -> tuple[Sound, ...]:
    """On the 12-hour clock: `a las tres y cinco p. m.`, `at three oh five p m`."""
    hour, half = when.hour % 12 or 12, "p-m" if when.hour >= 12 else "a-m"
    if language == SPANISH:
        at = ["at_s", "1F"] if hour == 1 else ["at", str(hour)]
        past = ["and", *_spanish(when.minute, Gender.NONE)] if when.minute else ["oclock"]
        return _said([*at, *past, half])
    past = ["oclock"] if not when.minute else ["oh", str(when.minute)] if when.minute < 10 else _english(when.minute)
    return _said(["at", str(hour), *past, half])


def amount(centavos: int, language: str) -> tuple[Sound, ...]:
    """Pesos and centavos, up to LARGEST pesos."""
    pesos, cents = divmod(min(abs(centavos), LARGEST * 100 + 99), 100)
    if language == SPANISH:
        whole = f"{text(number(pesos, language, Gender.MASCULINE), language)} {'peso' if pesos == 1 else 'pesos'}"
        part = f"{text(number(cents, language, Gender.MASCULINE), language)} {'centavo' if cents == 1 else 'centavos'}"
        return (Text(f"{whole} con {part}" if cents else whole),)
    whole = f"{text(number(pesos, language), language)} {'peso' if pesos == 1 else 'pesos'}"
    part = f"{text(number(cents, language), language)} {'centavo' if cents == 1 else 'centavos'}"
    return (Text(f"{whole} and {part}" if cents else whole),)


def messages(new: int, old: int, language: str) -> tuple[Sound, ...]:
    """How many messages there are in a mailbox: `usted tiene un mensaje nuevo`."""
    if language == SPANISH:
        if not new and not old:
            return (Recording("vm-youhaveno"), Recording("vm-messages"))
        said: list[Sound] = [Recording("vm-youhave")]
        for n, one, many in ((new, "vm-INBOXs", "vm-INBOX"), (old, "vm-Olds", "vm-Old")):
            if n:
                said += [Recording("vm-and")] if len(said) > 1 else []
                said += [*number(n, language, Gender.MASCULINE), Recording("vm-message" if n == 1 else "vm-messages")]
                said += [Recording(one if n == 1 else many)]
        return tuple(said)
    if not new and not old:
        return (Recording("vm-youhave"), Recording("vm-no"), Recording("vm-messages"))
    said = [Recording("vm-youhave")]
    for n, kind in ((new, "vm-INBOX"), (old, "vm-Old")):
        if n:
            said += [Recording("vm-and")] if len(said) > 1 else []
            said += [*number(n, language), Recording(kind), Recording("vm-message" if n == 1 else "vm-messages")]
    return tuple(said)


def text(sounds: tuple[Sound, ...], language: str) -> str:
    """The words of what this module made."""
    table = _ES if language == SPANISH else _EN
    words = (
        s.words if isinstance(s, Text) else table[s.name.removeprefix("digits/")] for s in sounds
        if isinstance(s, Text | Recording)
    )  # fmt: skip
    return " ".join(words).replace("- ", "")


def _said(names: list[str]) -> tuple[Sound, ...]:
    return tuple(Recording(f"digits/{name}") for name in names)


def _spanish(n: int, gender: Gender) -> list[str]:
    if n >= 1000:
        above, rest = divmod(n, 1000)
        thousands = ["thousand"] if above == 1 else [*_spanish(above, Gender.MASCULINE), "thousand"]
        return [*thousands, *(_spanish(rest, gender) if rest else [])]
    if n == 100:
        return ["hundred"]
    if n > 100:
        above, rest = divmod(n, 100)
        hundreds = "100-and" if above == 1 else str(above * 100)
        return [hundreds, *(_spanish(rest, gender) if rest else [])]
    one = f"1{gender.value}"
    if n == 1:
        return [one]
    if n == 21 and gender is not Gender.NONE:
        return ["20-and", one]
    if n <= 30:
        return [str(n)]
    tens, unit = n // 10 * 10, n % 10
    return [str(tens), "and", *_spanish(unit, gender)] if unit else [str(tens)]


def _english(n: int) -> list[str]:
    if n >= 1000:
        above, rest = divmod(n, 1000)
        return [*_english(above), "thousand", *(_english(rest) if rest else [])]
    if n >= 100:
        above, rest = divmod(n, 100)
        return [str(above), "hundred", *(_english(rest) if rest else [])]
    if n <= 20 or n % 10 == 0:
        return [str(n)]
    return [str(n // 10 * 10), str(n % 10)]


def _ordinal(n: int) -> list[str]:
    if n <= 20 or n % 10 == 0:
        return [f"h-{n}"]
    return [str(n // 10 * 10), f"h-{n % 10}"]


def _year(year: int, language: str) -> list[str]:
    """`dos mil veintisiete`; `twenty twenty seven`, `two thousand nine`."""
    if language == SPANISH:
        return _spanish(year, Gender.NONE)
    century, rest = divmod(year, 100)
    return _english(year) if rest < 10 else [*_english(century), *_english(rest)]


def _words(text: str) -> list[str]:
    return text.split()


_UNITS_ES = _words(
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
    "dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro "
    "veinticinco veintiséis veintisiete veintiocho veintinueve treinta"
)
_TENS_ES = _words("cuarenta cincuenta sesenta setenta ochenta noventa")
_HUNDREDS_ES = _words("doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos")
_DAYS_ES = _words("domingo lunes martes miércoles jueves viernes sábado")
_MONTHS_ES = _words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
_ES: dict[str, str] = {
    **{str(n): word for n, word in enumerate(_UNITS_ES)},
    **{str(n * 10): word for n, word in enumerate(_TENS_ES, 4)},
    **{str(n * 100): word for n, word in enumerate(_HUNDREDS_ES, 2)},
    **{f"day-{n}": word for n, word in enumerate(_DAYS_ES)},
    **{f"mon-{n}": word for n, word in enumerate(_MONTHS_ES)},
    "1M": "un", "1F": "una", "20-and": "veinti-", "and": "y", "hundred": "cien", "100-and": "ciento",
    "thousand": "mil", "h-1": "primero", "es-de": "de", "at": "a las", "at_s": "a la", "oclock": "en punto",
    "a-m": "a. m.", "p-m": "p. m.", "today": "hoy", "yesterday": "ayer", "star": "asterisco", "pound": "gato",
    "vm-youhave": "usted tiene", "vm-youhaveno": "usted no tiene", "vm-message": "mensaje", "vm-messages": "mensajes",
    "vm-INBOX": "nuevos", "vm-INBOXs": "nuevo", "vm-Old": "viejos", "vm-Olds": "viejo", "vm-and": "y",
}  # fmt: skip
_UNITS_EN = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
)
_TENS_EN = _words("thirty forty fifty sixty seventy eighty ninety")
_ORDINALS_EN = _words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_DAYS_EN = _words("Sunday Monday Tuesday Wednesday Thursday Friday Saturday")
_MONTHS_EN = _words("January February March April May June July August September October November December")
_EN: dict[str, str] = {
    **{str(n): word for n, word in enumerate(_UNITS_EN)},
    **{str(n * 10): word for n, word in enumerate(_TENS_EN, 3)},
    **{f"h-{n}": word for n, word in enumerate(_ORDINALS_EN, 1)},
    **{f"day-{n}": word for n, word in enumerate(_DAYS_EN)},
    **{f"mon-{n}": word for n, word in enumerate(_MONTHS_EN)},
    "h-30": "thirtieth", "hundred": "hundred", "thousand": "thousand", "at": "at", "oclock": "o'clock", "oh": "oh",
    "a-m": "a m", "p-m": "p m", "today": "today", "yesterday": "yesterday", "star": "star", "pound": "pound",
    "vm-youhave": "you have", "vm-no": "no", "vm-message": "message", "vm-messages": "messages", "vm-INBOX": "new",
    "vm-Old": "old", "vm-and": "and",
}  # fmt: skip
RECORDED: dict[str, frozenset[str]] = {
    SPANISH: frozenset(n if n.startswith("vm-") else f"digits/{n}" for n in _ES),
    "en": frozenset(n if n.startswith("vm-") else f"digits/{n}" for n in _EN),
}
"""All recordings that this module asks for; the doctor looks for them."""
