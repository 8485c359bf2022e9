"""TFTP against dnsmasq's, by the same client in one run: files of 8 kB, and 20 MB of firmware; memory of the doors."""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.ports import SystemClock
from appliance.provision.order_book import firmware_store
from appliance.provision.upkeep import FirmwareFacts
from appliance.settings import Network, Paths, Provisioning, Settings
from tests.bench.bench_provision import AGENT, PHONE, free_port, gunicorn
from tests.bench.results import Result, bound, by_turns
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows
from tests.lab.waiting import until

LARGE = 20_000_000
TFTP_PORT = 69
"""dnsmasq knows no other."""

SMALL_FETCHES = 600
ROUNDS, LARGE_ROUNDS = range(11), range(5)
MEMORY_FETCHES = 10_000
GROWTH_MOST_KB = 4096.0
"""What a door may have grown by after that many fetches: allocators' noise, never a file a fetch."""

_ACK, _DATA, _OACK = b"\0\x04", b"\0\x03", b"\0\x06"


class Client:
    """A phone in lock-step. Written for little work of its own, so that what is measured is the server."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)

    def get(self, path: str, blksize: int) -> int:
        """Octets of the file."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(5)
            request = b"\0\x01" + b"".join(w.encode() + b"\0" for w in (path, "octet", "blksize", str(blksize)))
            line.sendto(request, self._server)
            packet, peer = line.recvfrom(2048)
            assert packet[:2] == _OACK, packet[:64]
            line.connect(peer)
            line.send(_ACK + b"\0\0")
            got = 0
            while True:
                packet = line.recv(2048)
                assert packet[:2] == _DATA, packet[:64]
                line.send(_ACK + packet[2:4])
                got += len(packet) - 4
                if len(packet) - 4 < blksize:
                    return got


def answers(port: int, path: str) -> bool:
    return Client(port).get(path, 1428) > 0


@contextmanager
def dnsmasq(folder: Path, path: str) -> Iterator[None]:
    """dnsmasq as nothing but a TFTP server."""
    argv = ["dnsmasq", "--keep-in-foreground", "--port=0", "--enable-tftp", f"--tftp-root={folder}"]
    argv += [
        "--conf-file=/dev/null",
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        "--user=root",
        "--pid-file=",
        "--quiet-tftp",
    ]
    process = subprocess.Popen(argv, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until(lambda: answers(TFTP_PORT, path), 10, "dnsmasq serves")
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


@contextmanager
def ours(environment: dict[str, str], port: int, path: str) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.cli", "run", "tftp"],
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: answers(port, path), 20, "our TFTP serves")
        until(lambda: is_idle(process.pid), 20, "it has read its templates, in each of its threads")
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def is_idle(pid: int, over_s: float = 0.5) -> bool:
    """Whether a process used next to no CPU for so long: what it does once, at its start, is not measured."""
    used = [_cpu_s(pid)]
    end = time.monotonic() + over_s
    while time.monotonic() < end:
        select.select([], [], [], 0.05)
    used.append(_cpu_s(pid))
    return used[1] - used[0] < 0.05


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def files_a_second(port: int, path: str, size: int) -> float:
    client, start = Client(port), time.perf_counter()
    for _ in range(SMALL_FETCHES):
        assert client.get(path, 1428) == size
    return SMALL_FETCHES / (time.perf_counter() - start)


def octets_a_second(port: int, path: str) -> float:
    start = time.perf_counter()
    assert Client(port).get(path, 1428) == LARGE
    return LARGE / (time.perf_counter() - start) / 1e6


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def growth_kb(pids: list[int], fetch: Iterator[None]) -> float:
    """How much the largest of these grew over the fetches, after a tenth of them filled what is kept on purpose."""
    for _ in range(MEMORY_FETCHES // 10):
        next(fetch)
    before = {pid: resident_kb(pid) for pid in pids}
    for _ in range(MEMORY_FETCHES):
        next(fetch)
    return float(max(max(resident_kb(pid) - before[pid] for pid in pids), 1))


def tftp_fetches(port: int, paths: tuple[str, ...]) -> Iterator[None]:
    client = Client(port)
    while True:
        for path in paths:
            client.get(path, 1428)
            yield


def http_fetches(port: int, paths: tuple[str, ...]) -> Iterator[None]:
    while True:
        for path in paths:
            asked = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", headers={"User-Agent": AGENT})
            urllib.request.urlopen(asked, timeout=5).read()
            yield


def measure() -> list[Result]:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        port, http_port = free_port(), free_port()
        settings = Settings(
            paths=Paths(state_dir=root / "state", run_dir=root / "run", log_dir=root / "log"),
            network=Network(voice_address="127.0.0.1", uplink_address="127.0.0.1", management_address="127.0.0.1"),
            provisioning=Provisioning(http_port=http_port, tftp_port=port),
        )
        publish_rows(settings, sample_rows())
        image = root / "T46S.rom"
        image.write_bytes(os.urandom(LARGE))
        with image.open("rb") as source:
            kept, _ = firmware_store(settings, SystemClock()).add(
                source, name=image.name, family="yealink", version="66.86", facts=FirmwareFacts(), by="bench"
            )
        environment = {
            "CONSERJE_PATHS__STATE_DIR": str(root / "state"),
            "CONSERJE_PATHS__RUN_DIR": str(root / "run"),
            "CONSERJE_PATHS__LOG_DIR": str(root / "log"),
            "CONSERJE_NETWORK__VOICE_ADDRESS": "127.0.0.1",
            "CONSERJE_PROVISIONING__HTTP_PORT": str(http_port),
            "CONSERJE_PROVISIONING__TFTP_PORT": str(port),
        }
        provision = [sys.executable, "-m", "appliance.cli", "run", "provision"]
        with ours(environment, port, PHONE) as pid, gunicorn(provision, environment, http_port):
            size = Client(port).get(PHONE, 1428)
            (root / PHONE).write_bytes(os.urandom(size))
            with dnsmasq(root, PHONE):
                small = [(files_a_second(port, PHONE, size), files_a_second(TFTP_PORT, PHONE, size)) for _ in ROUNDS]
                large = [
                    (octets_a_second(port, kept.path), octets_a_second(TFTP_PORT, image.name)) for _ in LARGE_ROUNDS
                ]
            tftp_kb = growth_kb([pid], tftp_fetches(port, (PHONE,)))
            http_kb = growth_kb(workers_of(http_port), http_fetches(http_port, (PHONE,)))
        return [
            by_turns("configuration over TFTP", "files/s", small, f"dnsmasq, {size} octets", 0.80),
            by_turns("firmware over TFTP, blksize 1428", "MB/s", large, "dnsmasq, 20 MB", 0.80),
            bound("TFTP: growth over 10,000 fetches", "kB", tftp_kb, GROWTH_MOST_KB),
            bound("HTTP: growth over 10,000 fetches", "kB", http_kb, GROWTH_MOST_KB),
        ]


def workers_of(port: int) -> list[int]:
    """Processes of gunicorn on this port, by their title or arguments."""
    bound_to = f"127.0.0.1:{port}".encode()
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if bound_to in line.read_bytes():
                found.append(int(line.parent.name))
        except OSError:
            continue
    assert found, "gunicorn's workers are among the processes"
    return found
