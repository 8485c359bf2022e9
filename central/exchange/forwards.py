"""What the exchange's book says of numbers, and of where people's calls go while their building is dark (G-1).

What a person dialled as their forward is read here, once: a colleague's extension or number, or a number in Mexico that
costs nothing by the minute. Abroad and premium nobody is led from here: their limits are counted in the building.
"""

from collections.abc import Iterator

import phonenumbers
from sqlalchemy import select
from sqlalchemy.orm import Session

from central.errors import InputProblem
from central.exchange.book import NumberEntry, PersonEntry
from central.exchange.dark import PERSON, Onward
from central.model import AccountRecord, ExtensionRecord, MappingRecord, NumberRecord, PersonRecord, SiteRecord
from central.model.services import PreferencesRecord
from central.rules import numbers
from wire.extensions import EMERGENCY_CODES, MAX_DIGITS
from wire.services import ForwardMode

LOCAL_DIGITS = (7, 8)


def numbers_of(session: Session, account: AccountRecord) -> Iterator[NumberEntry]:
    """Each number of a company, and what it leads to; one that is not mapped, to the company's default (N-2)."""
    found = session.execute(
        select(NumberRecord.e164, MappingRecord.target_kind, MappingRecord.target_id)
        .outerjoin(MappingRecord, MappingRecord.id == NumberRecord.id)
        .where(NumberRecord.account_id == account.id)
    )
    for e164, kind, target in found:
        yield NumberEntry(e164, account.id, kind or account.default_kind, target or account.default_target_id)


def people_of(session: Session, account_id: str, site: SiteRecord) -> Iterator[PersonEntry]:
    """Each person of a company. `site`: whose area code counts, and whose number is shown for who has none."""
    own: dict[str, str] = {}
    mapped = session.execute(
        select(MappingRecord.target_id, NumberRecord.e164)
        .join(NumberRecord, NumberRecord.id == MappingRecord.id)
        .where(MappingRecord.account_id == account_id, MappingRecord.target_kind == PERSON)
        .order_by(NumberRecord.id)
    ).all()
    for person_id, e164 in mapped:
        own.setdefault(person_id, e164)
    inside = {e164: person_id for person_id, e164 in mapped}
    extensions = session.execute(
        select(ExtensionRecord.digits, ExtensionRecord.target_kind, ExtensionRecord.target_id).where(
            ExtensionRecord.account_id == account_id
        )
    ).all()
    short = {digits: target if kind == PERSON else "" for digits, kind, target in extensions}
    habits = {
        h.id: h for h in session.scalars(select(PreferencesRecord).where(PreferencesRecord.account_id == account_id))
    }
    for person in session.scalars(select(PersonRecord).where(PersonRecord.account_id == account_id)):
        area = person.area_code or site.area_code
        onward = []
        for reason, digits in forwards(habits.get(person.id)):
            to = short[digits] if digits in short else inside.get(outside(digits, area), outside(digits, area))
            if to and to != person.id:
                onward.append(Onward(reason, to))
        shown = person.caller_id or own.get(person.id, "") or site.callback_number
        yield PersonEntry(person.id, account_id, shown, tuple(onward))


def forwards(habits: PreferencesRecord | None) -> list[tuple[str, str]]:
    """A person's forwards in the order in which a building tries them that has none of their phones; and why."""
    if habits is None:
        return []
    found = [("unconditional", habits.forward_to)] if habits.forward_mode == ForwardMode.ALWAYS else []
    if habits.do_not_disturb:
        found.append(("do-not-disturb", habits.forward_busy_to))
    else:
        if habits.forward_mode == ForwardMode.OFFLINE:
            found.append(("unavailable", habits.forward_to))
        found.append(("no-answer", habits.forward_no_answer_to))
    return [(reason, bare(digits)) for reason, digits in found if bare(digits)]


def bare(digits: str) -> str:
    return "".join(c for c in digits if c.isdigit() or c in "+*#").rstrip("#")


def outside(digits: str, area_code: str) -> str:
    """The E.164 of a number in Mexico that a forward may lead to; else empty."""
    if digits in EMERGENCY_CODES or len(digits) <= MAX_DIGITS or digits.startswith(("*", "#")):
        return ""
    if len(digits) in LOCAL_DIGITS and not digits.startswith(("0", "+")):
        digits = area_code + digits
    try:
        e164 = numbers.e164("forward", digits)
    except InputProblem:
        return ""
    kind = phonenumbers.number_type(phonenumbers.parse(e164))
    costly = kind == phonenumbers.PhoneNumberType.PREMIUM_RATE
    return e164 if e164.startswith("+52") and not costly else ""
