"""Commands that edit a company's services: ring groups, receptionists, mailboxes, rooms, sounds, forwarding."""

from pathlib import Path
from typing import Any

import click

from central.commands.base import SAVED, Terminal, json_option, target_of
from central.directory import groups, habits, mailboxes, receptionists, rooms, sounds
from central.errors import InputProblem, NotFoundProblem, Words
from central.model.rows import of_account
from central.sounds import convert
from wire.rows import DestinationKind
from wire.services import KeyAction, Sound

ACCOUNT = click.option("--account", required=True, help="Company (id or name).")


def _led(terminal: Terminal, account_id: str, extension: str) -> tuple[str, str]:
    """Kind and id behind an extension; `vm101` is the mailbox of extension 101; empty leads nowhere."""
    if not extension:
        return "", ""
    if not extension.startswith("vm"):
        return target_of(terminal, account_id, extension)
    kind, person_id = target_of(terminal, account_id, extension[2:])
    with terminal.office.editing(terminal.actor) as edit:
        box = mailboxes.mailbox_of(edit, account_id, person_id) if kind == DestinationKind.PERSON else None
    if box is None:
        raise NotFoundProblem(
            Words(f"Extension {extension[2:]} has no mailbox.", f"La extensión {extension[2:]} no tiene buzón.")
        )
    return DestinationKind.MAILBOX, box.id


@click.group()
def group() -> None:
    """Ring groups."""


@group.command("add")
@click.argument("name")
@ACCOUNT
@click.option("--extension", required=True)
@click.option("--member", "members", multiple=True, help="Extension of a member; may be repeated, in order.")
@click.option("--mode", default="together", show_default=True, help="together or in_turn.")
@click.option("--ring-s", default="20", show_default=True, help="Seconds in all, or for each in turn.")
@click.option("--no-answer", default="", help="Extension, or vm101 for the mailbox of 101.")
@json_option
def group_add(terminal: Terminal, name: str, account: str, members: tuple[str, ...], **more: Any) -> None:
    """Add a ring group."""
    account_id = terminal.account(account)
    chosen = [target_of(terminal, account_id, m) for m in members]
    kind, target = _led(terminal, account_id, more["no_answer"])
    wish = groups.GroupWish(name, more["extension"], more["mode"], more["ring_s"], kind, target, chosen)
    with terminal.office.editing(terminal.actor) as edit:
        made = groups.add_group(edit, account_id, wish)
    said = f"{made.name}: {made.id}"
    terminal.tell(Words(said, said), {"group_id": made.id, "extension": more["extension"]})


@group.command("delete")
@click.argument("extension")
@ACCOUNT
@json_option
def group_delete(terminal: Terminal, extension: str, account: str) -> None:
    """Delete the ring group with this extension."""
    account_id = terminal.account(account)
    _, target = target_of(terminal, account_id, extension)
    with terminal.office.editing(terminal.actor) as edit:
        groups.delete_group(edit, account_id, target)
    terminal.tell(Words("Deleted.", "Eliminado."), {"group_id": target})


@click.group()
def receptionist() -> None:
    """Virtual receptionists."""


@receptionist.command("add")
@click.argument("name")
@ACCOUNT
@click.option("--extension", required=True)
@click.option("--key", "keys", multiple=True, help="1=101, 2=vm101, 9=repeat, 0=hang_up, *=dial_by_name.")
@click.option("--greeting", default="", help="Name of a sound; else the building's own sentence.")
@click.option("--default", "default", default="", help="Extension after three mistakes.")
@json_option
def receptionist_add(terminal: Terminal, name: str, account: str, keys: tuple[str, ...], **more: Any) -> None:
    """Add a receptionist with a business menu; hours and further menus are set in the portal."""
    account_id = terminal.account(account)
    pressed = [_key(terminal, account_id, text) for text in keys]
    kind, target = _led(terminal, account_id, more["default"])
    menu = receptionists.MenuWish(_sound(terminal, account_id, more["greeting"]), pressed)
    wish = receptionists.ReceptionistWish(
        name, more["extension"], default_kind=kind, default_target_id=target, menus={"business": menu}
    )
    with terminal.office.editing(terminal.actor) as edit:
        made = receptionists.add_receptionist(edit, account_id, wish)
    said = f"{made.name}: {made.id}"
    terminal.tell(Words(said, said), {"receptionist_id": made.id, "extension": more["extension"]})


@receptionist.command("hours")
@click.argument("extension")
@click.argument("override", type=click.Choice(["auto", "open", "closed"]))
@ACCOUNT
@json_option
def receptionist_hours(terminal: Terminal, extension: str, override: str, account: str) -> None:
    """Open or close a receptionist by hand, or let it keep its hours."""
    account_id = terminal.account(account)
    _, target = target_of(terminal, account_id, extension)
    with terminal.office.editing(terminal.actor) as edit:
        receptionists.set_override(edit, account_id, target, override)
    terminal.tell(SAVED, {"receptionist_id": target, "override": override})


@click.group()
def mailbox() -> None:
    """Mailboxes."""


@mailbox.command("add")
@click.argument("extension")
@ACCOUNT
@click.option("--email", default="", help="Where messages are mailed.")
@click.option("--after-s", default="20", show_default=True, help="Answers after so many seconds.")
@json_option
def mailbox_add(terminal: Terminal, extension: str, account: str, email: str, after_s: str) -> None:
    """Give the person with this extension a mailbox; its PIN is printed once."""
    account_id = terminal.account(account)
    _, person_id = target_of(terminal, account_id, extension)
    with terminal.office.editing(terminal.actor) as edit:
        wish = mailboxes.MailboxWish(email=email, answer_after_s=after_s)
        box = mailboxes.add_mailbox(edit, account_id, wish, person_id)
        pin = mailboxes.new_pin(edit, account_id, box.id)
    _tell_pin(terminal, box.id, pin)


@mailbox.command("pin")
@click.argument("extension")
@ACCOUNT
@json_option
def mailbox_pin(terminal: Terminal, extension: str, account: str) -> None:
    """Give the mailbox of this extension another PIN, printed once."""
    account_id = terminal.account(account)
    _, box_id = _led(terminal, account_id, f"vm{extension}")
    with terminal.office.editing(terminal.actor) as edit:
        pin = mailboxes.new_pin(edit, account_id, box_id)
    _tell_pin(terminal, box_id, pin)


@click.group()
def room() -> None:
    """Conference rooms."""


@room.command("add")
@click.argument("number")
@click.argument("name")
@ACCOUNT
@click.option("--line", default="", help="Extension of the company's conference line, where it has none yet.")
@click.option("--pin", is_flag=True, help="Ask for the PIN; else the room is open to the company.")
@json_option
def room_add(terminal: Terminal, number: str, name: str, account: str, line: str, pin: bool) -> None:
    """Add a conference room."""
    account_id = terminal.account(account)
    digits = click.prompt("PIN", hide_input=True, err=True) if pin else ""
    with terminal.office.editing(terminal.actor) as edit:
        if line:
            rooms.set_server(edit, account_id, "Conferencias", line)
        made = rooms.add_room(edit, account_id, rooms.RoomWish(number, name, digits, internal_without_pin=not pin))
    terminal.tell(SAVED, {"room_id": made.id, "number": made.number})


@click.group()
def sound() -> None:
    """Greetings and music."""


@sound.command("add")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@ACCOUNT
@click.option("--text", default="", help="To be spoken, in place of a file.")
@click.option("--music", is_flag=True, help="Play it to whoever is on hold.")
@json_option
def sound_add(terminal: Terminal, name: str, file: Path | None, account: str, text: str, music: bool) -> None:
    """Add a sound: WAV, MP3 or OGG, or a text."""
    account_id = terminal.account(account)
    content = convert(file.read_bytes()) if file is not None else None
    with terminal.office.editing(terminal.actor) as edit:
        made = sounds.add_sound(edit, account_id, sounds.SoundWish(name, text, "", content))
        if music:
            held = sounds.music_of(edit, account_id)
            sounds.set_music(edit, account_id, made.id, held.transfer_sound_id, held.transfer)
    terminal.tell(SAVED, {"sound_id": made.id, "duration_ms": made.duration_ms})


@click.command()
@click.argument("extension")
@click.argument("to", default="")
@ACCOUNT
@click.option("--when", default="always", show_default=True, help="always, offline or disabled.")
@json_option
def forward(terminal: Terminal, extension: str, to: str, account: str, when: str) -> None:
    """Forward the calls of the person with this extension."""
    account_id = terminal.account(account)
    _, person_id = target_of(terminal, account_id, extension)
    with terminal.office.editing(terminal.actor) as edit:
        values: dict[str, str | bool] = {"forward_mode": when}
        if to:
            values["forward_to"] = to
        made = habits.set_preferences(edit, account_id, person_id, values)
    terminal.tell(SAVED, {"person_id": person_id, "mode": made.forward_mode, "to": made.forward_to})


def _key(terminal: Terminal, account_id: str, text: str) -> receptionists.KeyWish:
    digit, equals, value = text.partition("=")
    if not equals:
        raise InputProblem("key", Words(f"{text}: write it as 1=101.", f"{text}: escríbalo como 1=101."))
    if value in tuple(KeyAction):
        return receptionists.KeyWish(digit, value)
    return receptionists.KeyWish(digit, *_led(terminal, account_id, value))


def _sound(terminal: Terminal, account_id: str, name: str) -> str:
    if not name:
        return ""
    with terminal.office.reading() as session:
        found = [s.id for s in of_account(session, Sound, account_id) if name in (s.id, s.name)]
    if not found:
        raise NotFoundProblem(Words(f"The company has no sound {name}.", f"La empresa no tiene el sonido {name}."))
    return found[0]


def _tell_pin(terminal: Terminal, box_id: str, pin: str) -> None:
    words = Words(f"PIN, shown only now: {pin}", f"PIN, se muestra solo ahora: {pin}")
    terminal.tell(words, {"mailbox_id": box_id, "pin": pin})


COMMANDS: tuple[click.Command, ...] = (group, receptionist, mailbox, room, sound, forward)
