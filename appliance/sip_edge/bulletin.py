"""The edge service's part in what calls say beside their course: settings in force, people alerted, money counted.

What a piece of news becomes is news.py's, what a call costs costs.py's.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
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
from appliance.sip_edge.dialogs import key_of
from appliance.sip_edge.fraud import limits_of
from appliance.sip_edge.kamailio.board import Entry, entries, listed
from appliance.sip_edge.kamailio.meter import METER, owners_of
from appliance.vocabulary import LinkState
from wire.facts import EmergencyCalled, LimitBreached
from wire.prices import INTERNATIONAL, PREMIUM

_COSTLY = (INTERNATIONAL, PREMIUM)
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


_NEEDED = ("account_id", "payer_id", "caller_phone_id", "call_class", "talk_ms", "started_at", "answered_by")
"""Of a record, to know what was spent."""


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
        self._uptime = 0

    def tell(self, directory: LiveDirectory, open_calls: Iterable[OpenCall], anew: bool) -> None:
        """`anew`: Kamailio may have just started and know nothing."""
        open_calls = tuple(open_calls)
        report = read_report(self._settings.paths.reports_dir, SyncReportFile)
        down = report is not None and report.link is LinkState.DOWN
        self._kamailio.call("htable.seti", "state", "link", 0 if down else 1)
        if self._began_anew() or anew:
            self._told = {}
            self._put_back(open_calls, directory.site.id)
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

    def _began_anew(self) -> bool:
        """Also where nobody was looking in the moment in which it was gone."""
        answer = self._kamailio.call("core.uptime")
        uptime = answer.get("uptime") if isinstance(answer, Mapping) else None
        if not isinstance(uptime, int):
            return False
        before, self._uptime = self._uptime, uptime
        return uptime < before

    def _put_back(self, open_calls: Iterable[OpenCall], site_id: str) -> None:
        """Calls that cost and are up: workers count them for the limits on how many there may be at once."""
        for call in open_calls:
            told = call.invite
            if told is None or not told.payer_id or call.ended_ms or told.call_class not in _COSTLY:
                continue
            key, since_s = key_of(told.call_id, told.from_tag), call.started_ms // 1000
            owners = owners_of(told.payer_id, told.account_id, site_id)
            self._kamailio.call("htable.sets", METER, f"of:{key}", "\n".join(owners))
            for owner in owners:
                answer = self._kamailio.call("htable.get", METER, owner)
                item = answer.get("item") if isinstance(answer, Mapping) else None
                found = entries(str(item["value"])) if isinstance(item, Mapping) and "value" in item else []
                if all(e.key != key for e in found):
                    self._kamailio.call("htable.sets", METER, owner, listed((*found, Entry(key, since_s))))

    def _past(self, directory: LiveDirectory, now: datetime) -> Iterable[Spent]:
        """Each record is read once; those of former days go when the centre knows of them."""
        newest = self._store.last_seq()
        # Without their legs and reasons, which are most of a record: a day's are kept.
        self._records.update((s, {n: b[n] for n in _NEEDED if n in b}) for s, b in self._store.costing(self._read))
        self._read = newest
        oldest, unreported = (now - timedelta(hours=25)).isoformat(), self._store.unreported()
        self._records = {s: b for s, b in self._records.items() if s in unreported or b["started_at"] >= oldest}
        trunks = {t.id for t in directory.trunks()}
        for seq, body in self._records.items():
            if body["answered_by"] not in trunks:
                continue
            yield Spent(
                body["account_id"],
                body.get("payer_id") or _person_of(directory.phone, body["caller_phone_id"]),
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
                    call.invite.payer_id or _person_of(directory.phone, call.invite.caller_phone_id),
                    call.invite.call_class,
                    max(1, int(now.timestamp() * 1000) - call.answered_ms),
                    datetime.fromtimestamp(call.started_ms / 1000, UTC).isoformat(),
                    False,
                )


def _person_of(phone_of: Callable[[str], object], phone_id: str) -> str:
    phone = phone_of(phone_id) if phone_id else None
    return str(getattr(phone, "person_id", ""))
