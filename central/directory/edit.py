"""One edit of what the centre owns: rows, feed revisions and audit in one transaction, all or nothing (Z-2).

The functions beside this module decide; an Edit only carries out, and keeps three promises whatever they do: every site
concerned gets exactly one revision with the digest of its whole state, a row never leaves its account, and who changed
what is written down.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from central.directory.feedlog import SiteChanges, append_revision
from central.directory.taken import taken
from central.errors import NotFoundProblem, Words
from central.model import RECORDS, AccountRecord, AuditEntry, PresenceRecord, SiteState
from central.model.rows import account_of, everything_of_account, fill, find, of_account, site_of, to_row
from central.sealing import Sealer
from wire.rows import ROW_TYPES, Account, Presence, Row, Site, secret_fields

R = TypeVar("R", bound=Row)
Key = tuple[str, str]
_ORDER = {t.kind: i for i, t in enumerate(ROW_TYPES)}


class Edit:
    """Made by `Office.editing`, which finishes it. Lock the account or site first; then read, then write."""

    def __init__(self, session: Session, sealer: Sealer, actor: str, now: datetime, keep_revisions: int) -> None:
        self.session = session
        self.sealer = sealer
        self.actor = actor
        self.now = now
        self._keep = keep_revisions
        self._accounts: set[str] = set()
        self._sites: set[str] = set()
        self._before: dict[Key, Row | None] = {}
        self._after: dict[Key, Row | None] = {}

    def lock_account(self, account_id: str) -> Account:
        """The account, held until the edit ends, so that edits of one account follow each other."""
        record = self.session.scalar(select(AccountRecord).where(AccountRecord.id == account_id).with_for_update())
        if record is None:
            raise NotFoundProblem(Words("There is no such company.", "No existe esa empresa."))
        self._accounts.add(account_id)
        row = to_row(record, self.sealer)
        assert isinstance(row, Account)
        return row

    def lock_site(self, site_id: str) -> Site:
        """The site, held until the edit ends. For edits of the site itself and its trunks."""
        held = self.session.scalar(select(SiteState).where(SiteState.site_id == site_id).with_for_update())
        site = find(self.session, Site, site_id, self.sealer)
        if held is None or site is None:
            raise NotFoundProblem(Words("There is no such building.", "No existe ese edificio."))
        self._sites.add(site_id)
        return site

    def get(self, row_type: type[R], id_: str, account_id: str) -> R:
        """A row of this account. Raises NotFoundProblem for any other's, as for one that does not exist."""
        row = find(self.session, row_type, id_, self.sealer)
        if row is None or account_of(row) != account_id:
            raise NotFoundProblem(Words("That does not exist any more.", "Eso ya no existe."))
        return row

    def all(self, row_type: type[R], account_id: str) -> list[R]:
        return of_account(self.session, row_type, account_id, self.sealer)

    def put(self, row: Row) -> None:
        """Create or replace a row. Raises InputProblem where the database's own rules refuse it."""
        record = self.session.get(RECORDS[row.kind], row.id)
        before = None if record is None else to_row(record, self.sealer)
        self._held(row, before)
        if record is None:
            record = RECORDS[row.kind](id=row.id)
            self.session.add(record)
        fill(record, row, self.sealer)
        self._flush(row)
        self._before.setdefault((row.kind, row.id), before)
        self._after[(row.kind, row.id)] = row

    def delete(self, row: Row) -> None:
        """Delete a row; the caller has deleted what depends on it."""
        self._held(row, row)
        record = self.session.get(RECORDS[row.kind], row.id)
        if record is None:
            return
        self._before.setdefault((row.kind, row.id), to_row(record, self.sealer))
        self._after[(row.kind, row.id)] = None
        self.session.delete(record)
        self._flush(row)

    def note(self, action: str, kind: str, id_: str, after: dict[str, Any] | None = None, account: str = "") -> None:
        """Write down an act that changes no row of the directory."""
        self._audit(action, account or None, kind, id_, None, after)

    def finish(self) -> dict[str, int]:
        """Write the feed and the audit. Returns the new revision of each site concerned."""
        changed = {k: (self._before[k], after) for k, after in self._after.items() if self._before[k] != after}
        for (kind, id_), (before, after) in sorted(changed.items(), key=lambda c: _ORDER[c[0][0]]):
            row = after or before
            assert row is not None
            action = "create" if before is None else "delete" if after is None else "change"
            self._audit(action, account_of(row), kind, id_, shown(before), shown(after))
        revisions: dict[str, int] = {}
        for site_id, changes in sorted(self._changes_by_site(changed).items()):
            number = append_revision(self.session, self.sealer, site_id, changes, self.now, self._keep)
            if number is not None:
                revisions[site_id] = number
        return revisions

    def _changes_by_site(self, changed: dict[Key, tuple[Row | None, Row | None]]) -> dict[str, SiteChanges]:
        sites: dict[str, SiteChanges] = {}
        by_account: dict[str, dict[Key, tuple[Row | None, Row | None]]] = {}
        for key, (before, after) in changed.items():
            row = after or before
            assert row is not None
            account_id = account_of(row)
            if account_id is not None:
                by_account.setdefault(account_id, {})[key] = (before, after)
            else:
                site_id = site_of(row)
                sites.setdefault(site_id, SiteChanges()).add(before, after)
        for account_id, changes in by_account.items():
            self._spread(account_id, changes, sites)
        return sites

    def _spread(
        self, account_id: str, changes: dict[Key, tuple[Row | None, Row | None]], sites: dict[str, SiteChanges]
    ) -> None:
        """An account's changes to each site where it is; all of it to a site it came to, and out of one it left."""
        now_at = set(
            self.session.scalars(select(PresenceRecord.site_id).where(PresenceRecord.account_id == account_id))
        )
        came = {a.site_id for _, a in changes.values() if isinstance(a, Presence)}
        left = {b.site_id for b, a in changes.values() if isinstance(b, Presence) and a is None}
        was_at = (now_at - came) | left
        for site_id in now_at & was_at:
            for before, after in changes.values():
                sites.setdefault(site_id, SiteChanges()).add(before, after)
        if now_at == was_at:
            return
        current = everything_of_account(self.session, account_id, self.sealer)
        former = [r for r in current if (r.kind, r.id) not in changes]
        former += [b for b, _ in changes.values() if b is not None]
        for site_id in now_at - was_at:
            for row in current:
                sites.setdefault(site_id, SiteChanges()).add(None, row)
        for site_id in was_at - now_at:
            for row in former:
                sites.setdefault(site_id, SiteChanges()).add(row, None)

    def _held(self, row: Row, before: Row | None) -> None:
        account_id = account_of(row)
        if account_id is None:
            site_id = site_of(row)
            if before is None and isinstance(row, Site):
                self._sites.add(site_id)
            assert site_id in self._sites, "lock the site before changing it"
            return
        if before is None and isinstance(row, Account):
            self._accounts.add(account_id)
        assert account_id in self._accounts, "lock the account before changing it"
        if before is not None and account_of(before) != account_id:
            raise NotFoundProblem(Words("That belongs to another company.", "Eso es de otra empresa."))

    def _flush(self, row: Row) -> None:
        try:
            self.session.flush()
        except IntegrityError as refused:
            raise taken(row, str(refused.orig)) from refused

    def _audit(
        self,
        action: str,
        account_id: str | None,
        kind: str,
        id_: str,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        self.session.add(
            AuditEntry(
                at=self.now,
                who=self.actor,
                action=action,
                account_id=account_id,
                subject_kind=kind,
                subject_id=id_,
                before=before,
                after=after,
            )
        )


def shown(row: Row | None) -> dict[str, Any] | None:
    """A row as the audit keeps it: without its secrets."""
    if row is None:
        return None
    hidden = secret_fields(type(row))
    return {k: v for k, v in asdict(row).items() if k not in hidden}
