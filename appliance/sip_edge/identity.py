"""Who is shown to the far end of a call: an extension inside an account, a full number everywhere else. Pure."""

from dataclasses import dataclass, replace

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


def may_go_by(name: str, phone: Phone, directory: Directory, method: str) -> bool:
    """Whether a phone that has proved itself may write this user into From: its own, and no other phone's.

    One that was called and is transferred calls, with some makers, by the name that it was called by: its extension.
    """
    if name == phone.sip_user:
        return True
    return method == "INVITE" and bool(name) and name == caller_of(phone, directory).extension


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


def on_trunk(number: str, trunk: Trunk) -> str:
    """A number's user part on this trunk. Codes such as 911 are the same on all."""
    return number if trunk.plus else number.removeprefix("+")


def towards_trunk(shown: Identity, trunk: Trunk) -> Identity:
    """In the trunk's own way of writing numbers; asserted (RFC 3325) to a trusted trunk alone.

    A hidden caller's From is anonymous: its number is asserted, for who must know it (RFC 3325 §9.3).
    """
    asserted = on_trunk(shown.asserted or shown.user, trunk) if trunk.trusted else ""
    return replace(shown, user=on_trunk(shown.user, trunk), asserted=asserted)


@dataclass(frozen=True, slots=True)
class Calling:
    """Who calls, on every way that the call may take. One of our phones, or an outsider as a trunk or voice said.

    `account_id`: of our caller, or the one for whom voice goes on with an outsider's call; empty for trunks.
    """

    caller: Caller | None = None
    outsider: Identity = Identity("")  # noqa: RUF009 - frozen
    account_id: str = ""
    hidden: bool = False

    @property
    def phone_id(self) -> str:
        return self.caller.phone.id if self.caller else ""

    def known_as(self, directory: Directory) -> str:
        """As it is logged: an extension, else E.164."""
        if self.caller is None:
            return self.outsider.user
        return self.caller.extension or outside_number(self.caller, directory)[0]


def seen_inside(calling: Calling, account_id: str, directory: Directory) -> tuple[Identity, Reason]:
    """Inside the building: the extension and name to the caller's own account, hidden or not; to any other the number.

    A caller of ours who is hidden shows nothing to another company (H-1).
    """
    caller = calling.caller
    if caller is None:
        shown = calling.outsider
        if not shown.user or shown.private:
            return shown, because(Because.SHOWS_NOTHING)
        return shown, because(Because.SHOWS_CALLER, number=shown.user)
    if account_id == caller.phone.account_id and caller.extension:
        return Identity(caller.extension, caller.name), because(Because.SHOWS_EXTENSION, extension=caller.extension)
    number, why = outside_number(caller, directory)
    if account_id == caller.phone.account_id:
        return Identity(number, caller.name), why
    if calling.hidden:
        return Identity(number, private=True), because(Because.HIDDEN)
    return Identity(number, caller.account_name), why


def seen_outside(calling: Calling, directory: Directory, forwarder: Person | None = None) -> tuple[Identity, Reason]:
    """Towards trunks, in E.164. On a forwarded leg the original caller is shown, the forwarder's number asserted."""
    caller = calling.caller
    if caller is not None:
        number, why = outside_number(caller, directory)
        shown = Identity(number, asserted=number, private=calling.hidden)
    else:
        number = _e164(calling.outsider.user)
        shown = Identity(number, calling.outsider.display if number else "", private=calling.outsider.private)
        why = because(Because.SHOWS_CALLER, number=number) if number else because(Because.SHOWS_NOTHING)
        if calling.outsider.user and not number and not calling.outsider.private and calling.account_id:
            number = _number_of_extension(calling, directory)
            shown, why = replace(shown, user=number), because(Because.SHOWS_CALLER, number=number or "-")
    if forwarder is not None:
        shown = replace(shown, asserted=number_of_person(forwarder, directory))
    return shown, because(Because.HIDDEN) if shown.private else why


def number_of_person(person: Person, directory: Directory) -> str:
    """The E.164 that a person shows outside; the site's where they have none."""
    own = directory.number_of(PERSON, person.id)
    mine = own.e164 if own is not None and own.account_id == person.account_id else ""
    return _e164(person.caller_id) or _e164(mine) or _e164(directory.site.callback_number)


def _number_of_extension(calling: Calling, directory: Directory) -> str:
    extension = directory.extension(calling.account_id, calling.outsider.user)
    person = directory.person(extension.target_id) if extension and extension.target_kind == PERSON else None
    return number_of_person(person, directory) if person else ""


def from_trunk(source: FromTrunk, hidden: bool = False) -> tuple[Identity, Reason]:
    """The caller as the trunk wrote it, in canonical form (D-3); withheld or unreadable: private."""
    number = canonical_number(source.caller)
    if not number or hidden:
        return Identity("", private=True), because(Because.SHOWS_NOTHING)
    return Identity(number, source.display), because(Because.SHOWS_CALLER, number=number)


def _e164(text: str) -> str:
    number = canonical_number(text) if text else ""
    return number if number.startswith("+") else ""
