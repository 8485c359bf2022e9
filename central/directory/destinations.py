"""What numbers and extensions can lead to: checked against the same company, and listed for a picker (N-3)."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from central.directory.edit import Edit
from central.errors import InputProblem, Words
from central.model.rows import find, of_account
from wire.rows import DestinationKind, Extension, Person


@dataclass(frozen=True, slots=True)
class Destination:
    """`value` is what a form carries: kind and id. `label`: extension and name, what a person looks for."""

    kind: str
    id: str
    label: str

    @property
    def value(self) -> str:
        return f"{self.kind}:{self.id}"


def destinations(session: Session, account_id: str) -> list[Destination]:
    """All that a number of this company can lead to, by name."""
    digits = {(e.target_kind, e.target_id): e.digits for e in of_account(session, Extension, account_id)}
    people = sorted(of_account(session, Person, account_id), key=lambda p: p.name.casefold())
    found = []
    for person in people:
        short = digits.get((DestinationKind.PERSON, person.id), "")
        found.append(Destination(DestinationKind.PERSON, person.id, f"{short} {person.name}".strip()))
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
    if kind == DestinationKind.PERSON:
        person = find(edit.session, Person, target_id)
        if person is not None and person.account_id == account_id:
            return
    raise _unknown(field)


def _unknown(field: str) -> InputProblem:
    return InputProblem(
        field,
        Words("That destination does not exist in this company.", "Ese destino no existe en esta empresa."),
        Words("Choose one of the list.", "Elija uno de la lista."),
    )
