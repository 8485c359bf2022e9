"""Who is shown to the far end of a call: an extension inside an account, a full number everywhere else. Pure."""

from dataclasses import dataclass

from appliance.directory.model import Account, Directory, Person, Phone, Trunk
from appliance.directory.numbering import canonical_number
from appliance.reasons import Because, Reason, because
from appliance.sip_edge.plan import FromTrunk, Identity

PERSON = "person"


@dataclass(frozen=True, slots=True)
class Caller:
    """One of our phones and what the directory knows of who holds it; None where it names what is not there."""

    phone: Phone
    account: Account | None
    person: Person | None
    extension: str

    @property
    def name(self) -> str:
        return self.person.name if self.person else self.phone.label or self.phone.id

    @property
    def account_name(self) -> str:
        return self.account.name if self.account else self.phone.account_id


def caller_of(phone: Phone, directory: Directory) -> Caller:
    """A person of another account than the phone's is not its person: accounts never mix."""
    person = directory.person(phone.person_id) if phone.person_id else None
    if person is not None and person.account_id != phone.account_id:
        person = None
    extension = directory.extension_of(PERSON, person.id) if person else None
    digits = extension.digits if extension and extension.account_id == phone.account_id else ""
    return Caller(phone, directory.account(phone.account_id), person, digits)


def outside_number(caller: Caller, directory: Directory) -> tuple[str, Reason]:
    """The E.164 that a caller shows outside the account, and why that one.

    The person's set caller-ID, else the person's first mapped number, else the site's call-back number; empty if none.
    """
    person = caller.person
    if person is not None:
        if chosen := _e164(person.caller_id):
            return chosen, because(Because.SHOWS_CALLER_ID, number=chosen, person=person.name)
        own = directory.number_of(PERSON, person.id)
        if own is not None and own.account_id == person.account_id and (chosen := _e164(own.e164)):
            return chosen, because(Because.SHOWS_OWN_NUMBER, number=chosen, person=person.name)
    if chosen := _e164(directory.site.callback_number):
        return chosen, because(Because.SHOWS_SITE_NUMBER, number=chosen)
    return "", because(Because.SHOWS_NOTHING)


def emergency_number(caller: Caller | None, directory: Directory) -> tuple[str, Reason]:
    """What an emergency service is shown: the site's call-back number before all; hiding it is not possible (E-1)."""
    if chosen := _e164(directory.site.callback_number):
        return chosen, because(Because.EMERGENCY_SHOWS, number=chosen)
    chosen = outside_number(caller, directory)[0] if caller else ""
    return chosen, because(Because.EMERGENCY_SHOWS_NOTHING)


def towards_trunk(number: str, trunk: Trunk) -> Identity:
    """In the trunk's own way of writing numbers; asserted (RFC 3325) to a trusted trunk alone."""
    user = on_trunk(number, trunk)
    return Identity(user, asserted=user if trunk.trusted else "")


def on_trunk(number: str, trunk: Trunk) -> str:
    """A number's user part on this trunk. Codes such as 911 are the same on all."""
    return number if trunk.plus else number.removeprefix("+")


def towards_account(
    caller: Caller, account_id: str, directory: Directory, dialled_in_full: bool = False
) -> tuple[Identity, Reason]:
    """Inside the building: the extension and name to the caller's own account, the full number to any other."""
    if account_id == caller.phone.account_id and (caller.extension or not dialled_in_full):
        return Identity(caller.extension, caller.name), because(
            Because.SHOWS_EXTENSION, extension=caller.extension or "-"
        )
    number, why = outside_number(caller, directory)
    return Identity(number, caller.account_name), why


def from_trunk(source: FromTrunk) -> tuple[Identity, Reason]:
    """The caller as the trunk wrote it, in canonical form (D-3); withheld or unreadable: private."""
    number = canonical_number(source.caller)
    if not number:
        return Identity("", private=True), because(Because.SHOWS_NOTHING)
    return Identity(number, source.display), because(Because.SHOWS_CALLER, number=number)


def _e164(text: str) -> str:
    number = canonical_number(text) if text else ""
    return number if number.startswith("+") else ""
