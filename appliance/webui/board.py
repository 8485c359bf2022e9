"""What the page shows at a glance, gathered into one frozen value. Pure: sources.py reads, templates draw.

J-4: people's names stay behind. A phone is named by its label or its extension and company, as on the phone itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from appliance.directory.model import Directory, Trunk
from appliance.directory.phoneboard import PhoneRow
from appliance.directory.reports import CallNow, EdgeReport, SyncReportFile, VoiceReport
from appliance.directory.resyncs import Resync
from appliance.listening import Port
from appliance.vocabulary import LinkState, PhoneState
from appliance.webui.alarms import Alarm, is_stale
from appliance.webui.masking import masked
from appliance.webui.plain import plain
from appliance.webui.wishes import WishLine, is_news, wish_line

STATE_ORDER = (
    PhoneState.QUARANTINED,
    PhoneState.LOST,
    PhoneState.UNKNOWN,
    PhoneState.PENDING,
    PhoneState.PROVISIONED,
    PhoneState.REGISTERED,
)
ATTENTION = frozenset(STATE_ORDER[:5])


class ReportState(StrEnum):
    FRESH = "fresh"
    STALE = "stale"
    ABSENT = "absent"


class ProcessState(StrEnum):
    SERVING = "serving"
    SILENT = "silent"
    """It should hold a port, or write a report, and does not."""


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """A phone as facility IT sees it. `name` is never empty. `wish`: what became of the last wish, while it is news."""

    row: PhoneRow
    name: str
    wish: WishLine | None = None

    @property
    def mac(self) -> str:
        return self.row.mac

    @property
    def state(self) -> PhoneState:
        return self.row.state

    @property
    def model(self) -> str:
        return make_and_model(self.row.family, self.row.model)

    @property
    def mac_pairs(self) -> str:
        return ":".join(self.mac[i : i + 2] for i in range(0, len(self.mac), 2))


@dataclass(frozen=True, slots=True)
class CallLine:
    account_name: str
    direction: str
    caller: str
    destination: str
    call_class: str
    state: str
    started_at: str
    answered_at: str


@dataclass(frozen=True, slots=True)
class TrunkLine:
    id: str
    name: str
    kind: str
    target: str
    state: LinkState
    since: str
    latency_ms: float


@dataclass(frozen=True, slots=True)
class ProcessLine:
    name: str
    does: str
    ports: tuple[Port, ...]
    state: ProcessState


@dataclass(frozen=True, slots=True)
class Board:
    """The building now: everything a page draws. Of `phones[*].row`, people's names are not for drawing (J-4)."""

    at: datetime
    site_name: str
    timezone: str
    revision: int | None
    """None: this building has no directory yet."""
    phones: tuple[PhoneLine, ...]
    calls: tuple[CallLine, ...]
    trunks: tuple[TrunkLine, ...]
    processes: tuple[ProcessLine, ...]
    edge_state: ReportState
    sync_state: ReportState
    edge: EdgeReport | None
    sync: SyncReportFile | None
    voice: VoiceReport | None
    waiting: int
    """Facts in the journal that the centre has not acknowledged."""
    central_expected: bool
    alarms: tuple[Alarm, ...]
    disk_free_percent: float
    counts: Mapping[PhoneState, int] = field(default_factory=dict)

    @property
    def link(self) -> LinkState:
        """The centre, as far as it is known now."""
        return self.sync.link if self.sync and self.sync_state is ReportState.FRESH else LinkState.UNKNOWN

    def phone(self, mac: str) -> PhoneLine | None:
        return next((p for p in self.phones if p.mac == mac), None)


def phone_name(row: PhoneRow) -> str:
    """What stands on the phone's own display, or as near as is known."""
    if row.label:
        return row.label
    if row.extension:
        return row.extension
    return f"{make_and_model(row.family, row.model) or 'SIP'} · {row.mac[-6:].upper()}"


def make_and_model(family: str, model: str) -> str:
    """`cisco_spa` and `SPA504G` as `Cisco SPA504G`; empty when nothing is known."""
    make, *line = family.split("_")
    named = [w.upper() for w in line if w and not model.upper().startswith(w.upper())]
    return " ".join(w for w in (make.title(), *named, model) if w)


def phone_lines(rows: Iterable[PhoneRow], wishes: Mapping[str, Resync], now: datetime) -> tuple[PhoneLine, ...]:
    """`wishes` by MAC."""

    def news(row: PhoneRow) -> WishLine | None:
        found = wishes.get(row.mac)
        line = wish_line(found, (row.last_fetch_at,)) if found else None
        return line if line and is_news(line, now) else None

    return tuple(PhoneLine(r, phone_name(r), news(r)) for r in rows)


def call_lines(calls: Iterable[CallNow], directory: Directory | None) -> tuple[CallLine, ...]:
    """Calls now, the longest first, outside numbers masked."""

    def account_name(account_id: str) -> str:
        found = directory.account(account_id) if directory else None
        return found.name if found else ""

    return tuple(
        CallLine(
            account_name(c.account_id),
            c.direction,
            masked(c.caller),
            masked(c.destination),
            c.call_class,
            c.state,
            c.started_at,
            c.answered_at,
        )
        for c in sorted(calls, key=lambda c: (c.started_at, c.call_id))
    )


def trunk_lines(trunks: Iterable[Trunk], edge: EdgeReport | None, fresh: bool) -> tuple[TrunkLine, ...]:
    """The directory's trunks in the order in which they are tried, each with what the edge says of it."""
    said = {t.trunk_id: t for t in edge.trunks} if edge and fresh else {}
    return tuple(
        TrunkLine(
            t.id,
            t.name,
            t.trunk_kind,
            f"{t.host}:{t.port or 'SRV'}/{t.transport}",
            said[t.id].state if t.id in said else LinkState.UNKNOWN,
            said[t.id].since if t.id in said else "",
            said[t.id].latency_ms if t.id in said else 0.0,
        )
        for t in trunks
    )


def report_state(at: str | None, now: datetime) -> ReportState:
    if at is None:
        return ReportState.ABSENT
    return ReportState.STALE if is_stale(at, now) else ReportState.FRESH


def select(lines: Iterable[PhoneLine], text: str = "", state: PhoneState | None = None) -> tuple[PhoneLine, ...]:
    """Phones in `state` that match every word of `text`: name, company, extension, MAC, address, model."""
    words = plain(text).split()

    def matches(line: PhoneLine) -> bool:
        r = line.row
        own = (line.name, r.account_name, r.extension, r.mac, line.mac_pairs, r.address, line.model, r.user_agent)
        hay = plain(" ".join(own))
        return all(w in hay or w.replace(":", "").replace("-", "") in r.mac for w in words)

    return tuple(p for p in lines if (state is None or p.state is state) and matches(p))
