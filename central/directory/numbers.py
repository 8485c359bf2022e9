"""Edits of a company's numbers (DIDs) and of where each leads. One number, one destination (N-4)."""

from dataclasses import replace

from sqlalchemy import select

from central.directory.destinations import checked_destination
from central.directory.edit import Edit
from central.errors import InputProblem, Words
from central.model import MappingRecord, NumberRecord
from central.model.rows import find
from central.rules import numbers, tokens
from wire.rows import Mapping, Number, Person


def add_number(edit: Edit, account_id: str, text: str) -> Number:
    """A number for the company; it leads to the company's default destination until it is mapped (N-2)."""
    edit.lock_account(account_id)
    e164 = numbers.e164("number", text)
    if edit.session.scalar(select(NumberRecord.id).where(NumberRecord.e164 == e164)):
        raise InputProblem(
            "number", Words("That number already belongs to a company.", "Ese número ya es de una empresa.")
        )
    number = Number(tokens.new_id("number"), account_id, e164)
    edit.put(number)
    return number


def map_number(edit: Edit, account_id: str, number_id: str, kind: str, target_id: str) -> Mapping:
    """Lead the number there, instead of wherever it led."""
    edit.lock_account(account_id)
    number = edit.get(Number, number_id, account_id)
    checked_destination(edit, account_id, "destination", kind, target_id)
    mapping = Mapping(number.id, account_id, kind, target_id)
    edit.put(mapping)
    return mapping


def unmap_number(edit: Edit, account_id: str, number_id: str) -> None:
    """The number leads to the company's default destination again."""
    edit.lock_account(account_id)
    number = edit.get(Number, number_id, account_id)
    mapping = find(edit.session, Mapping, number.id)
    if mapping is not None:
        edit.delete(mapping)


def delete_number(edit: Edit, account_id: str, number_id: str) -> None:
    """The number leaves the company; people who showed it outside show their first number, else the building's."""
    unmap_number(edit, account_id, number_id)
    number = edit.get(Number, number_id, account_id)
    for person in edit.all(Person, account_id):
        if person.caller_id == number.e164:
            edit.put(replace(person, caller_id=""))
    edit.delete(number)


def free_number(edit: Edit, account_id: str, text: str) -> Number:
    """The company's number that was typed, if it leads nowhere yet; made when nobody has it. Raises InputProblem."""
    e164 = numbers.e164("number", text)
    record = edit.session.scalar(select(NumberRecord).where(NumberRecord.e164 == e164))
    if record is None:
        return add_number(edit, account_id, e164)
    if record.account_id != account_id:
        raise InputProblem(
            "number", Words("That number already belongs to a company.", "Ese número ya es de una empresa.")
        )
    if edit.session.get(MappingRecord, record.id) is not None:
        raise InputProblem(
            "number",
            Words("That number already leads somewhere.", "Ese número ya tiene un destino."),
            Words("Change it on the list of numbers.", "Cámbielo en la lista de números."),
        )
    return Number(record.id, record.account_id, record.e164)
