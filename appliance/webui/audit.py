"""Who did what, when, from where: every change made on the page or by `conserje users`, and every look at a call."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from appliance.webui.store import Store

AUDIT_KEPT = 200_000


class Action(StrEnum):
    """The value never changes once released: the audit keeps it."""

    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGIN_BLOCKED = "login_blocked"
    LOGOUT = "logout"
    USER_ADDED = "user_added"
    USER_REMOVED = "user_removed"
    ROLE_CHANGED = "role_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an action
    PHONE_ADOPTED = "phone_adopted"
    PHONE_ADOPTION_REFUSED = "phone_adoption_refused"
    PHONE_FORGOTTEN = "phone_forgotten"
    PHONE_TOLD = "phone_told"
    PHONE_WISH_CANCELLED = "phone_wish_cancelled"
    PHONE_SWAPPED = "phone_swapped"
    PHONE_SWAP_REFUSED = "phone_swap_refused"
    PHONE_ASSIGNED = "phone_assigned"
    PHONE_ASSIGNMENT_REFUSED = "phone_assignment_refused"
    PHONES_IMPORTED = "phones_imported"
    OVERRIDE_CHANGED = "override_changed"
    OVERRIDE_REFUSED = "override_refused"
    FIRMWARE_ADDED = "firmware_added"
    FIRMWARE_REFUSED = "firmware_refused"
    FIRMWARE_REMOVED = "firmware_removed"
    FIRMWARE_TARGET = "firmware_target"
    FIRMWARE_ROLLOUT = "firmware_rollout"
    CALL_SEEN = "call_seen"
    ROUTE_EXPLAINED = "route_explained"


@dataclass(frozen=True, slots=True)
class Entry:
    """`before` and `after`: what the change was from and to; empty where there is no such side. Never a secret."""

    at: str
    user: str
    address: str
    action: Action
    subject: str
    before: Mapping[str, str]
    after: Mapping[str, str]


class Audit:
    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, entry: Entry, connection: sqlite3.Connection | None = None) -> None:
        """Write an entry; within the caller's transaction when its connection is given, so that both stand or fall."""
        if connection is None:
            with self._store.transaction() as own:
                _insert(own, entry)
        else:
            _insert(connection, entry)

    def newest(self, limit: int, before_seq: int | None = None) -> tuple[tuple[int, Entry], ...]:
        """Entries with their sequence numbers, newest first; those older than `before_seq` when given."""
        found = self._store.connection.execute(
            "SELECT seq, at, user, address, action, subject, before, after FROM audit"
            " WHERE seq < coalesce(?, seq + 1) ORDER BY seq DESC LIMIT ?",
            (before_seq, limit),
        )
        return tuple(
            (seq, Entry(at, user, address, Action(action), subject, json.loads(before), json.loads(after)))
            for seq, at, user, address, action, subject, before, after in found
        )


def entry(
    now: datetime,
    user: str,
    address: str,
    action: Action,
    subject: str = "",
    before: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
) -> Entry:
    return Entry(
        now.isoformat(timespec="milliseconds"), user, address, action, subject[:200], before or {}, after or {}
    )


def _insert(connection: sqlite3.Connection, e: Entry) -> None:
    connection.execute(
        "INSERT INTO audit(at, user, address, action, subject, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (e.at, e.user, e.address, e.action, e.subject, json.dumps(dict(e.before)), json.dumps(dict(e.after))),
    )
    connection.execute("DELETE FROM audit WHERE seq <= (SELECT max(seq) FROM audit) - ?", (AUDIT_KEPT,))
