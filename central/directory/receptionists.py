"""Edits of virtual receptionists: hours, menus, keys, and whether they are open by hand (V-1 to V-6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from central.directory.destinations import checked_destination
from central.directory.edit import Edit
from central.directory.lines import extension_of, forget_target, free_extension, set_extension
from central.directory.stamps import moment
from central.errors import InputProblem, Words
from central.rules import names, tokens
from central.rules.choices import one_of
from central.rules.faults import Faults
from central.rules.languages import optional_language
from central.rules.timezones import optional_timezone
from wire.rows import DestinationKind
from wire.services import KeyAction, Menu, MenuKey, MenuMode, Override, Receptionist, Schedule, Sound

DIGITS = tuple("1234567890*")
ACTIONS = (*DestinationKind, *KeyAction)


@dataclass(frozen=True, slots=True)
class KeyWish:
    """`action`: a DestinationKind with `target_id`, or a KeyAction without."""

    digit: str
    action: str
    target_id: str = ""


@dataclass(frozen=True, slots=True)
class MenuWish:
    greeting_sound_id: str = ""
    keys: Sequence[KeyWish] = ()


@dataclass(frozen=True, slots=True)
class ReceptionistWish:
    """As a form gives it. `menus` by MenuMode; a mode that is not there has no menu of its own.

    `extension` counts when it is made alone: a receptionist is not renumbered (U-3).
    """

    name: str
    extension: str = ""
    timezone: str = ""
    schedule_id: str = ""
    direct_dial: bool = True
    override: str = Override.AUTO
    default_kind: str = ""
    default_target_id: str = ""
    language: str = ""
    menus: Mapping[str, MenuWish] | None = None
    """None: the menus stay as they are."""


def add_receptionist(edit: Edit, account_id: str, wish: ReceptionistWish) -> Receptionist:
    """A new receptionist with its extension, and a business menu even where none was wished. Raises InputProblem(s)."""
    edit.lock_account(account_id)
    made = _checked(edit, Receptionist(tokens.new_id("receptionist"), account_id, wish.name), wish, new=True)
    edit.put(made)
    set_extension(edit, account_id, DestinationKind.RECEPTIONIST, made.id, "".join(wish.extension.split()))
    _set_menus(edit, made, {MenuMode.BUSINESS.value: MenuWish(), **(wish.menus or {})})
    return made


def change_receptionist(edit: Edit, account_id: str, receptionist_id: str, wish: ReceptionistWish) -> Receptionist:
    """Raises InputProblem(s), also for another extension than it has."""
    edit.lock_account(account_id)
    held = edit.get(Receptionist, receptionist_id, account_id)
    own = extension_of(edit, account_id, DestinationKind.RECEPTIONIST, receptionist_id)
    wanted = "".join(wish.extension.split())
    if wanted and own is not None and wanted != own.digits:
        raise InputProblem(
            "extension",
            Words("A receptionist's extension does not change.", "La extensión de una recepcionista no cambia."),
        )
    made = _checked(edit, held, wish, new=False)
    edit.put(made)
    if wish.menus is not None:
        _set_menus(edit, made, wish.menus)
    return made


def set_override(edit: Edit, account_id: str, receptionist_id: str, override: str, stamp: str = "") -> Receptionist:
    """Open, closed or by its hours. With a `stamp` of a building: only if nothing later was said (last writer wins)."""
    edit.lock_account(account_id)
    held = edit.get(Receptionist, receptionist_id, account_id)
    one_of("override", override, tuple(Override))
    at = stamp or moment(edit.now)
    if at <= held.override_stamp:
        return held
    made = replace(held, override=override, override_stamp=at)
    edit.put(made)
    return made


def delete_receptionist(edit: Edit, account_id: str, receptionist_id: str) -> None:
    edit.lock_account(account_id)
    held = edit.get(Receptionist, receptionist_id, account_id)
    forget_target(edit, account_id, DestinationKind.RECEPTIONIST, receptionist_id)
    _set_menus(edit, held, {})
    edit.delete(held)


def menus_of(edit: Edit, receptionist: Receptionist) -> dict[str, tuple[Menu, list[MenuKey]]]:
    """Each menu that there is, by its mode, with its keys by digit."""
    keys = sorted(edit.all(MenuKey, receptionist.account_id), key=lambda k: k.digit)
    mine = (m for m in edit.all(Menu, receptionist.account_id) if m.receptionist_id == receptionist.id)
    return {m.mode: (m, [k for k in keys if k.menu_id == m.id]) for m in mine}


def _checked(edit: Edit, held: Receptionist, wish: ReceptionistWish, new: bool) -> Receptionist:
    account_id, faults = held.account_id, Faults()
    called = Words("the receptionist's name", "el nombre de la recepcionista")
    made = replace(
        held,
        name=faults.keep(lambda: names.required_name("name", wish.name, called), ""),
        timezone=faults.keep(lambda: optional_timezone("timezone", wish.timezone), ""),
        schedule_id=faults.keep(lambda: _owned(edit, account_id, "schedule_id", Schedule, wish.schedule_id), ""),
        direct_dial=wish.direct_dial,
        default_kind=wish.default_kind,
        default_target_id=wish.default_target_id if wish.default_kind else "",
        language=faults.keep(lambda: optional_language("language", wish.language), ""),
    )
    override = faults.keep(lambda: one_of("override", wish.override, tuple(Override)), held.override)
    if override != held.override:
        made = replace(made, override=override, override_stamp=moment(edit.now))
    if wish.default_kind:
        target = (wish.default_kind, wish.default_target_id)
        faults.keep(lambda: checked_destination(edit, account_id, "default", *target), None)
    if new:
        faults.keep(lambda: free_extension(edit, account_id, wish.extension, made.id), "")
    for mode, menu in (wish.menus or {}).items():
        faults.keep(partial(_check_menu, edit, account_id, mode, menu), None)
    faults.settle()
    return made


def _check_menu(edit: Edit, account_id: str, mode: str, wish: MenuWish) -> None:
    one_of("menus", mode, tuple(MenuMode))
    _owned(edit, account_id, f"greeting_{mode}", Sound, wish.greeting_sound_id)
    if len({k.digit for k in wish.keys}) != len(wish.keys):
        raise InputProblem(f"keys_{mode}", Words("A key is there twice.", "Una tecla está dos veces."))
    for key in wish.keys:
        field = f"key_{mode}_{key.digit}"
        one_of(field, key.digit, DIGITS)
        one_of(field, key.action, ACTIONS)
        if key.action not in tuple(KeyAction):
            checked_destination(edit, account_id, field, key.action, key.target_id)


def _owned(edit: Edit, account_id: str, field: str, row_type: type[Schedule] | type[Sound], id_: str) -> str:
    if id_ and all(row.id != id_ for row in edit.all(row_type, account_id)):
        raise InputProblem(
            field,
            Words("That is not there any more.", "Eso ya no existe."),
            Words("Choose one of the list.", "Elija de la lista."),
        )
    return id_


def _set_menus(edit: Edit, receptionist: Receptionist, wanted: Mapping[str, MenuWish]) -> None:
    account_id, held = receptionist.account_id, menus_of(edit, receptionist)
    for mode, (menu, keys) in held.items():
        for key in keys:
            edit.delete(key)
        if mode not in wanted:
            edit.delete(menu)
    for mode, wish in wanted.items():
        menu_id = held[mode][0].id if mode in held else tokens.new_id("menu")
        edit.put(Menu(menu_id, account_id, receptionist.id, mode, wish.greeting_sound_id))
        former = {k.digit: k.id for k in held[mode][1]} if mode in held else {}
        for pressed in wish.keys:
            target = "" if pressed.action in tuple(KeyAction) else pressed.target_id
            key_id = former.get(pressed.digit) or tokens.new_id("menu-key")
            edit.put(MenuKey(key_id, account_id, menu_id, pressed.digit, pressed.action, target))
