"""Edits of people. One form makes person, extension, number and phone, all or nothing (U-1)."""

from dataclasses import dataclass, replace

from sqlalchemy import select

from central.directory.edit import Edit
from central.directory.keys import follow_extension
from central.directory.lines import extension_of, forget_target, free_extension
from central.directory.log_ins import forget_log_ins
from central.directory.mailboxes import delete_mailbox
from central.directory.numbers import free_number
from central.directory.phones import PhoneWish, add_phone
from central.errors import InputProblem, InputProblems, Words
from central.model import Operator, PersonRecord
from central.rules import names, numbers, tokens
from central.rules.faults import Faults
from central.rules.languages import optional_language
from wire.rows import DestinationKind, Extension, Mapping, Number, Person, Phone
from wire.services import Mailbox, Preferences, Room


@dataclass(frozen=True, slots=True)
class PersonWish:
    """A person as a form or a command gives it. `number` and `mac` may be empty: without number, without phone.

    `caller_id` None: as it was; empty: the person's first number, else the building's.
    """

    first_name: str
    last_name: str = ""
    extension: str = ""
    email: str = ""
    language: str = ""
    area_code: str = ""
    international: bool = False
    premium: bool = False
    caller_id: str | None = None
    number: str = ""
    mac: str = ""
    family: str = ""
    model: str = ""
    site_id: str = ""


@dataclass(frozen=True, slots=True)
class PersonMade:
    person: Person
    extension: Extension
    number: str
    """E.164; empty without one."""
    phone: Phone | None


def add_person(edit: Edit, account_id: str, wish: PersonWish) -> PersonMade:
    """Person, extension, number mapped to them and phone. Raises InputProblem(s) naming every faulty field."""
    edit.lock_account(account_id)
    faults = Faults()
    person = _checked_person(edit, faults, tokens.new_id("person"), account_id, wish)
    digits = faults.keep(lambda: free_extension(edit, account_id, wish.extension, ""), "")
    if wish.number.strip():
        faults.keep(lambda: numbers.e164("number", wish.number), "")
    try:
        faults.settle()
    except (InputProblem, InputProblems):
        _look_at_phone_too(edit, faults, account_id, wish)
        faults.settle()
    edit.put(person)
    extension = Extension(tokens.new_id("extension"), account_id, digits, DestinationKind.PERSON, person.id)
    edit.put(extension)
    e164 = faults.keep(lambda: _give_number(edit, account_id, wish.number, person.id), "")
    phone = _give_phone(edit, faults, account_id, wish, person.id)
    faults.settle()
    return PersonMade(person, extension, e164, phone)


def change_person(edit: Edit, account_id: str, person_id: str, wish: PersonWish, number: str | None = None) -> Person:
    """Change a person's own fields and the extension, which keys on the company's phones follow (U-3).

    `number` takes the place of the person's first one, which stays the company's; empty takes it away, None leaves it.
    Of the wish, number and phone are not looked at. Raises InputProblem(s).
    """
    edit.lock_account(account_id)
    former = edit.get(Person, person_id, account_id)
    faults = Faults()
    person = _checked_person(edit, faults, person_id, account_id, wish, former.caller_id)
    own = extension_of(edit, account_id, DestinationKind.PERSON, person_id)
    digits = own.digits if own else ""
    if own is None or "".join(wish.extension.split()) != own.digits:  # one from before a rule stays until it changes
        digits = faults.keep(lambda: free_extension(edit, account_id, wish.extension, person_id), "")
    if number is not None:
        faults.keep(lambda: _replace_number(edit, account_id, number, person_id), None)
    faults.settle()
    edit.put(person)
    made = own or Extension(tokens.new_id("extension"), account_id, "", DestinationKind.PERSON, person_id)
    if digits != made.digits:
        edit.put(replace(made, digits=digits))
        follow_extension(edit, account_id, made.digits, digits)
    return person


def delete_person(edit: Edit, account_id: str, person_id: str) -> tuple[str, ...]:
    """The person, the extension, the mailbox, the log-in and their own settings. Their numbers lead to the default
    destination, their phone is nobody's. Returns the names of ring groups that have no members left (R-4).
    """
    edit.lock_account(account_id)
    person = edit.get(Person, person_id, account_id)
    empty = forget_target(edit, account_id, DestinationKind.PERSON, person_id)
    for phone in edit.all(Phone, account_id):
        if phone.person_id == person_id:
            edit.put(replace(phone, person_id=""))
    for room in edit.all(Room, account_id):
        if room.person_id == person_id:
            edit.put(replace(room, person_id=""))
    for box in edit.all(Mailbox, account_id):
        if box.person_id == person_id:
            empty = tuple(sorted({*empty, *delete_mailbox(edit, account_id, box.id)}))
    for habits in edit.all(Preferences, account_id):
        if habits.id == person_id:
            edit.delete(habits)
    forget_log_ins(edit, Operator.person_id == person_id)
    edit.delete(person)
    return empty


def _checked_person(
    edit: Edit, faults: Faults, person_id: str, account_id: str, wish: PersonWish, caller_id: str = ""
) -> Person:
    person = Person(
        id=person_id,
        account_id=account_id,
        first_name=faults.keep(
            lambda: names.required_name("first_name", wish.first_name, Words("a first name", "un nombre")), ""
        ),
        last_name=faults.keep(lambda: names.short("last_name", wish.last_name, names.MAX_NAME), ""),
        email=faults.keep(lambda: names.email("email", wish.email), ""),
        language=faults.keep(lambda: optional_language("language", wish.language), ""),
        international=wish.international,
        premium=wish.premium,
        area_code=faults.keep(lambda: numbers.area_code("area_code", wish.area_code), ""),
        caller_id=faults.keep(lambda: _own_number(edit, account_id, wish.caller_id, caller_id), ""),
    )
    same = select(PersonRecord.id).where(
        PersonRecord.account_id == account_id,
        PersonRecord.name_key == names.name_key(person.name),
        PersonRecord.id != person_id,
    )
    if person.first_name and edit.session.scalar(same):
        faults.add(
            InputProblem(
                "first_name",
                Words(
                    f"There is already a person called {person.name}; each extension must have a unique name.",
                    f"Ya existe una persona llamada {person.name}; cada extensión debe tener un nombre único.",
                ),
            )
        )
    return person


def _own_number(edit: Edit, account_id: str, text: str | None, former: str) -> str:
    """Shown outside is a number of the company, or nothing of its own: nobody may call under another's number."""
    if text is None:
        return former
    e164 = numbers.optional_e164("caller_id", text)
    if e164 and all(n.e164 != e164 for n in edit.all(Number, account_id)):
        raise InputProblem(
            "caller_id",
            Words(f"The company has no number {e164}.", f"La empresa no tiene el número {e164}."),
            Words("Choose one of the company's own.", "Elija uno de los propios de la empresa."),
        )
    return e164


def _replace_number(edit: Edit, account_id: str, text: str, person_id: str) -> None:
    target = (DestinationKind.PERSON, person_id)
    led = {m.id: m for m in edit.all(Mapping, account_id) if (m.target_kind, m.target_id) == target}
    mine = sorted((n for n in edit.all(Number, account_id) if n.id in led), key=lambda n: n.e164)
    wanted = numbers.optional_e164("number", text)
    if wanted in [n.e164 for n in mine]:
        return
    e164 = _give_number(edit, account_id, wanted, person_id)
    if mine and mine[0].e164 != e164:
        edit.delete(led[mine[0].id])


def _give_number(edit: Edit, account_id: str, text: str, person_id: str) -> str:
    if not text.strip():
        return ""
    number = free_number(edit, account_id, text)
    edit.put(Mapping(number.id, account_id, DestinationKind.PERSON, person_id))
    return number.e164


def _phone_wish(wish: PersonWish, person_id: str) -> PhoneWish:
    return PhoneWish(wish.mac, wish.site_id, wish.model, wish.family, person_id)


def _give_phone(edit: Edit, faults: Faults, account_id: str, wish: PersonWish, person_id: str) -> Phone | None:
    if not wish.mac.strip():
        return None
    try:
        return add_phone(edit, account_id, _phone_wish(wish, person_id))
    except InputProblems as several:
        for problem in several.problems:
            faults.add(problem)
    except InputProblem as problem:
        faults.add(problem)
    return None


def _look_at_phone_too(edit: Edit, faults: Faults, account_id: str, wish: PersonWish) -> None:
    """The form is refused already; say what is wrong with the phone in the same answer."""
    _give_phone(edit, faults, account_id, wish, "")
