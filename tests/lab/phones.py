"""Virtual phones: plugged into a building's voice network, they boot as their family does, register and talk.

A phone answers, rings on or is busy as it is told; what it hears is recorded on the wire. The boot is phoneboot.py's,
the user agent is useragent.py's.
"""

import socket
import ssl
import subprocess
import threading
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.lab.audio import Pcm, RtpStream, loudest, read_capture, rtp_streams, tone_level
from tests.lab.decrypts import Flash, tls
from tests.lab.netns import Cable, Namespace
from tests.lab.notified import Ear, NotifyEar, TraceEar
from tests.lab.phoneboot import BootFailed, BootLog, Device, boot_files, capture, fetch, lease_by_dhcp, server_url
from tests.lab.srtp import decrypted
from tests.lab.useragent import AgentEvent, SipAccount, UserAgent
from tests.lab.waiting import until

IMAGE_MARK = b"firmware of a virtual phone "


def image(version: str, octets: int) -> bytes:
    """Firmware that a virtual phone runs: its version, and filling."""
    return (IMAGE_MARK + version.encode() + b"\n").ljust(octets, b"\x5a")


def image_version(data: bytes | None) -> str:
    return data.split(b"\n")[0].removeprefix(IMAGE_MARK).decode() if data and data.startswith(IMAGE_MARK) else ""


AUDIBLE_DBFS = -30.0
"""A tone at this level or more was heard; the phones speak at about -9."""
CALL_EVENTS = ("CALL_INCOMING", "CALL_RINGING", "CALL_PROGRESS", "CALL_LOCAL_SDP", "CALL_ESTABLISHED", "CALL_CLOSED")


@dataclass
class PhoneCall:
    """One call as one phone sees it."""

    phone: "Phone"
    id: str
    """Call-ID of this leg."""
    started_at: float
    peer: str = ""

    def events(self, *kinds: str) -> tuple[AgentEvent, ...]:
        return tuple(e for e in self.phone.agent.events(*kinds) if e.call_id == self.id)

    def established(self, seconds: float = 5) -> "PhoneCall":
        """Waits until it is answered; fails as soon as it is refused."""

        def answered() -> bool:
            closed = self.events("CALL_CLOSED")
            if closed and not self.events("CALL_ESTABLISHED"):
                raise RuntimeError(f"{self.phone.name}: the call ended unanswered: {closed[0].detail}")
            return bool(self.events("CALL_ESTABLISHED"))

        until(answered, seconds, f"{self.phone.name}'s call to {self.peer} is answered")
        return self

    def ringing(self, seconds: float = 5) -> "PhoneCall":
        until(lambda: self.events("CALL_RINGING", "CALL_PROGRESS"), seconds, f"{self.phone.name} hears it ring")
        return self

    def ended(self, seconds: float = 10) -> str:
        """Waits until it is over; why, in SIP's words ("486 Busy Here")."""
        until(lambda: self.events("CALL_CLOSED"), seconds, f"{self.phone.name}'s call ends")
        return self.events("CALL_CLOSED")[0].detail

    @property
    def over(self) -> bool:
        return bool(self.events("CALL_CLOSED"))

    def setup_s(self) -> float:
        """From dialling to the answer."""
        return self.events("CALL_ESTABLISHED")[0].at - self.started_at

    def hang_up(self) -> None:
        with self.phone.agent.steering:
            self.phone.agent.command("callfind", self.id)
            self.phone.agent.command("hangup")

    def hold(self) -> None:
        """re-INVITE with sendonly (RFC 3264 §8.4)."""
        with self.phone.agent.steering:
            self.phone.agent.command("callfind", self.id)
            self.phone.agent.command("hold")

    def resume(self) -> None:
        with self.phone.agent.steering:
            self.phone.agent.command("callfind", self.id)
            self.phone.agent.command("resume")

    def press(self, digits: str) -> None:
        """RFC 4733 digits, one after the other."""
        with self.phone.agent.steering:
            self.phone.agent.command("callfind", self.id)
            for digit in digits:
                self.phone.agent.command("sndcode", digit)

    def streams(self) -> tuple[RtpStream, ...]:
        """RTP that reached the phone since the call began; SRTP as the phone opened it."""
        return self._streams(opened=bool(self.phone.agent.account.srtp))

    def on_the_wire(self) -> tuple[RtpStream, ...]:
        """The same as anybody on the phone's wire sees it."""
        return self._streams(opened=False)

    def _streams(self, opened: bool) -> tuple[RtpStream, ...]:
        ends = [e.at for e in self.events("CALL_CLOSED")]
        packets = read_capture(self.phone.capture_file) if self.phone.capture_file.exists() else ()
        end = ends[0] if ends else time.time()
        first, last = map(int, self.phone.rtp_ports.split("-"))
        since = [p for p in packets if self.started_at <= p.at <= end + 0.1 and first <= p.destination[1] <= last]
        return rtp_streams(decrypted(since, self.phone.agent.log()) if opened else since)

    def heard(self) -> Pcm:
        """The loudest stream that reached the phone in this call, as samples."""
        return loudest(self.streams()).pcm()

    def hears(self, hz: float, seconds: float = 5, since_s: float = 1.0) -> "PhoneCall":
        """Waits until the last `since_s` of what it heard hold a tone of this pitch."""

        def audible() -> bool:
            return any(
                tone_level(s.pcm()[-int(8000 * since_s) :], hz) > AUDIBLE_DBFS
                for s in self.streams()
                if len(s.packets) >= 50 * since_s
            )

        until(audible, seconds, f"{self.phone.name} hears {hz:g} Hz")
        return self

    def hears_words(self, seconds: float = 5) -> "PhoneCall":
        """Waits until a second of any audio has reached it."""
        until(lambda: any(len(s.packets) >= 50 for s in self.streams()), seconds, f"{self.phone.name} hears anything")
        return self


@dataclass
class Phone:
    """A phone on a desk. `place` and `cable` None: on loopback at `address`, its files at `url`."""

    name: str
    device: Device
    directory: Path
    place: Namespace | None
    cable: Cable | None
    hz: int = 440
    """The pitch it speaks at; each phone has its own."""
    behaviour: str = "answer"
    """What it does when called: answer | ring | busy"""
    url: str = ""
    address: str = ""
    rtp_ports: str = "10000-10400"
    boots: list[BootLog] = field(default_factory=list)
    notified: list[tuple[float, str]] = field(default_factory=list)
    """When (time.time()) it was told what: the Event of each NOTIFY that reached it."""
    heeds: bool = True
    """It does what a NOTIFY of its family tells it: reads its files again, or restarts."""
    flash: Flash = field(default_factory=Flash)
    """What it keeps over its restarts: its key, and whom it trusts."""
    trusts_only: str = ""
    """PEM: whatever its files say, its firmware knows this authority alone."""
    _ear: Ear | None = None
    _agent: UserAgent | None = None
    _capture: "subprocess.Popen[bytes] | None" = None
    _captures: int = 0

    def boot(self, seconds: float = 60, register: bool = True, account: SipAccount | None = None) -> BootLog:
        """From link-up to registered. Raises BootFailed with the log of what it tried.

        `account`: typed into it by hand; it asks for no files.
        """
        if self._agent:
            self.power_off()
        log = BootLog()
        self.boots.append(log)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._captures += 1
        if self.cable and self.place:
            self.cable.mend()
            self._capture = capture(self.place, "eth0", self.capture_file)
            until(self.capture_file.exists, 5, "tcpdump records")
            log.lease = lease_by_dhcp(self.device, self.place, self.capture_file, seconds)
            self.address = log.lease.address
            vendor_class = self.device.filled(self.device.family.option60.decode("latin-1"))
            says = f"option 60 {vendor_class!r}" if vendor_class else "no option 60"
            log.add("dhcp", says, f"address {self.address}")
        else:
            first, _, last = self.rtp_ports.partition("-")
            self._capture = capture(None, "lo", self.capture_file, f"udp and dst portrange {first}-{last}")
        if account:
            log.account = account
        else:
            if log.lease:
                self.url = server_url(self.device, log.lease)
            self._take_files(log)
        assert log.account
        if self.trusts_only and log.account.ca:
            log.account = replace(log.account, ca=self.trusts_only)
        if log.account.ca and (refused := self._refuses(log.account)):
            log.add("tls", f"{log.account.domain}:{log.account.port}", refused)
            if register:
                raise BootFailed(f"{self.name}: it does not trust its registrar\n{log}")
            return log
        self._agent = UserAgent(
            log.account,
            self.directory / "agent",
            self.address,
            self.place,
            self.hz,
            rtp_ports=self.rtp_ports,
            on_event=self._happened,
        )
        self._agent.start()
        if log.account.transport != "udp":
            self._ear = TraceEar(self._agent.log_file, self._told)
        elif self.place:
            self._ear = NotifyEar(self.place, self._agent.sip_port, self._told)
        if register:
            try:
                until(self.registered, seconds, "it is registered")
            except AssertionError as no:
                raise BootFailed(f"{self.name}: {no}\n{log}\n{self._agent.log()[-2000:]}") from no
            log.registered = True
            log.add("register", f"{log.account.user} at {log.account.domain}:{log.account.port}", "registered")
        return log

    def reboot(self, seconds: float = 60) -> BootLog:
        """Power off and on: it keeps its `flash` and nothing else."""
        self.power_off()
        return self.boot(seconds)

    def read_files_again(self) -> BootLog:
        """What check-sync makes it do: its files by the way it came to them; its line only where that changed.

        Where it is given none it keeps what it has, like any phone.
        """
        before = self.agent.account
        log = BootLog(lease=self.boots[-1].lease)
        try:
            other_firmware = self._take_files(log)
        except BootFailed:
            if log.files:
                raise
            return log
        if other_firmware:
            # It has other firmware now, and starts with it.
            return self.reboot()
        assert log.account
        if log.account != before:
            self.agent.stop(gently=True)
            self.agent.account = log.account
            self.agent.start()
        self.boots.append(log)
        return log

    def _take_files(self, log: BootLog) -> bool:
        """Its files, and the firmware that they name; with that it asks for them once more. Whether it is another."""
        source = "" if self.place else self.address
        try:
            boot_files(self.device, self.url, self.place, log, source, flash=self.flash)
        except BootFailed:
            if self.flash.account is None:
                raise
            log.account = self.flash.account
        if not log.config.firmware:
            return False
        image = fetch(log.config.firmware, self.device.filled(self.device.family.user_agent), self.place, source)
        version = image_version(image)
        log.add("firmware", log.config.firmware, version or "nothing")
        if not version or version == (self.device.firmware or self.device.family.firmware):
            return False
        self.device = replace(self.device, firmware=version)
        log.files.clear()
        boot_files(self.device, self.url, self.place, log, source, flash=self.flash)
        return True

    def _refuses(self, account: SipAccount) -> str:
        """What it has against the registrar's certificate; empty where it is in order.

        baresip takes any: its firmware looks before it lets it register.
        """
        with self.place.inside() if self.place else nullcontext():
            try:
                with socket.create_connection((account.domain, account.port), 5) as line:
                    tls(account.ca).wrap_socket(line, server_hostname=account.domain).close()
            except ssl.SSLError as no:
                return f"refused: {no.reason}"
        return ""

    def _told(self, event: str) -> None:
        # Runs in the thread that hears the wire.
        self.notified.append((time.time(), event))
        if not self.heeds:
            return
        restart = "reboot" in event and "reboot=false" not in event
        threading.Thread(target=self.reboot if restart else self.read_files_again, daemon=True).start()

    def unplug(self) -> None:
        """Its cable, and with it its power, is pulled out."""
        if self.cable:
            self.cable.cut()
        self.power_off()

    def power_off(self) -> None:
        if self._agent:
            self._agent.stop(gently=False)
            self._agent = None
        if self._ear:
            self._ear.close()
            self._ear = None
        if self._capture:
            self._capture.terminate()
            self._capture.wait()
            self._capture = None

    @property
    def on(self) -> bool:
        return self._agent is not None and self._agent.running

    @property
    def agent(self) -> UserAgent:
        assert self._agent, f"{self.name} is off"
        return self._agent

    @property
    def capture_file(self) -> Path:
        """What crossed its wire since it was last switched on."""
        return self.directory / f"wire-{self._captures}.pcap"

    @property
    def screen(self) -> str:
        """What stands beside its line key."""
        return self.boots[-1].config.label if self.boots else ""

    def registered(self) -> bool:
        """What the phone itself believes of its registration."""
        return " OK " in self.agent.command("reginfo").replace("\x1b", " ").replace("[32m", "")

    def call(self, number: str) -> PhoneCall:
        """Dials; returns as soon as the phone has sent its INVITE. The call may still be refused."""
        account = self.agent.account
        started = time.time()
        user = number.replace("#", "%23")
        known = {"", *(e.call_id for e in self.agent.events(*CALL_EVENTS))}
        self.agent.command("dial", f"sip:{user}@{account.domain}:{account.port}")

        def placed() -> str:
            new = [e.call_id for e in self.agent.events(*CALL_EVENTS) if e.call_id not in known]
            return new[0] if new else ""

        call_id = until(placed, 5, f"{self.name} dials {number}")
        return PhoneCall(self, call_id, started, number)

    def incoming(self, seconds: float = 5, after: int = 0) -> PhoneCall:
        """The next call that rings here, counted from the first `after` calls in."""

        def rings() -> AgentEvent | None:
            calls = self.agent.events("CALL_INCOMING")
            return calls[after] if len(calls) > after else None

        event = until(rings, seconds, f"{self.name} is called")
        assert event
        return PhoneCall(self, event.call_id, event.at, event.peer)

    def called(self) -> int:
        """How many calls have come in since it was switched on."""
        return len(self.agent.events("CALL_INCOMING"))

    def answer(self, call: PhoneCall | None = None) -> PhoneCall:
        """Picks up what rings (or this call of several)."""
        call = call or self.incoming(after=max(0, self.called() - 1))
        with self.agent.steering:
            self.agent.command("callfind", call.id)
            self.agent.command("accept")
        return call

    def hang_up_all(self) -> None:
        """Ends whatever it has; returns when nothing is left."""

        def idle() -> bool:
            opened = {e.call_id for e in self.agent.events(*CALL_EVENTS) if e.call_id}
            left = opened - {e.call_id for e in self.agent.events("CALL_CLOSED")}
            for call_id in left:
                with self.agent.steering:
                    self.agent.command("callfind", call_id)
                    self.agent.command("hangup")
            return not left

        until(idle, 5, f"{self.name} has hung up")

    def connects_anew(self, seconds: float = 10) -> None:
        """As a phone does that finds its connection dead: a new one, and a new registration by it."""
        self.agent.stop(gently=False)
        self.sign_on(seconds)

    def sign_off(self) -> None:
        """The user agent unregisters and ends; the phone stays on the network."""
        self.agent.stop(gently=True)

    def sign_on(self, seconds: float = 10) -> None:
        """It registers again, with what it has learnt at its boot."""
        self.agent.start()
        until(self.registered, seconds, f"{self.name} is registered")

    def _happened(self, event: AgentEvent) -> None:
        # Runs in the thread that reads baresip's words: it must not wait for an answer.
        if event.kind == "CALL_INCOMING" and self.behaviour in ("answer", "busy") and self._agent:
            with suppress(OSError, AssertionError), self._agent.steering:
                self._agent.command("callfind", event.call_id, wait=False)
                self._agent.command("accept" if self.behaviour == "answer" else "hangup", wait=False)
