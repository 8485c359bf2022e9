"""Keeps the exchange's book at the newest revision of each site: only sites that changed are read again."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from central.errors import Problem
from central.exchange.book import Book, Login, Place, SitePage, ha1
from central.exchange.forwards import numbers_of, people_of
from central.model import AccountRecord, PhoneRecord, PresenceRecord, SiteRecord, SiteState, TrunkRecord, TrunkUseRecord
from central.model.rows import find
from central.office import Office
from central.sealing import Sealer
from wire.rows import Trunk, TrunkKind

log = logging.getLogger("conserje.central.exchange")
LOOK_S = 0.1
"""A building registers as soon as it has its log-in: the book must not come after it."""


def page_of(session: Session, sealer: Sealer, site_id: str, revision: int) -> SitePage:
    """What the book says of a site."""
    ids = session.scalars(
        select(TrunkRecord.id)
        .join(TrunkUseRecord, TrunkUseRecord.id == TrunkRecord.id)
        .where(
            TrunkRecord.site_id == site_id,
            TrunkRecord.trunk_kind == TrunkKind.CENTRAL.value,
            TrunkUseRecord.registers.is_(True),
        )
    )
    trunks = [t for i in ids if (t := find(session, Trunk, i, sealer)) is not None and t.username and t.secret]
    phones = session.execute(
        select(PhoneRecord.id, PhoneRecord.account_id, PhoneRecord.person_id).where(PhoneRecord.site_id == site_id)
    ).all()
    places = {Place("phone", id_, account) for id_, account, _ in phones}
    places |= {Place("person", person, account) for _, account, person in phones if person}
    accounts = list(
        session.scalars(
            select(AccountRecord)
            .join(PresenceRecord, PresenceRecord.account_id == AccountRecord.id)
            .where(PresenceRecord.site_id == site_id)
        )
    )
    site = session.get(SiteRecord, site_id)
    return SitePage(
        site_id,
        revision,
        tuple(Login(t.username, ha1(t.username, t.secret)) for t in trunks),
        tuple(sorted(places, key=lambda p: (p.kind, p.id))),
        tuple(a.id for a in accounts),
        tuple(n for a in accounts for n in numbers_of(session, a)),
        tuple(p for a in accounts for p in people_of(session, a.id, site)) if site else (),
    )


def bring_forward(office: Office, book: Book) -> int:
    """Write the pages of the sites that changed, and strike those that are gone. Returns how many pages changed."""
    known = book.revisions()
    with office.reading() as session:
        now = {row.site_id: row.revision for row in session.execute(select(SiteState.site_id, SiteState.revision))}
        stale = [s for s, r in now.items() if known.get(s) != r]
        for site_id in stale:
            book.write(page_of(session, office.sealer, site_id, now[site_id]))
    gone = known.keys() - now.keys()
    if gone:
        book.forget(gone)
    return len(stale) + len(gone)


def keep_forward(office: Office, path: Path, goes_on: Callable[[], bool], besides: Callable[[], None]) -> None:
    """Bring the book forward at each change, as long as `goes_on`; `besides` is done each time."""
    book = Book(path, readonly=False)
    seen: tuple[int, int] | None = None
    while goes_on():
        try:
            newest = _newest(office)
            if newest != seen:
                log.info("event=book_brought_forward sites=%d", bring_forward(office, book))
                seen = newest
        except Problem as away:
            log.warning("event=book_waits why=%s", away.code)
        besides()
        time.sleep(LOOK_S)
    book.close()


def _newest(office: Office) -> tuple[int, int]:
    """How many sites there are and the sum of their revisions: another pair, another state."""
    with office.reading() as session:
        count, total = session.execute(select(func.count(), func.sum(SiteState.revision)).select_from(SiteState)).one()
    return int(count), int(total or 0)
