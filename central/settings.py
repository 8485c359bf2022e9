"""The central office's settings: one typed TOML file, and the environment over it. An unknown key is an error.

`CONSERJE_CENTRAL_SETTINGS` names the file; `CENTRAL_<SECTION>__<KEY>` (TOML values) replaces one setting.
Durations carry their unit in the name.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dacite

from central.errors import SettingsProblem, Words

DEFAULT_FILE = Path("/etc/conserje/central.toml")
FILE_VARIABLE = "CONSERJE_CENTRAL_SETTINGS"
ENVIRONMENT_PREFIX = "CENTRAL_"


@dataclass(frozen=True, slots=True)
class Paths:
    """`state_dir` holds the SQLite database, the CA, the server's certificate and the key that seals secrets."""

    state_dir: Path = Path("/var/lib/conserje-central")

    @property
    def ca_dir(self) -> Path:
        return self.state_dir / "ca"

    @property
    def sealing_key(self) -> Path:
        return self.state_dir / "sealing.key"


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """`url`: `sqlite:///path` or `postgresql://…`; empty: SQLite in the state directory."""

    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Web:
    """Where browsers and buildings come in. Each waiting building holds one of `workers` x `threads`."""

    bind: str = "0.0.0.0:8443"
    workers: int = 2
    threads: int = 64
    names: tuple[str, ...] = ("localhost", "127.0.0.1")
    """DNS names and addresses that the server's certificate is made for."""


@dataclass(frozen=True, slots=True)
class Security:
    sealing_key: str = field(default="", repr=False)
    """32 bytes in base64; empty: the file `sealing.key` in the state directory."""
    session_idle_min: int = 30
    session_max_h: int = 12
    claim_valid_h: int = 72
    certificate_days: int = 730
    certificate_overlap_min: int = 60
    """How long a building's old certificate still counts once its new one was used."""


@dataclass(frozen=True, slots=True)
class Feed:
    keep_revisions: int = 500
    """A building further behind than this gets a snapshot."""
    max_wait_s: int = 55
    watch_interval_ms: int = 40


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail server that letters leave by. Without a `host` they wait in the queue."""

    host: str = ""
    port: int = 587
    security: str = "starttls"
    """starttls | tls | none"""
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = "conserje@localhost"
    ca_file: str = ""
    """CA of the mail server; empty: the system's."""
    alerts_to: tuple[str, ...] = ()
    """Who hears of emergency calls, beside the company's own administrators."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Where buildings register to reach each other (`conserje-central exchange run`). Without an address: nowhere."""

    address: str = ""
    port: int = 5060
    workers: int = 2
    relay_ports: str = "40000-49999"
    """Of the sound between buildings: each stands behind a router of its own."""
    ng_port: int = 2225
    """rtpengine's control, loopback only."""
    carriers: str = ""
    """Addresses (`host:port`, parted by spaces) whose calls it takes for buildings; by the first, forwards leave."""


@dataclass(frozen=True, slots=True)
class Settings:
    language: str = "es-MX"
    paths: Paths = Paths()
    database: DatabaseSettings = DatabaseSettings()
    web: Web = Web()
    security: Security = Security()
    feed: Feed = Feed()
    mail: Mail = Mail()
    exchange: Exchange = Exchange()

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite:///{self.paths.state_dir / 'central.db'}"


def _over(values: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    merged = {k: dict(v) if isinstance(v, dict) else v for k, v in values.items()}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or "__" not in name:
            continue
        section, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__", 1)
        try:
            value = tomllib.loads(f"v = {text}")["v"]
        except tomllib.TOMLDecodeError:
            value = text
        merged.setdefault(section, {})[key] = value
    return merged


def parse(values: Mapping[str, Any], source: str) -> Settings:
    """Settings from a mapping of sections. Raises SettingsProblem naming the key and the source."""
    try:
        return dacite.from_dict(Settings, dict(values), dacite.Config(strict=True, cast=[Path, tuple]))
    except dacite.UnexpectedDataError as unknown:
        names = ", ".join(sorted(str(k) for k in unknown.keys))
        raise SettingsProblem(
            Words(
                f"{source} has settings that do not exist: {names}.",
                f"{source} tiene ajustes que no existen: {names}.",
            ),
            Words("Correct or remove them; docs/central.md lists all.", "Corríjalos; docs/central.md los lista todos."),
        ) from unknown
    except dacite.DaciteError as wrong:
        raise SettingsProblem(
            Words(
                f"{source} has a setting of the wrong kind: {wrong}.",
                f"{source} tiene un ajuste del tipo equivocado: {wrong}.",
            ),
            Words("docs/central.md shows each with its kind.", "docs/central.md muestra cada uno con su tipo."),
        ) from wrong


def load(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in force. A missing default file means all defaults; a missing named file is a SettingsProblem."""
    env = os.environ if environment is None else environment
    named = path or (Path(env[FILE_VARIABLE]) if FILE_VARIABLE in env else None)
    chosen = named or DEFAULT_FILE
    values: dict[str, Any] = {}
    if chosen.exists() or named:
        try:
            values = tomllib.loads(chosen.read_text(encoding="utf-8"))
        except OSError as missing:
            raise SettingsProblem(
                Words(f"The settings file {chosen} cannot be read.", f"No se puede leer el archivo {chosen}."),
                Words("Check that it exists and who may read it.", "Revise que exista y quién puede leerlo."),
            ) from missing
        except tomllib.TOMLDecodeError as broken:
            raise SettingsProblem(
                Words(f"{chosen} is not valid TOML: {broken}.", f"{chosen} no es TOML válido: {broken}."),
                Words("Mend that line.", "Corrija esa línea."),
            ) from broken
    return parse(_over(values, env), str(chosen))
