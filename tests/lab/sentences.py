"""What voice speaks by a program, spoken once for all buildings of the lab: each would take ten seconds of the machine.

A file's name holds a digest of its text and its speaker (synthesis.py): what is lent is never another sentence. Who
lacks one makes it, as ever: tests/integration/voice/test_hardship.py takes some away.
"""

import fcntl
import shutil
from pathlib import Path

from appliance.settings import Settings
from appliance.voice.synthesis import cache_dir, make_all

SHELF = Path(__file__).resolve().parents[2] / "build" / "sentences"


def lend(settings: Settings) -> None:
    """Before the first start of a building, or of voice alone: copies, which it may do with as it likes."""
    theirs = cache_dir(settings)
    if theirs.exists():
        return
    SHELF.mkdir(parents=True, exist_ok=True)
    with (SHELF.parent / "sentences.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert make_all(SHELF) == 0, "a sentence cannot be spoken here"
    shutil.copytree(SHELF, theirs)
