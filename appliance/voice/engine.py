"""The media engine: every leg that voice holds, on one 20 ms clock, in a process of its own.

Work is done per tick, not per packet or per leg's task: at each tick all sockets are emptied, then each leg sends one
frame. Between ticks it waits for words from signalling only. What is played, and why, is signalling's to say.
"""

import gc
import logging
import os
import select
import socket
import time
from collections import deque

from appliance.errors import EngineProblem, Words
from appliance.settings import Settings
from appliance.voice import words
from appliance.voice.clock import TICK_S, Punctuality, as_early_as_allowed
from appliance.voice.codecs import CODECS
from appliance.voice.leg import Leg
from appliance.voice.prompts import Shelf
from appliance.voice.sources import Playlist

log = logging.getLogger("conserje.voice.engine")

PULSE_S = 1.0
TIDY_TICKS = 1500
MAX_BEHIND_TICKS = 5
"""Ticks that are made up for, one after the other, when the machine was late: what a jitter buffer can bridge."""
SPIN_S = 0.002
"""How long before a tick to stop listening for words: poll() counts in milliseconds."""
_RECEIVE_BUFFER_BYTES = 32768
_EXPEDITED_FORWARDING = 0xB8
"""DSCP 46 (RFC 4594 §4.1)."""


class PortPool:
    """The even ports of a range; the one given back longest ago is used first."""

    def __init__(self, text: str) -> None:
        try:
            first, last = (int(n) for n in text.split("-"))
        except ValueError:
            first, last = 1, 0
        self._free = deque(range(first + first % 2, last + 1, 2))
        if not self._free or not 0 < first < last < 65536:
            raise EngineProblem(
                Words(
                    f'media.voice_ports "{text}" is not a range of ports.',
                    f"media.voice_ports «{text}» no es un rango de puertos.",
                ),
                Words("Write it as 20000-23999.", "Escríbalo como 20000-23999."),
            )

    def __len__(self) -> int:
        return len(self._free)

    def bind(self, host: str) -> tuple[socket.socket, int] | None:
        """A socket on a free port; None when all are taken. Raises OSError when `host` is not ours."""
        for _ in range(len(self._free)):
            port = self._free.popleft()
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED_FORWARDING)
                sock.setblocking(False)
                sock.bind((host, port))
            except OSError as taken:
                sock.close()
                self._free.append(port)
                if taken.errno != 98:  # EADDRINUSE: another program sits in our range; try the next
                    raise
            else:
                return sock, port
        return None

    def give_back(self, port: int) -> None:
        self._free.append(port)


class Engine:
    """Owns all legs. `turn` is one round of the loop; `run` turns for ever, until the parent is gone."""

    def __init__(self, settings: Settings, parent: socket.socket) -> None:
        self._host = settings.network.voice_address
        self._ports = PortPool(settings.media.voice_ports)
        self._shelf = Shelf.of(settings)
        self._parent = parent
        self._link: socket.socket | None = None
        self._legs: dict[int, Leg] = {}
        self._by_fd: dict[int, Leg] = {}
        self._sockets = select.epoll()
        self._links = select.poll()
        self._punctuality = Punctuality()
        self._ticks = 0
        self._pulse_at = 0.0
        self._running = True
        parent.setblocking(False)
        self._links.register(parent, select.POLLIN)

    def run(self) -> None:
        """Until the parent closes its end."""
        self._shelf.load(tuple(CODECS.values()))
        as_early_as_allowed()
        gc.collect()
        gc.freeze()
        gc.disable()
        deadline = time.monotonic()
        while self._running:
            if not self._legs:
                self._rest()
                deadline = time.monotonic()
                continue
            deadline += TICK_S
            self._listen_until(deadline)
            behind = time.monotonic() - deadline
            self._punctuality.record(behind)
            if behind > MAX_BEHIND_TICKS * TICK_S:
                deadline += behind // TICK_S * TICK_S
            self._tick()

    def _rest(self) -> None:
        """Without a leg there is no clock: wait for a word, or for the time to say that all is well."""
        for fd, _ in self._links.poll(PULSE_S * 1000):
            self._take(fd)
        self._pulse_when_due()

    def _listen_until(self, deadline: float) -> None:
        """Take words in until the tick is near, then sleep exactly."""
        while (left := deadline - SPIN_S - time.monotonic()) > 0:
            for fd, _ in self._links.poll(int(left * 1000)):
                self._take(fd)
        for fd, _ in self._links.poll(0):  # at least one word a tick, also when all ticks are late
            self._take(fd)
        left = deadline - time.monotonic()
        if left > 0:
            time.sleep(left)

    def _tick(self) -> None:
        for fd, _ in self._sockets.poll(0, max(1, len(self._legs))):
            leg = self._by_fd.get(fd)
            if leg is not None:
                for key in leg.take_in():
                    self._say(words.Digit(leg.number, key))
        for leg in self._legs.values():
            token = leg.send_one()
            if token:
                self._say(words.Finished(leg.number, token))
        self._ticks += 1
        self._pulse_when_due()
        if self._ticks % TIDY_TICKS == 0:
            gc.collect()

    def _pulse_when_due(self) -> None:
        now = time.monotonic()
        if now < self._pulse_at:
            return
        self._pulse_at = now + PULSE_S
        words.send(self._parent, words.MediaPulse(len(self._legs), self._punctuality.late_p99_ms()))

    # Words ------------------------------------------------------------------------------------------------------------

    def _take(self, fd: int) -> None:
        if fd == self._parent.fileno():
            came = words.receive(self._parent)
            if came is None:
                self._running = False
            elif isinstance(came[0], words.NewLink) and came[1]:
                self._drop_link()
                self._link = socket.socket(fileno=came[1][0])
                self._link.setblocking(False)
                self._links.register(self._link, select.POLLIN)
        elif self._link is not None and fd == self._link.fileno():
            came = words.receive(self._link)
            if came is None:
                self._drop_link()
            else:
                self._obey(came[0])

    def _drop_link(self) -> None:
        """Signalling died: nobody is left to speak for its calls."""
        if self._link is not None:
            self._links.unregister(self._link)
            self._link.close()
            self._link = None
        for number in list(self._legs):
            self._close(number)

    def _obey(self, word: words.Word) -> None:
        if isinstance(word, words.OpenLeg):
            self._open(word)
            return
        if not isinstance(word, words.ChangeLeg | words.Play | words.Reflect | words.CloseLeg):
            return
        leg = self._legs.get(word.leg)
        if leg is None:
            return
        match word:
            case words.ChangeLeg():
                leg.change(word.terms)
            case words.Play():
                leg.play(self._playlist(word, leg), word.token)
            case words.Reflect():
                leg.reflect()
            case words.CloseLeg():
                self._close(word.leg)

    def _open(self, word: words.OpenLeg) -> None:
        try:
            bound = self._ports.bind(self._host)
        except OSError as refused:
            self._say(words.LegRefused(word.leg, f"{self._host}: {refused.strerror}"))
            return
        if bound is None:
            self._say(words.LegRefused(word.leg, "no free port in media.voice_ports"))
            return
        sock, port = bound
        random = os.urandom(10)
        ssrc, sequence, timestamp = (int.from_bytes(part) for part in (random[:4], random[4:6], random[6:]))
        leg = Leg(word.leg, sock, port, word.terms, ssrc, sequence, timestamp)
        self._legs[leg.number] = leg
        self._by_fd[sock.fileno()] = leg
        self._sockets.register(sock, select.EPOLLIN)
        self._say(words.LegOpened(leg.number, port))

    def _close(self, number: int) -> None:
        leg = self._legs.pop(number)
        self._sockets.unregister(leg.socket)
        del self._by_fd[leg.socket.fileno()]
        self._say(leg.close())
        self._ports.give_back(leg.port)

    def _playlist(self, word: words.Play, leg: Leg) -> Playlist:
        codec = CODECS[leg.codec_name]
        cues = [sound for sound in word.sounds if isinstance(sound, str)]
        return Playlist(tuple(self._shelf.encoded(cue, word.language, codec) for cue in cues))

    def _say(self, word: words.Happening) -> None:
        if self._link is not None:
            words.send(self._link, word)


def main(settings: Settings, parent: socket.socket) -> None:
    """The media process, whole."""
    Engine(settings, parent).run()
