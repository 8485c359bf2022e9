"""What can be reached now, for whoever explains a call and is no worker: the edge's report, Kamailio's own tables.

The same questions (plan.Reach) get the same answers that a call would meet; where they may not, `doubt` says so.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from appliance.directory.model import Directory
from appliance.directory.reports import STALE_S, EdgeReport
from appliance.errors import Words
from appliance.kamailio_rpc import Kamailio
from appliance.sip_edge.fraud import COUNTED
from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.kamailio.meter import Meter
from appliance.sip_edge.plan import Talk
from appliance.vocabulary import LinkState

SPENT = "spent"


class Tables(Protocol):
    """Kamailio's shared tables, read."""

    def sht_get(self, table: str, key: str) -> str | None: ...


class TablesNow:
    """They are asked over the control port; a Kamailio that is silent has nothing in them."""

    def __init__(self, kamailio: Kamailio) -> None:
        self._kamailio = kamailio

    def sht_get(self, table: str, key: str) -> str | None:
        answer = self._kamailio.call("htable.get", table, key)
        item = answer.get("item") if isinstance(answer, Mapping) else None
        return str(item["value"]) if isinstance(item, Mapping) and "value" in item else None


class _Outside:
    """What Meter and Board read through, standing outside of Kamailio."""

    def __init__(self, tables: Tables) -> None:
        self.htable = tables


class ReportedReach:
    """Without a report all is taken as reachable, and `doubt` says so."""

    def __init__(
        self, report: EdgeReport | None, now: datetime, link: LinkState, directory: Directory, tables: Tables
    ) -> None:
        self.report = report
        self.now = now
        self._link = link
        self._tables = tables
        self._meter = Meter(_Outside(tables))
        self._board = Board(_Outside(tables))
        self._talking = Counter(phone for c in (report.calls if report else ()) for phone in c.phone_ids)
        self._phones = {p.sip_user: p.id for p in directory.phones()}
        self._registered = {c.sip_user for c in (report.contacts if report else ()) if is_later(c.expires_at, now)}
        self._down = {t.trunk_id for t in (report.trunks if report else ()) if t.state is LinkState.DOWN}

    def registered(self, sip_user: str) -> bool:
        return self.report is None or sip_user in self._registered

    def trunk_up(self, trunk_id: str) -> bool:
        return trunk_id not in self._down

    def voice_up(self) -> bool:
        return self.report is None or self.report.voice_up

    def link_up(self) -> bool:
        return self._link is not LinkState.DOWN

    def calls_of(self, sip_user: str) -> int:
        return self._talking[self._phones.get(sip_user, "")]

    def alone(self, sip_user: str) -> bool:
        return self._board.alone(sip_user)

    def class_calls(self, scope: str, id: str, call_class: str) -> int:
        return self._meter.calls(scope, id) if call_class == COUNTED else 0

    def spent_today(self, scope: str, id: str) -> int:
        return int(self._tables.sht_get(SPENT, f"{scope}:{id}") or 0)

    def last_dialled(self, phone_id: str) -> str:
        return self._meter.last_dialled(phone_id)

    def last_caller(self, phone_id: str) -> str:
        return self._meter.last_caller(phone_id)

    def talk(self, key: str) -> Talk | None:
        # What is explained here takes no other call's place.
        return None

    def sent_by(self, sip_user: str, where: str) -> str:
        return ""

    def room_of(self, sip_user: str) -> str:
        return ""

    def doubt(self) -> Words | None:
        """Why the answer may not be what a call would meet now."""
        if self.report is None:
            return Words(
                "The edge has not reported: all phones, trunks and voice are taken as reachable.",
                "El borde no ha informado: se suponen alcanzables todos los teléfonos, las troncales y voice.",
            )
        if not is_later(self.report.at, self.now, STALE_S):
            return Words(
                f"The edge last reported at {self.report.at}: what can be reached may have changed.",
                f"El borde informó por última vez a las {self.report.at}: lo alcanzable puede haber cambiado.",
            )
        return None


def is_later(time: str, now: datetime, grace_s: float = 0.0) -> bool:
    """Whether an ISO 8601 time, with so much grace, is not past. One that cannot be read counts as past."""
    try:
        then = datetime.fromisoformat(time)
    except ValueError:
        return False
    return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() + grace_s > now.timestamp()
