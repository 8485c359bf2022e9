"""Edits of companies themselves: name, language, where their unmapped numbers lead."""

from dataclasses import replace

from sqlalchemy import select

from central.directory.destinations import checked_destination
from central.directory.edit import Edit
from central.directory.log_ins import forget_log_ins
from central.directory.messages import drop_messages
from central.directory.sites import remove_presence
from central.directory.sounds import drop_content
from central.errors import InputProblem, Words
from central.model import AccountRecord, MessageRecord, Operator
from central.model.rows import everything_of_account, find
from central.rules import names, tokens
from central.rules.faults import Faults
from central.rules.languages import language as checked_language
from wire.rows import Account, Presence
from wire.services import OwnGreeting, Sound, ThreeWay


def add_account(edit: Edit, name: str, language: str = "es-MX", account_id: str = "") -> Account:
    """A new company, in no building yet. Raises InputProblem(s)."""
    account = _checked(edit, Account(account_id or tokens.new_id("account"), name, language))
    edit.put(account)
    return account


def change_account(edit: Edit, account_id: str, name: str, language: str) -> Account:
    account = _checked(edit, replace(edit.lock_account(account_id), name=name, language=language))
    edit.put(account)
    return account


def set_default_destination(edit: Edit, account_id: str, kind: str, target_id: str) -> Account:
    """Where the company's unmapped numbers lead (N-2); empty kind and id: nowhere."""
    account = edit.lock_account(account_id)
    if kind or target_id:
        checked_destination(edit, account_id, "default", kind, target_id)
    account = replace(account, default_kind=kind, default_target_id=target_id)
    edit.put(account)
    return account


def set_three_way(edit: Edit, account_id: str, goes_on: bool) -> ThreeWay:
    """Whether those whom a person joined in a call of three go on when that person hangs up (W-2)."""
    edit.lock_account(account_id)
    held = find(edit.session, ThreeWay, account_id) or ThreeWay(account_id, account_id)
    chosen = replace(held, goes_on=goes_on)
    if chosen != held:
        edit.put(chosen)
    return chosen


def delete_account(edit: Edit, account_id: str) -> None:
    """The company with everything that belongs to it, out of every building. Its call records stay.

    Its messages and sounds go here; a building keeps its copies, which nobody there can reach.
    """
    account = edit.lock_account(account_id)
    for presence in edit.all(Presence, account_id):
        remove_presence(edit, account_id, presence.site_id)
    rest = everything_of_account(edit.session, account_id, edit.sealer)
    for row in reversed([r for r in rest if not isinstance(r, Account)]):  # what names others goes first
        edit.delete(row)
    for sound in (r for r in rest if isinstance(r, Sound | OwnGreeting)):
        drop_content(edit, sound.sha256)
    drop_messages(edit, MessageRecord.account_id == account_id)
    forget_log_ins(edit, Operator.account_id == account_id)
    edit.delete(account)


def _checked(edit: Edit, account: Account) -> Account:
    faults = Faults()
    account = replace(
        account,
        name=faults.keep(
            lambda: names.required_name("name", account.name, Words("the company's name", "el nombre de la empresa")),
            "",
        ),
        language=faults.keep(lambda: checked_language("language", account.language), ""),
    )
    same = select(AccountRecord.id).where(
        AccountRecord.name_key == names.name_key(account.name), AccountRecord.id != account.id
    )
    if account.name and edit.session.scalar(same):
        faults.add(
            InputProblem(
                "name", Words("There is already a company with that name.", "Ya existe una empresa con ese nombre.")
            )
        )
    faults.settle()
    return account
