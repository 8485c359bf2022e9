"""A whole building with its centre: what it weighs when idle, and how soon an edit at the centre shapes a call.

The edit is made as the portal makes it; it counts as arrived when the building's own route() answers by it.
"""

import time
from pathlib import Path

from rich.console import Console

from appliance.directory.live import Live
from appliance.ports import SystemClock
from appliance.sip_edge.plan import CallAttempt, FromPhone, Ring, Talk
from appliance.sip_edge.routing import route
from tests.bench.results import Result, bound, percentile
from tests.lab.building import Building
from tests.lab.centre import Centre
from tests.lab.lab import Lab
from tests.lab.sample import ACME
from tests.lab.supervise import descendants
from tests.lab.waiting import until
from wire.rows import Extension

EDITS = 40
IDLE_MIB = 600.0
EDIT_S = 1.0
LOOK_S = 0.002


class AllReachable:
    """A Reach in which everything answers: what is asked here is where a number leads."""

    def registered(self, sip_user: str) -> bool:
        return True

    def trunk_up(self, trunk_id: str) -> bool:
        return True

    def voice_up(self) -> bool:
        return True

    def link_up(self) -> bool:
        return True

    def calls_of(self, sip_user: str) -> int:
        return 0

    def alone(self, sip_user: str) -> bool:
        return False

    def class_calls(self, scope: str, id: str, call_class: str) -> int:
        return 0

    def spent_today(self, scope: str, id: str) -> int:
        return 0

    def last_dialled(self, phone_id: str) -> str:
        return ""

    def last_caller(self, phone_id: str) -> str:
        return ""

    def talk(self, key: str) -> Talk | None:
        return None

    def sent_by(self, sip_user: str, where: str) -> str:
        return ""

    def room_of(self, sip_user: str) -> str:
        return ""


def measure() -> list[Result]:
    with Lab() as lab:
        building = lab.building(enrolled=True)
        until(lambda: building.edge_up, 20, "the edge reports")
        weights = memory_mib(building)
        for name, mib in sorted(weights.items(), key=lambda w: -w[1]):
            Console().print(f"  {name:<12}{mib:7.1f} MiB")
        edits = [one_edit(lab.centre, building, n) for n in range(EDITS)]
    return [
        bound("whole building idle", "MiB", sum(weights.values()), IDLE_MIB),
        bound("edit at the centre to changed routing, p99", "s", percentile(edits, 0.99), EDIT_S),
    ]


def memory_mib(building: Building) -> dict[str, float]:
    """Proportional memory (PSS) of each process of the table with its children."""
    found: dict[str, float] = {}
    for name in building.processes.states():
        pid = building.processes.pid_of(name)
        pids = (pid, *descendants(pid))
        found[name] = sum(pss_mib(p) for p in pids)
    return found


def pss_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def one_edit(centre: Centre, building: Building, n: int) -> float:
    """Seconds from the edit's commit until a call from Ana to Beto's new number would ring him."""
    live = Live(building.settings.paths.live_dir)
    digits = str(300 + n)
    centre.put(Extension("ext-beto", ACME, digits, "person", "person-beto"))
    start = time.perf_counter()
    while time.perf_counter() - start < 10 * EDIT_S:
        directory = live.current()
        attempt = CallAttempt(FromPhone("phone-ana"), digits)
        plan = route(attempt, directory, SystemClock().now(), AllReachable())
        if any(isinstance(step, Ring) for step in plan.steps):
            return time.perf_counter() - start
        time.sleep(LOOK_S)
    raise AssertionError(f"edit {n} never arrived")
