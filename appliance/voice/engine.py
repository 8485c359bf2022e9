"""The media engine: every leg that voice holds, on one 20 ms clock, in a process of its own.

Work is done per tick, not per packet or per leg's task: ahead of each tick all sockets are emptied and rooms mixed, at
the tick each leg sends one frame. Between ticks it waits for words from signalling only. What is played, and why, is
signalling's to say.
"""

import gc
import logging
import os
import select
import socket
import time

from appliance.settings import Settings
from appliance.voice import words
from appliance.voice.children import give_back_memory
from appliance.voice.clock import TICK_S, Punctuality, as_early_as_allowed
from appliance.voice.dialogue import Why
from appliance.voice.keys import Way
from appliance.voice.leg import MAX_PER_TICK, Leg
from appliance.voice.library import Library
from appliance.voice.portpool import PortPool
from appliance.voice.prompts import Shelf
from appliance.voice.recorder import Disk, Recorder
from appliance.voice.sentences import BEEP, CUES, SPANISH, language_of
from appliance.voice.sources import Comfort, Music, Playlist, Reflection, Seat
from appliance.voice.stage import Stage

log = logging.getLogger("conserje.voice.engine")

PULSE_S = 1.0
TIDY_TICKS = 1500
MAX_BEHIND_TICKS = 5
"""Ticks that are made up for, one after the other, when the machine was late: what a jitter buffer can bridge."""
SILENT_TICKS = 9000
"""Three minutes without a packet from a caller who could send: said once. A muted phone that suppresses silence still
sends comfort noise now and then; it counts, whatever its payload type."""
AHEAD_S = 0.006
"""How long before a tick its hearing and mixing begin: a hundred talkers take 3 ms. So what is sent leaves evenly."""
SPIN_S = 0.002
"""How long before that to stop listening for words: poll() counts in milliseconds."""


class Engine:
    """Owns all legs. `turn` is one round of the loop; `run` turns for ever, until the parent is gone."""

    def __init__(self, settings: Settings, parent: socket.socket) -> None:
        self._host = settings.network.voice_address
        self._ports = PortPool(settings.media.voice_ports)
        self._shelf = Shelf.of(settings)
        self._language = language_of(settings.language)
        self._library = Library(settings, self._shelf, lambda: self._ticks)
        self._stage = Stage()
        self._disk = Disk()
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
        self._links.register(self._disk.signal, select.POLLIN)

    def run(self) -> None:
        """Until the parent closes its end."""
        self._shelf.load(self._language)
        as_early_as_allowed()
        gc.collect()
        give_back_memory()
        gc.freeze()
        gc.disable()
        deadline = time.monotonic()
        while self._running:
            if not self._legs:
                self._rest()
                deadline = time.monotonic()
                continue
            deadline += TICK_S
            self._listen_until(deadline - AHEAD_S)
            self._hear()
            _sleep_until(deadline)
            behind = time.monotonic() - deadline
            self._punctuality.record(behind)
            if behind > MAX_BEHIND_TICKS * TICK_S:
                deadline += behind // TICK_S * TICK_S
            self._speak()

    def _rest(self) -> None:
        """Without a leg there is no clock: wait for a word, or for the time to say that all is well."""
        for fd, _ in self._links.poll(PULSE_S * 1000):
            self._take(fd)
        self._pulse_when_due()

    def _listen_until(self, moment: float) -> None:
        """Take words in until the moment is near, then sleep exactly."""
        while (left := moment - SPIN_S - time.monotonic()) > 0:
            for fd, _ in self._links.poll(int(left * 1000)):
                self._take(fd)
        for fd, _ in self._links.poll(0):  # at least one word a tick, also when all ticks are late
            self._take(fd)
        _sleep_until(moment)

    def _hear(self) -> None:
        """All that came since the last tick: keys, what is recorded, and rooms mixed."""
        now = time.monotonic()
        for _ in range(MAX_PER_TICK):
            # One datagram of each that has some: to ask once more for all is less than to ask each until it has none.
            ready = self._sockets.poll(0, max(1, len(self._legs)))
            if not ready:
                break
            for fd, _ in ready:
                leg = self._by_fd[fd]
                for key in leg.take_in(1):
                    self._press(leg, key, Way.EVENTS, now)
        legs = list(self._legs.values())
        for leg, keys in self._stage.hear(legs):
            for key in keys:
                self._press(leg, key, Way.TONES, now)
        for leg, why in self._stage.perform(legs):
            self._end_recording(leg, why)

    def _speak(self) -> None:
        """Each leg's frame of this tick."""
        for leg in self._legs.values():
            token = leg.send_one()
            if token:
                self._say(words.Finished(leg.number, token))
            if leg.quiet_ticks == SILENT_TICKS:
                self._say(words.CallerSilent(leg.number, SILENT_TICKS * TICK_S))
        self._disk.collect()
        self._ticks += 1
        self._pulse_when_due()
        if self._ticks % TIDY_TICKS == 0:
            gc.collect()

    def _press(self, leg: Leg, key: str, way: Way, now: float) -> None:
        """A key that is news ends a recording that waits for it, or goes to the dialogue."""
        if not leg.keys.heard(key, way, now):
            return
        if way is Way.INFO or (way is Way.EVENTS and leg.passes is None):
            self._stage.hand_on(leg, key)
        if leg.recorder is not None and key in leg.recorder.wish.stop_keys:
            self._end_recording(leg, Why.DIGIT, key)
        else:
            self._say(words.Digit(leg.number, key))

    def _end_recording(self, leg: Leg, why: Why, key: str = "") -> None:
        recorder, leg.recorder = leg.recorder, None
        if recorder is not None:
            recorder.finish(why, key, self._say)

    def _pulse_when_due(self) -> None:
        now = time.monotonic()
        if now < self._pulse_at:
            return
        self._pulse_at = now + PULSE_S
        words.send(self._parent, words.MediaPulse(len(self._legs), self._punctuality.late_p99_ms()))

    # Words ------------------------------------------------------------------------------------------------------------

    def _take(self, fd: int) -> None:
        if fd == self._disk.signal:
            self._disk.collect()
        elif fd == self._parent.fileno():
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
        elif isinstance(word, words.Chime):
            for cue in word.cues:
                if cue in CUES:
                    self._stage.chime(word.room, self._shelf.track(cue, word.language))
        elif isinstance(word, words.OfALeg):
            leg = self._legs.get(word.leg)
            if leg is not None:
                self._to_leg(leg, word)

    def _to_leg(self, leg: Leg, word: words.OfALeg) -> None:
        stage = self._stage
        match word:
            case words.ChangeLeg():
                leg.change(word.terms)
                stage.rewire(leg)
            case words.Play():
                leg.play(Playlist(self._library.parts(word.sounds, word.language), word.loop), word.token)
            case words.StopPlaying():
                leg.play(None, 0)
            case words.Music():
                stage.set_background(leg, Music(self._library.music(word.track), leg.background))
            case words.Quiet():
                stage.set_background(leg, Comfort())
            case words.Reflect():
                stage.set_background(leg, Reflection())
            case words.Mix():
                alone = None if word.alone is None else Music(self._library.music(word.alone), Comfort())
                stage.set_background(leg, Seat(word.room, word.heard, alone))
            case words.Hear():
                if isinstance(leg.background, Seat):
                    leg.background.heard = word.heard
            case words.Bridge():
                stage.bridge(leg, self._legs.get(word.other))
            case words.Record():
                self._record(leg, word)
            case words.StopRecording():
                self._end_recording(leg, Why.STOPPED)
            case words.SendDigits():
                leg.send_keys(word.keys)
            case words.KeyByInfo():
                self._press(leg, word.key, Way.INFO, time.monotonic())
            case words.CloseLeg():
                self._close(word.leg)

    def _record(self, leg: Leg, word: words.Record) -> None:
        self._end_recording(leg, Why.STOPPED)
        leg.recorder = Recorder(word, self._disk)
        leg.recording_waits = word.beep
        leg.play(Playlist((self._shelf.track(BEEP, SPANISH),)) if word.beep else None, 0)

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
        self._end_recording(leg, Why.LEFT)
        self._stage.set_background(leg, Comfort())
        self._sockets.unregister(leg.socket)
        del self._by_fd[leg.socket.fileno()]
        self._say(leg.close())
        self._ports.give_back(leg.port)

    def _say(self, word: words.Happening) -> None:
        if self._link is not None:
            words.send(self._link, word)


def _sleep_until(moment: float) -> None:
    left = moment - time.monotonic()
    if left > 0:
        time.sleep(left)


def main(settings: Settings, parent: socket.socket) -> None:
    """The media process, whole."""
    Engine(settings, parent).run()
