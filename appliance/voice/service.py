"""`conserje run voice`: starts workers (each signalling and media) and a maker of sentences; keeps them alive.

A dead or hung child is replaced at once and given a new link to its mate; calls that it carried end, no others. SIGHUP
replaces one worker after the other, each when its calls are over. Each second the VoiceReport is written. If this
process dies, its children die with it; the supervisor starts all anew.
"""

import ctypes
import errno
import gc
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from appliance.directory.reports import VoiceReport, write_report
from appliance.errors import EngineProblem, Words
from appliance.settings import Settings
from appliance.voice import words
from appliance.voice.children import Child, spawn

log = logging.getLogger("conserje.voice")

LOOPBACK = "127.0.0.1"
HUNG_S = 3.0
"""Without a pulse for so long, a child is taken for hung and replaced."""
START_S = 60.0
"""What a child may take to its first pulse: on an emulated machine that boots, importing numpy alone takes 20 s."""
MAX_DEATHS = 5
DEATHS_WITHIN_S = 10.0
"""More deaths than that so fast: it will not mend itself; the supervisor may try."""
STOP_S = 1.0
DRAIN_S = 900.0
"""What the calls of a worker that is to be replaced may still take; then they end with BYE."""
MAX_WORKERS = 8

MEDIA, SIGNALLING, SENTENCES = "voice-media", "voice-sip", "voice-sentences"


def run(settings: Settings) -> None:
    """Until SIGTERM. Raises EngineProblem when a port is taken, an address is not ours, or a child cannot live."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    _check_libraries()
    _check_addresses(settings)
    Voice(settings).run()


class Voice:
    """The parent of voice's processes. Has no threads: it forks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._children: dict[str, Child] = {}
        self._seen: dict[str, float] = {}
        self._deaths: list[float] = []
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self._pulses: dict[str, words.MediaPulse] = {}
        self._workers = min(max(1, settings.media.voice_workers), MAX_WORKERS)
        self._to_drain: list[int] = []
        self._draining: tuple[int, float] | None = None
        self._bodies: dict[str, Callable[[socket.socket], None]] = {SENTENCES: self._sentences}
        for n in range(self._workers):
            self._bodies[name_of(MEDIA, n)] = partial(self._media, n)
            self._bodies[name_of(SIGNALLING, n)] = partial(self._signalling, n)

    def run(self) -> None:
        awake, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._renew)
        self._selector.register(awake, selectors.EVENT_READ, None)
        try:
            # What is here is shared with the children as long as nobody writes to it, and who collects garbage does.
            gc.collect()
            gc.freeze()
            for name in self._bodies:
                self._start(name)
            for n in range(self._workers):
                self._link(n)
            while not self._stopping:
                for key, _ in self._selector.select(1.0):
                    if key.data is None:
                        os.read(awake, 64)
                    else:
                        self._hear(key.data)
                self._replace_hung()
                self._drain()
        finally:
            self._end()

    # Children. Each imports after the fork what it needs: sippy owns its process, and numpy's memory is media's alone.

    def _media(self, worker: int, parent: socket.socket) -> None:
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # more would only share the clock's core
        from appliance.voice import engine

        engine.main(for_worker(self._settings, worker, self._workers), parent)

    def _signalling(self, worker: int, parent: socket.socket) -> None:
        from appliance.voice import signalling

        signalling.main(self._settings, self._settings.media.voice_sip_port + worker, parent)

    def _sentences(self, _: socket.socket) -> None:
        from appliance.voice import prompts, synthesis

        synthesis.run(synthesis.cache_dir(self._settings))
        for problem in prompts.check(self._settings):
            log.warning("%s", problem.text(self._settings.language))

    def _start(self, name: str) -> None:
        now = time.monotonic()
        child = spawn(name, self._bodies[name], now)
        self._children[name] = child
        self._seen[name] = now + START_S
        self._selector.register(child.link, selectors.EVENT_READ, name)

    def _link(self, worker: int) -> None:
        """Give a worker's two a fresh link to each other; each drops the old one, and what hung on it."""
        ends = words.pair()
        for role, end in zip((SIGNALLING, MEDIA), ends, strict=True):
            child = self._children.get(name_of(role, worker))
            if child is not None:
                words.send(child.link, words.NewLink(), end.fileno())
            end.close()

    def _hear(self, name: str) -> None:
        child = self._children.get(name)
        if child is None:
            return
        came = words.receive(child.link)
        if came is None:
            self._bury(child)
            return
        self._seen[name] = time.monotonic()
        if isinstance(came[0], words.MediaPulse):
            self._pulses[name] = came[0]
            self._report()

    def _bury(self, child: Child) -> None:
        self._selector.unregister(child.link)
        del self._children[child.name]
        code = child.reap()
        if child.name == SENTENCES:
            return
        worker = worker_of(child.name)
        self._pulses.pop(child.name, None)
        if self._draining is not None and self._draining[0] == worker:
            self._renewed(worker)
            return
        log.error("%s ended (%d); starting it again", child.name, code)
        now = time.monotonic()
        self._deaths = [at for at in self._deaths if now - at < DEATHS_WITHIN_S] + [now]
        if len(self._deaths) > MAX_DEATHS * self._workers:
            raise EngineProblem(
                Words(f"{child.name} dies again and again.", f"{child.name} muere una y otra vez."),
                Words("Its last lines in the log say why.", "Sus últimas líneas en la bitácora dicen por qué."),
            )
        self._start(child.name)
        self._link(worker)

    # A drained restart: one worker at a time takes no new calls, ends with its last one, and begins anew.

    def _renew(self, *_: object) -> None:
        self._to_drain = list(range(self._workers))

    def _drain(self) -> None:
        now = time.monotonic()
        if self._draining is None and self._to_drain:
            worker = self._to_drain.pop(0)
            self._draining = (worker, now + DRAIN_S)
            log.info("worker %d takes no new calls", worker)
            words.send(self._children[name_of(SIGNALLING, worker)].link, words.Drain())
        elif self._draining is not None and now > self._draining[1]:
            self._draining = (self._draining[0], now + DRAIN_S)
            self._children[name_of(SIGNALLING, self._draining[0])].kill(signal.SIGTERM)

    def _renewed(self, worker: int) -> None:
        """One of the two has ended: the other one too, and both start with what is installed now."""
        self._draining = None
        for role in (SIGNALLING, MEDIA):
            mate = self._children.pop(name_of(role, worker), None)
            if mate is not None:
                self._selector.unregister(mate.link)
                with suppress(ProcessLookupError):
                    mate.kill()
                mate.reap()
        for role in (SIGNALLING, MEDIA):
            self._start(name_of(role, worker))
        self._link(worker)
        log.info("worker %d is new", worker)

    def _replace_hung(self) -> None:
        now = time.monotonic()
        for child in list(self._children.values()):
            if child.name != SENTENCES and now - self._seen[child.name] > HUNG_S:
                log.error("%s gives no sign of life", child.name)
                child.kill()  # its link then reads as ended

    def _report(self) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        pulses = self._pulses.values()
        report = VoiceReport(now, sum(p.legs for p in pulses), max(p.tick_late_p99_ms for p in pulses))
        try:
            write_report(self._settings.paths.reports_dir, report)
        except OSError as full:
            log.warning("cannot write the report: %s", full)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _end(self) -> None:
        """Let signalling say goodbye, then end the rest."""
        lines = [child for name, child in self._children.items() if name.startswith(SIGNALLING)]
        for child in lines:
            with suppress(ProcessLookupError):
                child.kill(signal.SIGTERM)
        for child in lines:
            child.link.settimeout(STOP_S)
            with suppress(TimeoutError):
                while words.receive(child.link) is not None:
                    pass
        for child in self._children.values():
            with suppress(ProcessLookupError):
                child.kill()
            child.reap()
        self._children.clear()


def name_of(role: str, worker: int) -> str:
    """The first worker's processes have the plain names."""
    return f"{role}-{worker + 1}" if worker else role


def worker_of(name: str) -> int:
    number = name.rpartition("-")[2]
    return int(number) - 1 if number.isdigit() else 0


def for_worker(settings: Settings, worker: int, workers: int) -> Settings:
    """The settings as a worker's media engine sees them: its own part of the ports. What is no range stays as it is."""
    first, _, last = settings.media.voice_ports.partition("-")
    if workers < 2 or not first.isdigit() or not last.isdigit():
        return settings
    size = (int(last) - int(first) + 1) // workers // 2 * 2
    begin = int(first) + worker * size
    end = int(last) if worker == workers - 1 else begin + size - 1
    return replace(settings, media=replace(settings.media, voice_ports=f"{begin}-{end}"))


def _check_libraries() -> None:
    """What native.py will load, tried here without numpy."""
    for name, package in (("libspandsp.so.2", "libspandsp2"), ("libopus.so.0", "libopus0")):
        try:
            ctypes.CDLL(name)
        except OSError as missing:
            raise EngineProblem(
                Words(f"The library {name} is missing.", f"Falta la biblioteca {name}."),
                Words(f"Install the package {package}.", f"Instale el paquete {package}."),
            ) from missing


def _check_addresses(settings: Settings) -> None:
    """Find out before any child starts whether our addresses and our SIP port are to be had."""
    host, port = settings.network.voice_address, settings.media.voice_sip_port
    _try_bind(
        (host, 0),
        Words(
            f"network.voice_address {host} is not an address of this box.",
            f"network.voice_address {host} no es una dirección de este equipo.",
        ),
        Words("Correct the setting, or bring the interface up.", "Corrija el ajuste o levante la interfaz."),
    )
    for number in range(port, port + max(1, settings.media.voice_workers)):
        _try_bind(
            (LOOPBACK, number),
            Words(f"Port {number} of voice's SIP is taken.", f"El puerto {number} del SIP de voz está ocupado."),
            Words(
                "End the program that holds it, or change media.voice_sip_port.",
                "Termine el programa que lo ocupa o cambie media.voice_sip_port.",
            ),
        )


def _try_bind(address: tuple[str, int], says: Words, todo: Words) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(address)
        except OSError as refused:
            if refused.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
                raise EngineProblem(says, todo) from refused
            raise
