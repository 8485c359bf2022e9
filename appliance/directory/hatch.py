"""What the building page asks of provisioning, and the answers: frozen words, and the caller's end of the hatch.

The hatch is a Unix socket in memory; provision/hatch_door.py answers at it, and only this box's own processes may ask.
"""

import base64
import json
import socket
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import dacite

from appliance.errors import InputProblem, Problem, TemplateProblem, Words

SOCKET = "hatch.sock"
ASKED_MOST = 6 << 20
"""Octets of a question: a CSV file of 2 MB in base64, and some."""
ANSWER_MOST = 32 << 20
PATIENCE_S = 8.0
FIRMWARE_PATIENCE_S = 300.0
"""A large image is hashed and written down before the answer comes."""

T = TypeVar("T")


class HatchClosed(Problem):
    """Provisioning does not answer: its process is starting, or down. Everything else of the page goes on."""

    code = "hatch"


@dataclass(frozen=True, slots=True)
class FamilyFacts:
    """`wishes`: what its phones can be told (resync, reboot). `raw`: its parameters can be set by hand."""

    name: str
    vendor: str
    ouis: tuple[str, ...]
    models: tuple[str, ...]
    wishes: tuple[str, ...]
    firmware: bool
    raw: bool


@dataclass(frozen=True, slots=True)
class FileNow:
    """A file of a phone. `sha256`, `size`: as it would be given now; empty and 0 when its template fails.

    `given_sha256`, `given_at`: what it last was given, and when first. `differs`: the two are not the same.
    """

    name: str
    size: int
    sha256: str
    secret: bool
    given_sha256: str = ""
    given_at: str = ""
    differs: bool = False


@dataclass(frozen=True, slots=True)
class FileText:
    """`text`: as it would be given now, stars for passwords. `diff`: unified, of what was given against it.

    `kept`: the text that was given is known; else only whether it differs is.
    """

    name: str
    text: str
    diff: tuple[str, ...]
    differs: bool
    given_at: str
    kept: bool
    sha256: str
    content_type: str


@dataclass(frozen=True, slots=True)
class SettingInForce:
    """`source`: house | site | model | device. `parameter`: of the maker's, not one of the house's words."""

    name: str
    value: str
    source: str
    parameter: bool = False


@dataclass(frozen=True, slots=True)
class KeyNow:
    position: int
    kind: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class FirmwareOfPhone:
    """`version`: as the phone last said; `target`: of its model; `led`: it is led there now; `has_it`: it is there."""

    version: str = ""
    target: str = ""
    target_name: str = ""
    led: bool = False
    has_it: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that provisioning knows of one phone of the directory."""

    family: str
    model: str
    files: tuple[FileNow, ...]
    settings: tuple[SettingInForce, ...]
    keys: tuple[KeyNow, ...]
    firmware: FirmwareOfPhone
    wishes: tuple[str, ...]
    problems: tuple[Words, ...] = ()
    """Templates that fail for this phone, overrides that were refused and would apply to it."""


@dataclass(frozen=True, slots=True)
class ImportLine:
    number: int
    mac: str
    kind: str
    who: str
    problem: Words | None
    done: bool


@dataclass(frozen=True, slots=True)
class ImportReport:
    lines: tuple[ImportLine, ...]

    @property
    def good(self) -> int:
        return sum(line.problem is None for line in self.lines)

    @property
    def bad(self) -> int:
        return len(self.lines) - self.good


@dataclass(frozen=True, slots=True)
class OverrideEntry:
    """`family`: whose parameter it is, empty for a value of the house's. A secret's `value` is stars."""

    name: str
    value: str
    family: str = ""


@dataclass(frozen=True, slots=True)
class OverrideFile:
    """`where`: site, FAMILY/MODEL, or a MAC. `problem`: why it is refused, with file and line; its entries are none."""

    where: str
    kind: str
    entries: tuple[OverrideEntry, ...]
    problem: Words | None = None
    warnings: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class OverrideValue:
    """One of the house's words that may be overridden; `form` says what is right."""

    name: str
    form: Words


@dataclass(frozen=True, slots=True)
class OverrideList:
    files: tuple[OverrideFile, ...]
    values: tuple[OverrideValue, ...]
    problems: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class OverrideText:
    """A layer's file to be edited. `mark` says which state of it this is. Secrets are stars; stars left are kept."""

    where: str
    text: str
    mark: str
    exists: bool
    problem: Words | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class OverrideCheck:
    """What became of a text that was to be kept: `problem` with its `line` when it was refused, and nothing changed."""

    problem: Words | None = None
    line: int = 0
    warnings: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class FirmwareOnShelf:
    sha256: str
    name: str
    size: int
    family: str
    version: str
    added_at: str
    added_by: str
    used_by: tuple[str, ...] = ()
    """Models whose target it is."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """A model's target and how far it is. `state`: empty (nobody is led to it yet), running, stopped, done.

    `phones`: of this model that ever asked for files. `waiting`: MACs led to it that are not back.
    """

    family: str
    model: str
    sha256: str
    name: str
    version: str
    state: str
    at_a_time: int
    back_within_s: int
    phones: int
    back: int
    waiting: tuple[str, ...] = ()
    stopped_by: str = ""


@dataclass(frozen=True, slots=True)
class FirmwareShelf:
    files: tuple[FirmwareOnShelf, ...]
    rollouts: tuple[Rollout, ...]
    most_bytes: int


@dataclass(frozen=True, slots=True)
class FirmwareTaken:
    file: FirmwareOnShelf
    warnings: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class DhcpText:
    """`server`: kea, isc, dnsmasq, routeros, ios, windows."""

    server: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class FamilyList:
    families: tuple[FamilyFacts, ...]


@dataclass(frozen=True, slots=True)
class DhcpTexts:
    texts: tuple[DhcpText, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """It was done."""


@dataclass(frozen=True, slots=True)
class RolloutOrder:
    """What is to become of a model's target. `deed`: target, none, start, stop."""

    family: str
    model: str
    deed: str
    sha256: str = ""
    at_a_time: int = 1
    back_within_s: int = 0


@dataclass(frozen=True, slots=True)
class FirmwareSaid:
    """What an upload says of itself. `sha256`: what the maker says it is; empty when they do not."""

    name: str
    family: str
    version: str
    sha256: str
    by: str


@dataclass(frozen=True)
class Hatch:
    """The caller's end. Each call asks once, and raises the Problem that provisioning answers with, or HatchClosed."""

    run_dir: Path
    patience_s: float = field(default=PATIENCE_S)

    def families(self) -> tuple[FamilyFacts, ...]:
        return self._ask(FamilyList, "families").families

    def sheet(self, mac: str) -> Sheet:
        return self._ask(Sheet, "sheet", mac=mac)

    def file(self, mac: str, name: str) -> FileText:
        """Raises InputProblem when the phone has no such file, TemplateProblem when it cannot be made."""
        return self._ask(FileText, "file", mac=mac, name=name)

    def import_phones(self, data: bytes, by: str, do: str) -> ImportReport:
        """`do`: check (nothing is done), all (all lines or none), each (the good ones). Raises InputProblem."""
        return self._ask(ImportReport, "import", data=base64.b64encode(data).decode(), by=by, how=do)

    def overrides(self) -> OverrideList:
        return self._ask(OverrideList, "overrides")

    def override_text(self, where: str) -> OverrideText:
        return self._ask(OverrideText, "override-text", where=where)

    def write_override(self, where: str, text: str, mark: str) -> OverrideCheck:
        """Raises InputProblem when somebody changed the file since `mark`."""
        return self._ask(OverrideCheck, "override-write", where=where, text=text, mark=mark)

    def set_override(self, where: str, name: str, value: str, family: str = "", raw: bool = False) -> OverrideCheck:
        return self._ask(OverrideCheck, "override-set", where=where, name=name, value=value, family=family, raw=raw)

    def unset_override(self, where: str, name: str, family: str = "", raw: bool = False) -> OverrideCheck:
        return self._ask(OverrideCheck, "override-unset", where=where, name=name, family=family, raw=raw)

    def firmware(self) -> FirmwareShelf:
        return self._ask(FirmwareShelf, "firmware")

    def add_firmware(self, said: FirmwareSaid, file: int) -> FirmwareTaken:
        """`file`: descriptor of the upload, at its beginning; it goes through the socket, not its octets."""
        return self._ask(FirmwareTaken, "firmware-add", file, FIRMWARE_PATIENCE_S, **asdict(said))

    def order_rollout(self, order: RolloutOrder) -> Done:
        return self._ask(Done, "firmware-order", **asdict(order))

    def remove_firmware(self, sha256: str) -> Done:
        return self._ask(Done, "firmware-remove", sha256=sha256)

    def dhcp_help(self) -> tuple[DhcpText, ...]:
        return self._ask(DhcpTexts, "dhcp-help").texts

    def _ask(self, kind: type[T], do: str, file: int | None = None, patience_s: float = 0.0, **said: Any) -> T:
        asked = json.dumps({"do": do, **said}).encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(patience_s or self.patience_s)
                line.connect(str(self.run_dir / SOCKET))
                sent = socket.send_fds(line, [asked[:1024]], [file] if file is not None else [])
                line.sendall(asked[sent:])
                line.shutdown(socket.SHUT_WR)
                answer = json.loads(_all_of(line))
        except (OSError, ValueError) as closed:
            raise HatchClosed(
                Words("Provisioning does not answer just now.", "El aprovisionamiento no responde en este momento."),
                Words(
                    "Phones keep what they have. Try again in a moment; System shows the process tftp.",
                    "Los teléfonos conservan lo que tienen. Intente en un momento; Sistema muestra el proceso tftp.",
                ),
            ) from closed
        if "problem" in answer:
            raise _problem(answer["problem"])
        return dacite.from_dict(kind, answer["answer"], dacite.Config(cast=[tuple]))


_KINDS: dict[str, type[Problem]] = {"template": TemplateProblem, "hatch": HatchClosed}


def _problem(said: Any) -> Problem:
    kind = _KINDS.get(said["code"], InputProblem)
    return kind(Words(**said["says"]), Words(**said["todo"]))


def _all_of(line: socket.socket) -> bytes:
    """To its end. Raises OSError when it is longer than ANSWER_MOST."""
    parts, length = [], 0
    while part := line.recv(1 << 16):
        length += len(part)
        if length > ANSWER_MOST:
            raise OSError("an answer without end")
        parts.append(part)
    return b"".join(parts)
