"""Recordings: what a leg hears, to a WAV file that is whole or not there, whatever fails meanwhile.

The clock's side counts and decides; the disk's side, in a thread of its own, writes a hidden file, and at the end cuts,
completes, syncs and renames it. Memory is bounded: half a second waits at most before it goes to the disk.
"""

import logging
import os
import struct
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from appliance.voice import words
from appliance.voice.codecs import FRAME_BYTES, RATE_HZ
from appliance.voice.dialogue import Why

log = logging.getLogger("conserje.voice.recorder")

TICKS_PER_S = 50
CHUNK_FRAMES = 25
MAX_WAITING_CHUNKS = 40
"""Twenty seconds that a disk may stand still before a recording ends for it."""
KEPT_SILENCE_TICKS = 15
"""Of the silence that ended it."""
_FRAME = 2 * FRAME_BYTES
SILENCE = bytes(_FRAME)
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
MAX_SECONDS = 7200.0


def wav_header(data_bytes: int) -> bytes:
    """Mono, 16 bit, 8 kHz."""
    return _HEADER.pack(
        b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", 16, 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16, b"data", data_bytes
    )


class Disk:
    """A thread that does what touches the disk, in order, and hands results back to the clock."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._done: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.signal = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        """Readable when something is done."""
        Thread(target=self._work, name="disk", daemon=True).start()

    def do(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)

    def hand_back(self, then: Callable[[], None]) -> None:
        """From a job: to be called by the clock's thread."""
        self._done.put(then)
        os.eventfd_write(self.signal, 1)

    def collect(self) -> None:
        """In the clock's thread: call what has been handed back."""
        try:
            os.eventfd_read(self.signal)
        except BlockingIOError:
            return
        while not self._done.empty():
            self._done.get()()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except Exception:  # one job's defect is not to end all recordings
                log.exception("disk")


class _File:
    """The disk's side of one recording. Only its jobs touch it, but for `failed` and `waiting`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hidden = path.with_name(f".{path.name}.part")
        self.failed = False
        self.waiting = 0
        self._fd = -1
        self._written = 0

    def write(self, data: bytes) -> None:
        self.waiting -= 1
        if self.failed:
            return
        try:
            if self._fd < 0:
                self._fd = os.open(self.hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
                os.write(self._fd, wav_header(0))
            view = memoryview(data)
            while view:
                n = os.write(self._fd, view)
                self._written += n
                view = view[n:]
        except OSError as refused:
            log.warning("%s: %s", self.path, refused)
            self.failed = True

    def finish(self, keep_bytes: int) -> int:
        """Complete it and give it its name; how many bytes of audio it has, 0 where nothing was kept."""
        if self._fd < 0:
            return 0
        size = min(keep_bytes, self._written) // 2 * 2
        try:
            if size:
                os.ftruncate(self._fd, _HEADER.size + size)
                os.pwrite(self._fd, wav_header(size), 0)
                os.fsync(self._fd)
                self.hidden.replace(self.path)
                _sync_directory(self.path.parent)
            else:
                self.hidden.unlink()
        except OSError as refused:
            log.warning("%s: %s", self.path, refused)
            self.failed = True
            size = 0
        finally:
            os.close(self._fd)
            self._fd = -1
        return size


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Recorder:
    """The clock's side: one frame a tick in, and at some tick the reason why it is over."""

    def __init__(self, wish: words.Record, disk: Disk) -> None:
        self.wish = wish
        self._disk = disk
        self._file = _File(Path(wish.path))
        self._chunk: list[bytes] = []
        self._frames = 0
        self._silent = 0
        self._waited = 0
        self._limit = int(min(wish.max_seconds, MAX_SECONDS) * TICKS_PER_S)
        self._patience = int(wish.silence_s * TICKS_PER_S)

    def take(self, frame: bytes, sound: bool) -> Why | None:
        """One frame of samples. `sound`: whether anything is to be heard in it."""
        self._frames += 1
        self._silent = 0 if sound else self._silent + 1
        self._chunk.append(frame)
        if len(self._chunk) >= CHUNK_FRAMES:
            self._flush()
        if self._file.failed or self._file.waiting > MAX_WAITING_CHUNKS:
            return Why.DISK
        if self._patience and self._silent >= self._patience:
            return Why.SILENCE
        return Why.LIMIT if self._frames + self._waited >= self._limit else None

    def wait(self) -> Why | None:
        """A frame's time in which who is recorded holds: nothing is taken, but the longest stays the longest."""
        self._waited += 1
        return Why.LIMIT if self._frames + self._waited >= self._limit else None

    def finish(self, why: Why, key: str, say: Callable[[words.Recorded], None]) -> None:
        """`say` is called in the clock's thread, when the file is on the disk or given up."""
        self._flush()
        wish, file, disk = self.wish, self._file, self._disk
        cut = max(0, self._silent - KEPT_SILENCE_TICKS) if why is Why.SILENCE else 0
        spoken = self._frames - self._silent if why is Why.SILENCE else self._frames
        keep = 0 if spoken / TICKS_PER_S < wish.min_s else (self._frames - cut) * _FRAME

        def job() -> None:
            size = file.finish(keep)
            ended = Why.DISK if file.failed else why
            path = wish.path if size else ""
            told = words.Recorded(wish.leg, wish.token, path, round(size / 2 / RATE_HZ, 3), ended.value, key)
            disk.hand_back(lambda: say(told))

        disk.do(job)

    def _flush(self) -> None:
        data, self._chunk = b"".join(self._chunk), []
        if data:
            self._file.waiting += 1
            self._disk.do(lambda: self._file.write(data))
