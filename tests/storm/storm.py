"""A building whose phones are all powered on at once: it is made, the storm passes over it, the figures are taken.

Phones stand on floors, each a namespace with one cable to the building's voice network and one process. Their frames of
DHCP carry each phone's own MAC; its other packets leave by the floor's, and the building goes by the lease.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.directory.site_ca import ca_certificate
from tests.lab.building import ROOT, VOICE_ADDRESS, Building
from tests.lab.lab import Lab
from tests.lab.netns import Namespace, cable
from tests.lab.supervise import descendants
from tests.storm.floor import INTERFACE, Boot
from tests.storm.street import Resident, rows

FLOORS = 4
PREFIX = 20
SUBNET = "10.20.0.0/20"
POOL = "10.20.1.0 - 10.20.8.255"
LIMIT_S = 180.0


@dataclass(frozen=True, slots=True)
class Storm:
    """What became of every phone, in the order in which they were done."""

    boots: tuple[Boot, ...]
    load_before: float
    """Load average of the machine when it began: others' work on the same cores."""
    cpu_s: Mapping[str, float]
    """What each process of the building used."""

    @property
    def registered(self) -> tuple[Boot, ...]:
        return tuple(b for b in self.boots if b.registered_s)

    @property
    def failures(self) -> tuple[Boot, ...]:
        return tuple(b for b in self.boots if b.failed)

    @property
    def seconds(self) -> float:
        """From power-on to the last registration."""
        return max((b.registered_s for b in self.boots), default=0.0)

    @property
    def first_to_last_s(self) -> float:
        moments = [b.registered_s for b in self.registered]
        return max(moments) - min(moments) if moments else 0.0

    @property
    def most_retries(self) -> int:
        """Of the phone that had to say most things again, in all stages together."""
        return max(sum(b.retries.values()) for b in self.boots)


def storm_building(lab: Lab, phones: tuple[Resident, ...], enrolled: bool = False, **settings: Any) -> Building:
    """A building whose voice network has room for them, started; its directory knows every phone."""
    network = {"voice_subnet": SUBNET, "dhcp_pool": POOL}
    # As a new box has it: phones that can come over TLS do.
    wanted = {"network": network, "provisioning": {"secure_sip": True}, **settings}
    building = lab.building(enrolled=enrolled, rows=rows(phones), start=False, settings=wanted)
    assert building.place
    building.place.ip(
        f"addr del {VOICE_ADDRESS}/24 dev voice0",
        f"addr add {VOICE_ADDRESS}/{PREFIX} dev voice0",
    )
    building.start()
    return building


@contextmanager
def street(building: Building, phones: Sequence[Resident], spread_s: float = 0.0) -> Iterator["Street"]:
    """These phones at their jacks, without power yet; taken away at the end."""
    with ExitStack() as ends:
        count = min(FLOORS, len(phones))
        floors = [_Floor(building, n, phones[n::FLOORS], spread_s, ends) for n in range(count)]
        for floor in floors:
            floor.ready()
        yield Street(building, tuple(floors))


@dataclass(frozen=True, slots=True)
class Street:
    building: Building
    floors: tuple["_Floor", ...]

    def power_on(self) -> Storm:
        """All at once; returns when each has registered or given up. The second time they are phones that were here
        before: they keep what such a phone keeps when its power goes."""
        load = float(Path("/proc/loadavg").read_text().split()[0])
        before = cpu_seconds(self.building)
        at = time.monotonic() + 0.2
        for floor in self.floors:
            floor.power_on(at)
        boots = [boot for floor in self.floors for boot in floor.boots()]
        used = {name: cpu - before.get(name, 0.0) for name, cpu in cpu_seconds(self.building).items()}
        return Storm(tuple(sorted(boots, key=lambda b: b.registered_s or LIMIT_S)), load, used)


def cpu_seconds(building: Building) -> dict[str, float]:
    """Process of the building -> CPU that it and its descendants have used."""
    used = {}
    for name in building.processes.states():
        pid = building.processes.pid_of(name)
        used[name] = sum(map(_cpu_s, (pid, *descendants(pid)))) if pid else 0.0
    return used


def _cpu_s(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


class _Floor:
    """A namespace, a cable and a process; gone when `ends` closes."""

    def __init__(
        self, building: Building, number: int, phones: Sequence[Resident], spread_s: float, ends: ExitStack
    ) -> None:
        assert building.place
        place = Namespace.new(f"floor-{number}")
        ends.callback(place.remove)
        wire = cable(building.place, f"floor{number}", place, INTERFACE, near_switch="voice0")
        ends.callback(wire.remove)
        argv = place.argv([sys.executable, "-m", "tests.storm.floor"])
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        ends.callback(self._process.wait)
        ends.callback(self._process.kill)
        self._say(
            {
                "phones": [(p.number, _file_name(p), p.device.model, p.device.mac) for p in phones],
                "prefix": PREFIX,
                "spread_s": spread_s,
                "ca": ca_certificate(building.settings).decode(),
            }
        )

    def ready(self) -> None:
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n", "a floor did not come up"

    def power_on(self, at: float) -> None:
        self._say(at)

    def boots(self) -> Iterable[Boot]:
        assert self._process.stdout
        return [Boot(**b) for b in json.loads(self._process.stdout.readline())]

    def _say(self, what: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()


def _file_name(phone: Resident) -> str:
    return phone.device.family.name
