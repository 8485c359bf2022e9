"""Child processes by fork: they die with their parent, and each has a link to it. Nothing here knows what they do."""

import ctypes
import logging
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

from appliance.voice import words

log = logging.getLogger("conserje.voice.children")

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


@dataclass(frozen=True, slots=True)
class Child:
    """A running child. `link` reads as ended when it is dead."""

    name: str
    pid: int
    link: socket.socket
    started: float

    def kill(self, sig: signal.Signals = signal.SIGKILL) -> None:
        os.kill(self.pid, sig)

    def reap(self) -> int:
        """Wait for its end; its exit code, negative for a signal."""
        _, status = os.waitpid(self.pid, 0)
        self.link.close()
        return os.waitstatus_to_exitcode(status)


def give_back_memory() -> None:
    """What loading has left free within the heap goes back to the system (malloc_trim(3))."""
    ctypes.CDLL(None).malloc_trim(0)


def spawn(name: str, body: Callable[[socket.socket], None], now: float) -> Child:
    """Run `body` with the child's end of the link in a new process, which ends when `body` returns or we die.

    The caller must have no threads.
    """
    ours, theirs = words.pair()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        theirs.close()
        return Child(name, pid, ours, now)
    code = 1
    try:
        ours.close()
        _die_with(parent)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        _name_process(name)
        body(theirs)
        code = 0
    except BaseException:  # the child must not fall back into its parent's code, whatever happened
        log.exception("%s ended", name)
    finally:
        os._exit(code)


def _die_with(parent: int) -> None:
    """prctl(2): SIGKILL when the parent dies; and if it died before we asked, now."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _name_process(name: str) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NAME, name.encode()[:15])
