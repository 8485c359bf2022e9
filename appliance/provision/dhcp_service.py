"""The process `dhcp`: Kea with a checked configuration, kept up to date without losing a lease; and the ear beside it.

dhcp.py says what is configured, kea.py how Kea is spoken to. When Kea ends, this ends, and the supervisor starts both.
"""

import json
import logging
import os
import selectors
import signal
import socket
import subprocess
import time
from types import FrameType

from appliance.binding import require_interface, require_port
from appliance.directory.live import Live
from appliance.directory.model import Directory
from appliance.errors import DirectoryProblem, EngineProblem, Problem, Words
from appliance.ports import SystemClock
from appliance.provision.bootp import PORT
from appliance.provision.bounds import SaidOnce
from appliance.provision.catalogue import Catalogue
from appliance.provision.dhcp import KeaConfig, heard_file, kea_config
from appliance.provision.dhcp_ear import Listening
from appliance.provision.kea import Kea
from appliance.settings import Settings

LOOK_S = 0.5
"""How often a new revision or changed families are looked for."""

STOP_S = 4.0
GOOD = "kea-dhcp4.json"
"""The configuration that Kea last accepted; beside it the one that it did not, if any."""
CANDIDATE = "kea-dhcp4.candidate.json"

log = logging.getLogger("conserje.dhcp")


def run(settings: Settings) -> None:
    """Serve DHCP until told to stop (SIGTERM). Raises EngineProblem when Kea cannot start or has ended."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    network = settings.network
    index = require_interface(network.voice_interface)
    kea = Kea(settings)
    kea.end_orphan()
    require_port(socket.SOCK_DGRAM, network.voice_address, PORT, "DHCP")
    _Service(settings, index, kea).run()


class _Service:
    def __init__(self, settings: Settings, interface_index: int, kea: Kea) -> None:
        self._settings = settings
        self._interface_index = interface_index
        self._live = Live(settings.paths.live_dir)
        self._catalogue = Catalogue(settings.paths.templates_dir, SystemClock(), compiled=False)
        self._folder = settings.paths.engines_dir / "kea"
        self._kea = kea
        self._once = SaidOnce()
        self._running: KeaConfig = {}
        self._refused: KeaConfig = {}
        self._stopping = False

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._first_configuration()
        listening = Listening(self._settings.network.voice_interface, heard_file(self._settings))
        kea = self._kea.start(self._folder / GOOD)
        try:
            self._watch(kea)
        finally:
            _end(kea)
            listening.close()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _watch(self, kea: "subprocess.Popen[bytes]") -> None:
        """Until told to stop. Raises EngineProblem when Kea ends or the voice interface is not what it was."""
        next_look = time.monotonic() + LOOK_S
        with selectors.DefaultSelector() as waiting:
            ended = os.pidfd_open(kea.pid)
            waiting.register(ended, selectors.EVENT_READ)
            try:
                while not self._stopping:
                    waiting.select(max(next_look - time.monotonic(), 0))
                    if kea.poll() is not None:
                        raise _ended(kea.returncode)
                    if time.monotonic() >= next_look:
                        next_look = time.monotonic() + LOOK_S
                        self._look()
            finally:
                os.close(ended)

    def _look(self) -> None:
        """Is there anything new to configure? Kea's own state is asked too, so that a start that failed is seen."""
        if require_interface(self._settings.network.voice_interface) != self._interface_index:
            raise EngineProblem(
                Words("The voice interface was replaced.", "La interfaz de voz fue reemplazada."),
                Words("DHCP starts again on the new one.", "DHCP inicia de nuevo en la nueva."),
            )
        try:
            wanted = self._wanted()
        except Problem as problem:
            self._say(problem)
            return
        if wanted in (self._running, self._refused):
            return
        try:
            self._write(CANDIDATE, wanted)
            self._kea.change(wanted)
        except (EngineProblem, OSError, ValueError) as refused:
            self._refused = wanted
            self._say(refused)
            return
        self._accept(wanted)
        log.info("dhcp.reloaded classes=%d", len(wanted["Dhcp4"]["client-classes"]))

    def _first_configuration(self) -> None:
        """Leave in GOOD what Kea is to start with: what is wanted now, else what was last good."""
        good = self._folder / GOOD
        try:
            wanted = self._wanted()
            self._write(CANDIDATE, wanted)
            self._kea.check(self._folder / CANDIDATE)
            self._accept(wanted)
        except Problem as problem:
            if not good.exists():
                raise
            self._say(problem)
            # Raises where this one does not do any more either.
            self._kea.check(good)
            self._running = json.loads(good.read_text(encoding="utf-8"))

    def _wanted(self) -> KeaConfig:
        return kea_config(self._settings, self._directory(), self._catalogue.current())

    def _directory(self) -> Directory | None:
        try:
            return self._live.current()
        except DirectoryProblem:
            return None

    def _accept(self, config: KeaConfig) -> None:
        (self._folder / CANDIDATE).replace(self._folder / GOOD)
        self._running, self._refused = config, {}

    def _write(self, name: str, config: KeaConfig) -> None:
        temporary = self._folder / f".{name}"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(config, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._folder / name)

    def _say(self, problem: Exception) -> None:
        """Log a problem, once."""
        text = problem.text() if isinstance(problem, Problem) else str(problem)
        if self._once.first(text):
            log.error("dhcp.refused %s", text)


def _end(kea: "subprocess.Popen[bytes]") -> None:
    if kea.poll() is None:
        kea.terminate()
        try:
            kea.wait(STOP_S)
        except subprocess.TimeoutExpired:
            kea.kill()
            kea.wait()


def _ended(code: int) -> EngineProblem:
    how = f"signal {-code}" if code < 0 else f"code {code}"
    return EngineProblem(
        Words(f"Kea's DHCP server has ended ({how}).", f"El servidor DHCP de Kea terminó ({how})."),
        Words("It starts again; its log says why it ended.", "Inicia de nuevo; su bitácora dice por qué terminó."),
    )
