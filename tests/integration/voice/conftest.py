"""The voice service as it runs in a building, on loopback with ports of its own."""

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.directory.reports import VoiceReport, read_report
from appliance.settings import Settings, load
from appliance.voice.prompts import Shelf
from tests.integration.voice.caller import Caller
from tests.lab.sentences import lend
from tests.lab.waiting import until

START_S = 20.0
SENTENCES_S = 90.0
"""They are made at the lowest priority."""


class Voice:
    """A running `conserje run voice`. `settings` are what it runs with; `sip`, `media`: lines of these sections."""

    def __init__(self, directory: Path, workers: int = 1, sip: str = "", media: str = "") -> None:
        self.directory = directory
        self.sip_port = _free_port()
        self.first_port = random.randrange(12000, 18000, 200)
        self.settings_file = directory / "conserje.toml"
        self.settings_file.write_text(
            f'[paths]\nstate_dir = "{directory}/state"\nrun_dir = "{directory}/run"\nlog_dir = "{directory}/log"\n'
            f'[network]\nvoice_address = "127.0.0.1"\n'
            f'[media]\nvoice_sip_port = {self.sip_port}\nvoice_ports = "{self.first_port}-{self.first_port + 199}"\n'
            f"voice_workers = {workers}\n{media}\n" + (f"[sip]\n{sip}\n" if sip else "")
        )
        self.settings: Settings = load(self.settings_file, {})
        self.log = directory / "voice.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> list[str]:
        main = "from appliance.cli import main; main()"
        return [sys.executable, "-c", main, "--settings", str(self.settings_file), *arguments]

    def start(self) -> None:
        """Start, and wait until it answers and its sentences are there."""
        lend(self.settings)
        self.launch()
        self.answers(START_S)
        until(lambda: not Shelf.of(self.settings).missing(), SENTENCES_S, "the sentences")

    def launch(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command("run", "voice"), stdout=log, stderr=log)

    def answers(self, seconds: float) -> None:
        """Wait until a call is really heard: signalling, media and the link between them are there."""

        def heard() -> bool:
            with Caller(self.sip_port) as caller:
                caller.invite("announce", caller.sdp(), X_Conserje_Say="beep", X_Conserje_Then="480 Probe")
                progress = caller.response(183, 0.5)
                caller.listen(0.5, lambda: caller.datagrams)
                caller.cancel()
                caller.ack(caller.response(487, 0.5))
                return bool(progress and caller.datagrams)

        until(heard, seconds, "voice answers")

    def report(self) -> VoiceReport:
        report = read_report(self.settings.paths.reports_dir, VoiceReport)
        assert report is not None
        return report

    def ports_in_use(self) -> set[int]:
        """UDP ports of its range that somebody holds, by the kernel's own table."""
        rows = Path("/proc/net/udp").read_text().splitlines()[1:]
        ports = {int(row.split()[1].split(":")[1], 16) for row in rows}
        return {p for p in ports if self.first_port <= p < self.first_port + 200}

    def idle(self) -> bool:
        return not self.ports_in_use() and self.report().legs == 0

    def pid(self, name: str) -> int:
        """The process of ours with this name (voice-media, voice-sip); 0 when there is none."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return next((int(c) for c in children if _name_of(c) == name), 0)

    def caller(self) -> Caller:
        return Caller(self.sip_port)

    def run_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=60, env={**os.environ, "LANG": "en"}
        )


def _name_of(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Voice]:
    service = Voice(tmp_path_factory.mktemp("voice"))
    service.start()
    try:
        yield service
    finally:
        if service.process is not None and service.process.poll() is None:
            service.process.send_signal(signal.SIGTERM)
            service.process.wait(10)


@pytest.fixture
def quiet_voice(voice: Voice) -> Iterator[Voice]:
    """The service with no call before and none left after."""
    until(voice.idle, 5, "no leg before the test")
    yield voice
    until(voice.idle, 5, "no leg and no port after the test")
