"""Versions of what this box runs: ours, and the engines' as Debian's package database has them."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DPKG_STATUS = Path("/var/lib/dpkg/status")
ENGINES = {
    "kamailio": "Kamailio",
    "rtpengine-daemon": "rtpengine",
    "ngcp-rtpengine-daemon": "rtpengine",
    "kea-dhcp4-server": "Kea DHCPv4",
    "redis-server": "Redis",
}


def own_version() -> str:
    try:
        return version("conserje")
    except PackageNotFoundError:
        return "?"


@cache
def versions(status: Path = DPKG_STATUS) -> dict[str, str]:
    """Name -> version, ours first. An engine that is not installed is left out."""
    found = {"Conserje": own_version()}
    package, installed = "", False
    try:
        with status.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("Package: "):
                    package, installed = line[9:].strip(), False
                elif line.startswith("Status: "):
                    installed = line.strip().endswith(" installed")
                elif line.startswith("Version: ") and installed and package in ENGINES:
                    found[ENGINES[package]] = line[9:].strip()
    except OSError:
        pass
    return found
