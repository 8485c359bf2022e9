"""Commands that edit what stands in a building: phones with their keys, and trunks."""

import os
from dataclasses import asdict
from typing import Any

import click
from sqlalchemy import or_, select

from central.commands.base import SAVED, Terminal, json_option, target_of
from central.directory import phones, trunks
from central.directory.keys import KeyWish, set_keys
from central.directory.trunk_use import TrunkUseWish, set_use
from central.errors import InputProblem, NotFoundProblem, Words
from central.model import TrunkRecord
from central.model.rows import of_account
from central.rules import phones as phone_rules
from wire.rows import LineKey, Phone

SECRET_VARIABLE = "CENTRAL_TRUNK_SECRET"  # noqa: S105 - its name; secrets do not go into process arguments
NO_KEY = "none"


@click.group()
def phone() -> None:
    """Phones."""


@phone.command("add")
@click.argument("mac")
@click.option("--account", required=True, help="Company (id or name).")
@click.option("--site", required=True, help="Building (id or name).")
@click.option("--model", required=True)
@click.option("--family", default="", help="Make; else by the MAC.")
@click.option("--extension", default="", help="Of the person who gets it.")
@json_option
def phone_add(terminal: Terminal, mac: str, account: str, site: str, extension: str, **more: Any) -> None:
    """Add a phone, for a person or for nobody yet."""
    account_id, site_id = terminal.account(account), terminal.site(site)
    target = target_of(terminal, account_id, extension)[1] if extension else ""
    with terminal.office.editing(terminal.actor) as edit:
        made = phones.add_phone(edit, account_id, phones.PhoneWish(mac, site_id, more["model"], more["family"], target))
    facts = {k: v for k, v in asdict(made).items() if k != "sip_secret"}
    said = f"{made.family} {made.model} {made.mac}: {made.id}"
    terminal.tell(Words(said, said), {"phone_id": made.id, **facts})


@phone.command("move")
@click.argument("mac")
@click.option("--account", required=True, help="Company (id or name).")
@click.option("--site", required=True, help="Building where it stands now (id or name).")
@json_option
def phone_move(terminal: Terminal, mac: str, account: str, site: str) -> None:
    """Say that a phone stands in another building now. One that proves itself there needs no such word."""
    account_id = terminal.account(account)
    held = _phone(terminal, account_id, mac)
    with terminal.office.editing(terminal.actor) as edit:
        moved = phones.move_phone(edit, account_id, held.id, terminal.site(site))
    terminal.tell(
        Words("It stands there now. Restart the phone, and it works.", "Ya está ahí. Reinicie el teléfono y funciona."),
        {"phone_id": moved.id, "site_id": moved.site_id},
    )


@phone.command("keys")
@click.argument("mac")
@click.argument("keys", nargs=-1, metavar="[N=KIND[:VALUE[:LABEL]]]...")
@click.option("--account", required=True, help="Company (id or name).")
@json_option
def phone_keys(terminal: Terminal, mac: str, keys: tuple[str, ...], account: str) -> None:
    """Show a phone's programmable keys, or set those that are named; the others stay.

    KIND is line, blf, speed, park or none: 2=blf:102:Front 3=speed:5555123456 4=park 5=none
    """
    account_id = terminal.account(account)
    held = _phone(terminal, account_id, mac)
    named = dict(_key_wish(typed) for typed in keys)
    with terminal.office.reading() as session:
        now = [k for k in of_account(session, LineKey, account_id) if k.phone_id == held.id]
    if named:
        wishes = {k.position: KeyWish(k.position, k.key_kind, k.value, k.label) for k in now} | named
        with terminal.office.editing(terminal.actor) as edit:
            now = set_keys(edit, account_id, held.id, [w for w in wishes.values() if w.kind != NO_KEY])
    now.sort(key=lambda k: k.position)
    lines = "\n".join(f"{k.position}={k.key_kind}:{k.value}:{k.label}".rstrip(":") for k in now)
    facts = [{"position": k.position, "kind": k.key_kind, "value": k.value, "label": k.label} for k in now]
    terminal.tell(
        Words(lines or "No key is set.", lines or "No hay teclas programadas."), {"phone_id": held.id, "keys": facts}
    )


@click.group()
def trunk() -> None:
    """Ways out of a building."""


@trunk.command("add")
@click.argument("name")
@click.argument("host")
@click.option("--site", required=True, help="Building (id or name).")
@click.option("--kind", default="carrier", show_default=True, help="carrier, central or gateway.")
@click.option("--port", default="5060", show_default=True, help="0: by the SRV records of the host's name.")
@click.option("--transport", default="udp", show_default=True)
@click.option("--priority", default="10", show_default=True)
@click.option("--no-plus", is_flag=True, help="Numbers go without the plus of E.164.")
@click.option("--untrusted", is_flag=True, help="Is not told who calls (RFC 3325).")
@click.option("--user", default="", help=f"Registration user; the password comes in ${SECRET_VARIABLE}.")
@json_option
def trunk_add(terminal: Terminal, name: str, host: str, site: str, **more: Any) -> None:
    """Add a way out."""
    wish = trunks.TrunkWish(
        name=name,
        host=host,
        trunk_kind=more["kind"],
        port=more["port"],
        transport=more["transport"],
        priority=more["priority"],
        plus=not more["no_plus"],
        username=more["user"],
        secret=os.environ.get(SECRET_VARIABLE, ""),
        trusted=not more["untrusted"],
    )
    with terminal.office.editing(terminal.actor) as edit:
        made = trunks.add_trunk(edit, terminal.site(site), wish)
    terminal.tell(Words(f"Trunk {made.name}: {made.id}", f"Troncal {made.name}: {made.id}"), {"trunk_id": made.id})


@trunk.command("change")
@click.argument("name")
@click.option("--site", required=True, help="Building (id or name).")
@click.option("--name", "new_name", help="Another name.")
@click.option("--host")
@click.option("--kind", help="carrier, central or gateway.")
@click.option("--port", help="0: by the SRV records of the host's name.")
@click.option("--transport")
@click.option("--priority")
@click.option("--plus/--no-plus", default=None)
@click.option("--trusted/--untrusted", default=None)
@click.option("--user", help=f'Another password comes in ${SECRET_VARIABLE}, else it stays; "" for no user.')
@json_option
def trunk_change(terminal: Terminal, name: str, site: str, **more: Any) -> None:
    """Change what is named of a way out; the rest stays. The password is never shown."""
    site_id = terminal.site(site)
    trunk_id = _trunk(terminal, site_id, name)
    with terminal.office.editing(terminal.actor) as edit:
        held = trunks.trunk_of(edit, site_id, trunk_id)
        wished = {k: v for k, v in more.items() if v is not None}
        wish = trunks.TrunkWish(
            name=wished.get("new_name", held.name),
            host=wished.get("host", held.host),
            trunk_kind=wished.get("kind", held.trunk_kind),
            port=wished.get("port", str(held.port)),
            transport=wished.get("transport", held.transport),
            priority=wished.get("priority", str(held.priority)),
            plus=wished.get("plus", held.plus),
            username=wished.get("user", held.username),
            secret=os.environ.get(SECRET_VARIABLE, ""),
            trusted=wished.get("trusted", held.trusted),
        )
        changed = trunks.change_trunk(edit, site_id, held.id, wish)
    terminal.tell(SAVED, {"trunk_id": changed.id, **{k: v for k, v in asdict(changed).items() if k != "secret"}})


@trunk.command("use")
@click.argument("name")
@click.option("--site", required=True, help="Building (id or name).")
@click.option("--registers/--by-address", default=False, help="Whether the building registers there.")
@click.option("--class", "classes", multiple=True, help="A class of calls; may be repeated; else all.")
@click.option("--days", "weekdays", default="", help="Digits, 0 is Monday; else every day.")
@click.option("--from", "since", default="", help="HH:MM of the building's day.")
@click.option("--to", "until", default="", help="HH:MM; before --from it goes over midnight.")
@json_option
def trunk_use(terminal: Terminal, name: str, site: str, **more: Any) -> None:
    """Say for which calls and when a way out is used. Emergencies may use every one."""
    site_id = terminal.site(site)
    trunk_id = _trunk(terminal, site_id, name)
    with terminal.office.editing(terminal.actor) as edit:
        use = set_use(edit, site_id, trunk_id, TrunkUseWish(**more))
    terminal.tell(SAVED, asdict(use))


@trunk.command("delete")
@click.argument("name")
@click.option("--site", required=True, help="Building (id or name).")
@json_option
def trunk_delete(terminal: Terminal, name: str, site: str) -> None:
    """Delete a way out."""
    site_id = terminal.site(site)
    trunk_id = _trunk(terminal, site_id, name)
    with terminal.office.editing(terminal.actor) as edit:
        trunks.delete_trunk(edit, site_id, trunk_id)
    terminal.tell(Words("Deleted.", "Eliminado."), {"trunk_id": trunk_id})


def _trunk(terminal: Terminal, site_id: str, named: str) -> str:
    """The id of the building's trunk with this id or name."""
    query = select(TrunkRecord.id).where(
        TrunkRecord.site_id == site_id, or_(TrunkRecord.id == named, TrunkRecord.name == named)
    )
    with terminal.office.reading() as session:
        found = session.scalar(query)
    if found is None:
        raise NotFoundProblem(
            Words(f"The building has no trunk {named[:64]}.", f"El edificio no tiene la troncal {named[:64]}.")
        )
    return found


def _phone(terminal: Terminal, account_id: str, mac: str) -> Phone:
    digits = phone_rules.mac("mac", mac)
    with terminal.office.reading() as session:
        found = next((p for p in of_account(session, Phone, account_id) if p.mac == digits), None)
    if found is None:
        raise NotFoundProblem(
            Words(f"The company has no phone {mac[:40]}.", f"La empresa no tiene el teléfono {mac[:40]}.")
        )
    return found


def _key_wish(typed: str) -> tuple[int, KeyWish]:
    """A key as it is typed: 2=blf:102:Front."""
    digits, equals, rest = typed.partition("=")
    if not (equals and digits.isascii() and digits.isdigit() and len(digits) <= 4):
        raise InputProblem(
            "",
            Words(f"{typed[:40]} is not a key.", f"{typed[:40]} no es una tecla."),
            Words("Write position=kind:value:label, as 2=blf:102:Front.", "Escriba posición=tipo:valor:etiqueta."),
        )
    kind, _, more = rest.partition(":")
    value, _, label = more.partition(":")
    return int(digits), KeyWish(int(digits), kind, value, label)


COMMANDS: tuple[click.Command, ...] = (phone, trunk)
