"""What a building sends up its line: all but its probes of the carrier, also what finds nobody at the other end."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.conftest import House
from tests.lab.capture import read_capture
from tests.lab.lab import CARRIER_ADDRESS, CENTRE_ADDRESS
from tests.lab.netns import Namespace
from tests.lab.phoneboot import capture
from tests.lab.waiting import until

ELSEWHERE = "192.0.2.9"
"""An address outside, as a name server or another building would have one."""
PROBES = (b"OPTIONS ", b"SIP/2.0 ")
_DISCARD = 9


@dataclass(frozen=True)
class Uplink:
    """A trace of the line, being written."""

    place: Namespace
    file: Path
    ours: str
    """The card's address."""
    former: tuple[str, ...]
    """Ports of what sync had open: its kernel goes on taking leave after it has ended."""

    def attempts(self) -> list[str]:
        """What the building sent to anybody, a line a packet as tcpdump writes it, without SIP to the carrier.

        Of that everything counts but OPTIONS and answers: `calls`.
        """
        taking_leave = "".join(f" and not (tcp and src port {port})" for port in self.former)
        probes = f"(udp and port 5060 and host {CARRIER_ADDRESS})"
        neighbours = f"(arp and (host {CARRIER_ADDRESS} or arp[6:2] = 2))"
        unasked = f"ether src {self.ours} and not {probes} and not {neighbours}{taking_leave}"
        argv = ["tcpdump", "-n", "-t", "-r", str(self.file), unasked]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()

    def calls(self) -> list[bytes]:
        """First lines of SIP to the carrier that are no probe."""
        sent = [d.payload for d in read_capture(self.file) if d.destination[0] == CARRIER_ADDRESS]
        return [p.split(b"\r\n")[0] for p in sent if not p.startswith(PROBES)]

    def can_see(self) -> None:
        """A datagram to the centre and one to elsewhere are in the trace, whatever state the link is in."""
        before = len(self.attempts())
        for address in (CENTRE_ADDRESS, ELSEWHERE):
            self.place.run(["bash", "-c", f"echo seen > /dev/udp/{address}/{_DISCARD}"])
        until(lambda: len(self.attempts()) >= before + 2, 5, "the trace shows who tries to reach the outside")
        shown = self.attempts()[before:]
        assert all(any(f"> {a}.{_DISCARD}:" in line for line in shown) for a in (CENTRE_ADDRESS, ELSEWHERE)), shown


@contextmanager
def watched_uplink(house: House) -> Iterator[Uplink]:
    """Sync, which alone speaks to the centre, is stopped meanwhile: whatever else goes up the line is seen by itself.

    Everybody out there is a neighbour for good and everything has a way: no attempt ends in ARP or for lack of a route.
    """
    building = house.building
    place, far = building.place, house.lab.centre.place
    assert place and far
    theirs, ours = (_mac(p, i) for p, i in ((far, "wan0"), (place, "uplink0")))
    building.processes.stop("sync")
    file = building.directory / "uplink.pcap"
    file.unlink(missing_ok=True)
    place.ip(
        f"neigh replace {CENTRE_ADDRESS} lladdr {theirs} nud permanent dev uplink0",
        f"route add default via {CENTRE_ADDRESS} dev uplink0",
    )
    recorder = capture(place, "uplink0", file)
    try:
        until(lambda: file.exists() and file.stat().st_size, 5, "the trace records")
        yield Uplink(place, file, ours, _open_to(place, CENTRE_ADDRESS))
    finally:
        recorder.terminate()
        recorder.wait()
        place.ip("route del default dev uplink0", f"neigh del {CENTRE_ADDRESS} dev uplink0")
        building.processes.start_one("sync")


def _mac(place: Namespace, interface: str) -> str:
    (found,) = json.loads(place.run(["ip", "-j", "link", "show", interface]).stdout)
    return str(found["address"])


def _open_to(place: Namespace, address: str) -> tuple[str, ...]:
    """Our ports of connections to that address, whatever is left of them."""
    lines = place.run(["ss", "-Htan", "dst", address]).stdout.splitlines()
    return tuple(sorted({line.split()[3].rpartition(":")[2] for line in lines}))
