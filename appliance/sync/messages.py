"""Sends the sound of voicemail to the centre, once the centre has heard of the message in the journal (L-1).

One at a time, the oldest first. What the centre refuses is left for a while: its message may be deleted there.
"""

import logging

from appliance.directory.local import LocalStore
from appliance.directory.mailbox_file import NOTHING_SEALED
from appliance.directory.mailboxes import Mailboxes, left_fact
from appliance.errors import Problem
from appliance.ports import Clock
from appliance.settings import Settings
from appliance.sync.client import CentreClient

log = logging.getLogger("conserje.sync")

REFUSED_AGAIN_S = 600.0


class MessageUpload:
    """Not shared between threads."""

    def __init__(self, settings: Settings, local: LocalStore, clock: Clock) -> None:
        self._mailboxes = Mailboxes(settings.paths.mailboxes_dir, local, NOTHING_SEALED, clock)
        self._local = local
        self._clock = clock
        self._refused: dict[str, float] = {}

    def send(self, client: CentreClient) -> int:
        """Send what waits. Returns how many the centre took. Raises LinkDown when it is gone."""
        taken, now = 0, self._clock.monotonic()
        self._refused = {m: at for m, at in self._refused.items() if now - at < REFUSED_AGAIN_S}
        for message in self._mailboxes.to_upload():
            if message.id in self._refused or not self._local.is_acknowledged(left_fact(message.id)):
                continue
            try:
                client.message_audio(message.id, message.path.read_bytes())
            except FileNotFoundError:
                continue  # deleted by phone in this moment
            except Problem as refused:
                log.warning("event=message_refused id=%s says=%s", message.id, refused.says.en)
                self._refused[message.id] = now
                continue
            self._mailboxes.uploaded(message.id)
            log.info("event=message_sent id=%s bytes=%d", message.id, message.bytes)
            taken += 1
        return taken
