"""A phone's configuration over HTTP against a fixed string of that size by the same gunicorn; and a cold render."""

import os
import re
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

from appliance.directory.live import Live
from appliance.provision import http, render
from appliance.provision.context import site_context
from appliance.provision.desk import FileRequest, Served, serve
from appliance.provision.families import load_families
from appliance.settings import Network, Paths, Provisioning, Settings
from tests.bench.results import Result, bound, by_turns, percentile
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows
from tests.lab.waiting import until

SECONDS = 3
ROUNDS = 7
COLD_RENDERS = 500
PHONE = "001565aa0101.cfg"
AGENT = "Yealink SIP-T46S 66.85.0.5 00:15:65:aa:01:01"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 0.2):
        return True


@contextmanager
def gunicorn(argv: list[str], environment: dict[str, str], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        argv, env={**os.environ, **environment}, start_new_session=True, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: listens(port), 20, "gunicorn listens")
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def requests_a_second(port: int) -> float:
    url = f"http://127.0.0.1:{port}/{PHONE}"
    command = ["wrk", "-t1", "-c8", f"-d{SECONDS}s", "-H", f"User-Agent: {AGENT}", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])


def measure() -> list[Result]:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        port, other = free_port(), free_port()
        settings = Settings(
            paths=Paths(state_dir=root / "state", run_dir=root / "run", log_dir=root / "log"),
            network=Network(voice_address="127.0.0.1", uplink_address="127.0.0.1", management_address="127.0.0.1"),
            provisioning=Provisioning(http_port=port),
        )
        publish_rows(settings, sample_rows())
        environment = {
            "CONSERJE_PATHS__STATE_DIR": str(root / "state"),
            "CONSERJE_PATHS__RUN_DIR": str(root / "run"),
            "CONSERJE_PATHS__LOG_DIR": str(root / "log"),
            "CONSERJE_NETWORK__VOICE_ADDRESS": "127.0.0.1",
            "CONSERJE_PROVISIONING__HTTP_PORT": str(port),
        }
        ours_argv = [sys.executable, "-m", "appliance.cli", "run", "provision"]
        fixed_argv = [
            *(sys.executable, "-m", "gunicorn", "tests.bench.fixed_string:wsgi()", "--bind", f"127.0.0.1:{other}"),
            *("--worker-class", "gthread", "--workers", str(http.WORKERS), "--threads", str(http.THREADS)),
            *("--keep-alive", str(http.KEEP_ALIVE_S), "--log-level", "warning"),
        ]
        with gunicorn(ours_argv, environment, port):
            asked = urllib.request.Request(f"http://127.0.0.1:{port}/{PHONE}", headers={"User-Agent": AGENT})
            size = len(urllib.request.urlopen(asked, timeout=5).read())
            with gunicorn(fixed_argv, {"BENCH_BYTES": str(size)}, other):
                pairs = [(requests_a_second(port), requests_a_second(other)) for _ in range(ROUNDS)]
        named = f"same gunicorn, {size} fixed bytes"
        return [
            by_turns("configuration over HTTP", "requests/s", pairs, named, 0.40),
            bound("cold render, p99", "ms", cold_render_ms(settings), 10.0),
        ]


def cold_render_ms(settings: Settings) -> float:
    """p99 of rendering a phone's own file with nothing rendered remembered: each phone's first fetch of a revision."""
    directory = Live(settings.paths.live_dir).current()
    families = load_families(settings.paths.templates_dir)
    site = site_context(settings)
    request = FileRequest(PHONE, "http", "127.0.0.1", AGENT, None, "")
    took = []
    for _ in range(COLD_RENDERS):
        render.clear()
        start = time.perf_counter()
        answer = serve(request, directory, families, site)
        took.append((time.perf_counter() - start) * 1000)
        assert isinstance(answer, Served)
    return percentile(took, 0.99)
