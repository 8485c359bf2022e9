"""kea-dhcp4 as a process: its check, its start, its control socket. What is in its configuration is dhcp.py's."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.errors import EngineProblem, Words
from appliance.provision.dhcp import control_socket, lease_file
from appliance.provision.dying import die_with_parent
from appliance.settings import Settings

PROGRAM = "kea-dhcp4"
CHECK_S = 15.0
ANSWER_S = 5.0
_CHUNK = 65536


class Kea:
    """One Kea of this building."""

    def __init__(self, settings: Settings) -> None:
        self._run_dir = control_socket(settings).parent
        self._data_dir = lease_file(settings).parent
        self._socket = control_socket(settings)
        self._environment = {
            **os.environ,
            "KEA_PIDFILE_DIR": str(self._run_dir),
            "KEA_LOCKFILE_DIR": str(self._run_dir),
            # Kea with the repairs of CVE-2025-32801 and after writes only where these say; older ones do not read them.
            "KEA_CONTROL_SOCKET_DIR": str(self._run_dir),
            "KEA_DHCP_DATA_DIR": str(self._data_dir),
        }
        self._run_dir.mkdir(parents=True, exist_ok=True)
        self._run_dir.chmod(0o750)
        self._data_dir.mkdir(parents=True, exist_ok=True)

    def check(self, file: Path) -> None:
        """Raises EngineProblem with Kea's own words when it would not take this configuration."""
        try:
            done = subprocess.run(
                [PROGRAM, "-t", str(file)],
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=CHECK_S,
                check=False,
            )
        except FileNotFoundError as missing:
            raise _missing() from missing
        if done.returncode != 0:
            raise _refused(_why(done.stderr + done.stdout))

    def end_orphan(self) -> None:
        """Kill a Kea of ours whose keeper was killed: mostly it ended with it, but AppArmor can keep it from that."""
        for file in self._run_dir.glob("*.pid"):
            with suppress(OSError, ValueError):
                pid = int(file.read_text())
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if words[0].endswith(PROGRAM.encode()) and str(self._data_dir).encode() in b" ".join(words):
                    os.kill(pid, signal.SIGKILL)

    def start(self, file: Path) -> "subprocess.Popen[bytes]":
        """Start it; it writes to our standard output, and ends when we end, however that is."""
        # What a killed one left would make the next believe that it runs already, once its number is another's.
        for left in self._run_dir.glob("*.pid"):
            left.unlink(missing_ok=True)
        try:
            return subprocess.Popen(
                [PROGRAM, "-c", str(file)],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                preexec_fn=die_with_parent,
            )
        except FileNotFoundError as missing:
            raise _missing() from missing

    def change(self, config: Mapping[str, Any]) -> None:
        """Let the running Kea take this configuration; leases stay. EngineProblem: it refuses, and keeps its own."""
        for command in ("config-test", "config-set"):
            answer = self.ask(command, config)
            if answer.get("result") != 0:
                raise _refused(str(answer.get("text", "")))

    def serving(self) -> bool:
        """It answers, and hears clients: its sockets are open."""
        try:
            answer = self.ask("status-get")
        except (OSError, ValueError):
            return False
        status = answer.get("arguments", {}).get("sockets", {}).get("status", "")
        return answer.get("result") == 0 and status == "ready"

    def ask(self, command: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One command over the control socket. Raises OSError when Kea does not listen, ValueError on nonsense."""
        said = {"command": command, **({"arguments": arguments} if arguments is not None else {})}
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_S)
            line.connect(str(self._socket))
            line.sendall(json.dumps(said).encode())
            answer = b"".join(iter(lambda: line.recv(_CHUNK), b""))
        found = json.loads(answer)
        if not isinstance(found, dict):
            raise ValueError("not an answer of Kea's")
        return found


def _why(log: str) -> str:
    """The sentence in Kea's log that says what is wrong."""
    wrong = [line for line in log.splitlines() if line.startswith(("ERROR", "FATAL")) or " ERROR " in line]
    lines = wrong or [line for line in log.splitlines() if line.strip()] or ["no reason given"]
    return lines[0].strip()[:500]


def _refused(why: str) -> EngineProblem:
    return EngineProblem(
        Words(f"Kea refuses the DHCP configuration: {why}.", f"Kea rechaza la configuración de DHCP: {why}."),
        Words(
            "Check network.* in the settings and dhcp_options of the families; until then the last good one stays.",
            "Revise network.* de los ajustes y dhcp_options de las familias; mientras, sigue la última buena.",
        ),
    )


def _missing() -> EngineProblem:
    return EngineProblem(
        Words("Kea's DHCP server is not installed.", "El servidor DHCP de Kea no está instalado."),
        Words(
            "`apt install kea-dhcp4-server`, or set network.dhcp = false where the building has its own DHCP.",
            "`apt install kea-dhcp4-server`, o ponga network.dhcp = false si el edificio tiene su propio DHCP.",
        ),
    )
