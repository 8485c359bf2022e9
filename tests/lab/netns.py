"""Network namespaces and the cables between them: every building, phone, carrier and centre of the lab stands in one.

Each namespace has an owner, a process id; what a killed run left behind is removed by `sweep()`.
What runs inside a namespace belongs to supervise.py and to whoever started it.
"""

import ctypes
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

PREFIX = "cj"
REGISTER = Path("/run/conserje-lab")
"""One file per namespace: who owns it."""
NETNS = Path("/run/netns")
MEMORY = Path("/dev/shm")
"""Where a building in a namespace keeps its files in memory, in a folder of the namespace's name."""
PATIENCE_S = 2.0
"""How long processes of a namespace that is going may take to end of their own accord."""
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class NamespacesRefused(RuntimeError):
    """This machine does not let us make network namespaces (no root, or a container without the right)."""


@cache
def refusal() -> str:
    """Why namespaces cannot be used here; empty when they can. CONSERJE_NO_NETNS=1 refuses them by hand."""
    if os.environ.get("CONSERJE_NO_NETNS") == "1":
        return "CONSERJE_NO_NETNS=1 is set"
    trial = Namespace(f"{PREFIX}try{secrets.token_hex(2)}")
    try:
        trial.create()
        trial.bridge("br0", "192.0.2.1/30")
    except (subprocess.CalledProcessError, OSError) as no:
        detail = no.stderr if isinstance(no, subprocess.CalledProcessError) else str(no)
        return (detail or str(no)).strip() or "refused"
    finally:
        with suppress(subprocess.CalledProcessError, OSError):
            trial.remove()
    return ""


def _setns(fd: int) -> None:
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _ip(*commands: str, namespace: str | None = None) -> None:
    """Runs `ip` commands in one go. Raises CalledProcessError with what ip said."""
    where = ["-netns", namespace] if namespace else []
    done = subprocess.run(["ip", *where, "-batch", "-"], input="\n".join(commands), capture_output=True, text=True)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, ["ip", *where, *commands], done.stdout, done.stderr)


@dataclass(frozen=True)
class Namespace:
    """A network of its own, known to `ip netns` by `name`."""

    name: str

    @staticmethod
    def new(label: str = "", owner: int | None = None) -> "Namespace":
        """A namespace with loopback up: cj, four or more random hex digits, and a label for people."""
        made = Namespace(f"{PREFIX}{secrets.token_hex(3)}{'-' + label if label else ''}"[:40])
        made.create(owner)
        return made

    def create(self, owner: int | None = None) -> None:
        REGISTER.mkdir(parents=True, exist_ok=True)
        self.owned_by(owner or os.getpid())
        try:
            _ip(f"netns add {self.name}")
            # IPv6 is off: its neighbour discovery only makes captures longer and links slower to come up.
            with self.inside():
                for family in ("all", "default"):
                    Path(f"/proc/sys/net/ipv6/conf/{family}/disable_ipv6").write_text("1")
            _ip("link set lo up", namespace=self.name)
        except (subprocess.CalledProcessError, OSError):
            (REGISTER / self.name).unlink(missing_ok=True)
            raise

    def owned_by(self, pid: int) -> None:
        """From now on it is `pid` whose death makes this namespace a left-over."""
        (REGISTER / self.name).write_text(json.dumps({"pid": pid, "born": born(pid)}))

    @property
    def path(self) -> Path:
        return NETNS / self.name

    def argv(self, command: Sequence[str | Path]) -> list[str]:
        """The command line that runs `command` in here; the process keeps its pid (nsenter executes it in place)."""
        return ["nsenter", f"--net={self.path}", "--", *map(str, command)]

    def run(
        self,
        command: Sequence[str | Path],
        check: bool = True,
        timeout: float | None = 30,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(command),
            check=check,
            timeout=timeout,
            input=input,
            env=env,
            cwd=cwd,
            capture_output=True,
            text=True,
        )

    def popen(
        self,
        command: Sequence[str | Path],
        stdin: IO[bytes] | int | None = subprocess.DEVNULL,
        stdout: IO[bytes] | int | None = None,
        stderr: IO[bytes] | int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.argv(command), stdin=stdin, stdout=stdout, stderr=stderr, env=env, cwd=cwd)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The calling thread stands in this namespace: sockets that it opens belong here and stay here afterwards."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(self.path, os.O_RDONLY)
        try:
            _setns(there)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(there)
            os.close(home)

    def ip(self, *commands: str) -> None:
        """`ip` commands in here, as one batch. Raises CalledProcessError."""
        _ip(*commands, namespace=self.name)

    def bridge(self, name: str, *addresses: str) -> None:
        """A switch of this namespace with addresses of its own (`10.20.0.1/24`).

        Its MAC stays the same whatever is plugged in. One port leads nowhere, so that it always has a carrier.
        """
        self.ip(
            f"link add {name} address {local_mac()} type bridge forward_delay 0",
            *(f"addr add {address} dev {name}" for address in addresses),
            f"link add {name}-live type veth peer name {name}-end",
            f"link set {name}-live master {name} up",
            f"link set {name}-end up",
            f"link set {name} up",
        )

    def link(self, interface: str, up: bool) -> None:
        self.ip(f"link set {interface} {'up' if up else 'down'}")

    def pids(self) -> tuple[int, ...]:
        """Every process that stands in here."""
        said = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True).stdout
        return tuple(int(word) for word in said.split())

    def remove(self) -> None:
        """Ends every process in here, then the namespace with its interfaces. Harmless when it is gone already."""
        if self.path.exists():
            for how in (signal.SIGTERM, signal.SIGKILL):
                self._end(how)
            with suppress(subprocess.CalledProcessError):
                _ip(f"netns del {self.name}")
        (REGISTER / self.name).unlink(missing_ok=True)

    def _end(self, how: signal.Signals) -> None:
        end = time.monotonic() + PATIENCE_S
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, how)
        while self.pids() and time.monotonic() < end:
            time.sleep(0.02)


@dataclass(frozen=True)
class Cable:
    """A veth pair, from an interface of one namespace to an interface of another."""

    near: Namespace
    near_interface: str
    far: Namespace
    far_interface: str

    def cut(self) -> None:
        """As if it were unplugged at the far end: the near end loses its carrier and keeps its addresses and routes."""
        self.far.link(self.far_interface, up=False)

    def mend(self) -> None:
        self.far.link(self.far_interface, up=True)

    def remove(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self.near.ip(f"link del {self.near_interface}")


def cable(
    near: Namespace,
    near_interface: str,
    far: Namespace,
    far_interface: str,
    far_mac: str = "",
    near_switch: str = "",
    far_switch: str = "",
    isolated: bool = False,
) -> Cable:
    """Lays a cable. A `switch` is a bridge that its end is plugged into.

    Isolated ports of a switch reach only its own host, so that switches can be wired in circles.
    """
    mac = f" address {far_mac}" if far_mac else ""
    _ip(
        f"link add {near_interface} netns {near.name} type veth peer name {far_interface}{mac} netns {far.name}",
    )
    for end, interface, switch in ((near, near_interface, near_switch), (far, far_interface, far_switch)):
        if switch:
            end.ip(f"link set {interface} master {switch}")
            if isolated:
                end.ip(f"link set dev {interface} type bridge_slave isolated on")
        end.ip(f"link set {interface} up")
    return Cable(near, near_interface, far, far_interface)


def local_mac() -> str:
    """A locally administered unicast MAC, by chance."""
    return ":".join(("02", *(f"{byte:02x}" for byte in secrets.token_bytes(5))))


def ours() -> tuple[Namespace, ...]:
    """The namespaces that this process owns."""
    return tuple(Namespace(f.name) for f in _registered() if _owner(f) == (os.getpid(), born(os.getpid())))


def sweep() -> tuple[str, ...]:
    """Removes the namespaces whose owner is dead, with their processes and what they kept in memory; their names."""
    gone = []
    for file in _registered():
        pid, since = _owner(file)
        if not since or born(pid) != since:
            Namespace(file.name).remove()
            shutil.rmtree(MEMORY / file.name, ignore_errors=True)
            gone.append(file.name)
    return tuple(gone)


def _registered() -> list[Path]:
    return sorted(REGISTER.glob(f"{PREFIX}*")) if REGISTER.is_dir() else []


def _owner(file: Path) -> tuple[int, str]:
    try:
        data = json.loads(file.read_text())
        return int(data["pid"]), str(data["born"])
    except (OSError, ValueError, KeyError):
        return 0, ""


def born(pid: int) -> str:
    """When a process started, in clock ticks since boot: with the pid it names a process for good.

    Empty: there is none.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
