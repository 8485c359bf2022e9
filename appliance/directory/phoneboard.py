"""Every phone of the building and how it is: the directory, what asked for files, and what is registered, joined.

Pure; the building page, SNMP and `conserje phones` show the same rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from appliance.directory.local import SeenPhone
from appliance.directory.model import Directory, Phone
from appliance.directory.moves import is_elsewhere
from appliance.directory.reports import Contact
from appliance.vocabulary import PhoneState


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """One phone. Times ISO 8601 UTC; an empty string is a thing that is not known or did not happen.

    `registered_until`: when its registration runs out, or ran out (LOST). `evidence`: why it is taken for what it is,
    for a phone in no directory or in quarantine. `phone_id` empty: in no directory.
    """

    mac: str
    state: PhoneState
    family: str = ""
    model: str = ""
    label: str = ""
    account_name: str = ""
    extension: str = ""
    person_name: str = ""
    address: str = ""
    firmware: str = ""
    user_agent: str = ""
    """As it registered."""
    first_seen_at: str = ""
    last_seen_at: str = ""
    last_fetch_at: str = ""
    registered_until: str = ""
    evidence: tuple[str, ...] = ()
    switch_port: str = ""
    phone_id: str = ""
    account_id: str = ""
    person_id: str = ""


def phone_board(
    directory: Directory,
    seen: Iterable[SeenPhone],
    last_fetch_at: Mapping[str, str],
    contacts: Iterable[Contact],
    now: datetime,
) -> tuple[PhoneRow, ...]:
    """All phones: first those that want a person's eye (quarantined, unknown, lost), then by account and extension.

    `seen` from LocalStore.sightings(), `last_fetch_at` from LocalStore.last_fetch_at(), `contacts` from EdgeReport.
    A contact whose time is over makes its phone LOST for as long as the edge reports it.
    """
    sightings = {s.mac: s for s in seen}
    by_user: dict[str, Contact] = {}
    for contact in contacts:
        other = by_user.get(contact.sip_user)
        if other is None or _time(contact.expires_at) > _time(other.expires_at):
            by_user[contact.sip_user] = contact
    # Of another building's phones those are shown that registered here; who only asks for files is a stranger.
    phones = [
        p for p in directory.phones() if not is_elsewhere(p, directory) or _registered(by_user.get(p.sip_user), now)
    ]
    known = {p.mac for p in phones}
    rows = [
        _known(p, directory, sightings.get(p.mac), last_fetch_at.get(p.mac, ""), by_user.get(p.sip_user), now)
        for p in phones
    ]
    rows += [_unknown(s, last_fetch_at.get(mac, "")) for mac, s in sightings.items() if mac not in known]
    return tuple(sorted(rows, key=_order))


def count_states(rows: Iterable[PhoneRow]) -> dict[PhoneState, int]:
    """How many phones are in each state; every state is there, if with 0."""
    counts = dict.fromkeys(PhoneState, 0)
    for row in rows:
        counts[row.state] += 1
    return counts


_FIRST = (PhoneState.QUARANTINED, PhoneState.UNKNOWN, PhoneState.LOST)


def _order(row: PhoneRow) -> tuple[int, str, str, str]:
    urgent = _FIRST.index(row.state) if row.state in _FIRST else len(_FIRST)
    return urgent, row.account_name, row.extension, row.mac


def _registered(contact: Contact | None, now: datetime) -> bool:
    return contact is not None and _time(contact.expires_at) > now.timestamp()


def _time(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _known(
    phone: Phone, directory: Directory, seen: SeenPhone | None, fetched: str, contact: Contact | None, now: datetime
) -> PhoneRow:
    account = directory.account(phone.account_id)
    person = directory.person(phone.person_id) if phone.person_id else None
    extension = directory.extension_of("person", phone.person_id) if person else None
    # A quarantine ends when the phone was served after it. A sighting as unknown is from before it was assigned.
    quarantined = (
        seen is not None and seen.state is PhoneState.QUARANTINED and _time(seen.last_seen_at) >= _time(fetched)
    )
    if quarantined:
        state = PhoneState.QUARANTINED
    elif contact is not None:
        state = PhoneState.REGISTERED if _registered(contact, now) else PhoneState.LOST
    else:
        state = PhoneState.PROVISIONED if fetched else PhoneState.PENDING
    times = [t for t in (fetched, seen.last_seen_at if seen else "") if t]
    return PhoneRow(
        mac=phone.mac,
        state=state,
        family=phone.family or (seen.family if seen else ""),
        model=phone.model or (seen.model if seen else ""),
        label=phone.label,
        account_name=account.name if account else "",
        extension=extension.digits if extension else "",
        person_name=person.name if person else "",
        address=contact.address if contact else (seen.address if seen else ""),
        firmware=seen.firmware if seen else "",
        user_agent=contact.user_agent if contact else "",
        first_seen_at=seen.first_seen_at if seen else "",
        last_seen_at=max(times, key=_time, default=""),
        last_fetch_at=fetched,
        registered_until=contact.expires_at if contact else "",
        evidence=seen.evidence if seen and quarantined else (),
        switch_port=seen.switch_port if seen else "",
        phone_id=phone.id,
        account_id=phone.account_id,
        person_id=phone.person_id,
    )


def _unknown(seen: SeenPhone, fetched: str) -> PhoneRow:
    # A sighting that is neither comes from a phone that has left the directory since: it is unknown now.
    state = seen.state if seen.state is PhoneState.QUARANTINED else PhoneState.UNKNOWN
    return PhoneRow(
        mac=seen.mac,
        state=state,
        family=seen.family,
        model=seen.model,
        address=seen.address,
        firmware=seen.firmware,
        first_seen_at=seen.first_seen_at,
        last_seen_at=seen.last_seen_at,
        last_fetch_at=fetched,
        evidence=seen.evidence,
        switch_port=seen.switch_port,
    )
