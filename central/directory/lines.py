"""What has an extension, whatever it is: giving one, changing it, and taking all that leads to a thing away with it.

Numbers, keys of menus, members of groups and default destinations name their target by kind and id; the database
cannot follow those links, so that here is the one place that does when the target goes.
"""

from dataclasses import replace

from central.directory.edit import Edit
from central.directory.keys import follow_extension
from central.errors import InputProblem, Words
from central.rules import tokens
from central.rules.extension import checked_extension
from wire.rows import Extension, Mapping
from wire.services import Member, MenuKey, Receptionist, RingGroup


def free_extension(edit: Edit, account_id: str, text: str, target_id: str) -> str:
    """The digits, if nothing else of the company has them. Raises InputProblem on field `extension`."""
    digits = checked_extension("extension", text)
    holder = next((e for e in edit.all(Extension, account_id) if e.digits == digits), None)
    if holder is not None and holder.target_id != target_id:
        raise InputProblem(
            "extension",
            Words(f"Extension {digits} is already in use.", f"La extensión {digits} ya está en uso."),
            Words("Choose another.", "Elija otra."),
        )
    return digits


def extension_of(edit: Edit, account_id: str, kind: str, target_id: str) -> Extension | None:
    mine = (e for e in edit.all(Extension, account_id) if (e.target_kind, e.target_id) == (kind, target_id))
    return next(mine, None)


def set_extension(edit: Edit, account_id: str, kind: str, target_id: str, digits: str) -> Extension:
    """Give the thing these digits, which were checked, in place of those it had; keys that watch it follow (U-3)."""
    held = extension_of(edit, account_id, kind, target_id)
    made = held or Extension(tokens.new_id("extension"), account_id, "", kind, target_id)
    if made.digits != digits:
        edit.put(replace(made, digits=digits))
        follow_extension(edit, account_id, made.digits, digits)
    return replace(made, digits=digits)


def forget_target(edit: Edit, account_id: str, kind: str, target_id: str) -> tuple[str, ...]:
    """Nothing of the company leads there any more. Returns the names of groups that have no members left (R-4)."""
    target = (kind, target_id)
    for mapping in edit.all(Mapping, account_id):
        if (mapping.target_kind, mapping.target_id) == target:
            edit.delete(mapping)
    for extension in edit.all(Extension, account_id):
        if (extension.target_kind, extension.target_id) == target:
            edit.delete(extension)
            follow_extension(edit, account_id, extension.digits, "")
    for key in edit.all(MenuKey, account_id):
        if (key.action, key.target_id) == target:
            edit.delete(key)
    for desk in edit.all(Receptionist, account_id):
        if (desk.default_kind, desk.default_target_id) == target:
            edit.put(replace(desk, default_kind="", default_target_id=""))
    account = edit.lock_account(account_id)
    if (account.default_kind, account.default_target_id) == target:
        edit.put(replace(account, default_kind="", default_target_id=""))
    return _leave_groups(edit, account_id, target)


def _leave_groups(edit: Edit, account_id: str, target: tuple[str, str]) -> tuple[str, ...]:
    members = edit.all(Member, account_id)
    leaving = [m for m in members if (m.target_kind, m.target_id) == target]
    for member in leaving:
        edit.delete(member)
    for group in edit.all(RingGroup, account_id):
        if (group.no_answer_kind, group.no_answer_target_id) == target:
            edit.put(replace(group, no_answer_kind="", no_answer_target_id=""))
    left = {m.ring_group_id for m in members} - {m.ring_group_id for m in members if m not in leaving}
    return tuple(sorted(g.name for g in edit.all(RingGroup, account_id) if g.id in left))
