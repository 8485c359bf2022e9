"""The change feed of each site as it is written: one revision at a time, the digest kept by adding and taking away."""

import json
import zlib
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from central.model import FeedRevision, SiteState
from central.sealing import Sealer
from wire.feed import (
    Change,
    Delete,
    Put,
    canonical,
    change_from_wire,
    change_to_wire,
    format_digest,
    row_digest,
    row_to_wire,
)
from wire.rows import ROW_TYPES, Row

_ORDER = {t.kind: i for i, t in enumerate(ROW_TYPES)}


@dataclass(slots=True)
class SiteChanges:
    """What one edit does to one site: the difference of the digests, and the changes."""

    difference: int = 0
    deletes: list[Delete] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)

    def add(self, before: Row | None, after: Row | None) -> None:
        if before is not None:
            self.difference -= row_digest(row_to_wire(before))
        if after is not None:
            self.difference += row_digest(row_to_wire(after))
            self.puts.append(Put(after))
        elif before is not None:
            self.deletes.append(Delete(before.kind, before.id))

    def in_order(self) -> tuple[Change, ...]:
        """Deletes first, what names before what is named; then puts, what is named first."""
        return (
            *sorted(self.deletes, key=lambda d: (-_ORDER[d.kind], d.id)),
            *sorted(self.puts, key=lambda p: (_ORDER[p.row.kind], p.row.id)),
        )


def append_revision(
    session: Session, sealer: Sealer, site_id: str, changes: SiteChanges, now: datetime, keep: int
) -> int | None:
    """Write the next revision of a site and return its number; None when the site itself is gone.

    The row of site_state is locked, so two edits at once get numbers that follow each other, without a hole.
    """
    state = session.scalar(
        select(SiteState)
        .where(SiteState.site_id == site_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if state is None:
        return None
    state.revision += 1
    state.digest = format_digest(int(state.digest, 16) + changes.difference)
    packed = zlib.compress(canonical([change_to_wire(c) for c in changes.in_order()]))
    session.add(
        FeedRevision(
            site_id=site_id,
            revision=state.revision,
            digest=state.digest,
            changes_sealed=sealer.seal(packed, _place(site_id, state.revision)),
            made_at=now,
        )
    )
    session.execute(
        delete(FeedRevision).where(FeedRevision.site_id == site_id, FeedRevision.revision <= state.revision - keep)
    )
    session.flush()
    return state.revision


def read_changes(sealer: Sealer, stored: FeedRevision) -> tuple[Change, ...]:
    packed = sealer.open(stored.changes_sealed, _place(stored.site_id, stored.revision))
    return tuple(change_from_wire(c) for c in json.loads(zlib.decompress(packed)))


def _place(site_id: str, revision: int) -> str:
    return f"feed/{site_id}/{revision}"
