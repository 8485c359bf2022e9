"""Edits of ring groups: who rings, in which way and order, and where an unanswered call goes (R-4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from central.directory.destinations import checked_destination
from central.directory.edit import Edit
from central.directory.lines import forget_target, free_extension, set_extension
from central.errors import InputProblem, Words
from central.rules import names, tokens
from central.rules.choices import number_between, one_of
from central.rules.faults import Faults
from wire.rows import DestinationKind, Person, Phone
from wire.services import MOST_TOGETHER, GroupMode, Member, RingGroup

LEAST_RING_S, MOST_RING_S = 5, 300
MOST_MEMBERS = 50
NO_ANSWER_KINDS = (DestinationKind.PERSON, DestinationKind.MAILBOX)
MEMBER_KINDS = ("person", "phone")


@dataclass(frozen=True, slots=True)
class GroupWish:
    """A ring group as a form or a command gives it. `members`: (person | phone, id) in their order."""

    name: str
    extension: str
    mode: str = GroupMode.TOGETHER
    ring_s: str = "20"
    no_answer_kind: str = ""
    no_answer_target_id: str = ""
    members: Sequence[tuple[str, str]] = ()


def add_group(edit: Edit, account_id: str, wish: GroupWish) -> RingGroup:
    """A new group with its extension and members. Raises InputProblem(s) naming every faulty field."""
    return _write(edit, account_id, tokens.new_id("group"), wish)


def change_group(edit: Edit, account_id: str, group_id: str, wish: GroupWish) -> RingGroup:
    """The group as wished; its members are these, in this order, and no others."""
    edit.get(RingGroup, group_id, account_id)
    return _write(edit, account_id, group_id, wish)


def delete_group(edit: Edit, account_id: str, group_id: str) -> None:
    edit.lock_account(account_id)
    group = edit.get(RingGroup, group_id, account_id)
    forget_target(edit, account_id, DestinationKind.RING_GROUP, group_id)
    for member in members_of(edit, group):
        edit.delete(member)
    edit.delete(group)


def members_of(edit: Edit, group: RingGroup) -> list[Member]:
    mine = (m for m in edit.all(Member, group.account_id) if m.ring_group_id == group.id)
    return sorted(mine, key=lambda m: (m.position, m.id))


def _write(edit: Edit, account_id: str, group_id: str, wish: GroupWish) -> RingGroup:
    edit.lock_account(account_id)
    faults = Faults()
    group = RingGroup(
        id=group_id,
        account_id=account_id,
        name=faults.keep(
            lambda: names.required_name("name", wish.name, Words("the group's name", "el nombre del grupo")), ""
        ),
        mode=faults.keep(lambda: one_of("mode", wish.mode, tuple(GroupMode)), ""),
        ring_s=faults.keep(lambda: number_between("ring_s", wish.ring_s, LEAST_RING_S, MOST_RING_S), LEAST_RING_S),
        no_answer_kind=wish.no_answer_kind,
        no_answer_target_id=wish.no_answer_target_id,
    )
    if wish.no_answer_kind:
        faults.keep(lambda: _no_answer(edit, account_id, wish), None)
    else:
        group = replace(group, no_answer_target_id="")
    digits = faults.keep(lambda: free_extension(edit, account_id, wish.extension, group_id), "")
    faults.keep(lambda: _check_members(edit, account_id, wish.mode, wish.members), None)
    faults.settle()
    edit.put(group)
    set_extension(edit, account_id, DestinationKind.RING_GROUP, group_id, digits)
    _set_members(edit, group, wish.members)
    return group


def _no_answer(edit: Edit, account_id: str, wish: GroupWish) -> None:
    if wish.no_answer_kind not in NO_ANSWER_KINDS:
        raise InputProblem(
            "no_answer",
            Words(
                "An unanswered group call goes to a person or a mailbox.",
                "Una llamada de grupo sin contestar va a una persona o a un buzón.",
            ),
        )
    checked_destination(edit, account_id, "no_answer", wish.no_answer_kind, wish.no_answer_target_id)


def _check_members(edit: Edit, account_id: str, mode: str, members: Sequence[tuple[str, str]]) -> None:
    if mode == GroupMode.TOGETHER and len(members) > MOST_TOGETHER:
        raise InputProblem(
            "members",
            Words(
                f"At most {MOST_TOGETHER} members ring together. Let them ring in turn, or make two groups.",
                f"Juntos suenan {MOST_TOGETHER} miembros como máximo. Haga que suenen por turno, o dos grupos.",
            ),
        )
    if len(members) > MOST_MEMBERS:
        raise InputProblem(
            "members",
            Words(f"A group has at most {MOST_MEMBERS} members.", f"Un grupo tiene máximo {MOST_MEMBERS} miembros."),
        )
    known = {("person", p.id) for p in edit.all(Person, account_id)}
    known |= {("phone", p.id) for p in edit.all(Phone, account_id)}
    if any(m not in known for m in members):
        raise InputProblem(
            "members",
            Words("A member is not of this company.", "Un miembro no es de esta empresa."),
            Words("Load the page again and choose from the list.", "Recargue la página y elija de la lista."),
        )
    if len(set(members)) != len(members):
        raise InputProblem("members", Words("A member is there twice.", "Un miembro está dos veces."))


def _set_members(edit: Edit, group: RingGroup, wanted: Sequence[tuple[str, str]]) -> None:
    held = {(m.target_kind, m.target_id): m for m in members_of(edit, group)}
    for key in held.keys() - set(wanted):
        edit.delete(held[key])
    for position, key in enumerate(wanted, start=1):
        former = held.get(key)
        made = former or Member(tokens.new_id("member"), group.account_id, group.id, position, *key)
        edit.put(replace(made, position=position))
