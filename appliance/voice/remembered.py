"""What a signalling process that was killed leaves behind: the dialogs that it was in, so that its successor ends them.

Nobody else could: Kamailio keeps no dialog, and the other end would listen to silence until it hangs up. One small file
in memory a dialog, there as long as the dialog is; who ends in order leaves none.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from appliance.held import Held

SEQUENCES_LATER = 100_000
"""The successor does not know how far the CSeq got; a gap is allowed (RFC 3261 §12.2.2), going back is not."""

log = logging.getLogger("conserje.voice.remembered")


class Remembered:
    """The dialogs of one port. A full disk costs the memory, never a call."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        with suppress(OSError):
            directory.mkdir(mode=0o750, parents=True, exist_ok=True)

    def keep(self, held: Held) -> None:
        try:
            self._file(held).write_text(held.text(), encoding="utf-8")
        except OSError as full:
            log.warning("%s: cannot be remembered: %s", held.call_id, full)

    def forget(self, held: Held) -> None:
        with suppress(OSError):
            self._file(held).unlink()

    def left_behind(self) -> Iterator[Held]:
        """What the one before was in, each told once, as the end that it was may go on in it."""
        for file in sorted(self._directory.glob("*.json")):
            try:
                held = Held.of(file.read_text(encoding="utf-8"))
            except (OSError, ValueError) as torn:
                log.warning("%s: %s", file.name, torn)
                held = None
            with suppress(OSError):
                file.unlink()
            if held is not None:
                yield replace(held, sequence=held.sequence + SEQUENCES_LATER)

    def _file(self, held: Held) -> Path:
        """Of this end of the call: voice may be both."""
        name = f"{held.call_id} {held.local}".encode("utf-8", "replace")
        return self._directory / f"{hashlib.blake2b(name, digest_size=12).hexdigest()}.json"
