"""How a virtual phone boots: a lease by a real DHCP client, then its files by HTTP or TFTP, in its family's own order.

What the families do is data (families/*.toml); nothing here knows a vendor. The files' formats are read by formats.py.
"""

import hashlib
import http.client
import re
import socket
import ssl
import subprocess
import time
import tomllib
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from tests.lab.capture import read_capture
from tests.lab.decrypts import Flash, decrypt, is_encrypted, pem, tls
from tests.lab.formats import FormatError, PhoneConfig, parse
from tests.lab.netns import Namespace
from tests.lab.useragent import SipAccount
from tests.lab.waiting import until

HERE = Path(__file__).parent
PATIENCE_S = 10
MAX_FILE = 4 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A file that the family asks for. Of a `group`, the first one found ends the search.

    `unless`: it is not asked for when a file of that group was found. `digest_of`: it holds the MD5 of that file, and a
    file that is another's is thrown away.
    """

    path: str
    required: bool = False
    group: str = ""
    unless: str = ""
    binary: bool = False
    digest_of: str = ""


@dataclass(frozen=True, slots=True)
class ServerOption:
    """Where in DHCP's answer the server stands: a whole option, or the sub-option `part` of one.

    `host`, `port`, `folder`: the option is NAME=value with commas, and these names make the URL.
    """

    code: int
    part: int = 0
    host: str = ""
    port: str = ""
    folder: str = ""

    def text(self, lease: "Lease") -> str:
        """What it says, as a URL or a host; "" when it is not there."""
        raw = lease.options.get(self.code, b"")
        if self.part:
            raw = sub_options(raw).get(self.part, b"")
        elif self.code == 150 and len(raw) == 4:
            return f"tftp://{socket.inet_ntoa(raw)}"
        text = raw.rstrip(b"\0").decode(errors="replace").strip()
        if self.host and text:
            words = dict(word.partition("=")[::2] for word in text.split(","))
            folder = words.get(self.folder, "").strip("/")
            return f"http://{words[self.host]}:{words.get(self.port, '80')}/{folder}"
        return text


@dataclass(frozen=True, slots=True)
class PhoneFamily:
    name: str
    oui: str
    user_agent: str
    firmware: str
    codecs: tuple[str, ...]
    option60: bytes
    request: tuple[int, ...]
    server_options: tuple[ServerOption, ...]
    """DHCP options in which it looks for its server, first to last."""
    models: Mapping[str, Mapping[str, str]]
    files: tuple[File, ...]
    uploads: tuple[str, ...]
    format: str
    """Which of formats.py reads its files."""
    macros: Mapping[str, str]
    """What it puts in their place in names that it is given, before the macros that many have."""
    decrypts: str = ""
    """The scheme of decrypts.py that it knows."""
    https: str = ""
    """site-ca: opens HTTPS to whom its CA vouches for; any: to anyone; "": not at all."""


@cache
def family(name: str) -> PhoneFamily:
    data = tomllib.loads((HERE / "families" / f"{name}.toml").read_text(encoding="utf-8"))
    dhcp = data["dhcp"]
    option60 = bytes.fromhex(dhcp.get("option60_hex", "")) or dhcp.get("option60", "").encode()
    return PhoneFamily(
        name=name,
        oui=data["oui"],
        user_agent=data["user_agent"],
        firmware=data["firmware"],
        codecs=tuple(data["codecs"]),
        option60=option60 + (b"\0" if dhcp.get("option60_nul") else b""),
        request=tuple(dhcp["request"]),
        server_options=tuple(
            ServerOption(**(o if isinstance(o, dict) else {"code": o})) for o in dhcp["server_options"]
        ),
        models=data["models"],
        files=tuple(File(**f) for f in data.get("files", ())),
        uploads=tuple(u["path"] for u in data.get("uploads", ())),
        format=data.get("format", name),
        macros=data.get("macros", {}),
        decrypts=data.get("decrypts", ""),
        https=data.get("https", ""),
    )


@dataclass(frozen=True, slots=True)
class Device:
    """One phone as it left its factory. `mac`: twelve lower-case hex digits."""

    family: PhoneFamily
    model: str
    mac: str
    firmware: str = ""
    """What it runs now; "": what its factory gave it."""

    def filled(self, text: str) -> str:
        """Text of the family's data with this device's words in it."""
        words = {
            "mac": self.mac,
            "MAC": self.mac.upper(),
            "mac_colons": self.mac_colons,
            "MAC_dashes": self.mac_colons.upper().replace(":", "-"),
            "model": self.model,
            "firmware": self.firmware or self.family.firmware,
            "serial": f"{int(self.mac[6:], 16) % 1000000:06d}HR",
            **self.family.models.get(self.model, {}),
        }
        return re.sub(r"\{(\w+)\}", lambda m: words.get(m[1], m[0]), text)

    @property
    def mac_colons(self) -> str:
        return ":".join(self.mac[i : i + 2] for i in range(0, 12, 2))

    def macros(self, text: str) -> str:
        """What the phone itself puts in the place of macros, in names that its files or DHCP give it."""
        for macro, value in sorted(self.family.macros.items(), key=lambda m: -len(m[0])):
            text = text.replace(macro, self.filled(value))
        psn = self.family.models.get(self.model, {}).get("PSN", self.model)
        for macro, value in (
            ("$PSN", psn),
            ("$MAU", self.mac.upper()),
            ("$MAC", self.mac_colons),
            ("$MA", self.mac),
            ("$PN", self.model),
            ("[PHONE_MAC_ADDRESS]", self.mac),
            ("[MACADDRESS]", self.mac),
            ("$mac", self.mac),
            ("{mac}", self.mac),
        ):
            text = text.replace(macro, value)
        return text


@dataclass(frozen=True, slots=True)
class Lease:
    """`options`: what was asked for and given, raw, by code."""

    address: str
    options: Mapping[int, bytes]

    def text(self, code: int) -> str:
        return self.options.get(code, b"").rstrip(b"\0").decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Step:
    """`what`: dhcp | get | open | put | register. `seconds` since link-up."""

    what: str
    detail: str
    result: str
    seconds: float


@dataclass
class BootLog:
    """What happened from link-up on. `config`: all files together, the later one over the earlier one."""

    started: float = field(default_factory=time.monotonic)
    steps: list[Step] = field(default_factory=list)
    lease: Lease | None = None
    config: PhoneConfig = field(default_factory=PhoneConfig, repr=False)
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    opened: dict[str, bytes] = field(default_factory=dict, repr=False)
    account: SipAccount | None = None
    registered: bool = False

    @property
    def seconds(self) -> float:
        """From link-up to the last step."""
        return self.steps[-1].seconds if self.steps else 0.0

    def add(self, what: str, detail: str, result: str) -> None:
        self.steps.append(Step(what, detail, result, time.monotonic() - self.started))

    def __str__(self) -> str:
        return "\n".join(f"{s.seconds:7.3f} s  {s.what:8} {s.detail}: {s.result}" for s in self.steps)


class BootFailed(AssertionError):
    """The phone shows an error on its screen; the message holds its boot log."""


def lease_by_dhcp(device: Device, place: Namespace, wire: Path, seconds: float = 30) -> Lease:
    """A real DHCP exchange on eth0 with the family's option 60 and parameter list.

    What was given is read from `wire`, the capture of eth0: udhcpc hands on only what it finds well-formed (it calls a
    URL in option 66 "bad").
    """
    argv: list[str | Path] = ["udhcpc", "-f", "-q", "-n", "-i", "eth0", "-s", HERE / "udhcpc.sh", "-o", "-V", ""]
    argv += ["-t", str(max(1, int(seconds))), "-T", "1"]
    for code in device.family.request:
        argv += ["-O", str(code)]
    if device.family.option60:
        argv += ["-x", f"0x3c:{device.filled(device.family.option60.decode('latin-1')).encode('latin-1').hex()}"]
    done = place.run(argv, check=False, timeout=seconds + 10, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    if done.returncode:
        raise BootFailed(f"{device.family.name} {device.mac}: no lease: {done.stderr[-300:]}")
    return until(lambda: acknowledged(wire, device.mac), 5, f"the DHCPACK to {device.mac} is in the capture")


MAGIC_COOKIE = bytes.fromhex("63825363")
DHCPACK = b"\x05"
END, PAD, MESSAGE_TYPE = 255, 0, 53


def acknowledged(wire: Path, mac: str) -> Lease | None:
    """The last DHCPACK to this MAC in a capture (RFC 2131 §2, RFC 2132)."""
    found = None
    for datagram in read_capture(wire):
        data = datagram.payload
        if datagram.source[1] != 67 or data[28:34].hex() != mac or data[236:240] != MAGIC_COOKIE:
            continue
        options: dict[int, bytes] = {}
        at = 240
        while at < len(data) and data[at] != END:
            if data[at] == PAD:
                at += 1
                continue
            length = data[at + 1]
            # RFC 3396: an option that comes in parts is their concatenation.
            options[data[at]] = options.get(data[at], b"") + data[at + 2 : at + 2 + length]
            at += 2 + length
        if options.get(MESSAGE_TYPE) == DHCPACK:
            found = Lease(socket.inet_ntoa(data[16:20]), options)
    return found


def sub_options(raw: bytes) -> dict[int, bytes]:
    """What stands inside an option 43 (RFC 2132 §8.4). Raises BootFailed where a length leads outside."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(raw):
        end = at + 2 + (raw[at + 1] if at + 1 < len(raw) else 0)
        if at + 2 > len(raw) or end > len(raw):
            raise BootFailed(f"sub-options end in the middle: {raw.hex()}")
        found[raw[at]] = raw[at + 2 : end]
        at = end
    return found


def server_url(device: Device, lease: Lease) -> str:
    """Where it looks for its files: the first of its options that is set, as a URL without a slash at its end."""
    for option in device.family.server_options:
        text = option.text(lease)
        if text:
            # A host alone is a TFTP server's.
            return device.macros(text if "://" in text else f"tftp://{text}").rstrip("/")
    options = ", ".join(str(o.code) for o in device.family.server_options)
    raise BootFailed(f"{device.family.name} {device.mac}: DHCP named no server in any of the options {options}")


Fetch = Callable[[str, str, Namespace | None, str], bytes | None]
"""URL, User-Agent, where the phone stands, its address: the file; None when the server has none such."""


_KEYED = re.compile(r"\[--key (\S+)\] (\S+)")


def boot_files(
    device: Device,
    base: str,
    place: Namespace | None,
    log: BootLog,
    source: str = "",
    by: Fetch | None = None,
    flash: Flash | None = None,
) -> None:
    """Asks for the family's files and fills the log. Raises BootFailed where they do not make a whole account.

    `by`: fetches in the place of `fetch`, for phones that count their tries; HTTPS is always `fetch`'s.
    `flash`: what the phone keeps over its restarts; None: it is as its factory made it. `log.files` are as they were
    served, `log.opened` those that were encrypted, as the phone reads them.
    """
    flash = flash if flash is not None else Flash()
    found: set[str] = set()
    # A URL that names a file is that file; the family's own names are looked for beside it.
    base, named = _folder(base)
    waiting = [*([File(named)] if named else []), *device.family.files]
    agent = device.filled(device.family.user_agent)
    while waiting:
        wanted = waiting.pop(0)
        if found & {wanted.group, wanted.unless} - {""}:
            continue
        keyed = _KEYED.fullmatch(wanted.path)
        path = device.macros(device.filled(keyed[2] if keyed else wanted.path))
        url = path if "://" in path else f"{base}/{path.lstrip('/')}"
        if url in log.files:
            continue
        try:
            if url.startswith("https:"):
                data = fetch(url, agent, place, source, tls_of(device, flash))
            else:
                data = (by or fetch)(url, agent, place, source)
        except ssl.SSLError as no:
            log.add("get", url, f"refused: {no.reason}")
            continue
        log.add("get", url, "nothing" if data is None else f"{len(data)} bytes")
        if data is None:
            if wanted.required:
                raise BootFailed(f"{device.family.name} {device.mac}: {url} is missing\n{log}")
            continue
        if wanted.digest_of:
            file = log.files.get(f"{base}/{device.filled(wanted.digest_of)}", b"")
            if hashlib.md5(file, usedforsecurity=False).hexdigest() != data.decode():
                raise BootFailed(f"{device.family.name} {device.mac}: {url} is the digest of another file\n{log}")
        found.add(wanted.group)
        log.files[url] = data
        if is_encrypted(device.family.decrypts, data):
            try:
                data = decrypt(device.family.decrypts, data, keyed[1] if keyed else flash.key)
            except FormatError as no:
                log.add("open", url, str(no))
                continue
            log.opened[url] = data
        if not wanted.binary:
            config = parse(device.family.format, url.rpartition("/")[2], data)
            log.config = config.over(log.config)
            waiting = [*map(File, config.next_files), *waiting]
    for upload in device.family.uploads:
        url = f"{base}/{device.filled(upload)}"
        log.add("put", url, str(put(url, b"virtual phone: booted\n", agent, place, source)))
    account = account_of(device, log)
    flash.key = log.config.file_key or flash.key
    told = log.config.ca
    if re.fullmatch(r"http:\S+|[\w.-]+\.(crt|pem)", told):
        where = told if told.startswith("http:") else f"{base}/{told}"
        told = ((by or fetch)(where, agent, place, source) or b"").decode()
    flash.ca = pem(told) if told else flash.ca
    log.account = replace(account, ca=flash.ca if account.transport == "tls" else "")


def tls_of(device: Device, flash: Flash) -> ssl.SSLContext:
    """How this phone opens HTTPS now. Raises BootFailed for a family that does not know it."""
    if not device.family.https:
        raise BootFailed(f"{device.family.name} {device.mac} was led to HTTPS, which it does not know")
    return tls(flash.ca, checks=device.family.https == "site-ca")


def account_of(device: Device, log: BootLog) -> SipAccount:
    """The first line as the files set it up. Raises BootFailed when that is not a whole account."""
    config = log.config
    if not (config.sip_user and config.sip_secret and config.server):
        raise BootFailed(f"{device.family.name} {device.mac}: its files set up no account\n{log}")
    return SipAccount(
        user=config.sip_user,
        secret=config.sip_secret,
        domain=config.server,
        auth_user=config.auth_user or config.sip_user,
        port=config.port or 5060,
        transport=config.transport or "udp",
        display=config.display_name,
        expires_s=config.expires or 3600,
        codecs=device.family.codecs,
        srtp=config.srtp,
    )


def fetch(
    url: str, user_agent: str, place: Namespace | None, source: str = "", trust: ssl.SSLContext | None = None
) -> bytes | None:
    """GET or RRQ; None when the server has no such file. Raises OSError when there is no server."""
    parts = urlsplit(url)
    with place.inside() if place else nullcontext():
        if parts.scheme == "tftp":
            return read_tftp(parts.hostname or "", parts.port or 69, parts.path.lstrip("/"), source)
        status, body = _http("GET", url, user_agent, None, source, trust)
    return body if status == 200 else None


def put(url: str, data: bytes, user_agent: str, place: Namespace | None, source: str = "") -> int:
    """The status of a PUT; 0 where the scheme has none."""
    with place.inside() if place else nullcontext():
        return _http("PUT", url, user_agent, data, source)[0] if url.startswith("http") else 0


def _http(
    method: str, url: str, user_agent: str, body: bytes | None, source: str, trust: ssl.SSLContext | None = None
) -> tuple[int, bytes]:
    parts = urlsplit(url)
    host, ours = parts.hostname or "", (source, 0) if source else None
    connection = (
        http.client.HTTPSConnection(
            host, parts.port or 443, timeout=PATIENCE_S, source_address=ours, context=trust or tls("")
        )
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port or 80, timeout=PATIENCE_S, source_address=ours)
    )
    try:
        connection.request(method, parts.path, body=body, headers={"User-Agent": user_agent})
        answer = connection.getresponse()
        return answer.status, answer.read(MAX_FILE)
    finally:
        connection.close()


def read_tftp(host: str, port: int, path: str, source: str = "") -> bytes | None:
    """RFC 1350 read, octet, 512-byte blocks, as old phones do it. None on an error packet; OSError on silence."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as us:
        if source:
            us.bind((source, 0))
        us.settimeout(1.0)
        last = b"\0\x01" + path.encode() + b"\0octet\0"
        peer, data, expected, tries = (host, port), b"", 1, 0
        us.sendto(last, peer)
        while True:
            try:
                packet, sender = us.recvfrom(2048)
            except TimeoutError:
                tries += 1
                if tries > PATIENCE_S:
                    raise
                us.sendto(last, peer)
                continue
            if packet[:2] == b"\0\x05":
                return None
            if packet[:2] != b"\0\x03" or int.from_bytes(packet[2:4], "big") != expected & 0xFFFF:
                continue
            peer, data, tries = sender, data + packet[4:], 0
            last = b"\0\x04" + packet[2:4]
            us.sendto(last, peer)
            expected += 1
            if len(packet) < 516:
                return data


def capture(place: Namespace | None, interface: str, file: Path, what: str = "") -> "subprocess.Popen[bytes]":
    """tcpdump into `file`, each packet written as it comes."""
    argv = ["tcpdump", "-i", interface, "-n", "-U", "--immediate-mode", "-Z", "root", "-s", "0", "-w", str(file)]
    argv += what.split()
    quiet = subprocess.DEVNULL
    return subprocess.Popen(place.argv(argv) if place else argv, stdin=quiet, stdout=quiet, stderr=quiet)


def _folder(url: str) -> tuple[str, str]:
    """Folder and file name of a URL; the name is empty when it ends in a folder (a last part without a dot)."""
    scheme, _, rest = url.partition("://")
    head, slash, tail = rest.rpartition("/")
    return (f"{scheme}://{head}", tail) if slash and "." in tail and head else (url, "")
