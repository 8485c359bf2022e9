"""systemd units for the processes of a building, from the process table: one hardened service each and a target. Pure.

Each service sees only its own directories, has only the capabilities it needs and starts again 200 ms after it ends.
"""

from dataclasses import replace
from pathlib import Path

from appliance.processes import PROCESSES, Process, wanted
from appliance.settings import Settings

TARGET = "conserje.target"
PREFIX = "conserje-"
FIRST_BOOT = "conserje-first-boot.service"
NO_JIT = frozenset({"edge", "provision", "https", "tftp", "pnp", "sync", "webui", "snmp"})
"""Processes that never need memory both writable and executable. Engines and voice load native code that may."""

_LEAST = replace(
    Settings(), network=replace(Settings().network, dhcp=False), sip=replace(Settings().sip, tls=False)
)
_NEVER_MISSING = {p.name for p in wanted(_LEAST)}

_SANDBOX = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@mount @keyring
SystemCallErrorNumber=EPERM
"""


def unit_files(command: Path, templates_dir: Path) -> dict[str, str]:
    """File name -> content. `command`: the absolute path of `conserje`."""
    files = {f"{PREFIX}{p.name}.service": _service(p, command, templates_dir) for p in PROCESSES}
    files[TARGET] = _target(tuple(files))
    return files


def _service(p: Process, command: Path, templates_dir: Path) -> str:
    capabilities = " ".join(p.capabilities)
    families = "AF_INET AF_INET6 AF_UNIX AF_NETLINK" + (" AF_PACKET" if "CAP_NET_RAW" in p.capabilities else "")
    after = ["network-online.target", FIRST_BOOT, *(f"{PREFIX}{name}.service" for name in p.after)]
    # A process that this building's settings switch off is skipped, not failed. Asked only where settings can do so:
    # it costs a start of Python at each restart.
    condition = "" if p.name in _NEVER_MISSING else f"ExecCondition={command} units --wanted {p.name}\n"
    return f"""\
# Written by `conserje units`; change appliance/processes.py, not this file.
[Unit]
Description=Conserje {p.name}: {p.does.replace("%", "%%")}
After={" ".join(after)}
Wants=network-online.target
PartOf={TARGET}
StartLimitIntervalSec=0

[Service]
Type=exec
User={p.user}
Environment=CONSERJE_PATHS__TEMPLATES_DIR={templates_dir}
Environment=PYTHONUNBUFFERED=1
{condition}ExecStart={command} run {p.name}
Restart=always
RestartSec=200ms
TimeoutStopSec={p.stop_s}s
CPUWeight={p.weight}
KillMode=mixed
LimitNOFILE=65536
UMask=0027
StateDirectory=conserje
StateDirectoryMode=0750
RuntimeDirectory=conserje
RuntimeDirectoryMode=0750
RuntimeDirectoryPreserve=yes
LogsDirectory=conserje
LogsDirectoryMode=0750
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}
RestrictAddressFamilies={families}
{_SANDBOX}{"MemoryDenyWriteExecute=yes" if p.name in NO_JIT else ""}

[Install]
WantedBy={TARGET}
"""


def _target(services: tuple[str, ...]) -> str:
    return f"""\
# Written by `conserje units`.
[Unit]
Description=Conserje: the phone system of this building
Wants={" ".join(services)}
After=network-online.target

[Install]
WantedBy=multi-user.target
"""
