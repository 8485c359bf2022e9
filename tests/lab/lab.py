"""A laboratory: buildings, the centre and the carrier that they share, wired together; all gone when it ends.

On loopback (`Lab(loopback=True)`) there is one building, nothing can be cut, and phones are told where their files are.

    with Lab() as lab:
        building = lab.building()
        ana, beto = building.boot("ana", "beto")
        ana.call("102").established().hears(beto.hz)
"""

import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.lab.building import (
    MANAGEMENT_ADDRESS,
    VOICE_ADDRESS,
    Building,
    loopback_values,
    merged,
    settings_values,
)
from tests.lab.carrier import Carrier
from tests.lab.centre import Centre
from tests.lab.netns import MEMORY, Cable, Namespace, cable
from tests.lab.sample import sample_rows
from wire.rows import Row

WAN_PREFIX = 24
CARRIER_ADDRESS = "10.30.0.2"
CENTRE_ADDRESS = "10.30.0.3"
CENTRE_MANAGEMENT_ADDRESS = "198.18.41.1"
BUILDING_ADDRESS = "10.30.0.{}"
FIRST_BUILDING = 101
LOOPBACK_CARRIER = "127.0.1.2"
LOOPBACK_CENTRE = "127.0.1.3"


class Lab:
    """Everything in it is removed by `close()`, whatever became of it; `keep` leaves the files for a look."""

    def __init__(self, keep: bool = False, directory: Path | None = None, loopback: bool = False) -> None:
        self.directory = directory or Path(tempfile.mkdtemp(prefix="cj-"))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.buildings: list[Building] = []
        self.loopback = loopback
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
            place = None if self.loopback else Namespace.new("carrier")
            if place:
                place.bridge("wan0", f"{CARRIER_ADDRESS}/{WAN_PREFIX}")
            self._carrier = Carrier(self.carrier_address, self.directory / "carrier", place)
            self._carrier.start()
        return self._carrier

    @property
    def carrier_address(self) -> str:
        return LOOPBACK_CARRIER if self.loopback else CARRIER_ADDRESS

    @property
    def centre(self) -> Centre:
        """Started when first asked for; empty but for what it needs to enrol buildings."""
        if self._centre is None:
            place = None if self.loopback else Namespace.new("centre")
            addresses: tuple[str, ...] = (LOOPBACK_CENTRE,)
            if place:
                place.bridge("wan0", f"{CENTRE_ADDRESS}/{WAN_PREFIX}")
                place.bridge("mgmt0", f"{CENTRE_MANAGEMENT_ADDRESS}/24")
                addresses = (CENTRE_ADDRESS, CENTRE_MANAGEMENT_ADDRESS)
            self._centre = Centre(addresses, self.directory / "centre", place)
            self._centre.start()
        return self._centre

    def carrier_at_centre(self) -> str:
        """Lays a line from the carrier to the centre, past every building; where the carrier is, for the exchange."""
        near, far = self.carrier.place, self.centre.place
        assert near
        assert far
        cable(near, "to-centre", far, "to-carrier")
        near.ip(f"route add {CENTRE_ADDRESS}/32 dev to-centre")
        far.ip(f"route add {CARRIER_ADDRESS}/32 dev to-carrier")
        return CARRIER_ADDRESS

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
        building = self._on_loopback(settings or {}) if self.loopback else self._wired(settings or {})
        kept = tuple(sample_rows(self.carrier_address) if rows is None else rows)
        self.carrier  # noqa: B018 - it is started before anything probes it
        if enrolled:
            building.values = merged(building.values, {"central": {"url": self.centre.url}})
            building.write_settings()
            building.command("enrol", input=f"{self.centre.load(kept)}\n")
        else:
            building.write_settings()
            building.publish(kept)
        if start:
            building.start()
        return building

    def _wired(self, settings: Mapping[str, Any]) -> Building:
        """In a namespace, with cables to the carrier and the centre."""
        number = len(self.buildings) + 1
        name = f"building-{number}"
        directory = self.directory / name
        place = Namespace.new(name)
        # Each building has a disk of its own and a memory of its own.
        run_directory = MEMORY / place.name
        address = BUILDING_ADDRESS.format(FIRST_BUILDING + number - 1)
        values = settings_values(directory, run_directory, address)
        building = Building(name, directory, run_directory, place, merged(values, settings))
        self.buildings.append(building)
        place.bridge("voice0", f"{VOICE_ADDRESS}/24")
        place.bridge("mgmt0", f"{MANAGEMENT_ADDRESS}/24")
        place.bridge("uplink0", f"{address}/{WAN_PREFIX}")
        building.to_carrier = self._cable_to(self.carrier.place, place, "to-carrier", number)
        building.to_centre = self._cable_to(self.centre.place, place, "to-centre", number)
        return building

    @staticmethod
    def _cable_to(far: Namespace | None, place: Namespace, port: str, number: int) -> Cable:
        # Switches of buildings, carrier and centre stand in a circle: isolated ports keep it from looping.
        assert far
        return cable(place, port, far, f"b{number}", near_switch="uplink0", far_switch="wan0", isolated=True)

    def _on_loopback(self, settings: Mapping[str, Any]) -> Building:
        assert not self.buildings, "loopback has room for one building"
        directory = self.directory / "building-1"
        run_directory = MEMORY / f"cj-{secrets.token_hex(4)}"
        values = merged(loopback_values(directory, run_directory), settings)
        building = Building("building-1", directory, run_directory, None, values)
        self.buildings.append(building)
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
                far.power_off()
                if far.place:
                    far.place.remove()
