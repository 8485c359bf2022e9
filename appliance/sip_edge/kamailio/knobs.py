"""What `conserje run kamailio` tells its workers: one small file in memory, named by the environment. Pure.

The workers do not read the settings: these name secrets that a process facing the network has no need of.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

ENVIRONMENT = "CONSERJE_EDGE_KNOBS"
MAX_CONTACTS = 8
STATE_KEPT_S = 6
"""How long what the edge service saw is believed. Past it, a worker tries and finds out itself."""
SPENT_KEPT_S = 90_000
"""Longer than a day: what was spent counts until the edge service has said otherwise."""
REFERRED_KEPT_S = 60
"""How long a phone may take to call where a REFER sent it."""
LAST_KEPT_S = 7 * 86_400
"""How long a phone's last call can be dialled again."""

TRUNK_ADDRESSES = "trunks.json"
"""In `edge_dir`: trunk id to its addresses, where the directory has only a name (written by the edge service)."""


@dataclass(frozen=True, slots=True)
class Knobs:
    realm: str
    port: int
    control_port: int
    voice_address: str
    uplink_address: str
    voice_sip_port: int
    ring_s: int
    live_dir: str
    spool_dir: str
    edge_dir: str
    tls_port: int
    behind_port: int
    """The first of the loopback ports behind HAProxy; 0: there is none, and no TLS."""
    ban_after: int
    flood_per_s: int
    nonce_key: bytes = field(repr=False)
    """New at each start: uses of older nonces are forgotten, so these are stale."""
    dialog_key: bytes = field(repr=False)
    """Kept: it signs our Record-Route, and calls outlive a restart."""
    strict_source: bool = True
    sounds_dir: str = ""
    sentences_dir: str = ""
    """What voice had spoken by a program, for when it is dead (saying.py)."""
    ng_port: int = 0
    hold_music: str = ""
    """The building's own track: a WAV file."""
    transfer_music: str = ""
    lamps_sip_port: int = 0
    """Where the lamps service listens on loopback; 0: nowhere."""
    park_s: int = 60
    voice_workers: int = 1
    """Their ports follow `voice_sip_port`."""
    era: int = 0
    """Of the moments that call facts are noted with (eras.py)."""

    @property
    def several_sides(self) -> bool:
        return self.voice_address != self.uplink_address

    def outer(self, by_tls: bool, by_tcp: bool) -> str:
        """Host and parameters of a URI by which a phone on the voice network reaches us."""
        if by_tls:
            return f"{self.voice_address}:{self.tls_port};transport=tls"
        return f"{self.voice_address}:{self.port}" + (";transport=tcp" if by_tcp else "")

    def path(self, name: str) -> Path:
        return Path(str(getattr(self, name)))

    def text(self) -> str:
        return json.dumps({k: v.hex() if isinstance(v, bytes) else v for k, v in asdict(self).items()})

    @classmethod
    def of(cls, text: str) -> "Knobs":
        values = json.loads(text)
        for key in ("nonce_key", "dialog_key"):
            values[key] = bytes.fromhex(values[key])
        return cls(**values)
