"""A voice network with a building's DHCP, HTTP and TFTP on it, and cables for phones."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.directory.local import LocalStore
from appliance.listening import ports_of
from appliance.ports import SystemChance, SystemClock
from appliance.provision.bootp import options
from appliance.provision.dhcp import lease_file
from appliance.provision.kea import Kea
from appliance.settings import Settings, load
from tests.lab.directory import publish_rows
from tests.lab.netns import Namespace, cable, refusal
from tests.lab.sample import sample_rows
from tests.lab.supervise import Command, Supervisor
from tests.lab.waiting import until

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = "10.20.0.1"
ETH_P_IP = 0x0800

SETTINGS = """
[paths]
state_dir = "{here}/state"
run_dir = "{here}/run"
log_dir = "{here}/log"
templates_dir = "{here}/phones"

[network]
voice_interface = "voice0"
voice_address = "10.20.0.1"
voice_subnet = "10.20.0.0/24"
dhcp_pool = "10.20.0.50 - 10.20.0.99"
"""

UDHCPC_SCRIPT = """#!/bin/sh
case "$1" in
  bound|renew) env | grep -E '^(ip|mask|lease|router|ntpsrv|dns|serverid|opt[0-9]+)=' > "$CONSERJE_GOT"
    ip addr flush dev "$interface"; ip addr add "$ip/$mask" dev "$interface" ;;
esac
"""


@dataclass
class Door:
    """The voice network of a building and the processes at its door."""

    place: Namespace
    here: Path
    settings: Settings
    supervisor: Supervisor
    phones: list[Namespace] = field(default_factory=list)

    @property
    def templates(self) -> Path:
        return self.settings.paths.templates_dir

    @property
    def local(self) -> LocalStore:
        return LocalStore(self.settings.paths.local_db, SystemClock(), SystemChance())

    def plug_in(self, mac: str) -> "Plugged":
        """A phone's cable in the wall: a namespace with `eth0` of this MAC (twelve hex digits)."""
        there = Namespace.new("phone")
        self.phones.append(there)
        cable(self.place, f"p{len(self.phones)}", there, "eth0", near_switch="voice0")
        written = ":".join(mac[i : i + 2] for i in range(0, 12, 2))
        there.ip(f"link set eth0 address {written}")
        return Plugged(self, there, mac)


@dataclass(frozen=True)
class Answered:
    """What DHCP told a client. `told`: as udhcpc gave it to its script; `options`: as they were on the wire."""

    told: dict[str, str]
    options: dict[int, bytes]
    message: bytes

    @property
    def address(self) -> str:
        return self.told["ip"]

    @property
    def sname(self) -> bytes:
        return self.message[44:108].rstrip(b"\0")


def replies(wire: socket.socket) -> list[bytes]:
    """BOOTP messages to clients among the packets that wait on a packet socket."""
    found: list[bytes] = []
    while True:
        try:
            packet = wire.recv(1514)
        except BlockingIOError:
            return found
        header = (packet[0] & 15) * 4
        if packet[9] == socket.IPPROTO_UDP and packet[header + 2 : header + 4] == (68).to_bytes(2):
            found.append(packet[header + 8 :])


@dataclass(frozen=True)
class Plugged:
    """Something at the end of a cable of the voice network."""

    door: Door
    place: Namespace
    mac: str

    def dhcp(self, *says: str) -> "Answered":
        """Boot udhcpc with these arguments (`-V text`, `-x 0x3c:hex`), and keep the address it gets."""
        script, got = self.door.here / "udhcpc.sh", self.door.here / f"got-{self.mac}"
        script.write_text(UDHCPC_SCRIPT)
        script.chmod(0o755)
        got.unlink(missing_ok=True)
        command = ["busybox", "udhcpc", "-i", "eth0", "-f", "-q", "-n", "-t", "5", "-T", "1", "-s", str(script), *says]
        with self.place.inside():
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
            wire.bind(("eth0", ETH_P_IP))
        with wire:
            self.place.run(command, env={**os.environ, "CONSERJE_GOT": str(got)}, timeout=20)
            acknowledged = [m for m in replies(wire) if options(m).get(53) == b"\x05"]
        told = dict(line.split("=", 1) for line in got.read_text().splitlines())
        return Answered(told, options(acknowledged[-1]), acknowledged[-1])

    def stand_at(self, address: str) -> None:
        """An address without asking anyone."""
        self.place.ip(f"addr add {address}/24 dev eth0")

    def curl(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = self.place.argv(["curl", "-sS", "--max-time", "10", "--path-as-is", *arguments])
        return subprocess.run(command, capture_output=True, timeout=20, check=False)

    def fetch(self, path: str, agent: str = "") -> bytes:
        """A file over HTTP."""
        done = self.curl("-f", "-A", agent, f"http://{ADDRESS}/{path}")
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def status(self, path: str, *arguments: str) -> int:
        done = self.curl("-o", "/dev/null", "-w", "%{http_code}", *arguments, f"http://{ADDRESS}/{path}")
        return int(done.stdout or 0)

    def tftp(self, path: str, *options: str) -> bytes:
        """A file over TFTP by atftp, with `--option` words such as "blksize 1428". CalledProcessError when refused."""
        into = self.door.here / f"tftp-{self.mac}"
        into.unlink(missing_ok=True)
        words = [word for option in options for word in ("--option", option)]
        self.place.run(["atftp", *words, "--get", "-r", path, "-l", into, ADDRESS], timeout=20)
        return into.read_bytes()


def make_door(here: Path, processes: Sequence[str]) -> Door:
    """A building's door with these of its processes, running and ready."""
    place = Namespace.new("door")
    place.bridge("voice0", f"{ADDRESS}/24")
    # Without a cable a bridge has no carrier, and Kea opens no socket on it.
    place.ip(
        "link add keep type veth peer name keep1",
        "link set keep master voice0",
        "link set keep up",
        "link set keep1 up",
    )
    shutil.copytree(ROOT / "templates" / "phones", here / "phones")
    file = here / "conserje.toml"
    file.write_text(SETTINGS.format(here=here))
    settings = load(file, {})
    publish_rows(settings, sample_rows())
    ports = ports_of(settings)
    commands = tuple(
        Command(
            name, (str(Path(sys.executable).with_name("conserje")), "--settings", str(file), "run", name), ports[name]
        )
        for name in processes
    )
    supervisor = Supervisor(place, here / "supervisor", commands, {"CONSERJE_SETTINGS": str(file)})
    door = Door(place, here, settings, supervisor)
    try:
        supervisor.start()
        supervisor.wait_ready(20)
        if "dhcp" in processes:
            until(lambda: kea_answers(settings), 10, "Kea serves")
    except BaseException:
        take_down(door)
        raise
    return door


def take_down(door: Door) -> None:
    door.supervisor.shut_down()
    for there in (*door.phones, door.place):
        there.remove()


def kea_answers(settings: Settings) -> bool:
    return Kea(settings).serving()


def lease_rows(settings: Settings) -> list[str]:
    """MACs in Kea's lease file, newest last."""
    return [line.split(",")[1] for line in lease_file(settings).read_text().splitlines()[1:]]


def log_events(door: Door, process: str) -> list[dict[str, object]]:
    """The structured lines of a process's log."""
    lines = door.supervisor.log(process).splitlines()
    return [json.loads(line[line.index("{") :]) for line in lines if '{"event"' in line]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One door for the tests of a module, with all three processes."""
    if why := refusal():
        pytest.skip(f"no network namespaces here: {why}")
    made = make_door(tmp_path_factory.mktemp("door"), ("dhcp", "provision", "tftp"))
    try:
        yield made
    finally:
        take_down(made)
