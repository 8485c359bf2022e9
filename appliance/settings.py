"""The appliance's settings: one typed TOML file, and the environment over it. An unknown key is an error.

`CONSERJE_SETTINGS` names the file; `CONSERJE_<SECTION>__<KEY>` (TOML values) replaces one setting.
Durations carry their unit in the name. What the centre owns is never here: this file says where this box stands.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dacite

from appliance.errors import SettingsProblem, Words

DEFAULT_FILE = Path("/etc/conserje/conserje.toml")
ENVIRONMENT_PREFIX = "CONSERJE_"


@dataclass(frozen=True, slots=True)
class Paths:
    """Where things live. `state_dir` survives a reboot, `run_dir` is in memory and holds opened secrets."""

    state_dir: Path = Path("/var/lib/conserje")
    run_dir: Path = Path("/run/conserje")
    log_dir: Path = Path("/var/log/conserje")
    templates_dir: Path = Path(__file__).resolve().parent.parent / "templates" / "phones"
    sounds_dir: Path = Path("/usr/share/asterisk/sounds")

    @property
    def revisions_dir(self) -> Path:
        return self.state_dir / "revisions"

    @property
    def local_db(self) -> Path:
        """The journal and the building's own facts."""
        return self.state_dir / "local.db"

    @property
    def identity_dir(self) -> Path:
        """Key, certificate and the centre's CA, after enrolment; and the key that seals secrets at rest."""
        return self.state_dir / "identity"

    @property
    def live_dir(self) -> Path:
        """The published directory that every process reads; in memory."""
        return self.run_dir / "live"

    @property
    def reports_dir(self) -> Path:
        """What each process says of itself for the pages and SNMP (directory/reports.py)."""
        return self.run_dir / "reports"

    @property
    def engines_dir(self) -> Path:
        """Rendered configurations of the engines: the running one and the last good one."""
        return self.state_dir / "engines"

    @property
    def firmware_dir(self) -> Path:
        """Firmware files of phones, and which model is to have which."""
        return self.state_dir / "firmware"

    @property
    def overrides_dir(self) -> Path:
        """What this building wants otherwise in phones' files."""
        return self.state_dir / "overrides"

    @property
    def mailboxes_dir(self) -> Path:
        """Voicemail: messages, greetings recorded by phone, and their index. For the service's own user alone."""
        return self.state_dir / "mailboxes"

    @property
    def hold_music(self) -> Path:
        """The building's own track, beside the recordings' folder (Debian's asterisk-moh-opsound-wav)."""
        return self.sounds_dir.parent / "moh" / "manolo_camp-morning_coffee.wav"

    @property
    def transfer_music(self) -> Path:
        """What is heard while a call is transferred, where a company chose none: another track than on hold."""
        return self.hold_music.with_name("macroform-the_simplicity.wav")

    @property
    def sounds_store_dir(self) -> Path:
        """Recordings of the companies: greetings and music, by digest."""
        return self.state_dir / "sounds"

    @property
    def call_spool_dir(self) -> Path:
        """Call facts as Kamailio's workers append them, until they are in the journal."""
        return self.state_dir / "calls"


@dataclass(frozen=True, slots=True)
class Network:
    """Three sides of the box. In the simplest building all three addresses are the same."""

    voice_interface: str = "voice0"
    voice_address: str = "10.20.0.1"
    voice_subnet: str = "10.20.0.0/24"
    uplink_address: str = "10.20.0.1"
    """Where trunks and the centre are reached from."""
    uplink_dns: str = ""
    """The address of the DNS server that knows trunks' names; empty: those that the system asks."""
    management_address: str = "10.20.0.1"
    dhcp: bool = True
    dhcp_pool: str = "10.20.0.50 - 10.20.0.250"
    dhcp_lease_s: int = 3600
    gateway: str = ""
    dns: str = ""
    ntp: str = ""
    """Empty: this box."""


@dataclass(frozen=True, slots=True)
class Sip:
    port: int = 5060
    realm: str = "conserje"
    register_expires_s: int = 300
    workers: int = 4
    control_port: int = 5062
    """Kamailio's JSON-RPC over HTTP, loopback only."""
    probe_interval_s: int = 5
    ring_s: int = 30
    lamps_port: int = 5068
    """The lamps service's SIP, loopback only."""
    park_s: int = 60
    """How long a parked call waits to be fetched, before it goes back to who parked it."""
    tls: bool = True
    """SIP over TLS for phones, and HAProxy before Kamailio's TCP."""
    tls_port: int = 5061
    behind_port: int = 5063
    """The first of three loopback ports on which HAProxy hands TLS, phones' TCP and trunks' TCP to Kamailio."""
    flood_per_s: int = 300
    """Requests a second from one address, past which its requests are dropped; 0: no limit. Trunks have none."""
    ban_after: int = 20
    """Wrong passwords within a minute after which an address is not answered any more; 0: no bans."""
    ban_s: int = 600
    session_min_s: int = 90
    """The shortest session timer (RFC 4028) that voice agrees to; less is answered 422."""


@dataclass(frozen=True, slots=True)
class Media:
    ng_port: int = 2223
    relay_ports: str = "30000-39999"
    strict_source: bool = True
    """Sound is taken from the address alone that a phone or trunk names in its SDP."""
    redis_port: int = 6390
    voice_sip_port: int = 5070
    """voice's SIP, loopback only: of the first worker, the others follow it."""
    voice_ports: str = "20000-23999"
    longest_voice_call_s: int = 86_400
    """After so long a call that voice is in ends, with a sentence: what no check of life caught is not to stay."""
    voice_workers: int = 2
    """Pairs of signalling and media, each with its own calls: one that dies takes no other's."""
    silent_call_s: int = 900
    """Without a packet for so long a call is over."""
    held_call_s: int = 7200
    """The same of a call on hold, in which nobody need send anything."""


@dataclass(frozen=True, slots=True)
class Provisioning:
    http_port: int = 80
    https_port: int = 443
    tftp_port: int = 69
    timezone_offset: str = ""
    admin_password: str = field(default="", repr=False)
    """Of the phones' own web pages; empty: one per phone, derived from its SIP secret."""
    voice_vlan: int = 0
    """Number of the VLAN that phones are told to use; 0: none in their files."""
    vlan_priority: int = 5
    lldp: bool = True
    """Phones learn their VLAN from the switch too (LLDP-MED)."""
    music_uri: str = ""
    """SIP URI of music that phones play to whom they hold (RFC 7088); empty: the box plays it."""
    conference_uri: str = ""
    """SIP URI of a room that mixes three-way calls; empty: the phone mixes."""
    claim_fresh_s: int = 900
    """How long a phone that never registered may ask for its files again, after it first got them."""
    claim_sitting_s: int = 180
    """Once per boot: within this time of the boot's first file."""
    claim_quiet_s: int = 600
    """So much silence stands for a boot where a phone does not use DHCP."""
    claim_opened_s: int = 900
    """How long `conserje claims open` opens a phone's window."""
    token_overlap_s: int = 86400
    """How long a phone's former URL is good after it was given a new one."""
    encrypt: bool = True
    """Encrypt phones' own files where their family can."""
    https_links: bool = True
    """Lead phones that can to their files over HTTPS."""
    secure_sip: bool = True
    """Have phones that can check us register over TLS, and speak by SRTP; without sip.tls it says nothing."""
    secure_sip_wait_s: int = 300
    """How long a phone has to come over TLS for the first time, before its files say UDP again."""
    ban_after: int = 20
    """Foreign MACs that one source may ask for within a minute; 0: no bans."""
    ban_s: int = 600
    firmware_most_mb: int = 512
    """Of one firmware file."""
    firmware_back_s: int = 93600
    """How long a phone of a roll-out has to come back with its new firmware: a night's look for changes and some."""


@dataclass(frozen=True, slots=True)
class Central:
    url: str = ""
    """Empty: this building runs alone."""
    poll_wait_s: int = 7
    ca_file: str = ""
    """CA to trust at enrolment; empty: the fingerprint in the claim code."""


@dataclass(frozen=True, slots=True)
class Web:
    port: int = 8080
    workers: int = 2
    certificate_file: str = ""
    """PEM, with `key_file`: the page is then served over TLS. Empty: plain HTTP."""
    key_file: str = ""


@dataclass(frozen=True, slots=True)
class Snmp:
    port: int = 161
    community: str = field(default="", repr=False)
    """v2c, read-only; empty: v2c is off."""
    v3_user: str = ""
    v3_auth_key: str = field(default="", repr=False)
    v3_privacy_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    language: str = "es-MX"
    paths: Paths = Paths()
    network: Network = Network()
    sip: Sip = Sip()
    media: Media = Media()
    provisioning: Provisioning = Provisioning()
    central: Central = Central()
    web: Web = Web()
    snmp: Snmp = Snmp()


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
        return dacite.from_dict(Settings, dict(values), dacite.Config(strict=True, cast=[Path]))
    except dacite.UnexpectedDataError as unknown:
        names = ", ".join(sorted(str(k) for k in unknown.keys))
        raise SettingsProblem(
            Words(
                f"{source} has settings that do not exist: {names}.", f"{source} tiene ajustes que no existen: {names}."
            ),
            Words(
                "Correct or remove them; docs/settings.md lists all.",
                "Corríjalos o quítelos; docs/settings.md los lista todos.",
            ),
        ) from unknown
    except dacite.DaciteError as wrong:
        raise SettingsProblem(
            Words(
                f"{source} has a setting of the wrong kind: {wrong}.",
                f"{source} tiene un ajuste del tipo equivocado: {wrong}.",
            ),
            Words("docs/settings.md shows each with its kind.", "docs/settings.md muestra cada uno con su tipo."),
        ) from wrong


def load(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this box. No default file means all defaults; a missing named file is a SettingsProblem."""
    env = os.environ if environment is None else environment
    named = path or (Path(env["CONSERJE_SETTINGS"]) if "CONSERJE_SETTINGS" in env else None)
    chosen = named or DEFAULT_FILE
    values: dict[str, Any] = {}
    if chosen.exists() or named:
        try:
            values = tomllib.loads(chosen.read_text(encoding="utf-8"))
        except OSError as missing:
            raise SettingsProblem(
                Words(
                    f"The settings file {chosen} cannot be read.", f"No se puede leer el archivo de ajustes {chosen}."
                ),
                Words("Check that it exists and who may read it.", "Revise que exista y quién puede leerlo."),
            ) from missing
        except tomllib.TOMLDecodeError as broken:
            raise SettingsProblem(
                Words(f"{chosen} is not valid TOML: {broken}.", f"{chosen} no es TOML válido: {broken}."),
                Words("Mend that line.", "Corrija esa línea."),
            ) from broken
    return parse(_over(values, env), str(chosen))
