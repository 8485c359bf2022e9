"""Who a trunk is told that its party talks to now, after a transfer (X-3; RFC 3325 §5). Pure.

As for callers (H-1): a trunk that is not trusted is told nothing, and nobody is told of who hides.
"""

from appliance.directory.model import Directory, Extension, Mapping, Person, Trunk
from appliance.directory.numbering import canonical_number
from appliance.sip_edge.identity import PERSON, number_of_person, on_trunk
from appliance.sip_edge.persons import habits_of


def told_outside(user: str, account_id: str, trunk: Trunk, directory: Directory) -> str:
    """The number, as this trunk writes it, of the party that people of this company see as `user`; empty: nothing is
    to be said.
    """
    if not trunk.trusted:
        return ""
    person = _person(user, account_id, directory)
    if person is not None and habits_of(directory, person).hide_caller_id:
        return ""
    number = canonical_number(user) if user.startswith("+") else number_of_person(person, directory) if person else ""
    return on_trunk(number, trunk) if number.startswith("+") else ""


def _person(user: str, account_id: str, directory: Directory) -> Person | None:
    leads: Extension | Mapping | None
    if user.startswith("+"):
        number = directory.number(user)
        leads = directory.mapping(number.id) if number is not None else None
    else:
        leads = directory.extension(account_id, user) if account_id else None
    return directory.person(leads.target_id) if leads is not None and leads.target_kind == PERSON else None
