"""The edge service's part in what calls say beside their course: settings in force, people alerted, money counted.

What a piece of news becomes is news.py's, what a call costs costs.py's.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.directory.habits import Habits
from appliance.directory.live import LiveDirectory
from appliance.directory.local import LocalStore
from appliance.directory.publish import publish
from appliance.directory.reports import AlertNow, SyncReportFile, read_report
from appliance.errors import Problem
from appliance.neighbours import Neighbours
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Settings
from appliance.sip_edge import news
from appliance.sip_edge.callfacts import Alerted, Arrived, Changed, News
from appliance.sip_edge.cdr import OpenCall
from appliance.sip_edge.control import Kamailio
from appliance.sip_edge.costs import Spent, totals
from appliance.sip_edge.fraud import limits_of
from appliance.vocabulary import LinkState
from wire.facts import EmergencyCalled, LimitBreached

log = logging.getLogger(__name__)


class Bulletin:
    """News once read waits here until it is in the journal."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._habits = Habits(settings.paths.local_db, SystemClock(), SystemChance())
        self._waiting: list[News] = []
        self._alerts: tuple[AlertNow, ...] | None = None
        self._neighbours = Neighbours(SystemClock())

    def read(self, told: Iterable[News], site_id: str) -> bool:
        """Journal what calls said; settings changed are in force when this returns. True: people are to be alerted."""
        self._waiting.extend(told)
        if not self._waiting:
            return False
        try:
            return self._keep(site_id)
        except (sqlite3.Error, OSError, Problem) as refused:
            log.warning("news of calls cannot be written: %s", refused)
            return False

    def _keep(self, site_id: str) -> bool:
        changes = [n for n in self._waiting if isinstance(n, Changed)]
        alerts = [n for n in self._waiting if isinstance(n, Alerted)]
        arrived = [n for n in self._waiting if isinstance(n, Arrived) and self._neighbours.mac_of(n.address) == n.mac]
        if self._habits.change((news.fact_id(c, site_id), news.change_of(c)) for c in changes):
            publish(self._settings)
        facts = [(news.fact_id(a, site_id), news.alert_of(a, site_id)) for a in alerts]
        self._habits.append_all(facts)
        self._habits.append_all((news.fact_id(a, site_id), news.moved_of(a, site_id)) for a in arrived)
        for _, fact in facts:
            log.warning("event=%s %s", fact.fact, " ".join(f"{k}={v!r}" for k, v in _logged(fact).items()))
        self._alerts = news.still_shown((*(news.shown(fact) for _, fact in facts), *self._kept()), datetime.now(UTC))
        self._waiting.clear()
        return bool(facts)

    def alerts(self) -> tuple[AlertNow, ...]:
        """Of the last day, newest first."""
        return news.still_shown(self._kept(), datetime.now(UTC))

    def _kept(self) -> tuple[AlertNow, ...]:
        if self._alerts is None:
            now = datetime.now(UTC)
            kinds = (EmergencyCalled.fact, LimitBreached.fact)
            found = (e for kind in kinds for e in self._habits.since(kind, now - news.SHOWN_FOR))
            self._alerts = news.still_shown(tuple(news.shown_body(e.fact, dict(e.body)) for e in found), now)
        return self._alerts


def _logged(fact: EmergencyCalled | LimitBreached) -> dict[str, str]:
    """What the log may say: who and where, no number that was called."""
    if isinstance(fact, LimitBreached):
        return {"account": fact.account_id, "limit": fact.limit}
    return {"account": fact.account_id, "phone": fact.phone_id, "test": str(fact.test)}


class Spending:
    """What is spent, told to Kamailio's workers; and whether the centre can be reached."""

    def __init__(self, settings: Settings, kamailio: Kamailio) -> None:
        self._settings = settings
        self._kamailio = kamailio
        self._store = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
        self._told: dict[str, int] = {}
        self._records: dict[int, dict[str, Any]] = {}
        self._read = 0

    def tell(self, directory: LiveDirectory, open_calls: Iterable[OpenCall], anew: bool) -> None:
        """`anew`: Kamailio has just started and knows nothing."""
        report = read_report(self._settings.paths.reports_dir, SyncReportFile)
        down = report is not None and report.link is LinkState.DOWN
        self._kamailio.call("htable.seti", "state", "link", 0 if down else 1)
        if anew:
            self._told = {}
        now = datetime.now(UTC)
        calls = (*self._past(directory, now), *self._running(directory, open_calls, now))
        found = totals(
            calls, lambda account: limits_of(directory, account), directory.site.id, now, directory.site.timezone
        )
        for key in self._told.keys() - found.keys():
            self._kamailio.call("htable.seti", "spent", key, 0)
        for key, amount in found.items():
            if self._told.get(key) != amount:
                self._kamailio.call("htable.seti", "spent", key, amount)
        self._told = found

    def _past(self, directory: LiveDirectory, now: datetime) -> Iterable[Spent]:
        """Each record is read once; those of former days go when the centre knows of them."""
        newest = self._store.last_seq()
        self._records.update(self._store.costing(self._read))
        self._read = newest
        oldest, unreported = (now - timedelta(hours=25)).isoformat(), self._store.unreported()
        self._records = {s: b for s, b in self._records.items() if s in unreported or b["started_at"] >= oldest}
        trunks = {t.id for t in directory.trunks()}
        for seq, body in self._records.items():
            if body["answered_by"] not in trunks:
                continue
            yield Spent(
                body["account_id"],
                _person_of(directory.phone, body["caller_phone_id"]),
                body["call_class"],
                int(body["talk_ms"]),
                body["started_at"],
                seq not in unreported,
            )

    def _running(self, directory: LiveDirectory, open_calls: Iterable[OpenCall], now: datetime) -> Iterable[Spent]:
        for call in open_calls:
            if call.invite is not None and call.answered_ms:
                yield Spent(
                    call.invite.account_id,
                    _person_of(directory.phone, call.invite.caller_phone_id),
                    call.invite.call_class,
                    max(1, int(now.timestamp() * 1000) - call.answered_ms),
                    datetime.fromtimestamp(call.started_ms / 1000, UTC).isoformat(),
                    False,
                )


def _person_of(phone_of: Callable[[str], object], phone_id: str) -> str:
    phone = phone_of(phone_id) if phone_id else None
    return str(getattr(phone, "person_id", ""))
