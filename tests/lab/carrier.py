"""The carrier at the far end of a building's trunk, as a test sees it: what it was sent, and what it shall do.

The program itself, with its sockets, is carrier_program.py.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.netns import Namespace
from tests.lab.waiting import until

ROOT = Path(__file__).resolve().parents[2]
CARRIER_HZ = 1000
"""What the carrier's subscribers are heard to say."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A call that the building offered to the carrier. `user` is the user part of the Request-URI."""

    call_id: str
    at: float
    user: str
    uri: str
    caller: str
    """The From header, as it came."""
    asserted: str
    """P-Asserted-Identity, as it came."""
    privacy: str
    headers: tuple[tuple[str, str], ...] = field(repr=False, default=())


@dataclass
class Carrier:
    """`place` None: on loopback."""

    address: str
    directory: Path
    place: Namespace | None = None
    port: int = 5060
    hz: int = CARRIER_HZ
    _process: subprocess.Popen[bytes] | None = None
    # Short, whatever the directory: a path to a Unix socket has room for 107 bytes.
    _control: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="cj-", dir="/tmp")) / "control.sock")

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._control.parent.mkdir(exist_ok=True)
        self._control.unlink(missing_ok=True)
        argv = [sys.executable, "-m", "tests.lab.carrier_program"]
        argv += [self.address, str(self.port), str(self.directory), str(self.hz), str(self._control)]
        with (self.directory / "carrier.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.place.argv(argv) if self.place else argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
            )
        until(self._stands, 10, "the carrier stand-in takes orders")

    def power_off(self) -> None:
        """The carrier is dead: nothing answers any more."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
        shutil.rmtree(self._control.parent, ignore_errors=True)

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def offered(self, call_id: str = "") -> tuple[Offered, ...]:
        """Calls that the building offered, oldest first."""
        return tuple(
            Offered(
                e["call_id"],
                e["at"],
                e["user"],
                e["uri"],
                e["from"],
                e["asserted"],
                e["privacy"],
                tuple((n, v) for n, v in e["headers"]),
            )
            for e in self.events("invite")
            if call_id in ("", e["call_id"])
        )

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """invite, placed, progress, answered, refused, reinvite, ended: what happened, oldest first."""
        try:
            lines = (self.directory / "carrier.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        found = [json.loads(line) for line in lines if line.endswith("}")]
        return [e for e in found if not kinds or e["event"] in kinds]

    def answers_options(self, how: str) -> None:
        """`ok`, a status such as `503` (`503 retry 30` with Retry-After), or `silent`."""
        self._order("options", answer=how)

    def dies(self) -> None:
        """From now on it hears and says nothing, calls that are up included."""
        self._order("dead", dead=True)

    def lives(self) -> None:
        self._order("dead", dead=False)

    def registrar(self, user: str = "", secret: str = "", **behaviour: Any) -> None:
        """Wants buildings to register (registrar.Registrar); without a user: does not."""
        self._order("registrar", user=user, secret=secret, **behaviour)

    def counts(self) -> dict[str, int]:
        """offered, answered, refused, placed: the carrier's own account of calls."""
        return {str(k): int(v) for k, v in self._order("state")["counts"].items()}

    def number(self, number: str = "", **behaviour: Any) -> None:
        """How a called number behaves (carrier_program.Rule); without a number: all that have no rule of their own."""
        self._order("rule", number=number, **behaviour)

    def call(
        self,
        to: str,
        caller: str,
        host: str,
        port: int = 5060,
        display: str = "",
        seconds: float = 0,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> str:
        """Calls into the building; the id of the call. It ends after `seconds` of talk, or by `hang_up`."""
        order = {"to": to, "caller": caller, "host": host, "port": port, "display": display, "seconds": seconds}
        order["headers"] = headers
        return str(self._order("call", **order)["id"])

    def hang_up(self, call_id: str) -> None:
        self._order("hang_up", id=call_id)

    def press(self, call_id: str, keys: str) -> None:
        """The carrier's subscriber presses keys (RFC 4733)."""
        self._order("press", id=call_id, keys=keys)

    def state(self, call_id: str) -> str:
        """new | ringing | talking | refused | ended"""
        return str(self._order("state")["calls"].get(call_id, ""))

    def talking(self) -> int:
        return int(self._order("state")["talking"])

    def most_at_once(self) -> int:
        return int(self._order("state")["most"])

    def options_seen(self) -> int:
        return int(self._order("state")["options_seen"])

    def packets(self, call_id: str) -> int:
        """RTP packets heard so far on a call."""
        return int(self._order("state")["packets"].get(call_id, 0))

    def heard(self, call_id: str) -> bytes:
        """Mu-law, 8000 Hz: what the carrier's subscriber heard on a call that has ended."""
        file = self.directory / f"{call_id.partition('@')[0]}.ulaw"
        return until(lambda: file.read_bytes() or None, 3, f"the carrier heard something on {call_id}")

    def log(self) -> str:
        with suppress(OSError):
            return (self.directory / "carrier.log").read_text(errors="replace")
        return ""

    def _stands(self) -> bool:
        if self._process and self._process.poll() is not None:
            raise RuntimeError(f"the carrier stand-in ended: {self.log()}")
        return "talking" in self._order("state")

    def _order(self, what: str, **details: Any) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
            control.settimeout(5)
            control.connect(str(self._control))
            control.sendall(json.dumps({"do": what, **details}).encode() + b"\n")
            answer = json.loads(control.makefile("r").readline() or "{}")
            assert isinstance(answer, dict)
            return answer
