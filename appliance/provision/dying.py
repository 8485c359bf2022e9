"""A child that ends with its parent, however that ends: no orphan may hold a port that the restarted parent needs."""

import ctypes
import signal

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Linux sends this process SIGKILL when the thread that started it ends. Not inherited by its own children."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
