"""Sends receptionists' greetings that were recorded by phone to the centre, which gives them to every building (V-5).

Each waits as a change made here until the centre's own copy has it; what the centre refuses is left for a while.
"""

import logging

from appliance.directory.habits import Habits
from appliance.directory.sounds import SoundFiles
from appliance.errors import Problem
from appliance.ports import Clock, SystemChance
from appliance.settings import Settings
from appliance.sync.client import CentreClient
from wire.services import Menu

log = logging.getLogger("conserje.sync")

AGAIN_S = 600.0


class MenuGreetingUpload:
    """Not shared between threads."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._habits = Habits(settings.paths.local_db, clock, SystemChance())
        self._files = SoundFiles(settings.paths.sounds_store_dir)
        self._clock = clock
        self._told: dict[str, float] = {}
        """Stamps of recordings that the centre has answered, and when: its copy is on its way."""

    def send(self, client: CentreClient) -> None:
        """Send what waits. Raises LinkDown when the centre is gone."""
        now = self._clock.monotonic()
        self._told = {stamp: at for stamp, at in self._told.items() if now - at < AGAIN_S}
        for habit in self._habits.habits():
            if habit.kind != Menu.kind or habit.hlc in self._told:
                continue
            path = self._files.path(habit.value.split()[0])
            if path is None:
                continue
            try:
                client.menu_greeting(habit.row_id, habit.hlc, path.read_bytes())
            except Problem as refused:
                log.warning("event=menu_greeting_refused menu=%s says=%s", habit.row_id, refused.says.en)
            self._told[habit.hlc] = now
