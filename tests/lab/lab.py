"""A laboratory: buildings, the centre and the carrier that they share, wired together; all gone when it ends.

    with Lab() as lab:
        building = lab.building()
        ana, beto = building.boot("ana", "beto")
        ana.call("102").established().hears(beto.hz)
"""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.lab.building import Building, merged, settings_values
from tests.lab.carrier import Carrier
from tests.lab.centre import Centre
from tests.lab.netns import Namespace, cable
from tests.lab.sample import sample_rows
from wire.rows import Row

WAN_PREFIX = 24
CARRIER_ADDRESS = "10.30.0.2"
CENTRE_ADDRESS = "10.30.0.3"
CENTRE_MANAGEMENT_ADDRESS = "198.18.41.1"
BUILDING_ADDRESS = "10.30.0.{}"
FIRST_BUILDING = 101
SHM = Path("/dev/shm")


class Lab:
    """Everything in it is removed by `close()`, whatever became of it; `keep` leaves the files for a look."""

    def __init__(self, keep: bool = False, directory: Path | None = None) -> None:
        self.directory = directory or Path(tempfile.mkdtemp(prefix="cj-"))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.buildings: list[Building] = []
        self._keep = keep
        self._carrier: Carrier | None = None
        self._centre: Centre | None = None

    def __enter__(self) -> "Lab":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def carrier(self) -> Carrier:
        """Started when first asked for."""
        if self._carrier is None:
            place = Namespace.new("carrier")
            place.bridge("wan0", f"{CARRIER_ADDRESS}/{WAN_PREFIX}")
            self._carrier = Carrier(CARRIER_ADDRESS, self.directory / "carrier", place)
            self._carrier.start()
        return self._carrier

    @property
    def centre(self) -> Centre:
        """Started when first asked for; empty but for what it needs to enrol buildings."""
        if self._centre is None:
            place = Namespace.new("centre")
            place.bridge("wan0", f"{CENTRE_ADDRESS}/{WAN_PREFIX}")
            place.bridge("mgmt0", f"{CENTRE_MANAGEMENT_ADDRESS}/24")
            self._centre = Centre((CENTRE_ADDRESS, CENTRE_MANAGEMENT_ADDRESS), self.directory / "centre", place)
            self._centre.start()
        return self._centre

    def building(
        self,
        enrolled: bool = False,
        rows: Iterable[Row] | None = None,
        start: bool = True,
        settings: Mapping[str, Any] | None = None,
    ) -> Building:
        """A building with the sample's two companies (or `rows`), its phones not plugged in yet.

        `enrolled`: the centre holds the rows and the building has them by sync; else they are published in it directly.
        `settings`: sections laid over those of the lab.
        """
        number = len(self.buildings) + 1
        name = f"building-{number}"
        directory = self.directory / name
        place = Namespace.new(name)
        # Each building has a disk of its own and a memory of its own.
        run_directory = SHM / place.name
        address = BUILDING_ADDRESS.format(FIRST_BUILDING + number - 1)
        values = settings_values(directory, run_directory, address)
        building = Building(name, directory, run_directory, place, merged(values, settings or {}))
        self.buildings.append(building)
        place.bridge("voice0", "10.20.0.1/24")
        place.bridge("mgmt0", "198.18.40.1/24")
        place.bridge("uplink0", f"{address}/{WAN_PREFIX}")
        # Switches of the building, the carrier and the centre stand in a circle: isolated ports keep it from looping.
        far = self.carrier.place
        assert far
        building.to_carrier = cable(
            place, "to-carrier", far, f"b{number}", near_switch="uplink0", far_switch="wan0", isolated=True
        )
        kept = tuple(sample_rows(CARRIER_ADDRESS) if rows is None else rows)
        if enrolled:
            centre = self.centre
            assert centre.place
            building.to_centre = cable(
                place, "to-centre", centre.place, f"b{number}", near_switch="uplink0", far_switch="wan0", isolated=True
            )
            building.values = merged(building.values, {"central": {"url": centre.url}})
            building.write_settings()
            claim = centre.load(kept)
            building.command("enrol", input=f"{claim}\n")
        else:
            building.write_settings()
            building.publish(kept)
        if start:
            building.start()
        return building

    def logs(self) -> str:
        """The end of every process's log, for the report of a test that failed."""
        parts = [b.logs() for b in self.buildings]
        if self._centre:
            parts.append(f"--- centre\n{self._centre.log()[-3000:]}")
        if self._carrier:
            parts.append(f"--- carrier\n{self._carrier.log()[-1000:]}")
        return "\n".join(parts)

    def close(self) -> None:
        first: BaseException | None = None
        for end in (*(b.remove for b in self.buildings), self._close_far_ends):
            try:
                end()
            except Exception as failed:  # noqa: BLE001 - the rest must be taken apart all the same; raised below
                first = first or failed
        if not self._keep:
            shutil.rmtree(self.directory, ignore_errors=True)
        if first:
            raise first

    def _close_far_ends(self) -> None:
        for far in (self._carrier, self._centre):
            if far is not None:
                far.stop()
                with suppress(AttributeError):
                    assert far.place
                    far.place.remove()
