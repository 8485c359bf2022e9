"""What the demonstration's two halves tell each other, as files in var/demo."""

from dataclasses import dataclass
from typing import Any

PROGRESS = "progress.jsonl"
STATE = "state.json"
LOG = "demo.log"
MARK = "CONSERJE_DEMO"
"""In the environment of every process of a demonstration: its directory."""


@dataclass(frozen=True, slots=True)
class Happened:
    """`at`: seconds since the beginning. `done` of `steps` are over."""

    at: float
    what: str
    detail: str
    done: int
    steps: int


@dataclass(frozen=True, slots=True)
class Access:
    """How to look at what runs."""

    building_page: str
    building_user: str
    building_password: str
    portal: str
    portal_user: str
    portal_password: str
    snmp: str
    snmp_community: str
    snmp_v3_user: str
    snmp_v3_auth: str
    snmp_v3_privacy: str
    settings_file: str
    namespace: str
    logs: str


@dataclass(frozen=True, slots=True)
class State:
    """`pid` with `born` names the process in the background for good. `access`: an Access; empty while it starts."""

    pid: int
    born: str
    access: dict[str, Any]
