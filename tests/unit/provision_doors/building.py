"""A doorway over a published sample building in a folder."""

from pathlib import Path

from appliance.ports import SystemChance, SystemClock
from appliance.provision.doorway import Doorway
from appliance.settings import Paths, Settings
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows

ANAS_FILE = "yealink/001565aa0101.cfg"


def settings_in(folder: Path) -> Settings:
    return Settings(paths=Paths(state_dir=folder / "state", run_dir=folder / "run"))


def doorway_in(folder: Path, published: bool = True) -> Doorway:
    settings = settings_in(folder)
    if published:
        publish_rows(settings, sample_rows())
    return Doorway(settings, SystemClock(), SystemChance())
