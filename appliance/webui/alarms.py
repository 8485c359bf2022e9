"""What is wrong in the building now, derived from what its processes report. Pure; the page puts the words to it.

An alarm has no memory: it stands while its cause stands, and is gone when the cause is gone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from appliance.directory.reports import STALE_S, EdgeReport, SyncReportFile
from appliance.vocabulary import LinkState, PhoneState

NAMED_BANS = 5
NAMED_PHONES = 3
"""Lost phones named one by one; more are one alarm with a count."""
NAMED_ALERTS = 5
"""Of each kind, the newest; emergency calls are shown all."""
ALERT_SHOWN_S = 3600.0
"""How long an emergency call, or a breached limit against fraud, stands as an alarm."""
EMERGENCY = "emergency"
SPOKEN_OF_BY_EDGE = frozenset({"kamailio", "rtpengine", "voice"})
"""The edge's report says more of these than a held port does."""
DISK_LOW_PERCENT = 10.0
DISK_CRITICAL_PERCENT = 3.0
CERTIFICATE_SOON_DAYS = 21.0
CERTIFICATE_CRITICAL_DAYS = 3.0


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"


_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Alarm:
    """`code` names the sentence (words.py, `alarm.<code>`), `params` fill it. `since`: ISO 8601 UTC, or empty."""

    code: str
    severity: Severity
    subject: str = ""
    since: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PhoneFact:
    name: str
    state: PhoneState


@dataclass(frozen=True, slots=True)
class Disk:
    """Space of the file system that holds the building's state."""

    total_bytes: int
    free_bytes: int

    @property
    def free_percent(self) -> float:
        return 100.0 * self.free_bytes / self.total_bytes if self.total_bytes else 100.0


@dataclass(frozen=True, slots=True)
class Certificate:
    name: str
    not_after: datetime


def seconds_since(at: str, now: datetime) -> float:
    """Age in seconds of an ISO 8601 time; infinite when it cannot be read."""
    try:
        then = datetime.fromisoformat(at)
    except ValueError:
        return float("inf")
    return (now - (then if then.tzinfo else then.replace(tzinfo=UTC))).total_seconds()


def is_stale(at: str, now: datetime) -> bool:
    """A report this old is no longer what holds now: its writer is dead or stuck."""
    return seconds_since(at, now) > STALE_S


def alarms(
    now: datetime,
    edge: EdgeReport | None,
    sync: SyncReportFile | None,
    phones: Iterable[PhoneFact] = (),
    trunk_names: Mapping[str, str] | None = None,
    disk: Disk | None = None,
    certificates: Iterable[Certificate] = (),
    central_expected: bool = True,
    silent: Iterable[str] = (),
) -> tuple[Alarm, ...]:
    """Every alarm that stands, the worst first.

    `trunk_names`: id -> name of this building's trunks; others are not spoken of. `silent`: processes that should
    hold a port and do not.
    """
    found = [
        *_engines(now, edge, set(silent)),
        *_calls(now, edge),
        *_ways_out(now, edge, sync, trunk_names or {}, central_expected),
        *_phones(tuple(phones), edge is not None and not is_stale(edge.at, now)),
        *_box(now, disk, certificates),
    ]
    return tuple(sorted(found, key=lambda a: (_ORDER.index(a.severity), a.code, a.subject)))


def _engines(now: datetime, edge: EdgeReport | None, silent: set[str]) -> Iterable[Alarm]:
    if edge is None:
        yield Alarm("edge-absent", Severity.CRITICAL)
    elif is_stale(edge.at, now):
        yield Alarm("edge-stale", Severity.CRITICAL, since=edge.at)
    else:
        if not edge.kamailio_up:
            yield Alarm("engine-down", Severity.CRITICAL, "kamailio", params={"engine": "Kamailio"})
        if not edge.media_up:
            yield Alarm("media-down", Severity.WARNING, "rtpengine")
        if not edge.voice_up:
            yield Alarm("voice-down", Severity.WARNING, "voice")
        for ban in edge.bans[:NAMED_BANS]:
            code = "guesser-banned" if ban.why == "passwords" else "scanner-banned"
            yield Alarm(code, Severity.WARNING, ban.address, ban.since, {"address": ban.address})
        if edge.uncaught:
            yield Alarm("uncaught", Severity.WARNING, params={"count": str(edge.uncaught)})
    others = sorted(silent - SPOKEN_OF_BY_EDGE)
    if len(others) == 1:
        yield Alarm("process-silent", Severity.WARNING, others[0], params={"process": others[0]})
    elif others:
        yield Alarm("processes-silent", Severity.WARNING, params={"processes": ", ".join(others)})


def _calls(now: datetime, edge: EdgeReport | None) -> Iterable[Alarm]:
    """Also of an edge that has fallen silent: whoever called for help in the last hour still needs it."""
    told_of: dict[str, int] = {}
    for told in edge.alerts if edge is not None else ():
        if seconds_since(told.at, now) > ALERT_SHOWN_S:
            continue
        told_of[told.kind] = told_of.get(told.kind, 0) + 1
        emergency = told.kind == EMERGENCY
        if emergency or told_of[told.kind] <= NAMED_ALERTS:
            severity = Severity.CRITICAL if emergency else Severity.WARNING
            params = {"who": told.subject, "detail": told.detail}
            yield Alarm(f"call-{told.kind}", severity, told.subject, told.at, params)


def _ways_out(
    now: datetime,
    edge: EdgeReport | None,
    sync: SyncReportFile | None,
    trunk_names: Mapping[str, str],
    central_expected: bool,
) -> Iterable[Alarm]:
    if edge is not None and not is_stale(edge.at, now):
        down = [t for t in edge.trunks if t.state == LinkState.DOWN and t.trunk_id in trunk_names]
        all_down = bool(down) and {t.trunk_id for t in down} == set(trunk_names)
        for t in down:
            severity = Severity.CRITICAL if all_down else Severity.WARNING
            params = {"trunk": trunk_names[t.trunk_id]}
            if t.registration == "refused":
                params["status"] = str(t.registration_status)
            code = "trunk-unregistered" if "status" in params else "trunk-down"
            yield Alarm(code, severity, t.trunk_id, t.since, params)
    if sync is None:
        if central_expected:
            yield Alarm("sync-absent", Severity.WARNING)
        return
    if is_stale(sync.at, now):
        yield Alarm("sync-stale", Severity.WARNING, since=sync.at)
    elif sync.enrolled and sync.link == LinkState.DOWN:
        yield Alarm("central-down", Severity.WARNING, since=sync.link_since)
    if sync.error_en or sync.error_es:
        yield Alarm("sync-error", Severity.WARNING, params={"en": sync.error_en, "es": sync.error_es})


def _phones(phones: tuple[PhoneFact, ...], registrations_known: bool) -> Iterable[Alarm]:
    # With a silent edge every registration seems to run out: that is one alarm of the edge, not one a phone.
    lost = sorted(p.name for p in phones if p.state == PhoneState.LOST) if registrations_known else []
    if len(lost) > NAMED_PHONES:
        yield Alarm("phones-lost", Severity.WARNING, params={"count": str(len(lost))})
    else:
        for name in lost:
            yield Alarm("phone-lost", Severity.WARNING, name, params={"phone": name})
    for name in sorted(p.name for p in phones if p.state == PhoneState.QUARANTINED)[:NAMED_PHONES]:
        yield Alarm("phone-quarantined", Severity.WARNING, name, params={"phone": name})
    unknown = sum(p.state == PhoneState.UNKNOWN for p in phones)
    if unknown:
        yield Alarm("phones-unknown", Severity.NOTICE, params={"count": str(unknown)})


def _box(now: datetime, disk: Disk | None, certificates: Iterable[Certificate]) -> Iterable[Alarm]:
    if disk is not None and disk.free_percent < DISK_LOW_PERCENT:
        severity = Severity.CRITICAL if disk.free_percent < DISK_CRITICAL_PERCENT else Severity.WARNING
        yield Alarm("disk-low", severity, params={"percent": f"{disk.free_percent:.0f}"})
    for c in certificates:
        days = (c.not_after - now).total_seconds() / 86400
        if days < CERTIFICATE_SOON_DAYS:
            severity = Severity.CRITICAL if days < CERTIFICATE_CRITICAL_DAYS else Severity.WARNING
            code = "certificate-expired" if days < 0 else "certificate-expiring"
            yield Alarm(code, severity, c.name, params={"name": c.name, "days": str(max(0, int(days)))})
