"""Sends greetings that were recorded by phone to the centre, where they are heard and whence other buildings get them.

What the centre refuses is left for a while: its mailbox may be deleted there.
"""

import logging

from appliance.directory.local import LocalStore
from appliance.directory.mailbox_file import NOTHING_SEALED
from appliance.directory.mailboxes import Mailboxes
from appliance.errors import Problem
from appliance.ports import Clock
from appliance.settings import Settings
from appliance.sync.client import CentreClient

log = logging.getLogger("conserje.sync")

REFUSED_AGAIN_S = 600.0


class GreetingUpload:
    """Not shared between threads."""

    def __init__(self, settings: Settings, local: LocalStore, clock: Clock) -> None:
        self._mailboxes = Mailboxes(settings.paths.mailboxes_dir, local, NOTHING_SEALED, clock)
        self._clock = clock
        self._refused: dict[str, float] = {}

    def send(self, client: CentreClient) -> None:
        """Send what waits. Raises LinkDown when the centre is gone."""
        now = self._clock.monotonic()
        self._refused = {f: at for f, at in self._refused.items() if now - at < REFUSED_AGAIN_S}
        for one in self._mailboxes.greetings_to_upload():
            if one.fact_id in self._refused:
                continue
            try:
                client.greeting_audio(one.mailbox_id, one.greeting, one.stamp, one.path.read_bytes())
            except FileNotFoundError:
                pass  # it is not there any more: nothing is owed
            except Problem as refused:
                log.warning("event=greeting_refused mailbox=%s says=%s", one.mailbox_id, refused.says.en)
                self._refused[one.fact_id] = now
                continue
            self._mailboxes.greeting_uploaded(one)
