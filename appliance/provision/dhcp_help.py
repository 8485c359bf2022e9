"""Where the building keeps its own DHCP server: the lines that make it tell phones where their files are.

Pure: text for a person to paste. Each dialect knows how its server tells families apart; for one that cannot, the lines
serve most families alike, and say whom they leave out.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from appliance.provision.dhcp import FLEX_OPTION, KEA_READS_OTHERWISE
from appliance.provision.families import Families, Family
from appliance.provision.family import DhcpOption
from appliance.settings import Settings


@dataclass(frozen=True, slots=True)
class Told:
    """What one family is told: option code to value as text; how it is known."""

    name: str
    prefixes: tuple[bytes, ...]
    ouis: tuple[str, ...]
    options: tuple[tuple[int, str, bool], ...]
    """Code, value, whether it is an address (or several with commas)."""


def told(settings: Settings, families: Families) -> tuple[Told, ...]:
    """Of each family that wants options which can be written as text or addresses."""
    address, port = settings.network.voice_address, settings.provisioning.http_port
    http = address if port == 80 else f"{address}:{port}"

    def of(option: DhcpOption) -> tuple[int, str, bool]:
        return option.code, option.filled(http, address), option.form == "address"

    def one(family: Family) -> Told:
        plain = tuple(of(o) for o in family.dhcp_options if o.form in ("text", "address"))
        prefixes = tuple(dict.fromkeys(o.prefix for o in family.option60))
        return Told(family.name, prefixes, tuple(sorted(family.ouis)), plain)

    made = (one(f) for f in families.families)
    return tuple(t for t in made if t.options and (t.prefixes or t.ouis))


def kea(settings: Settings, families: Families) -> str:
    """Members of Kea's "Dhcp4": client classes (Kea 2.2 and later)."""
    classes = []
    hooked: dict[int, str] = {}
    for t in told(settings, families):
        tests = [f"substring(option[60].hex, 0, {len(p)}) == 0x{p.hex()}" for p in t.prefixes]
        tests += [f"substring(pkt4.mac, 0, 3) == 0x{oui}" for oui in t.ouis]
        data = [
            {"code": code, "csv-format": False, "always-send": True, "data": _hex(value, is_address)}
            for code, value, is_address in t.options
            if code not in KEA_READS_OTHERWISE
        ]
        for code, value, is_address in t.options:
            if code in KEA_READS_OTHERWISE:
                others = hooked.get(code, "''")
                hooked[code] = f"ifelse(member('phones-{t.name}'), 0x{_hex(value, is_address)}, {others})"
        made: dict[str, object] = {"name": f"phones-{t.name}", "test": " or ".join(tests), "option-data": data}
        if any(code == 43 for code, _, _ in t.options):
            made["option-def"] = [{"name": "vendor-encapsulated-options", "code": 43, "type": "binary"}]
        classes.append(made)
    made_of: dict[str, object] = {"client-classes": classes}
    if hooked:
        # Kea would cut a URL in these to its first octets; its hook sends them as they are.
        supersede = [{"code": c, "csv-format": False, "supersede": value} for c, value in sorted(hooked.items())]
        made_of["hooks-libraries"] = [{"library": str(FLEX_OPTION), "parameters": {"options": supersede}}]
    return json.dumps({"Dhcp4": made_of}, indent=2) + "\n"


def isc(settings: Settings, families: Families) -> str:
    """Lines of ISC dhcpd's dhcpd.conf."""
    every = told(settings, families)
    codes = sorted({(code, is_address) for t in every for code, _, is_address in t.options if code not in _ISC_KNOWS})
    lines = [f"option phones-{code} code {code} = {'array of ip-address' if a else 'text'};" for code, a in codes]
    for t in every:
        tests = [f"substring(option vendor-class-identifier, 0, {len(p)}) = {_colons(p)}" for p in t.prefixes]
        # hardware begins with the type of the network, 1 for Ethernet.
        tests += [f"substring(hardware, 1, 3) = {_colons(bytes.fromhex(oui))}" for oui in t.ouis]
        lines += ["", f'class "phones-{t.name}" {{', f"  match if {(chr(10) + '    or ').join(tests)};"]
        for code, value, is_address in t.options:
            name = _ISC_KNOWS.get(code, f"phones-{code}")
            written = (
                value.replace(",", ", ") if is_address else _colons(value.encode()) if code == 43 else _quoted(value)
            )
            lines.append(f"  option {name} {written};")
        lines.append("}")
    return "\n".join(lines) + "\n"


_ISC_KNOWS = {43: "vendor-encapsulated-options", 66: "tftp-server-name", 67: "bootfile-name"}


def dnsmasq(settings: Settings, families: Families) -> str:
    """Lines of dnsmasq.conf. It compares option 60 as text; phones with a binary one go by the maker of their MAC."""
    lines = []
    for t in told(settings, families):
        tag = f"phones-{t.name}".replace("_", "-")
        lines += [f"dhcp-vendorclass=set:{tag},{p.decode()}" for p in t.prefixes if _plain(p)]
        lines += [f"dhcp-mac=set:{tag},{oui[:2]}:{oui[2:4]}:{oui[4:]}:*:*:*" for oui in t.ouis]
        for code, value, is_address in t.options:
            # "force" sends it unasked; in quotes, because a comma would begin another value.
            lines.append(f"dhcp-option-force=tag:{tag},{code},{value if is_address else _quoted(value)}")
    return "\n".join(lines) + "\n"


def routeros(settings: Settings, families: Families) -> str:
    """Commands of MikroTik's RouterOS 7: matchers look at option 60, which must be text."""
    lines = []
    for t in told(settings, families):
        name = f"phones-{t.name}"
        names = []
        for code, value, is_address in t.options:
            names.append(f"{name}-{code}")
            written = "".join(f"'{a.strip()}'" for a in value.split(",")) if is_address else f"s'{value}'"
            lines.append(
                f'/ip dhcp-server option add name={names[-1]} code={code} force=yes value="{_router(written)}"'
            )
        lines.append(f"/ip dhcp-server option sets add name={name} options={','.join(names)}")
        for number, prefix in enumerate(p for p in t.prefixes if _plain(p)):
            text = _router(prefix.decode())
            lines.append(
                f"/ip dhcp-server matcher add name={name}-{number} server=all code=60 matching-type=substring"
                f' value="{text}" option-set={name}'
            )
    return "\n".join(lines) + "\n"


def ios(settings: Settings, families: Families) -> str:
    """Lines of a Cisco IOS pool. IOS 15 tells no families apart: the options go to every client of the pool."""
    lines = ["! Put these into the pool of the voice network: `ip dhcp pool <its name>`."]
    for code, value, is_address, names in _for_everyone(settings, families):
        lines.append(f"! {', '.join(names)}")
        form = "ip " + value.replace(",", " ") if is_address else "ascii " + (_quoted(value) if " " in value else value)
        lines.append(f" option {code} {form}")
    return "\n".join([*lines, *_left_out(settings, families, "!")]) + "\n"


def windows(settings: Settings, families: Families) -> str:
    """PowerShell for a Windows DHCP server: policies by vendor class (option 60) and by MAC."""
    scope = settings.network.voice_subnet.partition("/")[0]
    every = told(settings, families)
    lines = [f"$scope = '{scope}'"]
    for code, is_address in sorted({(c, a) for t in every for c, _, a in t.options if c not in _WINDOWS_KNOWS}):
        kind = "IPv4Address -MultiValued" if is_address else "String"
        lines.append(f"Add-DhcpServerv4OptionDefinition -Name 'phones {code}' -OptionId {code} -Type {kind}")
    for t in every:
        name = f"phones-{t.name}"
        classes = []
        for number, prefix in enumerate(p for p in t.prefixes if _plain(p)):
            classes.append(f"'{name}-{number}*'")
            data = prefix.decode().replace("'", "''")
            lines.append(f"Add-DhcpServerv4Class -Name '{name}-{number}' -Type Vendor -Data '{data}'")
        by = [f"-VendorClass EQ,{','.join(classes)}"] if classes else []
        by += ["-MacAddress EQ," + ",".join(f"'{oui.upper()}*'" for oui in t.ouis)] if t.ouis else []
        lines.append(f"Add-DhcpServerv4Policy -Name '{name}' -ScopeId $scope -Condition OR {' '.join(by)}")
        for code, value, is_address in t.options:
            values = (
                ",".join(f"'{v}'" for v in value.split(",")) if is_address else "'" + value.replace("'", "''") + "'"
            )
            lines.append(
                f"Set-DhcpServerv4OptionValue -ScopeId $scope -PolicyName '{name}' -OptionId {code} -Value {values}"
            )
    return "\n".join(lines) + "\n"


_WINDOWS_KNOWS = {43, 66, 67}

DIALECTS: dict[str, Callable[[Settings, Families], str]] = {
    "kea": kea,
    "isc": isc,
    "dnsmasq": dnsmasq,
    "routeros": routeros,
    "ios": ios,
    "windows": windows,
}
NAMES = {
    "kea": "Kea",
    "isc": "ISC dhcpd",
    "dnsmasq": "dnsmasq",
    "routeros": "MikroTik RouterOS",
    "ios": "Cisco IOS",
    "windows": "Windows Server (PowerShell)",
}
"""As people call them."""


def _for_everyone(settings: Settings, families: Families) -> list[tuple[int, str, bool, tuple[str, ...]]]:
    """One value of each code: that which most families want; with whose it is."""
    address, port = settings.network.voice_address, settings.provisioning.http_port
    anyones = f"http://{address if port == 80 else f'{address}:{port}'}/"
    votes: dict[int, dict[tuple[str, bool], list[str]]] = {}
    for t in told(settings, families):
        for code, value, is_address in t.options:
            # The doors know each family's files also without its folder.
            if value.rstrip("/") == f"{anyones}{t.name}":
                value = anyones
            votes.setdefault(code, {}).setdefault((value, is_address), []).append(t.name)
    chosen = []
    for code, values in sorted(votes.items()):
        (value, is_address), names = max(values.items(), key=lambda v: len(v[1]))
        chosen.append((code, value, is_address, tuple(names)))
    return chosen


def _left_out(settings: Settings, families: Families, mark: str) -> list[str]:
    served = {n for _, _, _, names in _for_everyone(settings, families) for n in names}
    out = [t.name for t in told(settings, families) if t.name not in served]
    return [f"{mark} Not served by this, type their URL in: {', '.join(out)}"] if out else []


def _hex(value: str, is_address: bool) -> str:
    if is_address:
        return "".join(f"{int(part):02X}" for a in value.split(",") for part in a.strip().split("."))
    return value.encode().hex().upper()


def _colons(octets: bytes) -> str:
    return ":".join(f"{o:02x}" for o in octets)


def _plain(prefix: bytes) -> bool:
    return all(0x20 <= c < 0x7F for c in prefix) and b"," not in prefix


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _router(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("?", "\\?")
