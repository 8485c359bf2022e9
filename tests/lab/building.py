"""A building of the lab: its engines and services under a supervisor in a namespace, a switch for phones, ways out.

Lab.building() (lab.py) makes one in a line. What stands at the other ends is in phones.py, carrier.py and centre.py.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import Directory
from appliance.directory.reports import EdgeReport, SyncReportFile, VoiceReport, read_report
from appliance.errors import DirectoryProblem
from appliance.listening import ports_of
from appliance.ports import SystemChance, SystemClock
from appliance.processes import wanted
from appliance.settings import Settings, load
from tests.lab import sample
from tests.lab.directory import publish_rows
from tests.lab.netns import Cable, Namespace, cable
from tests.lab.phoneboot import Device, family
from tests.lab.phones import Phone
from tests.lab.sentences import lend
from tests.lab.supervise import Command, Supervisor
from tests.lab.toml import as_toml
from tests.lab.waiting import until
from wire.rows import Row

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
VOICE_ADDRESS = "10.20.0.1"
MANAGEMENT_ADDRESS = "198.18.40.1"
"""Of a range for tests of networks (RFC 2544), so that a demonstration disturbs no office's network."""
LOOPBACK_ADDRESS = "127.0.1.1"
NICE = {"webui": 5, "snmp": 5, "sync": 3, "tftp": 3, "provision": 3, "https": 3, "pnp": 3}
"""What is no part of a call stands back, on a small machine, for what is."""
READY_S = 60.0
PITCHES = {"ana": 400, "beto": 500, "carla": 600, "dario": 700, "elsa": 800}
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
SLEEPS = Path(__file__).with_name("faketime")
"""Python's sleep as libfaketime lets it be; see there."""
WITH_TRUE_CLOCK = ("redis",)
"""It does not live under libfaketime: its allocator asks for the time too early."""
UNCAUGHT = ("uncaught in ", "Unhandled exception in the Python code", "Traceback (most recent call last)")
EDGE = ("kamailio", "edge", "lamps")
"""Whose exceptions none may get out of, whatever a test did to their building."""
R = TypeVar("R", EdgeReport, SyncReportFile, VoiceReport)


@dataclass
class Building:
    """Made by Lab.building(). `place` None: on loopback, without DHCP."""

    name: str
    directory: Path
    run_directory: Path
    place: Namespace | None
    values: dict[str, Any]
    """Its settings, as the TOML file has them."""
    to_centre: Cable | None = None
    to_carrier: Cable | None = None
    phones: list[Phone] = field(default_factory=list)
    clock_ahead: timedelta = timedelta(0)
    """How far its clock stands from ours."""
    clock_moves: bool = False
    """Its clock can be set while its processes run (set_clock)."""
    _supervisor: Supervisor | None = None
    _plugged: int = 0

    @property
    def settings_file(self) -> Path:
        return self.directory / "conserje.toml"

    @property
    def uplink_address(self) -> str:
        """Where a carrier sends its calls."""
        return str(self.values["network"]["uplink_address"])

    @property
    def settings(self) -> Settings:
        return load(self.settings_file, {})

    def write_settings(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.settings_file.touch(mode=0o600)
        self.settings_file.write_text(as_toml(self.values))

    # Its processes.

    def start(self, wait_s: float = READY_S) -> dict[str, float]:
        """Starts every process and waits until each serves; the seconds that each took."""
        lend(self.settings)
        self._supervisor = Supervisor(self.place, self.directory / "log", self._commands(), self.environment)
        self._supervisor.start()
        took = self._supervisor.wait_ready(wait_s) if wait_s else {}
        if wait_s:
            until(self.has_directory, wait_s, f"{self.name} has a directory")
            until(lambda: self.edge_up, wait_s, f"{self.name}'s edge reports that its engines are up")
        return took

    @property
    def processes(self) -> Supervisor:
        assert self._supervisor, f"{self.name} has not been started"
        return self._supervisor

    @property
    def environment(self) -> dict[str, str]:
        wanted = {"CONSERJE_SETTINGS": str(self.settings_file)}
        if self.faked_clock:
            wanted |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "PYTHONPATH": str(SLEEPS)}
            file = {"FAKETIME_TIMESTAMP_FILE": str(self._clock_file), "FAKETIME_CACHE_DURATION": "1"}
            wanted |= file if self.clock_moves else {"FAKETIME": _ahead(self.clock_ahead)}
        return wanted

    def power_off(self) -> None:
        """The plug is pulled: every process dies at once, what was in memory is gone. The disk stays."""
        self.processes.power_off()
        self.lose_memory()

    def lose_memory(self) -> None:
        """What a power cut takes: the files in memory. The disk stays."""
        shutil.rmtree(self.run_directory, ignore_errors=True)

    def restart(self) -> None:
        """Shut down in an orderly way and started again, as after an update."""
        self.processes.shut_down()
        self.lose_memory()
        self.start()

    def jump_clock(self, ahead: timedelta, moves: bool = False) -> None:
        """Its processes run on with a clock that stands `ahead` of ours; switched off and on for that.

        `moves`: that clock can be set later while they run.
        """
        self.processes.shut_down()
        self.lose_memory()
        self.clock_ahead, self.clock_moves = ahead, moves
        if moves:
            self.set_clock(ahead)
        self.start()

    def set_clock(self, ahead: timedelta) -> None:
        """The clock of its running processes is set, in force within a second; spans and timers stay true."""
        self.clock_ahead = ahead
        made = self._clock_file.with_suffix(".new")
        made.write_text(f"{_ahead(ahead)}\n")
        made.replace(self._clock_file)

    @property
    def faked_clock(self) -> bool:
        return bool(self.clock_ahead) or self.clock_moves

    @property
    def _clock_file(self) -> Path:
        return self.directory / "clock"

    def shut_down(self) -> None:
        for phone in self.phones:
            phone.power_off()
        if self._supervisor:
            self._supervisor.shut_down()

    def remove(self) -> None:
        """Ends everything, phones too, and takes the namespaces away. The logs stay until the lab goes."""
        for phone in self.phones:
            phone.power_off()
            if phone.place:
                phone.place.remove()
        uncaught = self.uncaught()
        if self._supervisor:
            self._supervisor.power_off()
        if self.place:
            self.place.remove()
        shutil.rmtree(self.run_directory, ignore_errors=True)
        assert not uncaught, f"{self.name}: exceptions that nobody caught:\n{uncaught}"

    def uncaught(self) -> str:
        """What got out of the edge's code since the building was made; nothing, or a defect."""
        logs = (self._supervisor.log(name) for name in EDGE) if self._supervisor else ()
        return "".join(map(uncaught_in, logs))

    def logs(self, last: int = 3000) -> str:
        """The end of each process's log, for a test's report."""
        if not self._supervisor:
            return ""
        parts = [f"--- {self.name}: {c.name}\n{self._supervisor.log(c.name)[-last:]}" for c in self._commands()]
        return "\n".join(parts)

    # What it knows and says.

    def has_directory(self) -> bool:
        """Whether any revision was ever put in force here."""
        try:
            return self.directory_in_force().revision >= 0
        except DirectoryProblem:
            return False

    def directory_in_force(self) -> Directory:
        return Live(self.settings.paths.live_dir).current()

    def local(self) -> LocalStore:
        return LocalStore(self.settings.paths.local_db, SystemClock(), SystemChance())

    def report(self, kind: type[R]) -> R | None:
        return read_report(self.settings.paths.reports_dir, kind)

    @property
    def edge_up(self) -> bool:
        said = self.report(EdgeReport)
        return said is not None and said.kamailio_up and said.media_up and said.voice_up

    def command(self, *words: str, check: bool = True, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """`conserje <words>` in the building, as a technician would type it."""
        argv = [str(BIN / "conserje"), *words]
        environment = {**os.environ, **self.environment}
        if self.place:
            argv = self.place.argv(argv)
        done = subprocess.run(argv, capture_output=True, text=True, env=environment, input=input, cwd=ROOT, timeout=60)
        assert done.returncode == 0 or not check, f"conserje {' '.join(words)}: {done.stdout}{done.stderr}"
        return done

    def publish(self, rows: Iterable[Row]) -> int:
        """Gives it these rows as its next revision, without a centre."""
        return publish_rows(self.settings, rows)

    # Phones.

    def plug(
        self,
        person: str = "",
        mac: str = "",
        family_name: str = "",
        model: str = "",
        behaviour: str = "answer",
        hz: int = 0,
    ) -> Phone:
        """A phone on the voice network, not switched on yet: of a person of the sample, or any."""
        if person and not mac:
            known = next(p for p in sample.PEOPLE if p[1] == person)
            mac, family_name, model = known[6], known[7], known[8]
        self._plugged += 1
        name = person or f"{family_name}-{mac[-4:]}"
        device = Device(family(family_name), model, mac)
        place, link = None, None
        if self.place:
            place = Namespace.new(f"ph-{name}"[:30])
            link = cable(
                self.place, f"port{self._plugged}", place, "eth0", far_mac=device.mac_colons, near_switch="voice0"
            )
            link.cut()
        phone = Phone(
            name,
            device,
            self.directory / "phones" / f"{self._plugged}-{name}",
            place,
            link,
            hz or PITCHES.get(person, 300 + 50 * (self._plugged % 12)),
            behaviour,
        )
        if not self.place:
            settings = self.settings
            phone.url = f"http://{settings.network.voice_address}:{settings.provisioning.http_port}"
            phone.address = f"127.0.1.{100 + self._plugged}"
            phone.rtp_ports = f"{10000 + 100 * self._plugged}-{10098 + 100 * self._plugged}"
        self.phones.append(phone)
        return phone

    def boot(self, *people: str, behaviour: str = "answer") -> tuple[Phone, ...]:
        """Plugs in these people's phones and boots them."""
        phones = tuple(self.plug(person, behaviour=behaviour) for person in people)
        for phone in phones:
            phone.boot()
        return phones

    # Its ways out.

    def cut_centre(self) -> None:
        if self.to_centre:
            self.to_centre.cut()

    def mend_centre(self) -> None:
        if self.to_centre:
            self.to_centre.mend()

    def cut_carrier(self) -> None:
        if self.to_carrier:
            self.to_carrier.cut()

    def mend_carrier(self) -> None:
        if self.to_carrier:
            self.to_carrier.mend()

    def _commands(self) -> tuple[Command, ...]:
        settings = self.settings
        ports = ports_of(settings)
        return tuple(
            Command(p.name, self._argv(p.name), ports[p.name], NICE.get(p.name, 0), p.stop_s) for p in wanted(settings)
        )

    def _argv(self, name: str) -> tuple[str, ...]:
        true_clock = ("env", "-u", "LD_PRELOAD") if self.faked_clock and name in WITH_TRUE_CLOCK else ()
        return (*true_clock, str(BIN / "conserje"), "run", name)


def uncaught_in(log: str) -> str:
    """The first exception that a log of the edge tells of: caught at the last moment (worker.py), or by nobody."""
    found = [at for sign in UNCAUGHT if (at := log.find(sign)) >= 0]
    return log[min(found) : min(found) + 3000] if found else ""


def _ahead(clock: timedelta) -> str:
    """As libfaketime reads it."""
    return f"{int(clock.total_seconds()):+d}"


def settings_values(directory: Path, run_directory: Path, uplink_address: str) -> dict[str, Any]:
    """Settings of a lab building in its namespace."""
    return {
        "paths": {
            "state_dir": str(directory / "state"),
            "run_dir": str(run_directory),
            "log_dir": str(directory / "log"),
        },
        "network": {
            "voice_interface": "voice0",
            "voice_address": VOICE_ADDRESS,
            "voice_subnet": "10.20.0.0/24",
            "dhcp_pool": "10.20.0.50 - 10.20.0.250",
            "uplink_address": uplink_address,
            "management_address": MANAGEMENT_ADDRESS,
        },
        "sip": {"probe_interval_s": 1, "workers": 2},
        # Most tests read on the wire what phones say and hear; those of TLS and SRTP switch this on.
        "provisioning": {"secure_sip": False},
        "snmp": {
            "community": "lab-reads",
            "v3_user": "lab",
            "v3_auth_key": "lab-authenticates",
            "v3_privacy_key": "lab-encrypts-it",
        },
    }


def loopback_values(directory: Path, run_directory: Path) -> dict[str, Any]:
    """Settings of a building that shares this machine's loopback: ports that need no root, no DHCP."""
    return merged(
        settings_values(directory, run_directory, LOOPBACK_ADDRESS),
        {
            "network": {
                "voice_interface": "lo",
                "voice_address": LOOPBACK_ADDRESS,
                "voice_subnet": "127.0.1.0/24",
                "management_address": LOOPBACK_ADDRESS,
                "dhcp": False,
            },
            "provisioning": {"http_port": 8069, "https_port": 8443, "tftp_port": 6969},
            # Whatever address of loopback a phone names, its sound comes from 127.0.0.1.
            "media": {"strict_source": False},
            "snmp": {"port": 1161},
        },
    )


def merged(values: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Sections of settings, one laid over the other."""
    out = {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}
    for section, content in over.items():
        if isinstance(content, Mapping):
            out[section] = {**out.get(section, {}), **content}
        else:
            out[section] = content
    return out
