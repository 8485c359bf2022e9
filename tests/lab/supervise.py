"""Runs the process table of a building, or any other named commands, in a namespace under supervisord.

A process that ends is started again at once, as systemd does it on the appliance. What the processes are is said by
appliance/processes.py; when they are ready is asked of the sockets that they hold.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from appliance.listening import Port, held_ports
from tests.lab.netns import Namespace
from tests.lab.waiting import until

ROOT = Path(__file__).resolve().parents[2]
RUNS = ("RUNNING", "STARTING")


@dataclass(frozen=True, slots=True)
class Command:
    """`ready`: the ports that it holds when it is ready; none: ready when it runs."""

    name: str
    argv: tuple[str, ...]
    ready: tuple[Port, ...] = ()
    nice: int = 0
    stop_s: int = 5


@dataclass(frozen=True, slots=True)
class Event:
    at: float
    process: str
    state: str
    """starting | running | exited | stopped | backoff | fatal ..."""
    pid: int


@dataclass
class Supervisor:
    """supervisord with its commands, in `place`; None: where we stand ourselves (loopback)."""

    place: Namespace | None
    directory: Path
    """Its own configuration, socket, diary and log; and one log a command."""
    commands: tuple[Command, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    _pid: int = 0
    # A path to a Unix socket has room for 107 bytes, which a deep clone or a test's directory outgrows.
    _socket_directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="cj-", dir="/tmp")))

    def start(self) -> None:
        """Starts everything at once; returns when supervisord answers, not when the commands are ready."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._socket_directory.mkdir(exist_ok=True)
        self._configuration.write_text(self._render())
        argv = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self._configuration)]
        self._pid = subprocess.Popen(
            self.place.argv(argv) if self.place else argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.directory / "supervisord.err").open("wb"),
            cwd=ROOT,
            env={**os.environ, **self.environment},
            start_new_session=True,
        ).pid
        until(self._answers, 10, "supervisord answers on its socket")

    @property
    def pid(self) -> int:
        return self._pid

    def pid_of(self, name: str) -> int:
        """0 while it does not run."""
        info = self._call("getProcessInfo", name)
        return int(info["pid"]) if info["statename"] in RUNS else 0

    def states(self) -> dict[str, str]:
        return {str(i["name"]): str(i["statename"]) for i in self._call("getAllProcessInfo") if i["name"] != "diary"}

    def ready(self, name: str) -> bool:
        """It runs and holds its sockets."""
        command = self._command(name)
        return bool(self.pid_of(name)) and set(command.ready) <= self.ports()

    def serves(self, name: str) -> bool:
        """Its ports are held by itself or its descendants, not by orphans of a former life."""
        pid = self.pid_of(name)
        own = sockets_of(pid, *descendants(pid)) if pid else frozenset()
        place = Path(f"/proc/{self._pid}/net")
        return bool(pid) and all(inodes_of(place, port) & own for port in self._command(name).ready)

    def wait_ready(self, seconds: float = 30, names: Sequence[str] = ()) -> dict[str, float]:
        """Waits for these (or all) commands; the seconds that each took from now.

        Raises AssertionError with the last words of those that are late.
        """
        wanted = list(names) or [c.name for c in self.commands]
        started = time.monotonic()
        took: dict[str, float] = {}

        def all_ready() -> bool:
            held = self.ports()
            states = self.states()
            for name in wanted:
                if name not in took and states[name] in RUNS and set(self._command(name).ready) <= held:
                    took[name] = time.monotonic() - started
            return len(took) == len(wanted)

        try:
            until(all_ready, seconds, "processes are ready")
        except AssertionError as late:
            laggards = [name for name in wanted if name not in took]
            tails = "\n".join(f"--- {name}\n{self.log(name)[-1500:]}" for name in laggards)
            raise AssertionError(f"not ready within {seconds:g} s: {', '.join(laggards)}\n{tails}") from late
        return took

    def ports(self) -> frozenset[Port]:
        """What is listened on in the namespace, on whatever address."""
        return held_ports(Path(f"/proc/{self._pid}/net"))

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL, family: bool = False) -> int:
        """Kills a command's process, with its descendants if `family`; the pid that died."""
        pid = self.pid_of(name)
        assert pid, f"{name} does not run"
        for victim in (*(descendants(pid) if family else ()), pid):
            with suppress(ProcessLookupError):
                os.kill(victim, how)
        return pid

    def kill_and_time(self, name: str, seconds: float = 10, family: bool = False) -> float:
        """kill -9, then how long until it runs again with its sockets held."""
        died = self.kill(name, family=family)
        at = time.monotonic()

        def back() -> bool:
            return self.pid_of(name) not in (0, died) and self.serves(name)

        until(back, seconds, f"{name} is back after kill -9")
        return time.monotonic() - at

    def stop(self, name: str) -> None:
        self._call("stopProcess", name)

    def start_one(self, name: str) -> None:
        self._call("startProcess", name)

    def log(self, name: str) -> str:
        with suppress(OSError):
            return (self.directory / f"{name}.log").read_text(errors="replace")
        return ""

    def diary(self) -> tuple[Event, ...]:
        """Starts and ends of the commands, in order."""
        try:
            lines = (self.directory / "diary.jsonl").read_text().splitlines()
        except OSError:
            return ()
        return tuple(Event(**json.loads(line)) for line in lines if line.endswith("}"))

    def shut_down(self, seconds: float = 15) -> None:
        """Ends every command in its own time, then supervisord."""
        if not self._pid or not _alive(self._pid):
            shutil.rmtree(self._socket_directory, ignore_errors=True)
            return
        with suppress(OSError, xmlrpc.client.Error):
            # All at once; by itself supervisord would end them one after the other.
            self._call("stopAllProcesses")
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGTERM)
        with suppress(AssertionError):
            until(lambda: not _alive(self._pid), seconds, "supervisord has ended")
        if _alive(self._pid):
            for victim in (*descendants(self._pid), self._pid):
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
        shutil.rmtree(self._socket_directory, ignore_errors=True)

    def power_off(self) -> None:
        """As if the plug were pulled: everything dies by SIGKILL, nothing is given time."""
        for victim in (self._pid, *descendants(self._pid)):
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        if self.place:
            for pid in self.place.pids():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            until(lambda: not self.place or not self.place.pids(), 5, "every process has ended")
        shutil.rmtree(self._socket_directory, ignore_errors=True)

    @property
    def _configuration(self) -> Path:
        return self.directory / "supervisord.conf"

    @property
    def _socket(self) -> Path:
        return self._socket_directory / "supervisord.sock"

    def _command(self, name: str) -> Command:
        return next(c for c in self.commands if c.name == name)

    def _answers(self) -> bool:
        if not _alive(self._pid):
            raise RuntimeError(f"supervisord ended: {(self.directory / 'supervisord.err').read_text()}")
        return bool(self._call("getState")["statename"] == "RUNNING")

    def _call(self, method: str, *arguments: Any) -> Any:
        server = xmlrpc.client.ServerProxy(
            "http://supervisor", transport=SupervisorTransport(None, None, f"unix://{self._socket}")
        )
        return getattr(server.supervisor, method)(*arguments)

    def _render(self) -> str:
        sections = [
            "[supervisord]",
            f"logfile={self.directory}/supervisord.log",
            f"pidfile={self.directory}/supervisord.pid",
            "minfds=4096",
            "[unix_http_server]",
            f"file={self._socket}",
            "chmod=0700",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
            "[eventlistener:diary]",
            f"command={sys.executable} -m tests.lab.diary {self.directory}/diary.jsonl",
            "events=PROCESS_STATE",
            "buffer_size=500",
            f"stderr_logfile={self.directory}/diary.err",
            "stderr_logfile_maxbytes=0",
        ]
        for command in self.commands:
            words = shlex.join(command.argv).replace("%", "%%")
            sections += [
                f"[program:{command.name}]",
                f"command=nice -n {command.nice} {words}" if command.nice else f"command={words}",
                "autorestart=true",
                # One that dies within a second is tried again after 1, 2, 3... s; a broken one must not eat the machine
                "startsecs=1",
                "startretries=1000",
                f"stopwaitsecs={command.stop_s}",
                "stopasgroup=true",
                "killasgroup=true",
                "redirect_stderr=true",
                f"stdout_logfile={self.directory}/{command.name}.log",
                "stdout_logfile_maxbytes=0",
            ]
        return "\n".join(sections) + "\n"


def sockets_of(*pids: int) -> frozenset[str]:
    """Inodes of the sockets that these processes have open."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    target = os.readlink(link)
                    if target.startswith("socket:["):
                        found.add(target[8:-1])
    return frozenset(found)


def inodes_of(place: Path, port: Port) -> frozenset[str]:
    """Inodes of the sockets bound to a port, on any address; `place` is a namespace's /proc/<pid>/net."""
    found = set()
    for line in (place / port.protocol).read_text().splitlines()[1:]:
        columns = line.split()
        if int(columns[1].rpartition(":")[2], 16) == port.number:
            found.add(columns[9])
    return frozenset(found)


def descendants(pid: int) -> tuple[int, ...]:
    """Children of a process, and theirs."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return tuple(found)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
