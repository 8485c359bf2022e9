"""Commands that edit what the office owns: companies, buildings, people, numbers."""

from dataclasses import asdict
from typing import Any

import click
from sqlalchemy import select

from central.commands.base import SAVED, Terminal, json_option, target_of
from central.directory import accounts, habits, numbers, people, phones, sites
from central.directory.people import PersonWish
from central.errors import NotFoundProblem, Words
from central.model import NumberRecord
from central.rules.numbers import e164
from wire.rows import Person


@click.group()
def site() -> None:
    """Buildings."""


@site.command("add")
@click.argument("name")
@click.option("--id", "site_id", default="", help="An id of your choice; else a random one.")
@click.option("--timezone", default="America/Mexico_City", show_default=True)
@click.option("--area-code", default="55", show_default=True)
@click.option("--profile", default="mx2020", show_default=True, help="mx2020 or mx2017.")
@click.option("--strict", is_flag=True, help="Refuse old prefixes.")
@click.option("--address", default="", help="Street address, for emergency calls.")
@click.option("--callback", default="", help="Number shown on emergency calls.")
@click.option("--language", default="es-MX", show_default=True)
@json_option
def site_add(terminal: Terminal, name: str, site_id: str, **more: Any) -> None:
    """Add a building."""
    wish = sites.SiteWish(
        name=name,
        timezone=more["timezone"],
        area_code=more["area_code"],
        dial_profile=more["profile"],
        strict_dialling=more["strict"],
        address=more["address"],
        callback_number=more["callback"],
        language=more["language"],
    )
    with terminal.office.editing(terminal.actor) as edit:
        made = sites.add_site(edit, wish, site_id)
    terminal.tell(Words(f"Building {made.name}: {made.id}", f"Edificio {made.name}: {made.id}"), {"site_id": made.id})


@site.command("limits")
@click.argument("site")
@click.option("--at-once", default="20", show_default=True, help="International calls at once; 0: no limit.")
@click.option("--spend-day", default="1000000", show_default=True, help="Centavos a day; 0: no limit.")
@json_option
def site_limits(terminal: Terminal, site: str, at_once: str, spend_day: str) -> None:
    """Toll-fraud limits of a whole building."""
    with terminal.office.editing(terminal.actor) as edit:
        made = habits.set_site_limits(edit, terminal.site(site), at_once, spend_day)
    terminal.tell(SAVED, asdict(made))


@click.group()
def account() -> None:
    """Companies."""


@account.command("add")
@click.argument("name")
@click.option("--id", "account_id", default="", help="An id of your choice; else a random one.")
@click.option("--language", default="es-MX", show_default=True)
@click.option("--site", "at", multiple=True, help="A building it is in (id or name); may be repeated.")
@json_option
def account_add(terminal: Terminal, name: str, account_id: str, language: str, at: tuple[str, ...]) -> None:
    """Add a company, and put it into buildings."""
    places = [terminal.site(s) for s in at]
    with terminal.office.editing(terminal.actor) as edit:
        made = accounts.add_account(edit, name, language, account_id)
        for site_id in places:
            sites.add_presence(edit, made.id, site_id)
    terminal.tell(Words(f"Company {made.name}: {made.id}", f"Empresa {made.name}: {made.id}"), {"account_id": made.id})


@account.command("default")
@click.argument("account")
@click.argument("extension")
@json_option
def account_default(terminal: Terminal, account: str, extension: str) -> None:
    """Lead the company's numbers without a destination to this extension; "" for nowhere."""
    account_id = terminal.account(account)
    kind, target = target_of(terminal, account_id, extension) if extension else ("", "")
    with terminal.office.editing(terminal.actor) as edit:
        accounts.set_default_destination(edit, account_id, kind, target)
    terminal.tell(SAVED, {"account_id": account_id, "default": target})


@account.command("moves")
@click.argument("account")
@click.option("--ask/--by-itself", default=False, help="Whether somebody must say so each time.")
@json_option
def account_moves(terminal: Terminal, account: str, ask: bool) -> None:
    """How the company's phones move to another of its buildings."""
    with terminal.office.editing(terminal.actor) as edit:
        made = phones.set_move_policy(edit, terminal.account(account), ask)
    terminal.tell(SAVED, asdict(made))


@account.command("three-way")
@click.argument("account")
@click.option("--goes-on/--ends", default=False, help="When the person who joined two others hangs up.")
@json_option
def account_three_way(terminal: Terminal, account: str, goes_on: bool) -> None:
    """Whether a call of three goes on without the person who joined the others."""
    account_id = terminal.account(account)
    with terminal.office.editing(terminal.actor) as edit:
        accounts.set_three_way(edit, account_id, goes_on)
    terminal.tell(SAVED, {"account_id": account_id, "three_way_goes_on": goes_on})


@account.command("enter")
@click.argument("account")
@click.argument("site")
@json_option
def account_enter(terminal: Terminal, account: str, site: str) -> None:
    """Put a company into a building."""
    with terminal.office.editing(terminal.actor) as edit:
        made = sites.add_presence(edit, terminal.account(account), terminal.site(site))
    terminal.tell(SAVED, {"presence_id": made.id})


@account.command("leave")
@click.argument("account")
@click.argument("site")
@json_option
def account_leave(terminal: Terminal, account: str, site: str) -> None:
    """Take a company out of a building; its phones there are deleted."""
    with terminal.office.editing(terminal.actor) as edit:
        sites.remove_presence(edit, terminal.account(account), terminal.site(site))
    terminal.tell(SAVED, {})


@click.group()
def person() -> None:
    """People."""


@person.command("add")
@click.argument("first_name")
@click.argument("last_name", default="")
@click.option("--account", required=True, help="Company (id or name).")
@click.option("--extension", required=True)
@click.option("--number", default="", help="Direct number: ten digits or E.164.")
@click.option("--mac", default="", help="MAC address of the phone.")
@click.option("--model", default="")
@click.option("--family", default="", help="Make of the phone; else by its MAC.")
@click.option("--site", default="", help="Building of the phone (id or name).")
@click.option("--email", default="")
@click.option("--international", is_flag=True)
@click.option("--premium", is_flag=True)
@json_option
def person_add(terminal: Terminal, account: str, site: str, **more: Any) -> None:
    """Add a person with extension, number and phone: all or nothing."""
    account_id = terminal.account(account)
    wish = PersonWish(site_id=terminal.site(site) if site else "", **more)
    with terminal.office.editing(terminal.actor) as edit:
        made = people.add_person(edit, account_id, wish)
    facts = {
        "person_id": made.person.id,
        "extension": made.extension.digits,
        "number": made.number,
        "phone_id": made.phone.id if made.phone else "",
        "sip_user": made.phone.sip_user if made.phone else "",
    }
    name, short = made.person.name, made.extension.digits
    terminal.tell(
        Words(f"{name}, extension {short}: {made.person.id}", f"{name}, extensión {short}: {made.person.id}"), facts
    )


@person.command("change")
@click.argument("extension")
@click.option("--account", required=True, help="Company (id or name).")
@click.option("--first-name")
@click.option("--last-name")
@click.option("--extension", "new_extension", help="Another extension: it takes effect at once.")
@click.option("--number", help='In place of the direct number; "" for none.')
@click.option("--caller-id", help='Number shown outside, one of the company\'s; "" for the direct number.')
@click.option("--area-code", help='For local dialling; "" for the building\'s.')
@click.option("--email")
@click.option("--language")
@click.option("--international/--no-international", default=None)
@click.option("--premium/--no-premium", default=None)
@json_option
def person_change(
    terminal: Terminal, extension: str, account: str, new_extension: str | None, number: str | None, **more: Any
) -> None:
    """Change what is named of the person with this extension; the rest stays."""
    account_id = terminal.account(account)
    _, target = target_of(terminal, account_id, extension)
    with terminal.office.editing(terminal.actor) as edit:
        edit.lock_account(account_id)
        held = edit.get(Person, target, account_id)
        fields = ("first_name", "last_name", "email", "language", "area_code", "international", "premium")
        values = {f: getattr(held, f) if more[f] is None else more[f] for f in fields}
        wish = PersonWish(extension=new_extension or extension, caller_id=more["caller_id"], **values)
        changed = people.change_person(edit, account_id, target, wish, number)
    terminal.tell(SAVED, {"person_id": target, **asdict(changed)})


@person.command("delete")
@click.argument("extension")
@click.option("--account", required=True, help="Company (id or name).")
@json_option
def person_delete(terminal: Terminal, extension: str, account: str) -> None:
    """Delete the person with this extension, with their voice messages and greetings."""
    account_id = terminal.account(account)
    _, target = target_of(terminal, account_id, extension)
    with terminal.office.editing(terminal.actor) as edit:
        people.delete_person(edit, account_id, target)
    terminal.tell(Words("Deleted.", "Eliminado."), {"person_id": target})


@click.group()
def number() -> None:
    """Direct numbers."""


@number.command("add")
@click.argument("digits")
@click.option("--account", required=True, help="Company (id or name).")
@json_option
def number_add(terminal: Terminal, digits: str, account: str) -> None:
    """Give a company a number."""
    with terminal.office.editing(terminal.actor) as edit:
        made = numbers.add_number(edit, terminal.account(account), digits)
    said = f"{made.e164}: {made.id}"
    terminal.tell(Words(said, said), {"number_id": made.id, "e164": made.e164})


@click.command("map")
@click.argument("digits")
@click.argument("extension")
@click.option("--account", required=True, help="Company (id or name).")
@json_option
def map_(terminal: Terminal, digits: str, extension: str, account: str) -> None:
    """Lead a number to an extension; "" for the company's default destination."""
    account_id = terminal.account(account)
    kind, target = target_of(terminal, account_id, extension) if extension else ("", "")
    number_id = _number(terminal, account_id, digits)
    with terminal.office.editing(terminal.actor) as edit:
        if kind:
            numbers.map_number(edit, account_id, number_id, kind, target)
        else:
            numbers.unmap_number(edit, account_id, number_id)
    terminal.tell(SAVED, {"number_id": number_id, "target_id": target})


def _number(terminal: Terminal, account_id: str, digits: str) -> str:
    query = select(NumberRecord.id).where(
        NumberRecord.account_id == account_id, NumberRecord.e164 == e164("number", digits)
    )
    with terminal.office.reading() as session:
        found = session.scalar(query)
    if found is None:
        raise NotFoundProblem(
            Words(f"The company has no number {digits}.", f"La empresa no tiene el número {digits}."),
            Words("`conserje-central number add` adds it.", "`conserje-central number add` lo agrega."),
        )
    return found


COMMANDS: tuple[click.Command, ...] = (site, account, person, number, map_)
