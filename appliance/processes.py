"""The processes of a building, one table: systemd units, the lab's supervisor and the pages all use it.

Each is `conserje run <name>`: a service of ours, or an engine whose configuration is rendered and checked first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from appliance.settings import Settings

CALLS_FIRST = 1000


@dataclass(frozen=True, slots=True)
class Process:
    """`runner` is `module:function`; the function takes Settings and returns only when the process is to end."""

    name: str
    runner: str
    does: str
    user: str = "conserje"
    capabilities: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    stop_s: int = 5
    weight: int = 100
    """Its share of the processor where that is short (systemd's CPUWeight): calls go before pages, files and copies."""

    def load(self) -> Callable[[Settings], None]:
        module, function = self.runner.split(":")
        return cast(Callable[[Settings], None], getattr(import_module(module), function))


PROCESSES: tuple[Process, ...] = (
    Process("redis", "appliance.sip_edge.engines:run_redis", "keeps rtpengine's sessions across its restarts"),
    Process(
        "rtpengine",
        "appliance.sip_edge.engines:run_rtpengine",
        "relays media",
        after=("redis",),
        weight=CALLS_FIRST,
    ),
    Process(
        "kamailio",
        "appliance.sip_edge.engines:run_kamailio",
        "registrar and proxy; carries plans out",
        weight=CALLS_FIRST,
    ),
    Process(
        "haproxy",
        "appliance.sip_edge.front:run_haproxy",
        "SIP over TLS and TCP, before Kamailio",
        weight=CALLS_FIRST,
    ),
    Process("edge", "appliance.sip_edge.service:run", "CDRs from call facts, trunk list, what the engines hold now"),
    Process("lamps", "appliance.sip_edge.lamps_service:run", "lamps of watched extensions, waiting messages"),
    Process(
        "voice",
        "appliance.voice.service:run",
        "announcements, echo and every leg that no phone holds",
        weight=CALLS_FIRST,
    ),
    Process(
        "dhcp",
        "appliance.provision.dhcp_service:run",
        "Kea: addresses and the options each phone family wants",
        capabilities=("CAP_NET_BIND_SERVICE", "CAP_NET_RAW"),
    ),
    Process(
        "provision",
        "appliance.provision.http:run",
        "phones' files over HTTP",
        capabilities=("CAP_NET_BIND_SERVICE",),
    ),
    Process(
        "https",
        "appliance.provision.http:run_https",
        "phones' files over HTTPS, with the site's own CA",
        capabilities=("CAP_NET_BIND_SERVICE",),
    ),
    Process("tftp", "appliance.provision.tftp:run", "phones' files over TFTP", capabilities=("CAP_NET_BIND_SERVICE",)),
    Process(
        "pnp",
        "appliance.provision.pnp_service:run",
        "tells phones that ask by SIP multicast where their files are",
        capabilities=("CAP_NET_RAW",),
    ),
    Process("sync", "appliance.sync.service:run", "change feed down, journal up"),
    Process("webui", "appliance.webui.service:run", "the building page"),
    Process("snmp", "appliance.snmp.service:run", "SNMP agent", capabilities=("CAP_NET_BIND_SERVICE",)),
)

BY_NAME = {p.name: p for p in PROCESSES}


def wanted(settings: Settings) -> tuple[Process, ...]:
    """The processes that this building runs: all, less those its settings switch off."""
    switched_off = {name for name, on in (("dhcp", settings.network.dhcp), ("haproxy", settings.sip.tls)) if not on}
    return tuple(p for p in PROCESSES if p.name not in switched_off)
