"""Reads for the account's pages: always of one account, joined in memory."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.errors import NotFoundProblem, Words
from central.model import AccountRecord, PresenceRecord, SiteRecord
from central.model.rows import find, of_account
from wire.rows import Account, DestinationKind, Extension, Mapping, Number, Person, Phone


@dataclass(frozen=True, slots=True)
class PersonLine:
    person: Person
    extension: str
    numbers: tuple[str, ...]
    phone: Phone | None


@dataclass(frozen=True, slots=True)
class NumberLine:
    number: Number
    destination: str
    """kind:id as a form carries it; empty when the number is not mapped."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    id: str
    name: str
    sites: tuple[str, ...]


def account_of(session: Session, account_id: str) -> Account:
    account = find(session, Account, account_id)
    if account is None:
        raise NotFoundProblem(Words("There is no such company.", "No existe esa empresa."))
    return account


def account_lines(session: Session) -> list[AccountLine]:
    places: dict[str, list[str]] = {}
    for account_id, name in session.execute(
        select(PresenceRecord.account_id, SiteRecord.name)
        .join(SiteRecord, SiteRecord.id == PresenceRecord.site_id)
        .order_by(SiteRecord.name_key)
    ):
        places.setdefault(account_id, []).append(name)
    records = session.scalars(select(AccountRecord).order_by(AccountRecord.name_key))
    return [AccountLine(r.id, r.name, tuple(places.get(r.id, ()))) for r in records]


def sites_of(session: Session, account_id: str) -> list[SiteRecord]:
    return list(
        session.scalars(
            select(SiteRecord)
            .join(PresenceRecord, PresenceRecord.site_id == SiteRecord.id)
            .where(PresenceRecord.account_id == account_id)
            .order_by(SiteRecord.name_key)
        )
    )


def person_lines(session: Session, account_id: str) -> list[PersonLine]:
    digits = {(e.target_kind, e.target_id): e.digits for e in of_account(session, Extension, account_id)}
    e164 = {n.id: n.e164 for n in of_account(session, Number, account_id)}
    numbers: dict[tuple[str, str], list[str]] = {}
    for mapping in of_account(session, Mapping, account_id):
        numbers.setdefault((mapping.target_kind, mapping.target_id), []).append(e164[mapping.id])
    phones = {p.person_id: p for p in of_account(session, Phone, account_id) if p.person_id}
    lines = []
    for person in of_account(session, Person, account_id):
        key = (DestinationKind.PERSON.value, person.id)
        mine = tuple(sorted(numbers.get(key, ())))
        lines.append(PersonLine(person, digits.get(key, ""), mine, phones.get(person.id)))
    return sorted(lines, key=lambda line: (len(line.extension), line.extension, line.person.name.casefold()))


def number_lines(session: Session, account_id: str) -> list[NumberLine]:
    led = {m.id: f"{m.target_kind}:{m.target_id}" for m in of_account(session, Mapping, account_id)}
    numbers = sorted(of_account(session, Number, account_id), key=lambda n: n.e164)
    return [NumberLine(n, led.get(n.id, "")) for n in numbers]


def extension_digits(session: Session, account_id: str) -> dict[tuple[str, str], str]:
    """The extension of each thing of the company, by kind and id."""
    return {(e.target_kind, e.target_id): e.digits for e in of_account(session, Extension, account_id)}


def numbers_to(session: Session, account_id: str, kind: str, target_id: str) -> list[str]:
    """The company's numbers that lead there, E.164."""
    value = f"{kind}:{target_id}"
    return [line.number.e164 for line in number_lines(session, account_id) if line.destination == value]
