"""What this building knows, as the rest of the appliance reads it.

The facts are the wire's own frozen dataclasses; this module adds the Protocols by which pure code asks for them.
"""

from dataclasses import dataclass, field
from typing import Protocol, TypeVar, cast

from wire.rows import (
    Account,
    DestinationKind,
    DialProfile,
    Extension,
    KeyKind,
    LineKey,
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
from wire.services import LISTED_BY, ServiceRow

__all__ = [
    "Account",
    "DestinationKind",
    "DialProfile",
    "Directory",
    "Extension",
    "KeyKind",
    "LineKey",
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


R = TypeVar("R", Account, Extension, LineKey, Phone, Site, Trunk)
S = TypeVar("S", bound=ServiceRow)


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
    def keys_of(self, phone_id: str) -> tuple[LineKey, ...]:
        """Its programmable keys, by position."""

    def trunks(self) -> tuple[Trunk, ...]:
        """In the order in which they are tried."""

    def trunk(self, trunk_id: str) -> Trunk | None: ...

    def service(self, row_type: type[S], row_id: str) -> S | None:
        """A row of wire/services.py by its id."""

    def services_of(self, row_type: type[S], parent_id: str) -> tuple[S, ...]:
        """The rows that are parts of one thing (LISTED_BY), by position or id: a group's members, a menu's keys."""

    def services(self, row_type: type[S], account_id: str) -> tuple[S, ...]:
        """All of an account's rows of one kind, by id."""


def listing_order(row: ServiceRow) -> tuple[int, str]:
    return getattr(row, "position", 0), row.id


@dataclass(frozen=True)
class MemoryDirectory:
    """A Directory over rows in memory: for tests of pure code, previews and small tools.

    Each look-up is one step in an index. Where rows share a key that should be unique, the first one counts.
    Without a row for the site, the site is one without name or number.
    """

    rows: tuple[Row, ...]
    revision: int = 0
    _by_id: dict[tuple[str, str], Row] = field(init=False, repr=False, compare=False)
    _by_key: dict[tuple[str, ...], Row] = field(init=False, repr=False, compare=False)
    _lists: dict[tuple[str, str], tuple[Row, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {(r.kind, r.id): r for r in self.rows})
        by_key: dict[tuple[str, ...], Row] = {}
        lists: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            lists.setdefault((row.kind, ""), []).append(row)
            match row:
                case Extension():
                    by_key.setdefault(("extension", row.account_id, row.digits), row)
                    by_key.setdefault(("extension_of", row.target_kind, row.target_id), row)
                    lists.setdefault(("extension", f"of {row.account_id}"), []).append(row)
                case Phone():
                    by_key.setdefault(("mac", row.mac), row)
                    by_key.setdefault(("sip_user", row.sip_user), row)
                    lists.setdefault(("phone", f"of {row.person_id}"), []).append(row)
                case LineKey():
                    lists.setdefault(("line_key", f"of {row.phone_id}"), []).append(row)
                case _ if isinstance(row, ServiceRow):
                    parent = LISTED_BY.get(type(row))
                    if parent:
                        lists.setdefault((row.kind, f"part of {getattr(row, parent)}"), []).append(row)
                    lists.setdefault((row.kind, f"of {getattr(row, 'account_id', '')}"), []).append(row)
                case _:
                    pass
        for row in sorted((r for r in self.rows if isinstance(r, Number)), key=lambda n: n.e164):
            by_key.setdefault(("number", row.e164), row)
            mapping = self._by_id.get(("mapping", row.id))
            if isinstance(mapping, Mapping):
                by_key.setdefault(("number_of", mapping.target_kind, mapping.target_id), row)
        object.__setattr__(self, "_by_key", by_key)
        object.__setattr__(self, "_lists", {key: tuple(rows) for key, rows in lists.items()})

    def _listed(self, kind: type[R], key: str = "") -> tuple[R, ...]:
        return cast("tuple[R, ...]", self._lists.get((kind.kind, key), ()))

    @property
    def site(self) -> Site:
        sites = self._listed(Site)
        return sites[0] if sites else Site(id="", name="")

    def account(self, account_id: str) -> Account | None:
        row = self._by_id.get(("account", account_id))
        return row if isinstance(row, Account) else None

    def accounts(self) -> tuple[Account, ...]:
        return self._listed(Account)

    def person(self, person_id: str) -> Person | None:
        row = self._by_id.get(("person", person_id))
        return row if isinstance(row, Person) else None

    def extension(self, account_id: str, digits: str) -> Extension | None:
        return cast("Extension | None", self._by_key.get(("extension", account_id, digits)))

    def extension_of(self, target_kind: str, target_id: str) -> Extension | None:
        return cast("Extension | None", self._by_key.get(("extension_of", target_kind, target_id)))

    def extensions(self, account_id: str) -> tuple[Extension, ...]:
        return self._listed(Extension, f"of {account_id}")

    def number(self, e164: str) -> Number | None:
        return cast("Number | None", self._by_key.get(("number", e164)))

    def mapping(self, number_id: str) -> Mapping | None:
        row = self._by_id.get(("mapping", number_id))
        return row if isinstance(row, Mapping) else None

    def number_of(self, target_kind: str, target_id: str) -> Number | None:
        return cast("Number | None", self._by_key.get(("number_of", target_kind, target_id)))

    def phone(self, phone_id: str) -> Phone | None:
        row = self._by_id.get(("phone", phone_id))
        return row if isinstance(row, Phone) else None

    def phone_by_mac(self, mac: str) -> Phone | None:
        return cast("Phone | None", self._by_key.get(("mac", mac)))

    def phone_by_sip_user(self, sip_user: str) -> Phone | None:
        return cast("Phone | None", self._by_key.get(("sip_user", sip_user)))

    def phones_of(self, person_id: str) -> tuple[Phone, ...]:
        return self._listed(Phone, f"of {person_id}")

    def phones(self) -> tuple[Phone, ...]:
        return self._listed(Phone)

    def keys_of(self, phone_id: str) -> tuple[LineKey, ...]:
        return tuple(sorted(self._listed(LineKey, f"of {phone_id}"), key=lambda k: (k.position, k.id)))

    def trunks(self) -> tuple[Trunk, ...]:
        return tuple(sorted(self._listed(Trunk), key=lambda t: (t.priority, t.id)))

    def trunk(self, trunk_id: str) -> Trunk | None:
        row = self._by_id.get(("trunk", trunk_id))
        return row if isinstance(row, Trunk) else None

    def service(self, row_type: type[S], row_id: str) -> S | None:
        row = self._by_id.get((row_type.kind, row_id))
        return row if isinstance(row, row_type) else None

    def services_of(self, row_type: type[S], parent_id: str) -> tuple[S, ...]:
        found = cast("tuple[S, ...]", self._lists.get((row_type.kind, f"part of {parent_id}"), ()))
        return tuple(sorted(found, key=listing_order))

    def services(self, row_type: type[S], account_id: str) -> tuple[S, ...]:
        found = cast("tuple[S, ...]", self._lists.get((row_type.kind, f"of {account_id}"), ()))
        return tuple(sorted(found, key=lambda row: row.id))
