"""One process of a building with a wall clock that a test sets, while all others go on by the true one.

By libfaketime, which reads how far it is ahead from a file again each second. What counts spans (monotonic clocks,
sleeps, timers) is left as it is.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from appliance.directory.reports import VoiceReport
from tests.lab.building import FAKETIME, SLEEPS, Building
from tests.lab.supervise import ROOT
from tests.lab.waiting import until

READY_S = 20.0


class WallClock:
    def __init__(self, file: Path) -> None:
        self._file = file

    def set(self, moment: datetime) -> None:
        """In force within a second; the clock goes on from there."""
        ahead = (moment - datetime.now(UTC)).total_seconds()
        made = self._file.with_suffix(".new")
        made.write_text(f"{ahead:+.3f}\n")
        made.replace(self._file)


@contextmanager
def voice_at(building: Building, moment: datetime) -> Iterator[WallClock]:
    """voice is started again at this moment of its own clock, and at the end once more with the true one."""
    clock = WallClock(building.directory / "voice-clock")
    clock.set(moment)
    environment = {
        **os.environ,
        **building.environment,
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock._file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(SLEEPS),
    }
    assert building.place
    building.processes.stop("voice")
    with (building.directory / "log" / "voice-at.log").open("ab") as log:
        voice = subprocess.Popen(
            building.place.argv(building._argv("voice")), stdout=log, stderr=log, env=environment, cwd=ROOT
        )
    try:
        _speaks(building, moment)
        yield clock
    finally:
        voice.terminate()
        voice.wait(10)
        started = datetime.now(UTC)
        building.processes.start_one("voice")
        _speaks(building, started)


def _speaks(building: Building, since: datetime) -> None:
    """Its media engines pulse, by its own clock not before `since`, and the edge has seen that it answers."""

    def reported() -> bool:
        said = building.report(VoiceReport)
        at = datetime.fromisoformat(said.at) if said else None
        return at is not None and abs((at - since).total_seconds()) < 2 * READY_S and at >= since and building.edge_up

    until(reported, READY_S, "voice speaks by its clock")
