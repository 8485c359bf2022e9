"""What the agent tells: gathered from the directory in force, the journal and the reports; no engine is asked (O-4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import Trunk
from appliance.directory.phoneboard import count_states, phone_board
from appliance.directory.reports import STALE_S, EdgeReport, SyncReportFile, read_report
from appliance.errors import DirectoryProblem
from appliance.settings import Settings
from appliance.vocabulary import LinkState, PhoneState

NEVER_S = -1
NO_REPORT = EdgeReport(at="")


@dataclass(frozen=True, slots=True)
class TrunkFact:
    """`since` ISO 8601, empty where it is not known."""

    id: str
    name: str
    state: LinkState
    since: str
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Facts:
    """A moment of the building. `edge_age_s` NEVER_S: the edge never reported; a stale report counts for its totals."""

    site: str = ""
    address: str = ""
    revision: int = 0
    edge_age_s: int = NEVER_S
    phones: Mapping[PhoneState, int] = field(default_factory=dict)
    registrations: int = 0
    edge: EdgeReport = NO_REPORT
    trunks: tuple[TrunkFact, ...] = ()
    central: LinkState = LinkState.UNKNOWN
    sync: SyncReportFile | None = None
    journal_waiting: int = 0

    @property
    def edge_fresh(self) -> bool:
        return 0 <= self.edge_age_s <= STALE_S


def gather(settings: Settings, live: Live, local: LocalStore, now: datetime) -> Facts:
    """Raises OSError or sqlite3.Error where the box itself is ill. A building without a directory is an empty one."""
    edge = read_report(settings.paths.reports_dir, EdgeReport) or NO_REPORT
    sync = read_report(settings.paths.reports_dir, SyncReportFile)
    edge_age = _age_s(edge.at, now)
    facts = Facts(
        edge_age_s=NEVER_S if edge_age is None else max(0, int(edge_age)),
        registrations=sum(1 for c in edge.contacts if _is_later(c.expires_at, now)),
        edge=edge,
        central=sync.link if sync and _is_fresh(sync.at, now) else LinkState.UNKNOWN,
        sync=sync,
        journal_waiting=local.waiting_count(),
    )
    try:
        directory = live.current()
    except DirectoryProblem:
        return facts
    board = phone_board(directory, local.sightings(), local.last_fetch_at(), edge.contacts, now)
    return replace(
        facts,
        site=directory.site.name,
        address=directory.site.address,
        revision=directory.revision,
        phones=count_states(board),
        trunks=tuple(_trunk(t, edge, facts.edge_fresh) for t in directory.trunks()),
    )


def _trunk(trunk: Trunk, edge: EdgeReport, fresh: bool) -> TrunkFact:
    report = next((t for t in edge.trunks if t.trunk_id == trunk.id), None)
    if report is None:
        return TrunkFact(trunk.id, trunk.name, LinkState.UNKNOWN, "", 0.0)
    state = report.state if fresh else LinkState.UNKNOWN
    return TrunkFact(trunk.id, trunk.name, state, report.since, report.latency_ms)


def _age_s(time: str, now: datetime) -> float | None:
    """Seconds since an ISO 8601 time; None where it cannot be read."""
    try:
        return now.timestamp() - datetime.fromisoformat(time).timestamp()
    except ValueError:
        return None


def _is_fresh(time: str, now: datetime) -> bool:
    age = _age_s(time, now)
    return age is not None and age <= STALE_S


def _is_later(time: str, now: datetime) -> bool:
    age = _age_s(time, now)
    return age is not None and age < 0
