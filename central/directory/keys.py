"""Edits of phones' programmable keys: watched extensions, speed dials, park (P-18).

What is checked: the position against the model where its keys are known, a watched extension against the company, a
speed dial against what can be dialled. What a phone makes of a key is its family's, in the building.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from central.directory.edit import Edit
from central.errors import InputProblem, Words
from central.rules import names, numbers, tokens
from central.rules.faults import Faults
from central.rules.phones import key_count
from wire.extensions import EMERGENCY_CODES, SPECIAL_CODES
from wire.rows import Extension, KeyKind, LineKey, Phone

MOST_KEYS = 120
"""The highest position on a model whose keys are not known."""
MAX_LABEL = 32
SERVICE_CODE = re.compile(r"\*{1,2}[0-9]{1,6}")
"""A star code of the building, as *97."""


@dataclass(frozen=True, slots=True)
class KeyWish:
    """A key as a form or a command gives it. `kind`: a KeyKind. `value`: empty for a line and for the usual park."""

    position: int
    kind: str
    value: str = ""
    label: str = ""


def set_keys(edit: Edit, account_id: str, phone_id: str, wishes: Sequence[KeyWish]) -> list[LineKey]:
    """Give the phone these keys and no others. Raises InputProblem(s); fields are kind_N, value_N, label_N."""
    edit.lock_account(account_id)
    phone = edit.get(Phone, phone_id, account_id)
    known = {e.digits for e in edit.all(Extension, account_id)}
    former = {k.position: k for k in keys_of(edit, phone)}
    faults = Faults()
    wanted: dict[int, LineKey] = {}
    for wish in wishes:
        held = former.get(wish.position)
        key = LineKey(held.id if held else tokens.new_id("key"), account_id, phone.id, wish.position, wish.kind)
        if wish.position in wanted:
            faults.add(_twice(wish.position))
        wanted[wish.position] = _checked(faults, phone, wish, key, known)
    faults.settle()
    for position in former.keys() - wanted.keys():
        edit.delete(former[position])
    made = [wanted[position] for position in sorted(wanted)]
    for key in made:
        edit.put(key)
    return made


def keys_of(edit: Edit, phone: Phone) -> list[LineKey]:
    """The phone's keys by position."""
    return sorted((k for k in edit.all(LineKey, phone.account_id) if k.phone_id == phone.id), key=lambda k: k.position)


def forget_keys(edit: Edit, phone: Phone) -> None:
    """Take all of a phone's keys away: it goes too."""
    for key in keys_of(edit, phone):
        edit.delete(key)


def follow_extension(edit: Edit, account_id: str, former: str, now: str) -> None:
    """An extension has other digits, or with `now` empty is no more: keys that watch or call it follow (U-3)."""
    for key in edit.all(LineKey, account_id):
        if key.value != former or key.key_kind not in (KeyKind.BLF, KeyKind.SPEED):
            continue
        if now:
            edit.put(replace(key, value=now))
        else:
            edit.delete(key)


def _checked(faults: Faults, phone: Phone, wish: KeyWish, key: LineKey, known: set[str]) -> LineKey:
    """The key with what was wished for it; what is wrong goes to `faults`."""
    faults.keep(lambda: _position(phone, wish.position), None)
    return replace(
        key,
        key_kind=faults.keep(lambda: _kind(wish), ""),
        value=faults.keep(lambda: _value(wish, known), ""),
        label=faults.keep(lambda: names.short(f"label_{wish.position}", wish.label, MAX_LABEL), ""),
    )


def _position(phone: Phone, position: int) -> None:
    count = key_count(phone.family, phone.model)
    field = f"kind_{position}"
    if count == 0:
        raise InputProblem(
            field,
            Words(f"The keys of a {phone.model} cannot be set.", f"Las teclas del {phone.model} no se programan."),
        )
    if not 1 <= position <= (count or MOST_KEYS):
        raise InputProblem(
            field,
            Words(
                f"There is no key {position}: they are numbered from 1 to {count or MOST_KEYS}.",
                f"No existe la tecla {position}: se numeran del 1 al {count or MOST_KEYS}.",
            ),
        )


def _twice(position: int) -> InputProblem:
    return InputProblem(
        f"kind_{position}", Words(f"Key {position} is given twice.", f"La tecla {position} está dos veces.")
    )


def _kind(wish: KeyWish) -> str:
    if wish.kind not in tuple(KeyKind):
        listed = ", ".join(KeyKind)
        raise InputProblem(
            f"kind_{wish.position}",
            Words(f"Choose what key {wish.position} does.", f"Elija qué hace la tecla {wish.position}."),
            Words(f"One of: {listed}.", f"Una de: {listed}."),
        )
    return wish.kind


def _value(wish: KeyWish, known: set[str]) -> str:
    """What the key dials or watches. A Mexican number is kept as its ten digits, another with 00 before it."""
    field, text = f"value_{wish.position}", "".join(wish.value.split())
    match wish.kind:
        case KeyKind.BLF:
            if text not in known:
                raise InputProblem(
                    field,
                    Words(f"The company has no extension {text[:9]}.", f"La empresa no tiene la extensión {text[:9]}.")
                    if text
                    else Words("Write the extension to watch.", "Escriba la extensión que se vigila."),
                )
            return text
        case KeyKind.SPEED:
            return text if text in known else _dialled(field, text)
        case KeyKind.PARK:
            if text and not SERVICE_CODE.fullmatch(text):
                raise InputProblem(
                    field,
                    Words("Park takes a star code, or nothing.", "Estacionar lleva un código con *, o nada."),
                    Words("Leave it empty for *85.", "Déjelo vacío para *85."),
                )
            return text
        case KeyKind.LINE if text:
            raise InputProblem(
                field, Words("A line key dials nothing: leave it empty.", "Una tecla de línea no marca: déjela vacía.")
            )
    return ""


def _dialled(field: str, text: str) -> str:
    if SERVICE_CODE.fullmatch(text) or text in EMERGENCY_CODES or text in SPECIAL_CODES:
        return text
    try:
        number = numbers.e164(field, text)
    except InputProblem as refused:
        raise InputProblem(
            field,
            Words(
                f"{text[:40]} cannot be dialled: it is no extension of the company and no telephone number.",
                f"{text[:40]} no se puede marcar: no es una extensión de la empresa ni un número telefónico.",
            )
            if text
            else Words("Write the number to call.", "Escriba el número al que llama."),
            refused.todo,
        ) from refused
    return number[3:] if number.startswith("+52") else f"00{number[1:]}"
