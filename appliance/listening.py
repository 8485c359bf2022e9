"""Which ports of this box are held, read from /proc: how the pages, `conserje status` and `conserje doctor` tell which
processes serve, without asking the engines.
"""

from dataclasses import dataclass
from pathlib import Path

from appliance.processes import wanted
from appliance.settings import Settings

PROC_NET = Path("/proc/self/net")  # Of our own network namespace; stays readable where /proc is cut down to processes.
TCP_LISTEN = "0A"
UDP_OPEN = "07"
DHCP_PORT = 67


@dataclass(frozen=True, slots=True, order=True)
class Port:
    protocol: str
    """udp | tcp"""
    number: int

    def __str__(self) -> str:
        return f"{self.protocol}/{self.number}"


def ports_of(settings: Settings) -> dict[str, tuple[Port, ...]]:
    """Process -> the ports it holds while it serves. Processes of this building without a port of their own: ()."""
    known = {
        "redis": (Port("tcp", settings.media.redis_port),),
        "rtpengine": (Port("udp", settings.media.ng_port),),
        "kamailio": (Port("udp", settings.sip.port),),
        "haproxy": (Port("tcp", settings.sip.tls_port), Port("tcp", settings.sip.port)),
        "voice": tuple(
            Port("udp", settings.media.voice_sip_port + n) for n in range(settings.media.voice_workers)
        ),
        "lamps": (Port("udp", settings.sip.lamps_port),),
        "dhcp": (Port("udp", DHCP_PORT),),
        "provision": (Port("tcp", settings.provisioning.http_port),),
        "https": (Port("tcp", settings.provisioning.https_port),),
        "tftp": (Port("udp", settings.provisioning.tftp_port),),
        "webui": (Port("tcp", settings.web.port),),
        "snmp": (Port("udp", settings.snmp.port),),
    }
    return {p.name: known.get(p.name, ()) for p in wanted(settings)}


def held_ports(proc_net: Path = PROC_NET) -> frozenset[Port]:
    """Ports that something in this network namespace listens on, on any address."""
    held = set()
    for protocol, state in (("tcp", TCP_LISTEN), ("udp", UDP_OPEN)):
        for name in (protocol, f"{protocol}6"):
            try:
                lines = (proc_net / name).read_text().splitlines()[1:]
            except OSError:
                continue
            for line in lines:
                columns = line.split()
                if columns[3] == state:
                    held.add(Port(protocol, int(columns[1].rpartition(":")[2], 16)))
    return frozenset(held)
