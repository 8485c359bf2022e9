"""What numbers and extensions can lead to: checked against the same company, and listed for a picker (N-3)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from central.directory.edit import Edit
from central.errors import InputProblem, Words
from central.model.rows import find, of_account
from wire.rows import DestinationKind, Extension, Person
from wire.services import ConferenceServer, Mailbox, Receptionist, RingGroup


@dataclass(frozen=True, slots=True)
class Destination:
    """`value` is what a form carries: kind and id. `label`: extension and name, what a person looks for."""

    kind: str
    id: str
    label: str

    @property
    def value(self) -> str:
        return f"{self.kind}:{self.id}"


_NAMED: tuple[tuple[str, type[Any]], ...] = (
    (DestinationKind.PERSON, Person),
    (DestinationKind.RING_GROUP, RingGroup),
    (DestinationKind.RECEPTIONIST, Receptionist),
    (DestinationKind.CONFERENCE, ConferenceServer),
    (DestinationKind.MAILBOX, Mailbox),
)
"""What a number can lead to, in the order of a picker."""


def destinations(session: Session, account_id: str) -> list[Destination]:
    """All that a number of this company can lead to, by kind and name."""
    digits = {(e.target_kind, e.target_id): e.digits for e in of_account(session, Extension, account_id)}
    found = []
    for kind, row_type in _NAMED:
        for thing in sorted(of_account(session, row_type, account_id), key=lambda t: t.name.casefold()):
            short = digits.get((kind, thing.id), "")
            found.append(Destination(kind, thing.id, f"{short} {thing.name}".strip()))
    return found


def split_value(field: str, value: str) -> tuple[str, str]:
    """(kind, id) of a form's value; ("", "") of an empty one."""
    if not value:
        return "", ""
    kind, colon, id_ = value.partition(":")
    if not colon:
        raise _unknown(field)
    return kind, id_


def checked_destination(edit: Edit, account_id: str, field: str, kind: str, target_id: str) -> None:
    """Raises InputProblem unless this is something of the same company that can be called."""
    row_type = dict(_NAMED).get(kind)
    target = find(edit.session, row_type, target_id) if row_type else None
    if target is not None and target.account_id == account_id:
        return
    raise _unknown(field)


def _unknown(field: str) -> InputProblem:
    return InputProblem(
        field,
        Words("That destination does not exist in this company.", "Ese destino no existe en esta empresa."),
        Words("Choose one of the list.", "Elija uno de la lista."),
    )
