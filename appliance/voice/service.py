"""`conserje run voice`: starts signalling, the media engine and the maker of sentences, and keeps the first two alive.

A dead or hung child is replaced at once and given a new link to the other one; calls that it carried end, no others.
Each second the VoiceReport is written. If this process dies, its children die with it; the supervisor starts all anew.
"""

import errno
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

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

MEDIA, SIGNALLING, SENTENCES = "voice-media", "voice-sip", "voice-sentences"


def run(settings: Settings) -> None:
    """Until SIGTERM. Raises EngineProblem when a port is taken, an address is not ours, or a child cannot live."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
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
        self._pulse = words.MediaPulse(0, 0.0)
        self._bodies: dict[str, Callable[[socket.socket], None]] = {
            MEDIA: self._media,
            SIGNALLING: self._signalling,
            SENTENCES: self._sentences,
        }

    def run(self) -> None:
        awake, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._selector.register(awake, selectors.EVENT_READ, None)
        try:
            for name in self._bodies:
                self._start(name)
            self._link()
            while not self._stopping:
                for key, _ in self._selector.select(1.0):
                    if key.data is None:
                        os.read(awake, 64)
                    else:
                        self._hear(key.data)
                self._replace_hung()
        finally:
            self._end()

    # Children. Each imports after the fork what it needs: sippy owns its process, and numpy's memory is media's alone.

    def _media(self, parent: socket.socket) -> None:
        from appliance.voice import engine

        engine.main(self._settings, parent)

    def _signalling(self, parent: socket.socket) -> None:
        from appliance.voice import signalling

        signalling.main(self._settings, self._settings.media.voice_sip_port, parent)

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

    def _link(self) -> None:
        """Give signalling and media a fresh link to each other; each drops the old one, and what hung on it."""
        ends = words.pair()
        for name, end in zip((SIGNALLING, MEDIA), ends, strict=True):
            words.send(self._children[name].link, words.NewLink(), end.fileno())
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
            self._pulse = came[0]
            self._report()

    def _bury(self, child: Child) -> None:
        self._selector.unregister(child.link)
        del self._children[child.name]
        code = child.reap()
        if child.name == SENTENCES:
            return
        log.error("%s ended (%d); starting it again", child.name, code)
        now = time.monotonic()
        self._deaths = [at for at in self._deaths if now - at < DEATHS_WITHIN_S] + [now]
        if len(self._deaths) > MAX_DEATHS:
            raise EngineProblem(
                Words(f"{child.name} dies again and again.", f"{child.name} muere una y otra vez."),
                Words("Its last lines in the log say why.", "Sus últimas líneas en la bitácora dicen por qué."),
            )
        self._start(child.name)
        self._link()

    def _replace_hung(self) -> None:
        now = time.monotonic()
        for child in list(self._children.values()):
            if child.name != SENTENCES and now - self._seen[child.name] > HUNG_S:
                log.error("%s gives no sign of life", child.name)
                child.kill()  # its link then reads as ended

    def _report(self) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        report = VoiceReport(now, self._pulse.legs, self._pulse.tick_late_p99_ms)
        try:
            write_report(self._settings.paths.reports_dir, report)
        except OSError as full:
            log.warning("cannot write the report: %s", full)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _end(self) -> None:
        """Let signalling say goodbye, then end the rest."""
        signalling = self._children.get(SIGNALLING)
        if signalling is not None:
            with suppress(ProcessLookupError):
                signalling.kill(signal.SIGTERM)
            signalling.link.settimeout(STOP_S)
            with suppress(TimeoutError):
                while words.receive(signalling.link) is not None:
                    pass
        for child in self._children.values():
            with suppress(ProcessLookupError):
                child.kill()
            child.reap()
        self._children.clear()


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
    _try_bind(
        (LOOPBACK, port),
        Words(f"Port {port} of voice's SIP is taken.", f"El puerto {port} del SIP de voz está ocupado."),
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
