"""Pages of what happened: calls of a company, and the audit of the whole office."""

from contextlib import suppress

from flask import Blueprint, request
from sqlalchemy import select

from central.clock import from_iso, iso
from central.model import AuditEntry, CdrRecord
from central.portal.base import Answer, Desk, page
from central.portal.lookup import account_of, sites_of

PAGE = 50


def add_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.get("/accounts/<account_id>/calls")
    def calls(account_id: str) -> Answer:
        query = select(CdrRecord).where(CdrRecord.account_id == account_id)
        with suppress(KeyError, ValueError):  # no place in the list given: from the newest
            query = query.where(CdrRecord.started_at < from_iso(request.args["before"]))
        with office.reading() as session:
            account = account_of(session, account_id)
            rows = list(session.scalars(query.order_by(CdrRecord.started_at.desc()).limit(PAGE + 1)))
            places = {s.id: s for s in sites_of(session, account_id)}
        older = iso(rows[PAGE - 1].started_at) if len(rows) > PAGE else ""
        return page("calls.html", account=account, rows=rows[:PAGE], places=places, older=older)

    @pages.get("/audit")
    def audit() -> Answer:
        query = select(AuditEntry)
        before = request.args.get("before", "")
        if before.isdigit() and len(before) < 18:
            query = query.where(AuditEntry.id < int(before))
        with office.reading() as session:
            rows = list(session.scalars(query.order_by(AuditEntry.id.desc()).limit(PAGE + 1)))
        older = rows[PAGE - 1].id if len(rows) > PAGE else 0
        return page("audit.html", rows=rows[:PAGE], older=older, differences=_differences)


def _differences(entry: AuditEntry) -> list[tuple[str, str, str]]:
    """(field, before, after) of what changed."""
    before, after = entry.before or {}, entry.after or {}
    names = sorted(set(before) | set(after))
    return [(n, str(before.get(n, "")), str(after.get(n, ""))) for n in names if before.get(n) != after.get(n)]
