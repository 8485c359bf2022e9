"""Fetches the recordings that the directory names and this building lacks: greetings and music.

One at a time, the smallest trouble for a thin line; what could not be had is tried again at the next look.
"""

import logging

from appliance.directory.live import Live
from appliance.directory.sounds import SoundFiles
from appliance.errors import DirectoryProblem, Problem
from appliance.settings import Settings
from appliance.sync.client import CentreClient

log = logging.getLogger("conserje.sync")


class Recordings:
    """Not shared between threads."""

    def __init__(self, settings: Settings) -> None:
        self._live = Live(settings.paths.live_dir)
        self._files = SoundFiles(settings.paths.sounds_store_dir)
        self._looked_at = ""

    def fetch(self, client: CentreClient) -> None:
        """Fetch all that is missing of the revision in force. Raises LinkDown when the centre is gone."""
        try:
            directory = self._live.current()
        except DirectoryProblem:
            return
        if self._live.name == self._looked_at:
            return
        complete = True
        for digest in self._files.missing(directory):
            try:
                content = client.sound(digest)
            except Problem as refused:
                log.warning("event=sound_refused sha256=%s says=%s", digest, refused.says.en)
                complete = False
                continue
            if self._files.keep(digest, content):
                log.info("event=sound_fetched sha256=%s bytes=%d", digest, len(content))
            else:
                log.error("event=sound_damaged sha256=%s bytes=%d", digest, len(content))
                complete = False
        self._files.drop_unused(directory)
        if complete:
            self._looked_at = self._live.name
