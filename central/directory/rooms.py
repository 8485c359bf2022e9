"""Edits of a company's conference line and its rooms (C-1, C-2)."""

import re
from dataclasses import dataclass, field, replace

from central.directory.edit import Edit
from central.directory.lines import forget_target, free_extension, set_extension
from central.errors import InputProblem, Words
from central.rules import names, tokens
from central.rules.choices import number_between
from central.rules.faults import Faults
from wire.rows import DestinationKind, Person
from wire.services import ConferenceServer, Room

MOST_PARTICIPANTS = 10
ROOM_NUMBER = re.compile(r"[0-9]{3,8}")
PIN = re.compile(r"[0-9]{4,10}")


@dataclass(frozen=True, slots=True)
class RoomWish:
    """A room as a form gives it. PINs are digits; empty: none."""

    number: str
    name: str
    pin: str = field(default="", repr=False)
    moderator_pin: str = field(default="", repr=False)
    internal_without_pin: bool = False
    wait_for_moderator: bool = False
    max_participants: str = str(MOST_PARTICIPANTS)
    host_leaves_ends: bool = False
    person_id: str = ""


def set_server(edit: Edit, account_id: str, name: str, extension: str) -> ConferenceServer:
    """The company's one conference line, made or changed. Raises InputProblem(s)."""
    edit.lock_account(account_id)
    held = server_of(edit, account_id)
    server = held or ConferenceServer(tokens.new_id("conference"), account_id, "")
    faults = Faults()
    called = Words("the conference line's name", "el nombre de la línea de conferencias")
    server = replace(server, name=faults.keep(lambda: names.required_name("name", name, called), ""))
    digits = faults.keep(lambda: free_extension(edit, account_id, extension, server.id), "")
    faults.settle()
    edit.put(server)
    set_extension(edit, account_id, DestinationKind.CONFERENCE, server.id, digits)
    return server


def server_of(edit: Edit, account_id: str) -> ConferenceServer | None:
    return next(iter(edit.all(ConferenceServer, account_id)), None)


def delete_server(edit: Edit, account_id: str) -> None:
    """The line with all its rooms."""
    edit.lock_account(account_id)
    server = server_of(edit, account_id)
    if server is None:
        return
    for room in edit.all(Room, account_id):
        edit.delete(room)
    forget_target(edit, account_id, DestinationKind.CONFERENCE, server.id)
    edit.delete(server)


def add_room(edit: Edit, account_id: str, wish: RoomWish) -> Room:
    """Raises InputProblem(s); the company needs its conference line first."""
    edit.lock_account(account_id)
    if server_of(edit, account_id) is None:
        raise InputProblem(
            "",
            Words("The company has no conference line yet.", "La empresa todavía no tiene línea de conferencias."),
            Words("Give it an extension first.", "Primero dele una extensión."),
        )
    return _write(edit, account_id, tokens.new_id("room"), wish)


def change_room(edit: Edit, account_id: str, room_id: str, wish: RoomWish) -> Room:
    edit.lock_account(account_id)
    edit.get(Room, room_id, account_id)
    return _write(edit, account_id, room_id, wish)


def delete_room(edit: Edit, account_id: str, room_id: str) -> None:
    edit.lock_account(account_id)
    edit.delete(edit.get(Room, room_id, account_id))


def _write(edit: Edit, account_id: str, room_id: str, wish: RoomWish) -> Room:
    faults = Faults()
    called = Words("the room's name", "el nombre de la sala")
    room = Room(
        id=room_id,
        account_id=account_id,
        number=faults.keep(lambda: _number(edit, account_id, room_id, wish.number), ""),
        name=faults.keep(lambda: names.required_name("name", wish.name, called), ""),
        pin=faults.keep(lambda: _pin("pin", wish.pin), ""),
        moderator_pin=faults.keep(lambda: _pin("moderator_pin", wish.moderator_pin), ""),
        internal_without_pin=wish.internal_without_pin,
        wait_for_moderator=wish.wait_for_moderator,
        max_participants=faults.keep(
            lambda: number_between("max_participants", wish.max_participants, 2, MOST_PARTICIPANTS), 2
        ),
        host_leaves_ends=wish.host_leaves_ends,
        person_id=wish.person_id,
    )
    if wish.person_id:
        faults.keep(lambda: edit.get(Person, wish.person_id, account_id).id, "")
    if room.pin and room.pin == room.moderator_pin:
        faults.add(
            InputProblem(
                "moderator_pin",
                Words("The moderator needs another PIN than the rest.", "El moderador necesita un PIN distinto."),
            )
        )
    if room.wait_for_moderator and not room.moderator_pin:
        faults.add(
            InputProblem(
                "moderator_pin",
                Words(
                    "To wait for a moderator there must be a moderator's PIN.",
                    "Falta el PIN del moderador que se espera.",
                ),
            )
        )
    if not room.pin and not room.internal_without_pin:
        faults.add(
            InputProblem(
                "pin",
                Words(
                    "Without a PIN nobody can enter, unless the room is open to the company.",
                    "Sin PIN nadie puede entrar, salvo que la sala esté abierta a la empresa.",
                ),
                Words("Write a PIN, or open the room to the company.", "Escriba un PIN o abra la sala a la empresa."),
            )
        )
    faults.settle()
    edit.put(room)
    return room


def _number(edit: Edit, account_id: str, room_id: str, text: str) -> str:
    number = "".join(text.split())
    if not ROOM_NUMBER.fullmatch(number):
        raise InputProblem(
            "number",
            Words("A room's number has three to eight digits.", "El número de una sala lleva de tres a ocho dígitos."),
        )
    if any(r.number == number and r.id != room_id for r in edit.all(Room, account_id)):
        raise InputProblem("number", Words("Another room has that number.", "Otra sala tiene ese número."))
    return number


def _pin(name: str, text: str) -> str:
    pin = "".join(text.split())
    if pin and not PIN.fullmatch(pin):
        raise InputProblem(name, Words("A PIN has four to ten digits.", "Un PIN lleva de cuatro a diez dígitos."))
    return pin
