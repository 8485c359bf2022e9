"""Reads what the page shows: reports, the live directory, local facts, disk, certificates. Never an engine.

One `Building` a worker; its board is made anew only when something it is made of has changed.
"""

import os
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509

from appliance.directory.hatch import Hatch, Sheet
from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import Directory
from appliance.directory.phoneboard import PhoneRow, count_states, phone_board
from appliance.directory.reports import NAMES, EdgeReport, SyncReportFile, VoiceReport, read_report
from appliance.directory.resyncs import Resyncs
from appliance.directory.swap import Swap, Swaps
from appliance.errors import DirectoryProblem, Problem
from appliance.listening import held_ports, ports_of
from appliance.ports import Chance, Clock
from appliance.processes import wanted
from appliance.settings import Settings
from appliance.webui.alarms import Certificate, Disk, PhoneFact, alarms, seconds_since
from appliance.webui.board import (
    Board,
    ProcessLine,
    ProcessState,
    ReportState,
    call_lines,
    phone_lines,
    report_state,
    trunk_lines,
)

AT_LEAST_EVERY_S = 3
"""A board is never older: registrations run out and reports grow old without any file changing."""
SLOW_EVERY_S = 60
"""Disk space and certificates are looked at this often."""
SPOKEN_BY_EDGE = {"kamailio": "kamailio_up", "rtpengine": "media_up", "voice": "voice_up"}

Fingerprint = tuple[object, ...]


class Building:
    """Safe to share between the threads of a worker."""

    def __init__(self, settings: Settings, clock: Clock, chance: Chance) -> None:
        self.settings = settings
        self.clock = clock
        self.live = Live(settings.paths.live_dir)
        self.local = LocalStore(settings.paths.local_db, clock, chance)
        self.resyncs = Resyncs(settings.paths.local_db, clock)
        self.swaps = Swaps(settings.paths.local_db)
        self.hatch = Hatch(settings.paths.run_dir)
        self._lock = threading.Lock()
        self._kept: tuple[Fingerprint, Board] | None = None
        self._slow: tuple[float, Disk | None, tuple[Certificate, ...]] | None = None

    def directory(self) -> Directory | None:
        """The revision in force; None when none was ever published, or it cannot be read."""
        try:
            return self.live.current()
        except DirectoryProblem:
            return None

    def sheet(self, mac: str) -> Sheet | Problem:
        """What provisioning knows of a phone of the directory; or why it does not say."""
        try:
            return self.hatch.sheet(mac)
        except Problem as problem:
            return problem

    def standing_in(self, phone_id: str, mac: str) -> Swap | None:
        """The swap that put this device in a phone's place, while the central office has not taken it over."""
        every = self.swaps.all() if phone_id else ()
        return next((s for s in every if s.phone_id == phone_id and s.new_mac == mac), None)

    def fingerprint(self) -> Fingerprint:
        """Changes when the board may have changed. A few stat calls."""
        paths = self.settings.paths
        files = [paths.reports_dir / f"{name}.json" for name in NAMES.values()]
        files += [paths.local_db, paths.local_db.with_name(paths.local_db.name + "-wal")]
        try:
            live = os.readlink(paths.live_dir / "current")
        except OSError:
            live = ""
        return (live, int(self.clock.now().timestamp()) // AT_LEAST_EVERY_S, *(_stamp(f) for f in files))

    def board(self) -> Board:
        fingerprint = self.fingerprint()
        with self._lock:
            if self._kept is None or self._kept[0] != fingerprint:
                self._kept = (fingerprint, self._make())
            return self._kept[1]

    def _make(self) -> Board:
        settings, now = self.settings, self.clock.now()
        reports = settings.paths.reports_dir
        edge = read_report(reports, EdgeReport)
        sync = read_report(reports, SyncReportFile)
        voice = read_report(reports, VoiceReport)
        edge_state = report_state(edge.at if edge else None, now)
        sync_state = report_state(sync.at if sync else None, now)
        directory = self.directory()
        rows: tuple[PhoneRow, ...] = ()
        if directory is not None:
            contacts = edge.contacts if edge else ()
            rows = phone_board(directory, self.local.sightings(), self.local.last_fetch_at(), contacts, now)
        wishes = {r.mac: r for r in self.resyncs.all()} if rows else {}
        phones = phone_lines(rows, wishes, now)
        trunks = directory.trunks() if directory else ()
        disk, certificates = self._slow_things()
        processes = self._processes(edge if edge_state is ReportState.FRESH else None, edge_state, sync_state)
        expected = bool(settings.central.url) or bool(sync and sync.enrolled)
        return Board(
            at=now,
            site_name=directory.site.name if directory else "",
            timezone=directory.site.timezone if directory else "America/Mexico_City",
            revision=directory.revision if directory else None,
            phones=phones,
            calls=call_lines(edge.calls, directory) if edge and edge_state is ReportState.FRESH else (),
            trunks=trunk_lines(trunks, edge, edge_state is ReportState.FRESH),
            processes=processes,
            edge_state=edge_state,
            sync_state=sync_state,
            edge=edge,
            sync=sync,
            voice=voice if voice and seconds_since(voice.at, now) <= 60 else None,
            waiting=self.local.waiting_count(),
            central_expected=expected,
            alarms=alarms(
                now,
                edge,
                sync,
                [PhoneFact(p.name, p.state) for p in phones],
                {t.id: t.name for t in trunks},
                disk,
                certificates,
                expected,
                [p.name for p in processes if p.state is ProcessState.SILENT and p.name not in ("edge", "sync")],
            ),
            disk_free_percent=disk.free_percent if disk else 100.0,
            counts=count_states(rows),
        )

    def _processes(
        self, edge: EdgeReport | None, edge_state: ReportState, sync_state: ReportState
    ) -> tuple[ProcessLine, ...]:
        held = held_ports()
        ports = ports_of(self.settings)
        lines = []
        for p in wanted(self.settings):
            if p.name in ("edge", "sync"):
                serving = (edge_state if p.name == "edge" else sync_state) is ReportState.FRESH
            elif edge is not None and p.name in SPOKEN_BY_EDGE:
                serving = bool(getattr(edge, SPOKEN_BY_EDGE[p.name]))
            else:
                serving = set(ports[p.name]) <= held
            state = ProcessState.SERVING if serving else ProcessState.SILENT
            lines.append(ProcessLine(p.name, p.does, ports[p.name], state))
        return tuple(lines)

    def _slow_things(self) -> tuple[Disk | None, tuple[Certificate, ...]]:
        now = self.clock.monotonic()
        if self._slow is None or now - self._slow[0] > SLOW_EVERY_S:
            self._slow = (now, disk_of(self.settings.paths.state_dir), certificates_of(self.settings))
        return self._slow[1], self._slow[2]


def disk_of(path: Path) -> Disk | None:
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    return Disk(usage.total, usage.free)


def certificates_of(settings: Settings) -> tuple[Certificate, ...]:
    """The X.509 certificates of this box: its identity towards the centre and what stands beside it."""
    found = []
    for path in _pem_files(settings.paths.identity_dir):
        try:
            for certificate in x509.load_pem_x509_certificates(path.read_bytes()):
                found.append(Certificate(path.name, certificate.not_valid_after_utc))
        except (OSError, ValueError):
            continue  # A key or a request without a certificate; the doctor looks closer.
    return tuple(found)


def _pem_files(directory: Path) -> Iterable[Path]:
    return sorted([*directory.glob("*.pem"), *directory.glob("*.crt")])


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
