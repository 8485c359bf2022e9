"""What a building holds at one moment: legs, ports, sessions, and of each process its descriptors and memory."""

from dataclasses import dataclass
from pathlib import Path

from appliance.directory.reports import VoiceReport
from appliance.kamailio_rpc import Kamailio
from appliance.sip_edge.control import Rtpengine
from tests.lab.building import Building
from tests.lab.supervise import descendants

OWN_TRANSACTIONS = 5
"""Its probes of trunks and of voice."""


@dataclass(frozen=True, slots=True)
class Process:
    """`kib`: what the process itself has written (anonymous and shared memory), divided among those who share it.

    Not its files' pages: a library weighs more on everybody who maps it whenever another program on the machine that
    mapped it too has ended, 10 MiB and more.
    """

    descriptors: int
    kib: int


@dataclass(frozen=True, slots=True)
class Counts:
    """`ports`: UDP ports of voice's range that are held. `relayed`: calls that rtpengine holds."""

    legs: int
    ports: int
    relayed: int
    transactions: int
    shared_kib: int
    processes: dict[str, Process]

    @property
    def idle(self) -> bool:
        return not (self.legs or self.ports or self.relayed)

    def left(self, before: "Counts") -> list[str]:
        """In words, what is held now and was not before; both taken with nobody calling."""
        found = [f"{n} {what} left" for what, n in (("legs", self.legs), ("ports", self.ports)) if n]
        found += [f"{self.relayed} calls left in rtpengine"] if self.relayed else []
        if self.transactions > before.transactions + OWN_TRANSACTIONS:
            found.append(f"{self.transactions} transactions left in Kamailio")
        return found + [f"{name} was not there" for name in self.processes.keys() - before.processes.keys()]


def counted(building: Building) -> Counts:
    settings = building.settings
    assert building.place
    report = building.report(VoiceReport)
    with building.place.inside():
        kamailio = Kamailio(settings.sip.control_port)
        relayed = Rtpengine(settings.media.ng_port).calls()
        transactions = kamailio.call("tm.stats")
        shared = kamailio.call("core.shmmem")
    assert report is not None and relayed is not None and transactions and shared, "an engine does not answer"
    return Counts(
        report.legs,
        _ports_held(building),
        len(relayed),
        int(transactions["current"]),
        int(shared["used"]) // 1024,
        dict(sorted(_processes(building).items())),
    )


def _processes(building: Building) -> dict[str, Process]:
    """Each of the table with all its children; those of voice and Kamailio one by one."""
    found: dict[str, Process] = {}
    for name in building.processes.states():
        pid = building.processes.pid_of(name)
        assert pid, f"{name} does not run"
        if name in ("voice", "kamailio"):
            found[name] = _weigh((pid,))
            for n, child in enumerate(sorted(descendants(pid)), 1):
                called = Path(f"/proc/{child}/comm").read_text().strip()
                found[called if called != name else f"{name}, child {n}"] = _weigh((child,))
        else:
            found[name] = _weigh((pid, *descendants(pid)))
    return found


def _weigh(pids: tuple[int, ...]) -> Process:
    descriptors = kib = 0
    for pid in pids:
        try:
            descriptors += len(list(Path(f"/proc/{pid}/fd").iterdir()))
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it has ended meanwhile
        kib += sum(int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
    return Process(descriptors, kib)


def _ports_held(building: Building) -> int:
    first, last = map(int, building.settings.media.voice_ports.split("-"))
    return sum(p.protocol == "udp" and first <= p.number <= last for p in building.processes.ports())
