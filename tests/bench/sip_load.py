"""Load for the SIP benchmarks: SIPp drives our building's Kamailio, then a native one, by turns, on loopback.

Both register the same users with the same passwords, keep contacts in SQLite and put the same rtpengine on every call.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.sip_edge.contacts import prepare_contacts
from appliance.sip_edge.kamailio.media import FLAGS, PLAIN, STRICT
from tests.integration.sip_edge.building import ADDRESS, free_ports
from tests.lab.capture import read_capture
from tests.lab.siptext import parse
from tests.lab.waiting import until
from wire.rows import Account, Extension, Mapping, Number, Person, Phone, Presence, Row, Site
from wire.services import Member, RingGroup

HERE = Path(__file__).parent
USERS = 100
"""Who load: the first of them."""
EXTENSIONS = 5000
"""In the directory while they do; and so many groups and numbers of the same company."""
GROUPS, NUMBERS, MEMBERS = 500, 2000, 4
SECRET = "bench-secret"
REALM = "conserje"
ACCOUNT, SITE = "acct-bench", "site-bench"
MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules"


def user(n: int) -> str:
    return f"bench{n:03d}"


def extension(n: int) -> str:
    return str(2000 + n)


def rows() -> tuple[Row, ...]:
    """One company with EXTENSIONS people, each with an extension and a phone; its groups and numbers."""
    made: list[Row] = [Site(SITE, "Bench"), Account(ACCOUNT, "Bench"), Presence("pr", ACCOUNT, SITE)]
    for n in range(EXTENSIONS):
        made += [
            Person(f"person-{n}", ACCOUNT, f"Persona {n}"),
            Extension(f"ext-{n}", ACCOUNT, extension(n), "person", f"person-{n}"),
            Phone(f"phone-{n}", ACCOUNT, SITE, f"person-{n}", f"{n:012x}", "yealink", "T46S", user(n), SECRET),
        ]
    for n in range(NUMBERS):
        made += [
            Number(f"number-{n}", ACCOUNT, f"+5255{10_000_000 + n}"),
            Mapping(f"number-{n}", ACCOUNT, "person", f"person-{n}"),
        ]
    for n in range(GROUPS):
        made += [
            RingGroup(f"group-{n}", ACCOUNT, f"Grupo {n}", "together"),
            Extension(f"ext-group-{n}", ACCOUNT, str(8000 + n), "ring_group", f"group-{n}"),
            *(
                Member(f"member-{n}-{k}", ACCOUNT, f"group-{n}", k + 1, "person", f"person-{(n + k) % EXTENSIONS}")
                for k in range(MEMBERS)
            ),
        ]
    return tuple(made)


@dataclass(frozen=True, slots=True)
class Target:
    """A Kamailio to load: where it listens and the process at its head."""

    port: int
    pid: int

    def cpu_s(self) -> float:
        """Seconds of CPU that its processes have used."""
        ticks = 0
        for process in (self.pid, *children(self.pid)):
            fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mib(self, kind: str = "Pss:") -> list[float]:
        """Memory of each process; proportional: shared pages are divided among those that share them."""
        found = []
        for process in (self.pid, *children(self.pid)):
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
            found.append(next(int(line.split()[1]) for line in text.splitlines() if line.startswith(kind)) / 1024)
        return found


def children(pid: int) -> tuple[int, ...]:
    return tuple(int(c) for t in Path(f"/proc/{pid}/task").glob("*/children") for c in t.read_text().split())


@contextmanager
def native(directory: Path, ng_port: int, workers: int, *options: str) -> Iterator[Target]:
    """The reference: reference/kamailio.cfg with its words filled in. `options` of Kamailio's command line."""
    (port,) = free_ports(1)
    directory.mkdir(parents=True, exist_ok=True)
    words = {"ADDRESS": ADDRESS, "PORT": str(port), "WORKERS": str(workers), "REALM": REALM, "NGPORT": str(ng_port)}
    words |= {"CONTACTS": str(directory / "contacts.db"), "CALLEE": user(1), "SECRET": SECRET}
    words |= {"FLAGS": FLAGS + STRICT, "PLAIN": PLAIN}
    text = (HERE / "reference" / "kamailio.cfg").read_text()
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    path = directory / "kamailio.cfg"
    path.write_text(text)
    prepare_contacts(directory / "contacts.db", time.time(), 300)
    log = (directory / "native.log").open("wb")
    argv = ["kamailio", "-f", str(path), *options, "-m", "128", "-M", "8", "-DD", "-E"]
    process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
    try:
        until(lambda: answers(port), 15, f"the reference answers ({directory / 'native.log'})")
        yield Target(port, process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def answers(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.5)
        asking.connect((ADDRESS, port))
        own = asking.getsockname()[1]
        asking.send(
            f"OPTIONS sip:{ADDRESS}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {ADDRESS}:{own};branch=z9hG4bKo{own}\r\n"
            f"From: <sip:b@{ADDRESS}>;tag=1\r\nTo: <sip:{ADDRESS}>\r\nCall-ID: o{own}\r\nCSeq: 1 OPTIONS\r\n"
            "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode()
        )
        return asking.recv(2048).startswith(b"SIP/2.0")


def inject(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("SEQUENTIAL\n" + "\n".join(lines) + "\n")
    return path


def credentials(n: int) -> str:
    return f"[authentication username={user(n)} password={SECRET}]"


@dataclass(frozen=True, slots=True)
class Run:
    """What a SIPp run achieved."""

    seconds: float
    good: int
    failed: int
    errors: str
    """The first of SIPp's complaints."""

    @property
    def a_second(self) -> float:
        return self.good / self.seconds if self.seconds else 0.0


def drive(
    place: Path, scenario: str, target: int, users: Path, count: int, rate: int, at_once: int, called: str = ""
) -> Run:
    """SIPp's `count` runs of a scenario against `target`, at most `rate` a second and `at_once` open.

    `called`: the user part that every run calls; SIPp does not put it into its digests by itself.
    """
    (port,) = free_ports(1)
    place.mkdir(parents=True, exist_ok=True)
    argv = [
        *("sipp", f"{ADDRESS}:{target}", "-sf", str(HERE / "scenarios" / f"{scenario}.xml"), "-inf", str(users)),
        *("-i", ADDRESS, "-p", str(port), "-m", str(count), "-r", str(rate), "-l", str(at_once), "-nostdin"),
        *("-timeout", "90", "-trace_err", "-skip_rlimit"),
    ]
    if called:
        argv += ["-auth_uri", f"{called}@{ADDRESS}:{target}"]
    start = time.perf_counter()
    done = subprocess.run(argv, cwd=place, capture_output=True, text=True, timeout=120, check=False)
    seconds = time.perf_counter() - start
    assert done.returncode in (0, 1), done.stdout[-500:] + done.stderr[-500:]
    good, failed = counted(done.stdout, "Successful call"), counted(done.stdout, "Failed call")
    complaints = [path.read_text(errors="replace") for path in place.glob(f"{scenario}_*_errors.log")]
    return Run(seconds, good, failed, "".join(complaints)[:600])


def counted(screen: str, what: str) -> int:
    """The cumulative figure of a line of SIPp's last screen."""
    lines = (columns(line) for line in screen.splitlines())
    return int([c for c in lines if c[:1] == [what]][-1][2])


def columns(line: str) -> list[str]:
    return [c.strip() for c in line.split("|")]


@contextmanager
def callee(place: Path, port: int) -> Iterator[None]:
    """The phone that answers every call."""
    argv = ["sipp", "-sf", str(HERE / "scenarios" / "answer.xml"), "-i", ADDRESS, "-p", str(port), "-nostdin"]
    process = subprocess.Popen(argv, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(5)


@contextmanager
def captured(path: Path, *ports: int) -> Iterator[None]:
    """Everything over UDP to or from these ports of the loopback, into `path`."""
    wanted = " or ".join(f"port {p}" for p in ports)
    argv = ["tcpdump", "-i", "lo", "-n", "-U", "-B", "8192", "-w", str(path), f"udp and ({wanted})"]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(path.exists, 5, "tcpdump writes")
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)


def held_ms(path: Path, proxy: int, callee_port: int) -> list[float]:
    """How long a proxy kept each authenticated INVITE before the phone called had it, milliseconds."""
    came: dict[str, float] = {}
    kept: dict[str, float] = {}
    for datagram in read_capture(path):
        message = parse(datagram.payload)
        if message is None or message.is_response or message.method != "INVITE":
            continue
        call = message.get("call-id")
        if datagram.destination[1] == proxy and message.get("proxy-authorization"):
            came.setdefault(call, datagram.at)
        elif datagram.destination[1] == callee_port and call in came:
            kept.setdefault(call, (datagram.at - came[call]) * 1000)
    return list(kept.values())
