"""Records to wire rows and back. Secrets are opened and sealed here, bound to kind, id and field; nowhere else."""

from dataclasses import fields
from typing import Any, TypeVar, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.model import RECORDS
from central.model.directory import Record
from central.rules.names import name_key
from central.sealing import Sealer
from wire.rows import BY_KIND, ROW_TYPES, Account, Person, Row, Site, Trunk, secret_fields
from wire.services import Receptionist, RingGroup, Schedule, SiteLimits, TrunkUse

R = TypeVar("R", bound=Row)

SITE_PARTS = (Trunk, SiteLimits, TrunkUse)
SITE_KINDS = (Site.kind, *(t.kind for t in SITE_PARTS))
ACCOUNT_KINDS = tuple(t.kind for t in ROW_TYPES if t.kind not in SITE_KINDS)
NAMED = (Site, Account, Person, RingGroup, Schedule, Receptionist)
"""Rows whose name is unique, by its folded form."""


def to_row(record: Record, sealer: Sealer | None) -> Row:
    """The wire row of a record. Without a sealer its secrets are left empty: enough for a page."""
    row_type = BY_KIND[record.__tablename__]
    hidden = secret_fields(row_type)
    values: dict[str, Any] = {}
    for f in fields(row_type):
        if f.name not in hidden:
            stored = getattr(record, f.name)
            values[f.name] = "" if stored is None else stored
        elif sealer is not None:
            sealed = getattr(record, f"{f.name}_sealed")
            values[f.name] = sealer.open(sealed, _place(record.__tablename__, record.id, f.name)).decode()
    return row_type(**values)


def fill(record: Record, row: Row, sealer: Sealer) -> None:
    """Write a row's values into its record."""
    hidden = secret_fields(type(row))
    for f in fields(row):
        value = getattr(row, f.name)
        if f.name in hidden:
            setattr(record, f"{f.name}_sealed", sealer.seal(value.encode(), _place(row.kind, row.id, f.name)))
        else:
            names_nothing = value == "" and bool(record.__table__.c[f.name].nullable)
            setattr(record, f.name, None if names_nothing else value)
    if isinstance(row, NAMED):
        record.name_key = name_key(row.name)  # type: ignore[attr-defined]  # the records of NAMED have it


def find(session: Session, row_type: type[R], id_: str, sealer: Sealer | None = None) -> R | None:
    record = session.get(RECORDS[row_type.kind], id_)
    return None if record is None else cast(R, to_row(record, sealer))


def of_account(session: Session, row_type: type[R], account_id: str, sealer: Sealer | None = None) -> list[R]:
    """All rows of one kind of one account, by id. Never another account's."""
    record = RECORDS[row_type.kind]
    owner = record.id if row_type is Account else cast(Any, record).account_id
    query = select(record).where(owner == account_id).order_by(record.id)
    return [cast(R, to_row(r, sealer)) for r in session.scalars(query)]


def everything_of_account(session: Session, account_id: str, sealer: Sealer) -> list[Row]:
    """What each site where the account is present holds of it, in an order in which each row follows what it names."""
    kinds = (BY_KIND[kind] for kind in ACCOUNT_KINDS)
    return [row for kind in kinds for row in of_account(session, kind, account_id, sealer)]


def everything_of_site(session: Session, site_id: str, sealer: Sealer) -> list[Row]:
    """The whole state of a building: the site, its trunks and limits, and all of the accounts present at it."""
    site = session.get(RECORDS[Site.kind], site_id)
    presence = cast(Any, RECORDS["presence"])
    rows = [] if site is None else [to_row(site, sealer)]
    for account_id in session.scalars(
        select(presence.account_id).where(presence.site_id == site_id).order_by(presence.account_id)
    ):
        rows += everything_of_account(session, account_id, sealer)
    for part in (cast(Any, RECORDS[t.kind]) for t in SITE_PARTS):
        rows += [to_row(r, sealer) for r in session.scalars(select(part).where(part.site_id == site_id))]
    return rows


def account_of(row: Row) -> str | None:
    """The account that a row belongs to; None for a site's own rows."""
    if isinstance(row, Site | Trunk | SiteLimits | TrunkUse):
        return None
    return row.id if isinstance(row, Account) else row.account_id


def site_of(row: Row) -> str:
    """The site of a row that belongs to no account."""
    return row.id if isinstance(row, Site) else str(getattr(row, "site_id"))  # noqa: B009 - the kinds of SITE_PARTS


def _place(kind: str, id_: str, name: str) -> str:
    return f"{kind}/{id_}/{name}"
