"""What this building knows, as the rest of the appliance reads it.

The facts are the wire's own frozen dataclasses; this module adds the Protocols by which pure code asks for them.
"""

from dataclasses import dataclass, field
from typing import Protocol

from wire.rows import (
    Account,
    DestinationKind,
    DialProfile,
    Extension,
    Mapping,
    Number,
    Person,
    Phone,
    Presence,
    Row,
    Site,
    Trunk,
    TrunkKind,
)

__all__ = [
    "Account",
    "DestinationKind",
    "DialProfile",
    "Directory",
    "Extension",
    "Mapping",
    "MemoryDirectory",
    "Number",
    "Person",
    "Phone",
    "Presence",
    "Row",
    "Site",
    "Trunk",
    "TrunkKind",
]


class Directory(Protocol):
    """An immutable snapshot: every answer is of one revision. Look-ups return None for what is not there."""

    @property
    def revision(self) -> int: ...
    @property
    def site(self) -> Site: ...
    def account(self, account_id: str) -> Account | None: ...
    def accounts(self) -> tuple[Account, ...]: ...
    def person(self, person_id: str) -> Person | None: ...
    def extension(self, account_id: str, digits: str) -> Extension | None: ...
    def extension_of(self, target_kind: str, target_id: str) -> Extension | None:
        """The extension that leads to a thing: what to show as its short number."""

    def extensions(self, account_id: str) -> tuple[Extension, ...]: ...
    def number(self, e164: str) -> Number | None: ...
    def mapping(self, number_id: str) -> Mapping | None: ...
    def number_of(self, target_kind: str, target_id: str) -> Number | None:
        """The first number (by E.164) mapped to a thing: its own number towards the outside."""

    def phone(self, phone_id: str) -> Phone | None: ...
    def phone_by_mac(self, mac: str) -> Phone | None: ...
    def phone_by_sip_user(self, sip_user: str) -> Phone | None: ...
    def phones_of(self, person_id: str) -> tuple[Phone, ...]: ...
    def phones(self) -> tuple[Phone, ...]: ...
    def trunks(self) -> tuple[Trunk, ...]:
        """In the order in which they are tried."""

    def trunk(self, trunk_id: str) -> Trunk | None: ...


@dataclass(frozen=True)
class MemoryDirectory:
    """A Directory over rows in memory: for tests of pure code, previews and small tools."""

    rows: tuple[Row, ...]
    revision: int = 0
    _by_id: dict[tuple[str, str], Row] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {(r.kind, r.id): r for r in self.rows})

    @property
    def site(self) -> Site:
        return next(r for r in self.rows if isinstance(r, Site))

    def account(self, account_id: str) -> Account | None:
        row = self._by_id.get(("account", account_id))
        return row if isinstance(row, Account) else None

    def accounts(self) -> tuple[Account, ...]:
        return tuple(r for r in self.rows if isinstance(r, Account))

    def person(self, person_id: str) -> Person | None:
        row = self._by_id.get(("person", person_id))
        return row if isinstance(row, Person) else None

    def extension(self, account_id: str, digits: str) -> Extension | None:
        return next((e for e in self.extensions(account_id) if e.digits == digits), None)

    def extension_of(self, target_kind: str, target_id: str) -> Extension | None:
        found = (r for r in self.rows if isinstance(r, Extension))
        return next((e for e in found if (e.target_kind, e.target_id) == (target_kind, target_id)), None)

    def extensions(self, account_id: str) -> tuple[Extension, ...]:
        return tuple(r for r in self.rows if isinstance(r, Extension) and r.account_id == account_id)

    def number(self, e164: str) -> Number | None:
        return next((r for r in self.rows if isinstance(r, Number) and r.e164 == e164), None)

    def mapping(self, number_id: str) -> Mapping | None:
        row = self._by_id.get(("mapping", number_id))
        return row if isinstance(row, Mapping) else None

    def number_of(self, target_kind: str, target_id: str) -> Number | None:
        ids = {
            r.id
            for r in self.rows
            if isinstance(r, Mapping) and (r.target_kind, r.target_id) == (target_kind, target_id)
        }
        found = sorted((r.e164, r) for r in self.rows if isinstance(r, Number) and r.id in ids)
        return found[0][1] if found else None

    def phone(self, phone_id: str) -> Phone | None:
        row = self._by_id.get(("phone", phone_id))
        return row if isinstance(row, Phone) else None

    def phone_by_mac(self, mac: str) -> Phone | None:
        return next((p for p in self.phones() if p.mac == mac), None)

    def phone_by_sip_user(self, sip_user: str) -> Phone | None:
        return next((p for p in self.phones() if p.sip_user == sip_user), None)

    def phones_of(self, person_id: str) -> tuple[Phone, ...]:
        return tuple(p for p in self.phones() if p.person_id == person_id)

    def phones(self) -> tuple[Phone, ...]:
        return tuple(r for r in self.rows if isinstance(r, Phone))

    def trunks(self) -> tuple[Trunk, ...]:
        return tuple(sorted((r for r in self.rows if isinstance(r, Trunk)), key=lambda t: (t.priority, t.id)))

    def trunk(self, trunk_id: str) -> Trunk | None:
        row = self._by_id.get(("trunk", trunk_id))
        return row if isinstance(row, Trunk) else None
