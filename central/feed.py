"""The change feed as a building reads it: revisions after the one it has, or a snapshot (wire/feed.py)."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from central.directory.feedlog import read_changes
from central.errors import FeedProblem, NotFoundProblem, Words
from central.model import FeedRevision, PresenceRecord, SiteState, SoundContent
from central.model.rows import everything_of_site
from central.model.services import OwnGreetingRecord, SoundRecord
from central.office import Office
from central.sealing import Sealer
from wire.feed import FeedAnswer, Revision, Snapshot

MAX_REVISIONS = 200
"""In one answer; the building asks again at once for the rest."""


def newest(session: Session, site_id: str) -> int:
    """Number of the site's newest revision. Raises NotFoundProblem when the site is gone."""
    number = session.scalar(select(SiteState.revision).where(SiteState.site_id == site_id))
    if number is None:
        raise NotFoundProblem(Words("This building is no longer known here.", "Este edificio ya no está dado de alta."))
    return number


def answer_after(session: Session, sealer: Sealer, site_id: str, after: int) -> FeedAnswer:
    """What follows revision `after`; no revisions when nothing does. Raises FeedProblem for an impossible `after`.

    The session must read one snapshot, so that rows, number and digest belong together.
    """
    last = newest(session, site_id)
    if after < 0:
        raise FeedProblem(
            Words(f"There is no revision {after}: they count from 1.", f"No existe la revisión {after}: van desde 1."),
            Words("Ask from 0 for a snapshot.", "Pida desde 0 para una copia completa."),
        )
    if after > last:
        raise FeedProblem(
            Words(
                f"The building asks for what follows revision {after}, but the newest here is {last}.",
                f"El edificio pide lo que sigue a la revisión {after}, pero la más nueva aquí es {last}.",
            ),
            Words(
                "The central office was restored from an older backup; ask from 0 for a snapshot.",
                "La central fue restaurada de un respaldo más viejo; pida desde 0 para una copia completa.",
            ),
        )
    if after == last and after > 0:
        return FeedAnswer(site_id)
    oldest = session.scalar(select(func.min(FeedRevision.revision)).where(FeedRevision.site_id == site_id))
    if after == 0 or oldest is None or oldest > after + 1:
        return FeedAnswer(site_id, snapshot(session, sealer, site_id))
    stored = session.scalars(
        select(FeedRevision)
        .where(FeedRevision.site_id == site_id, FeedRevision.revision > after)
        .order_by(FeedRevision.revision)
        .limit(MAX_REVISIONS)
    )
    return FeedAnswer(site_id, None, tuple(Revision(r.revision, r.digest, read_changes(sealer, r)) for r in stored))


def snapshot(session: Session, sealer: Sealer, site_id: str) -> Snapshot:
    state = session.get_one(SiteState, site_id)
    return Snapshot(state.revision, state.digest, tuple(everything_of_site(session, site_id, sealer)))


def sound_for(office: Office, site_id: str, sha256: str) -> bytes:
    """The octets of a sound of a company present at this site. Raises NotFoundProblem for any other."""
    there = select(PresenceRecord.account_id).where(PresenceRecord.site_id == site_id)
    named = (
        select(record.id).where(record.sha256 == sha256, record.account_id.in_(there))
        for record in (SoundRecord, OwnGreetingRecord)
    )
    with office.reading() as session:
        known = any(session.scalar(query.limit(1)) for query in named)
        found = session.get(SoundContent, sha256) if known else None
        content = found.content if found is not None else None
    if content is None:
        raise NotFoundProblem(Words("There is no such sound here.", "No existe ese sonido aquí."))
    return content
