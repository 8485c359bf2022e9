"""Edits of how a trunk is used: for which calls, at which hours, and whether the building registers there (S-6)."""

import re
from dataclasses import dataclass

from central.directory.edit import Edit
from central.directory.trunks import trunk_of
from central.errors import InputProblem, Words
from central.model.rows import find
from central.rules.faults import Faults
from wire.services import TRUNK_CLASSES, TrunkUse

_CLOCK = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")
_DAYS = re.compile(r"[0-6]*")
DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class TrunkUseWish:
    """As a form or a command gives it: no class means all, no day all, no hours the whole day (`HH:MM`).

    `weekdays`: digits, 0 is Monday. `until` before `since` goes over midnight.
    """

    registers: bool = False
    classes: tuple[str, ...] = ()
    weekdays: str = ""
    since: str = ""
    until: str = ""


def use_of(edit: Edit, site_id: str, trunk_id: str) -> TrunkUse:
    """How the trunk is used; where nothing was said: for any call, at any time, known by its address."""
    trunk = trunk_of(edit, site_id, trunk_id)
    return find(edit.session, TrunkUse, trunk.id) or TrunkUse(trunk.id, site_id)


def set_use(edit: Edit, site_id: str, trunk_id: str, wish: TrunkUseWish) -> TrunkUse:
    """Raises InputProblem(s) on fields registers, classes, weekdays, since, until."""
    edit.lock_site(site_id)
    trunk = trunk_of(edit, site_id, trunk_id)
    faults = Faults()
    since = faults.keep(lambda: _minute("since", wish.since), 0)
    until = faults.keep(lambda: _minute("until", wish.until), 0)
    use = TrunkUse(
        trunk.id,
        site_id,
        registers=wish.registers,
        classes=faults.keep(lambda: _classes(wish.classes), ""),
        weekdays=faults.keep(lambda: _weekdays(wish.weekdays), ""),
        from_minute=since,
        to_minute=until,
    )
    if bool(wish.since.strip()) != bool(wish.until.strip()) or (since == until and since != 0):
        words = Words(
            "Write when the hours begin and when they end.", "Escriba a qué hora empieza y a qué hora termina."
        )
        faults.add(InputProblem("until", words))
    if wish.registers and not (trunk.username and trunk.secret):
        faults.add(
            InputProblem(
                "registers",
                Words(
                    "To register there it needs a user and a password.", "Para registrarse falta usuario y contraseña."
                ),
            )
        )
    faults.settle()
    if use != use_of(edit, site_id, trunk_id):
        edit.put(use)
    return use


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _minute(field: str, text: str) -> int:
    if not text.strip():
        return 0
    found = _CLOCK.fullmatch(text.strip())
    minute = int(found[1]) * 60 + int(found[2]) if found else DAY_MIN + 1
    if minute > DAY_MIN:
        raise InputProblem(field, Words("Write a time as 09:00.", "Escriba una hora como 09:00."))
    return minute


def _classes(wished: tuple[str, ...]) -> str:
    unknown = [c for c in wished if c not in TRUNK_CLASSES]
    if unknown:
        listed = ", ".join(TRUNK_CLASSES)
        raise InputProblem(
            "classes",
            Words(f"There is no class {unknown[0][:40]}.", f"No existe la clase {unknown[0][:40]}."),
            Words(f"One of: {listed}.", f"Una de: {listed}."),
        )
    return ",".join(c for c in TRUNK_CLASSES if c in wished)


def _weekdays(text: str) -> str:
    if not _DAYS.fullmatch(text):
        raise InputProblem(
            "weekdays",
            Words("Days are digits from 0, Monday, to 6.", "Los días son dígitos del 0, lunes, al 6."),
        )
    return "".join(sorted(set(text)))
