"""Kea's configuration for this building: one subnet, and for each phone family a client class with its options.

Pure. What a family is and wants comes from its descriptor; running Kea is dhcp_service.py's. Option values go in as
hex, so that no URL or comma in them can be taken for Kea's own syntax.
"""

import ipaddress
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from appliance.directory.model import Directory
from appliance.errors import TemplateProblem, Words
from appliance.provision.families import DhcpOption, Families, Family
from appliance.settings import Settings

SUBNET_ID = 1
LEASE_CLEANUP_S = 3600
DECLINED_S = 600
"""How long an address rests after a client said that it is taken: not Kea's 24 hours, or a liar empties the pool."""

QUEUE_PACKETS = 4096
"""Four for each of a thousand phones; Kea's own 64 are a tenth of what the kernel keeps."""

MAX_OPTION = 255
VENDOR_SPACE = 43
TIME_ZONE_NAME = 101
"""RFC 4833."""

KEA_READS_OTHERWISE = frozenset({78, 79, 88, 91, 94, 108, 116, 118, 119, 137, 141, 146, 159, 212, 213})
"""Codes whose octets Kea 2.2 reads by a standard that phones do not follow: it cuts a URL in 159 to "http", or refuses.
Its hook for computed options sends octets as they are. (Tried: each code of 62 to 254 with a URL.)"""

FLEX_OPTION = Path("/usr/lib", sysconfig.get_config_var("MULTIARCH") or "", "kea/hooks/libdhcp_flex_option.so")

KeaConfig = dict[str, Any]


def lease_file(settings: Settings) -> Path:
    """Kea's memfile: it survives a restart of Kea and of the box."""
    return settings.paths.engines_dir / "kea" / "kea-leases4.csv"


def control_socket(settings: Settings) -> Path:
    return settings.paths.run_dir / "kea" / "kea4.sock"


def heard_file(settings: Settings) -> Path:
    """What clients said of themselves (dhcp_ear.py); in memory."""
    return settings.paths.run_dir / "kea" / "heard.db"


def kea_config(settings: Settings, directory: Directory | None, families: Families) -> KeaConfig:
    """The whole configuration of kea-dhcp4, as JSON values. Without a directory, addresses are handed out all the same.

    Raises TemplateProblem where a family's option cannot be written as DHCP has it.
    """
    network = settings.network
    return {
        "Dhcp4": {
            "interfaces-config": {
                "interfaces": [f"{network.voice_interface}/{network.voice_address}"],
                # A phone without an address yet hears only what is sent to its MAC: that takes a raw socket.
                "dhcp-socket-type": "raw",
                "service-sockets-require-all": True,
                "service-sockets-max-retries": 0,
                "re-detect": True,
            },
            "control-socket": {"socket-type": "unix", "socket-name": str(control_socket(settings))},
            "lease-database": {
                "type": "memfile",
                "persist": True,
                "name": str(lease_file(settings)),
                "lfc-interval": LEASE_CLEANUP_S,
            },
            "authoritative": True,
            # A phone's boot loader and its firmware send different client identifiers; its lease hangs on its MAC.
            "match-client-id": False,
            "reservations-global": False,
            "reservations-in-subnet": False,
            "valid-lifetime": network.dhcp_lease_s,
            # Power comes back to all phones at once: what the kernel has no room for waits here, not 4 s at the phone.
            "dhcp-queue-control": {"enable-queue": True, "queue-type": "kea-ring4", "capacity": QUEUE_PACKETS},
            "decline-probation-period": DECLINED_S,
            "client-classes": _classes(settings, families),
            "hooks-libraries": _hooks(settings, families),
            "subnet4": [
                {
                    "id": SUBNET_ID,
                    "subnet": network.voice_subnet,
                    "interface": network.voice_interface,
                    "pools": [{"pool": network.dhcp_pool}],
                    "option-data": _everyone(settings, directory),
                }
            ],
            "loggers": [
                _logger("kea-dhcp4", "INFO"),
                # Says at INFO which class matched, for each class and packet.
                _logger("kea-dhcp4.options", "WARN"),
            ],
        }
    }


def _logger(name: str, severity: str) -> dict[str, Any]:
    output = {"output": "stdout", "pattern": "%-5p %c %m\n"}
    return {"name": name, "severity": severity, "output_options": [output]}


def _everyone(settings: Settings, directory: Directory | None) -> list[dict[str, Any]]:
    """Options of the subnet, for phones and anything else; an empty setting means this box."""
    network = settings.network
    options = [
        {"name": "routers", "data": network.gateway or network.voice_address},
        {"name": "domain-name-servers", "data": network.dns or network.voice_address},
        # RFC 2132 §8.3 knows addresses only; a server that was set by name reaches phones in their files.
        {"name": "ntp-servers", "data": ", ".join(_addresses(network.ntp)) or network.voice_address},
    ]
    if directory is not None:
        options.append(_raw(TIME_ZONE_NAME, directory.site.timezone.encode()))
    return options


def _addresses(text: str) -> list[str]:
    found = []
    for word in text.replace(",", " ").split():
        try:
            found.append(str(ipaddress.IPv4Address(word)))
        except ValueError:
            continue
    return found


def _classes(settings: Settings, families: Families) -> list[dict[str, Any]]:
    """Per family: a class by its option 60, then the class that carries its options.

    A phone belongs to the family that its option 60 names; one whose option 60 names none, or that sends none, to the
    family or families of its MAC's maker. Kea evaluates classes in this order.
    """
    all_ = families.families
    by_name = {f.name: _by_option60(f, all_) for f in all_}
    named = [f"member('named-{name}')" for name, test in by_name.items() if test]
    anyone = " or ".join(named)
    classes: list[dict[str, Any]] = [{"name": f"named-{name}", "test": test} for name, test in by_name.items() if test]
    if named:
        classes.append({"name": "named", "test": anyone})
    for family in (f for f in all_ if f.dhcp_options):
        tests = [f"member('named-{family.name}')"] if by_name[family.name] else []
        if family.ouis:
            unnamed = "not member('named') and " if named else ""
            tests.append(f"({unnamed}({_any(f'substring(pkt4.mac, 0, 3) == 0x{oui}' for oui in sorted(family.ouis))}))")
        if tests:
            classes.append({"name": family.name, "test": _any(tests), **_options(settings, family)})
    return classes


def _any(tests: Iterable[str]) -> str:
    return " or ".join(tests)


def _by_option60(family: Family, families: tuple[Family, ...]) -> str:
    """The test that option 60 names this family, and no family whose prefix is longer.

    Compared as octets from the beginning, so that NULs within or at the end do not matter. Where two families claim the
    same prefix, the first has it.
    """
    tests = []
    for mine in {o.prefix: None for o in family.option60}:
        others = [(f, o.prefix) for f in families if f is not family for o in f.option60]
        earlier = families[: families.index(family)]
        if any(prefix == mine and f in earlier for f, prefix in others):
            continue
        longer = sorted({p for _, p in others if len(p) > len(mine) and p.startswith(mine)})
        tests.append(" and not ".join([_begins(mine), *(_begins(p) for p in longer)]))
    return _any(f"({t})" for t in tests)


def _begins(prefix: bytes) -> str:
    return f"substring(option[60].hex, 0, {len(prefix)}) == 0x{prefix.hex()}"


def _options(settings: Settings, family: Family) -> dict[str, Any]:
    wants = [o for o in family.dhcp_options if o.code not in KEA_READS_OTHERWISE]
    options = [_raw(o.code, _octets(settings, family, o)) for o in wants]
    # Phones act on options that they never ask for in option 55; and 66 counts only in the option list, not in sname.
    made: dict[str, Any] = {"option-data": [{**o, "always-send": True} for o in options]}
    if any(o.code == VENDOR_SPACE for o in family.dhcp_options):
        # Left alone, Kea takes 43 for a container of sub-options; a class may say that it is octets.
        made["option-def"] = [{"name": "vendor-encapsulated-options", "code": VENDOR_SPACE, "type": "binary"}]
    return made


def _hooks(settings: Settings, families: Families) -> list[dict[str, Any]]:
    """The hook that sends what Kea would read otherwise; none where no family wants such an option."""
    values: dict[int, str] = {}
    for family in reversed(families.families):
        for option in family.dhcp_options:
            if option.code in KEA_READS_OTHERWISE:
                octets = f"0x{_octets(settings, family, option).hex()}"
                # Nothing, in the end, means that the option is not sent.
                others = values.get(option.code, "''")
                values[option.code] = f"ifelse(member('{family.name}'), {octets}, {others})"
    if not values:
        return []
    options = [{"code": code, "csv-format": False, "supersede": value} for code, value in sorted(values.items())]
    return [{"library": str(FLEX_OPTION), "parameters": {"options": options}}]


def _raw(code: int, value: bytes) -> dict[str, Any]:
    return {"code": code, "csv-format": False, "data": value.hex()}


def _octets(settings: Settings, family: Family, option: DhcpOption) -> bytes:
    port = settings.provisioning.http_port
    address = settings.network.voice_address
    try:
        return _written(option, address if port == 80 else f"{address}:{port}", address)
    except ValueError as wrong:
        raise TemplateProblem(
            Words(
                f"DHCP option {option.code} of the family {family.name} cannot be sent: {wrong}.",
                f"La opción {option.code} de DHCP de la familia {family.name} no se puede enviar: {wrong}.",
            ),
            Words(
                f"Mend it in templates/phones/{family.name}/family.toml.",
                f"Corríjala en templates/phones/{family.name}/family.toml.",
            ),
        ) from wrong


def _written(option: DhcpOption, http: str, tftp: str) -> bytes:
    """An option's octets, without its own code and length. ValueError where there are none or too many."""
    text = option.filled(http, tftp)
    match option.form:
        case "parts":
            written = [(part.code, _written(part, http, tftp)) for part in option.parts]
            octets = b"".join(bytes((code, len(value))) + value for code, value in written)
        case "address":
            octets = b"".join(ipaddress.IPv4Address(a.strip()).packed for a in text.split(","))
        case "hex":
            octets = bytes.fromhex(text)
        case _:
            octets = text.encode()
    if not 1 <= len(octets) <= MAX_OPTION:
        raise ValueError(f"{len(octets)} octets")
    return octets
