"""What each process says of itself, as small files in memory that the pages, SNMP and the command line read.

A report is one JSON file `<run_dir>/reports/<name>.json`, replaced whole. A report whose writer died grows old: readers
look at `at` and say so. Reading never touches an engine, so a walk or a page never slows a call.
"""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import dacite

from appliance.vocabulary import LinkState

STALE_S = 15.0


@dataclass(frozen=True, slots=True)
class Contact:
    """A registered contact. `expires_at` ISO 8601 UTC."""

    sip_user: str
    address: str
    user_agent: str
    expires_at: str
    secure: bool = False
    """It came by TLS."""


@dataclass(frozen=True, slots=True)
class TrunkReport:
    trunk_id: str
    state: LinkState
    since: str
    latency_ms: float = 0.0
    registration: str = ""
    """Where this building registers with a carrier: trying | registered | refused | silent; else empty."""
    registration_status: int = 0
    """The SIP status of its last REGISTER; 0: none came."""
    held_until: str = ""
    """By its own Retry-After, ISO 8601 UTC."""
    last_status: int = 0
    """Of its last OPTIONS; 0: silence."""


@dataclass(frozen=True, slots=True)
class Ban:
    """An address that gets no answer from the edge any more. `why`: passwords | scan. `since`: ISO 8601 UTC."""

    address: str
    why: str
    since: str


@dataclass(frozen=True, slots=True)
class CallNow:
    call_id: str
    account_id: str
    direction: str
    caller: str
    destination: str
    call_class: str
    started_at: str
    answered_at: str
    state: str
    """ringing | talking"""
    phone_ids: tuple[str, ...] = ()
    """Phones that ring or talk in it now."""


@dataclass(frozen=True, slots=True)
class AlertNow:
    """Something that people had to learn of at once, in the last day. `kind`: emergency | emergency-test | fraud."""

    kind: str
    at: str
    account_id: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class EdgeReport:
    """From the edge service: what Kamailio and rtpengine hold now."""

    at: str
    contacts: tuple[Contact, ...] = ()
    trunks: tuple[TrunkReport, ...] = ()
    calls: tuple[CallNow, ...] = ()
    kamailio_up: bool = False
    media_up: bool = False
    voice_up: bool = False
    uncaught: int = 0
    """Exceptions that reached the wrapper around a worker's route. Zero, or a defect."""
    calls_total: int = 0
    calls_answered: int = 0
    registrations_refused: int = 0
    bans: tuple[Ban, ...] = ()
    flooded: int = 0
    """Requests dropped because their address sent more than a phone does."""
    alerts: tuple[AlertNow, ...] = ()
    """Newest first."""


@dataclass(frozen=True, slots=True)
class SyncReportFile:
    """From sync: the link to the centre and the revision in force."""

    at: str
    link: LinkState
    link_since: str
    revision: int
    applied_at: str
    error_en: str
    error_es: str
    journal_waiting: int
    enrolled: bool


@dataclass(frozen=True, slots=True)
class VoiceReport:
    at: str
    legs: int
    tick_late_p99_ms: float


R = TypeVar("R", EdgeReport, SyncReportFile, VoiceReport)
NAMES: dict[type[object], str] = {EdgeReport: "edge", SyncReportFile: "sync", VoiceReport: "voice"}


def write_report(directory: Path, report: EdgeReport | SyncReportFile | VoiceReport) -> None:
    """Replace this kind's report whole: a reader sees the old or the new one, never half."""
    directory.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=directory, prefix=".report-")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(asdict(report), out)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(directory / f"{NAMES[type(report)]}.json")


def read_report(directory: Path, kind: type[R]) -> R | None:
    """The last report of this kind; None where there is none or it cannot be read."""
    try:
        data = json.loads((directory / f"{NAMES[kind]}.json").read_text(encoding="utf-8"))
        return dacite.from_dict(kind, data, dacite.Config(strict=True, cast=[LinkState, tuple]))
    except (OSError, ValueError, dacite.DaciteError):
        return None
