"""Who may be told now to read its files again: free, registered, its turn. Pure; resync_service.py tells them.

A phone in a call is left alone, however long it talks; what the edge does not tell freshly counts as "in a call".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from appliance.directory.model import Phone
from appliance.directory.reports import EdgeReport
from appliance.directory.resyncs import Resync

FRESH_S = 6.0
"""Of the edge's report, which is written every 2 s at least and within a second of a call's beginning or end."""

PATIENCE_S = 12 * 3600.0
"""So long a phone is waited for. Whoever is not registered reads its files when it starts."""


@dataclass(frozen=True, slots=True)
class Turn:
    """`send` now; `hold`, and why; `give_up`, and why."""

    send: tuple[Resync, ...] = ()
    hold: tuple[tuple[Resync, str], ...] = ()
    give_up: tuple[tuple[Resync, str], ...] = ()


def due(
    waiting: Iterable[Resync],
    phones: Mapping[str, Phone],
    report: EdgeReport | None,
    now: datetime,
    at_most: int,
) -> Turn:
    """What becomes of those that wait. `phones` by MAC; `at_most` are sent, the first come first."""
    fresh = report is not None and report.kamailio_up and abs(_age_s(report.at, now)) <= FRESH_S
    busy = {i for c in report.calls for i in c.phone_ids} if report else set()
    here = {c.sip_user for c in report.contacts if _age_s(c.expires_at, now) < 0} if report else set()
    send: list[Resync] = []
    hold: list[tuple[Resync, str]] = []
    give_up: list[tuple[Resync, str]] = []
    for resync in waiting:
        phone = phones.get(resync.mac)
        why = _held_by(phone, fresh, busy, here)
        if phone is None or _age_s(resync.asked_at, now) > PATIENCE_S:
            give_up.append((resync, why or resync.held_by))
        elif resync.not_before and _age_s(resync.not_before, now) < 0:
            hold.append((resync, resync.held_by))
        elif why:
            hold.append((resync, why))
        elif len(send) < at_most:
            send.append(resync)
    return Turn(tuple(send), tuple(hold), tuple(give_up))


def _held_by(phone: Phone | None, fresh: bool, busy: set[str], here: set[str]) -> str:
    if phone is None:
        return "not-in-directory"
    if not fresh:
        return "edge-silent"
    if phone.id in busy:
        return "in-a-call"
    return "" if phone.sip_user in here else "not-registered"


def _age_s(at: str, now: datetime) -> float:
    """Seconds since `at`; a time that cannot be read was long ago."""
    try:
        return (now - datetime.fromisoformat(at)).total_seconds()
    except (ValueError, TypeError):
        return float("inf")
