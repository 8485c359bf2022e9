"""One building's SIP engines on loopback, with ports of its own: started as `conserje run` starts them."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.settings import Settings, parse
from appliance.sip_edge.control import Kamailio
from tests.lab.building import EDGE, uncaught_in
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows
from tests.lab.waiting import until
from wire.rows import Row

ADDRESS = "127.0.0.1"


LISTENING = range(12_000, 32_000)
"""Below the ports that Linux lends: what somebody's connection was lent meanwhile could not be listened on."""


def free_ports(count: int) -> list[int]:
    """Ports free for UDP and TCP at once. Held together until all are chosen."""
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            port = secrets.choice(LISTENING)
            try:
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    held.enter_context(socket.socket(socket.AF_INET, kind)).bind((ADDRESS, port))
            except OSError:
                continue
            ports.append(port)
        return ports


@dataclass
class Building:
    """Settings, the files under `directory` and the processes that were started."""

    directory: Path
    settings: Settings
    carrier_port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def sip(self) -> tuple[str, int]:
        return (ADDRESS, self.settings.sip.port)

    @property
    def settings_file(self) -> Path:
        return self.directory / "conserje.toml"

    @property
    def kamailio(self) -> Kamailio:
        return Kamailio(self.settings.sip.control_port)

    def publish(self, rows: Sequence[Row]) -> int:
        return publish_rows(self.settings, rows)

    def start(self, *names: str) -> None:
        """Start processes of the table; returns when each answers."""
        for name in names:
            log = (self.directory / f"{name}.log").open("ab")
            self.running[name] = subprocess.Popen(
                [sys.executable, "-c", "from appliance.cli import main; main()", "run", name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "CONSERJE_SETTINGS": str(self.settings_file), "LANG": "en"},
                start_new_session=True,
            )
            log.close()
        for name in names:
            until(lambda name=name: self._is_ready(name), 20, f"{name} answers ({self.directory / name}.log)")  # type: ignore[misc]

    def kill(self, name: str) -> None:
        """kill -9 of the process that the table names, as if it had crashed."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)
        self.running.clear()

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text(errors="replace")

    def facts(self) -> list[dict[str, Any]]:
        """Every call fact so far, in the order in which they happened: of two workers, either may write first."""
        files = sorted(self.settings.paths.call_spool_dir.glob("*.jsonl"))
        facts = [json.loads(line) for f in files for line in f.read_text(encoding="utf-8").splitlines()]
        return sorted(facts, key=lambda fact: int(fact["at_ms"]))

    def _is_ready(self, name: str) -> bool:
        process = self.running[name]
        assert process.poll() is None, self.log(name)[-2000:]
        match name:
            case "kamailio":
                return bool(self.kamailio.call("core.uptime"))
            case "redis":
                socket.create_connection((ADDRESS, self.settings.media.redis_port), 1).close()
                return True
            case "rtpengine":
                from appliance.sip_edge.control import Rtpengine

                return Rtpengine(self.settings.media.ng_port).answers()
            case "haproxy":
                socket.create_connection((ADDRESS, self.settings.sip.tls_port), 1).close()
                return True
            case "lamps":
                return _is_bound(self.settings.sip.lamps_port)
            case "edge":
                return (self.settings.paths.reports_dir / "edge.json").exists()
        return True


def _is_bound(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return True
        return False


@contextmanager
def building(directory: Path, rows: Sequence[Row] | None = None, **sections: dict[str, Any]) -> Iterator[Building]:
    """A building with its directory published (no rows: with none) and nothing running yet."""
    sip, control, ng, redis, voice, carrier, tls, lamps = free_ports(8)
    base: dict[str, dict[str, Any]] = {
        "paths": {"state_dir": str(directory / "state"), "run_dir": str(directory / "run")},
        "network": {"voice_address": ADDRESS, "uplink_address": ADDRESS, "management_address": ADDRESS, "dhcp": False},
        # Kamailio alone, and patient: tests of HAProxy, bans and floods ask for them.
        "sip": {"port": sip, "control_port": control, "workers": 2, "probe_interval_s": 1, "ring_s": 5}
        | {"tls": False, "tls_port": tls, "lamps_port": lamps, "ban_after": 0, "flood_per_s": 0},
        "media": {"ng_port": ng, "redis_port": redis, "voice_sip_port": voice, "relay_ports": "34000-34999"}
        | {"voice_workers": 1},
    }
    for section, values in sections.items():
        base.setdefault(section, {}).update(values)
    text = "\n".join(
        f"[{name}]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in values.items()) for name, values in base.items()
    )
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "conserje.toml").write_text(text, encoding="utf-8")
    made = Building(directory, parse(base, "test"), carrier)
    chosen = sample_rows(ADDRESS, carrier) if rows is None else rows
    if chosen:
        made.publish(chosen)
    try:
        yield made
    finally:
        made.stop()
    # Whatever a test did to it: no exception may have got out of a worker, or of a service of the edge.
    for name in EDGE:
        if (made.directory / f"{name}.log").exists():
            assert not (uncaught := uncaught_in(made.log(name))), f"{name}: {uncaught}"
