"""A real SIP user agent, baresip, steered from Python: what a virtual phone speaks with once it has read its files.

Each speaks a sine of its own pitch, so that a test can tell on the recorded RTP who was heard. It stands in a
namespace, or on an address of loopback. How a phone comes to its account belongs to phones.py.
"""

import json
import os
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.netns import Namespace
from tests.lab.waiting import until

MODULES = Path("/usr/lib/baresip/modules")
RING_RATE_HZ = 48000
"""The only rate at which baresip's sine source works; it resamples to the codec's."""


@dataclass(frozen=True, slots=True)
class SipAccount:
    """What a phone has learnt from its files of its first line. `domain` is the registrar."""

    user: str
    secret: str = field(repr=False)
    domain: str
    auth_user: str = ""
    port: int = 5060
    transport: str = "udp"
    display: str = ""
    expires_s: int = 300
    codecs: tuple[str, ...] = ("PCMU/8000/1", "PCMA/8000/1")
    ca: str = field(default="", repr=False)
    """PEM of the authority that it trusts, with transport tls; "": it does not look who answers."""
    srtp: str = ""
    """optional | mandatory (RFC 4568); "": by RTP alone."""


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """`kind` in baresip's words: REGISTER_OK, REGISTER_FAIL, CALL_INCOMING, CALL_RINGING, CALL_CLOSED ...

    `call_id` is the SIP Call-ID; `detail` is the reason of a CALL_CLOSED ("486 Busy Here").
    """

    at: float
    kind: str
    call_id: str
    peer: str
    display: str
    detail: str


@dataclass
class UserAgent:
    """baresip with one account. `hz`: the pitch that it speaks; 0: silence."""

    account: SipAccount
    directory: Path
    address: str
    place: Namespace | None = None
    hz: int = 440
    sip_port: int = 5060
    control_port: int = 4444
    rtp_ports: str = "10000-10400"
    user_agent: str = ""
    on_event: Callable[[AgentEvent], None] | None = None
    steering: threading.Lock = field(default_factory=threading.Lock)
    """Held while a call is chosen and something is done with it: two commands, nobody may come between."""
    _process: subprocess.Popen[bytes] | None = None
    _control: socket.socket | None = None
    _answers: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)
    _events: list[AgentEvent] = field(default_factory=list)
    _told: threading.Condition = field(default_factory=threading.Condition)
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Starts it; it registers by itself. Returns when it can be steered. What an earlier run saw is forgotten."""
        self._events.clear()
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "config").write_text(self._configuration())
        self._authority.write_text(self.account.ca)
        (self.directory / "contacts").write_text("")
        accounts = self.directory / "accounts"
        accounts.touch(mode=0o600)
        accounts.write_text(self._account_line())
        log = self.log_file.open("ab")
        argv = ["nice", "-n", "5", "baresip", "-4", "-s", "-f", str(self.directory)]
        environment = {**os.environ, "HOME": str(self.directory), "TERM": "dumb"}
        if self.place:
            self._process = self.place.popen(argv, stdout=log, stderr=log, env=environment)
        else:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        log.close()
        self._control = until(self._connect, 10, "baresip listens for commands")
        threading.Thread(target=self._listen, args=(self._control,), daemon=True).start()

    def stop(self, gently: bool = True) -> None:
        """Gently: it unregisters and ends. Else as if its power were cut."""
        if self._process is None:
            return
        if gently:
            with suppress(OSError, AssertionError):
                self.command("quit", wait=False)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(3)
        self._process.kill()
        self._process.wait()
        if self._control:
            self._control.close()
        self._process, self._control = None, None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def command(self, name: str, parameters: str = "", wait: bool = True) -> str:
        """One of baresip's commands (dial, accept, hangup, hold, resume, sndcode, ...); what it says to it."""
        assert self._control, "the user agent does not run"
        token = os.urandom(6).hex()
        body = json.dumps({"command": name, "params": parameters, "token": token}).encode()
        with self._asking:
            self._control.sendall(b"%d:%s," % (len(body), body))
            while wait:
                try:
                    answer = self._answers.get(timeout=5)
                except queue.Empty:
                    raise AssertionError(f"baresip does not answer the command {name}") from None
                if answer.get("token") == token:
                    return str(answer.get("data", ""))
        return ""

    def events(self, *kinds: str) -> tuple[AgentEvent, ...]:
        with self._told:
            return tuple(e for e in self._events if not kinds or e.kind in kinds)

    def wait_event(self, kind: str, seconds: float, after: int = 0) -> AgentEvent:
        """The first event of this kind beyond the first `after` events of any kind."""
        end = time.monotonic() + seconds
        with self._told:
            while True:
                for event in self._events[after:]:
                    if event.kind == kind:
                        return event
                left = end - time.monotonic()
                if left <= 0 or not self._told.wait(left):
                    seen = ", ".join(e.kind for e in self._events[after:]) or "nothing"
                    raise AssertionError(f"{self.account.user}: no {kind} within {seconds:g} s (seen: {seen})")

    def marker(self) -> int:
        """How many events there have been: what `wait_event` takes as `after`."""
        with self._told:
            return len(self._events)

    @property
    def log_file(self) -> Path:
        """What it said; with each SIP message that it sent or got, in clear."""
        return self.directory / "baresip.log"

    def log(self) -> str:
        with suppress(OSError):
            return self.log_file.read_text(errors="replace")
        return ""

    @property
    def _authority(self) -> Path:
        return self.directory / "ca.crt"

    def _connect(self) -> socket.socket:
        assert self._process
        if self._process.poll() is not None:
            raise RuntimeError(f"baresip ended: {self.log()[-800:]}")
        with self.place.inside() if self.place else nullcontext():
            return socket.create_connection((self.address, self.control_port), 2)

    def _listen(self, control: socket.socket) -> None:
        control.settimeout(None)
        with suppress(OSError):
            reader = control.makefile("rb")
            while True:
                length = b""
                while (byte := reader.read(1)) != b":":
                    if not byte:
                        return
                    length += byte
                message = json.loads(reader.read(int(length)))
                reader.read(1)
                self._take(message)

    def _take(self, message: Mapping[str, Any]) -> None:
        if message.get("response"):
            self._answers.put(dict(message))
            return
        event = AgentEvent(
            time.time(),
            str(message.get("type", "")),
            str(message.get("id", "")),
            str(message.get("peeruri", "")),
            str(message.get("peerdisplayname", "")),
            str(message.get("param", "")),
        )
        with self._told:
            self._events.append(event)
            self._told.notify_all()
        if self.on_event:
            self.on_event(event)

    def _account_line(self) -> str:
        a = self.account
        codecs = ",".join(a.codecs)
        name = f'"{a.display}" ' if a.display else ""
        secure = ""
        if a.transport == "tls":
            # All of it by the registrar's connection, whatever URI is dialled.
            secure = f';outbound="sip:{a.domain}:{a.port};transport=tls"'
        if a.srtp:
            secure += f";mediaenc={'srtp-mand' if a.srtp == 'mandatory' else 'srtp'}"
        # baresip gives up for good after some refusals unless told how soon to try again.
        return (
            f"{name}<sip:{a.user}@{a.domain}:{a.port};transport={a.transport}>;auth_user={a.auth_user or a.user}"
            f";auth_pass={a.secret};regint={a.expires_s};audio_codecs={codecs};answermode=manual;call_transfer=yes{secure}\n"
        )

    def _configuration(self) -> str:
        speaks = f"ausine,{self.hz}" if self.hz else "aubridge,silence"
        lines = [
            "poll_method epoll",
            f"sip_listen {self.address}:{self.sip_port}",
            *([] if self.place else [f"net_interface {self.address}"]),
            "call_local_timeout 120",
            "call_max_calls 8",
            f"audio_source {speaks}",
            "audio_player aubridge,nobody",
            "audio_alert aubridge,bell",
            f"ausrc_srate {RING_RATE_HZ}",
            "ausrc_channels 2",
            "audio_buffer 20-160",
            "rtp_tos 184",
            f"rtp_ports {self.rtp_ports}",
            "rtcp_mux no",
            "jitter_buffer_delay 1-5",
            "rtp_timeout 0",
            f"module_path {MODULES}",
            "module g711.so",
            "module aubridge.so",
            "module ausine.so",
            "module_tmp uuid.so",
            "module_tmp account.so",
            "module_app menu.so",
            "module_app ctrl_tcp.so",
            f"ctrl_tcp_listen {self.address}:{self.control_port}",
            "statmode_default off",
            "menu_bell no",
            "ringback_disabled yes",
            *(["module srtp.so"] if self.account.srtp else []),
            *([f"sip_cafile {self._authority}"] if self.account.ca else []),
        ]
        return "\n".join(lines) + "\n"
