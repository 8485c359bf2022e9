"""What each building says of the revision it runs (S-5), kept and read: the centre's picture of its fleet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from central.clock import from_iso
from central.errors import WireInputProblem, Words
from central.model import BuildingStatus, FeedRevision, PresenceRecord, SiteContact, SiteRecord, SiteState
from central.office import Office
from central.rules.names import clean

MAX_ERROR = 1000
CONTACT_EVERY = timedelta(minutes=2)
SILENT_AFTER = timedelta(minutes=5)
"""A building asks again at the end of each long poll; silence for so long means a link that is down."""
_STATES = ("applied", "error")


class SyncState(StrEnum):
    APPLIED = "applied"
    PENDING = "pending"
    """It has not reported the newest revision yet."""
    ERROR = "error"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class RolledBack:
    """A revision that a building could not take or keep; it went on with the one before."""

    revision: int
    at: datetime | None
    en: str
    es: str


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One building on the list of sites."""

    id: str
    name: str
    accounts: int
    revision: int
    state: SyncState
    applied_revision: int
    error_en: str
    error_es: str
    rolled_back: RolledBack | None
    """The last time, also when all is well again."""
    modified_at: datetime | None
    """When the newest revision was made here."""
    received_at: datetime | None
    version: str
    timezone: str
    contact_at: datetime | None
    silent: bool
    """It was in contact once, and has not been for a while."""


def keep_status(office: Office, site_id: str, body: Mapping[str, Any]) -> None:
    """Store a SyncReport in wire form. Raises WireInputProblem."""
    revision, state = body.get("revision"), body.get("state")
    texts = {n: body.get(n) for n in ("digest", "error_en", "error_es", "at", "version")}
    sound = isinstance(revision, int) and not isinstance(revision, bool) and 0 <= revision < 2**53
    if not sound or state not in _STATES or not all(isinstance(t, str) for t in texts.values()):
        raise WireInputProblem(Words("The report does not fit the schema.", "El reporte no cumple el esquema."))
    kept: dict[str, Any] = {name: clean(str(text))[:MAX_ERROR] for name, text in texts.items()}
    # Only where it was rolled back since its process started; else what was said before stands.
    back = body.get("rolled_back_from", 0)
    if isinstance(back, int) and not isinstance(back, bool) and 0 < back < 2**53:
        names = ("rolled_back_at", "rolled_back_en", "rolled_back_es")
        kept |= {"rolled_back_from": back, **{n: clean(str(body.get(n, "")))[:MAX_ERROR] for n in names}}
    with office.database.writing() as session:
        session.merge(
            BuildingStatus(site_id=site_id, revision=revision, state=state, received_at=office.clock.now(), **kept)
        )


class Contacts:
    """Notes when buildings were last heard, without a write for each request."""

    def __init__(self) -> None:
        self._noted: dict[str, datetime] = {}

    def note(self, office: Office, site_id: str) -> None:
        now = office.clock.now()
        if now - self._noted.get(site_id, now - CONTACT_EVERY) < CONTACT_EVERY:
            return
        self._noted[site_id] = now
        with office.database.writing() as session:
            known = session.get(SiteContact, site_id)
            if known is None or known.at < now:
                session.merge(SiteContact(site_id=site_id, at=now))


def site_lines(session: Session, now: datetime, only: str = "") -> list[SiteLine]:
    """All buildings by name, or only one, with what they run."""
    counts = dict(session.execute(select(PresenceRecord.site_id, func.count()).group_by(PresenceRecord.site_id)).all())
    query = (
        select(SiteRecord, SiteState, BuildingStatus, SiteContact.at, FeedRevision.made_at)
        .join(SiteState, SiteState.site_id == SiteRecord.id)
        .outerjoin(
            FeedRevision, (FeedRevision.site_id == SiteRecord.id) & (FeedRevision.revision == SiteState.revision)
        )
        .outerjoin(BuildingStatus, BuildingStatus.site_id == SiteRecord.id)
        .outerjoin(SiteContact, SiteContact.site_id == SiteRecord.id)
        .order_by(SiteRecord.name_key)
    )
    rows = session.execute(query.where(SiteRecord.id == only) if only else query)
    return [
        SiteLine(
            id=site.id,
            name=site.name,
            accounts=counts.get(site.id, 0),
            revision=state.revision,
            state=_state(state, status),
            applied_revision=status.revision if status else 0,
            error_en=status.error_en if status else "",
            error_es=status.error_es if status else "",
            rolled_back=_rolled_back(status),
            modified_at=made_at,
            received_at=status.received_at if status else None,
            version=status.version if status else "",
            timezone=site.timezone,
            contact_at=contact,
            silent=contact is not None and now - contact > SILENT_AFTER,
        )
        for site, state, status, contact, made_at in rows
    ]


def _rolled_back(status: BuildingStatus | None) -> RolledBack | None:
    if status is None or not status.rolled_back_from:
        return None
    try:
        at = from_iso(status.rolled_back_at)
    except ValueError:
        at = None
    return RolledBack(status.rolled_back_from, at, status.rolled_back_en, status.rolled_back_es)


def _state(state: SiteState, status: BuildingStatus | None) -> SyncState:
    if status is None:
        return SyncState.NEVER
    if status.state == "error":
        return SyncState.ERROR
    same = status.revision == state.revision and status.digest == state.digest
    return SyncState.APPLIED if same else SyncState.PENDING
