"""`make proof`: a phone's boot from DHCP to a talked call as captured, and what survives what, timed.

Also 100,000 broken SIP messages. Writes build/proof/ and docs/survivability.md, and prints what can be read.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path

from appliance.sip_edge.front import inner_listeners
from tests.lab.building import Building
from tests.lab.lab import Lab
from tests.lab.supervise import descendants
from tests.lab.survivability import matrix, write
from tests.lab.tormentor import Tormentor
from tests.lab.torture import HOST, TORTURE, mutations
from tests.lab.waiting import until
from tests.storm.homecoming import figures

OUT = Path(__file__).resolve().parents[2] / "build" / "proof"
FIELDS = ("frame.time_relative", "ip.src", "ip.dst", "_ws.col.Protocol", "_ws.col.Info")
NO_ARP_NO_STREAM = "not arp and not (tcp and not http) and not icmp"
RTP_SHOWN = 4
MUTATIONS = 100_000
LEAST_READ, LEAST_UNDERSTOOD = 0.95, 0.25
"""Shares of the broken messages: that reached Kamailio's parser, and that got past it into our routing."""
MOST_GROWTH_KIB = 16 * 1024
"""Of all its processes together."""


def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    with Lab() as lab:
        building = lab.building(enrolled=True)
        boot(building)
    write(matrix(), figures(), docs=True)
    (OUT / "torture.txt").write_text(torture(), encoding="utf-8")
    for name in ("boot.txt", "survivability.md", "torture.txt"):
        print(f"\n== {name}\n{(OUT / name).read_text()}", end="")
    return 0


def torture() -> str:
    """RFC 4475 and 100,000 mutations of it, half by UDP and half by TCP, from a trunk; what came of it.

    Raises AssertionError where too few of them were read, or Kamailio died, swelled or let an exception out.
    """
    with Lab() as lab:
        building = lab.building()
        place, inner = lab.carrier.place, inner_listeners(building.settings)[0]
        assert place and building.place
        there, pid = (building.uplink_address, 5060), building.processes.pid_of("kamailio")
        tormentor = Tormentor.of(there, pid, building.settings.sip.control_port, building.place)
        swap = HOST.encode(), there[0].encode()
        messages = [m.replace(*swap) for m in (*TORTURE.values(), *mutations(MUTATIONS))]
        before = private_kib(pid)
        began = time.monotonic()
        with place.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((lab.carrier.address, 0))
            by_udp = tormentor.by_udp(udp, messages[::2])
        with building.place.inside():
            # Past HAProxy, which lets nobody have so many connections: Kamailio is what is tormented.
            proxied = f"PROXY TCP4 {lab.carrier.address} {there[0]} 40000 {there[1]}\r\n"
            by_tcp = tormentor.by_tcp(messages[1::2], (inner.address, inner.port), proxied)
        took, every = time.monotonic() - began, by_udp + by_tcp
        after = private_kib(building.processes.pid_of("kamailio"))
        died = building.processes.pid_of("kamailio") != pid
        beto, ana = building.boot("beto", "ana")
        ana.call("102").established().hears(beto.hz)
        said = (
            f"{every.sent} messages in {took:.0f} s, {by_udp.sent} by UDP and {by_tcp.sent} by TCP; Kamailio read "
            f"{100 * every.read:.1f} % of them, {every.understood} as SIP, which its workers then had to answer; "
            f"died: {died}; memory of its own {before} KiB before, {after} KiB after; "
            f"uncaught: {building.uncaught() or 'none'}; a call is heard\n"
        )
        assert every.read >= LEAST_READ and every.understood >= LEAST_UNDERSTOOD * every.sent, said
        assert not died and not building.uncaught() and after - before <= MOST_GROWTH_KIB, said
        return said


def private_kib(pid: int) -> int:
    total = 0
    for process in (pid, *descendants(pid)):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            total += int(line.split()[1]) if line.startswith("Private_Dirty:") else 0
    return total


def boot(building: Building) -> None:
    """Ana's phone is plugged in, registers and talks to Beto's; what crossed her desk's cable, as tshark reads it."""
    (beto,) = building.boot("beto")
    ana = building.plug("ana")
    assert ana.place, "a capture needs the phone's own namespace"
    pcap = OUT / "boot.pcap"
    pcap.unlink(missing_ok=True)
    tcpdump = ana.place.popen(
        ["tcpdump", "-i", "any", "-U", "--immediate-mode", "-w", str(pcap)], stderr=subprocess.DEVNULL
    )
    until(lambda: pcap.exists() and pcap.stat().st_size > 0, 5, "tcpdump listens")
    log = ana.boot()
    call = ana.call("102").established()
    call.hears(beto.hz)
    call.hang_up()
    call.ended()
    tcpdump.terminate()
    tcpdump.wait(5)
    lines = shown(pcap)
    head = f"registered {log.seconds:.2f} s after link-up; heard Beto's {beto.hz} Hz; {pcap.name} has it all\n"
    (OUT / "boot.txt").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


def shown(pcap: Path) -> list[str]:
    """One line a packet; of the speech, the first few and how many more."""
    read = ["tshark", "-r", str(pcap), "-d", "udp.port==10000-10400,rtp", "-Y", NO_ARP_NO_STREAM, "-T", "fields"]
    fields = [word for name in FIELDS for word in ("-e", name)]
    out = subprocess.run([*read, *fields], capture_output=True, text=True, check=True).stdout
    kept, speech = [], 0
    for line in out.splitlines():
        columns = line.split("\t")
        if len(columns) == len(FIELDS) and columns[3] in ("RTP", "RTCP"):
            speech += 1
            if speech > RTP_SHOWN:
                continue
        at, source, target, protocol, info = (*columns, "", "", "", "")[:5]
        kept.append(f"{float(at or 0):8.3f}  {source:>15} > {target:<15}  {protocol:<8} {info[:110]}")
    return [*kept, f"(and {max(speech - RTP_SHOWN, 0)} more packets of speech)"]


if __name__ == "__main__":
    sys.exit(main())
