"""What a test run left behind: namespaces that are still ours, children that still run."""

import os
from pathlib import Path

from tests.lab.netns import ours
from tests.lab.supervise import descendants

OWN_HELPERS = ("resource_tracker", "pytest")
"""multiprocessing's tracker ends with us; a pytest among our children is a test's own."""


def found() -> tuple[str, ...]:
    """In words, for the last lines of the run; empty when everything was cleaned up."""
    left = [f"namespace {n.name}" for n in ours()]
    for pid in descendants(os.getpid()):
        command = _command(pid)
        if command and not any(helper in command for helper in OWN_HELPERS):
            left.append(f"process {pid}: {command[:120]}")
    return tuple(left)


def _command(pid: int) -> str:
    """Empty for a process that has ended, or is a zombie that nobody has waited for yet."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""
