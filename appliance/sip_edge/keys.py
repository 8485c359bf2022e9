"""What Kamailio's workers are told at their start, keys included: files that only their owner reads."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from appliance.settings import Settings
from appliance.sip_edge.kamailio.knobs import Knobs


def edge_dir(settings: Settings) -> Path:
    """Where the edge service and the workers meet: trunks to probe, their addresses, the workers' knobs. In memory."""
    return settings.paths.run_dir / "edge"


def write_knobs(settings: Settings, era: int = 0) -> Path:
    """Write the workers' knobs, with a new key for nonces; returns where."""
    net = settings.network
    knobs = Knobs(
        realm=settings.sip.realm,
        port=settings.sip.port,
        control_port=settings.sip.control_port,
        voice_address=net.voice_address,
        uplink_address=net.uplink_address,
        voice_sip_port=settings.media.voice_sip_port,
        voice_workers=settings.media.voice_workers,
        strict_source=settings.media.strict_source,
        sounds_dir=str(settings.paths.sounds_store_dir),
        sentences_dir=str(settings.paths.state_dir / "voice" / "sentences"),
        ng_port=settings.media.ng_port,
        hold_music=str(settings.paths.hold_music),
        transfer_music=str(settings.paths.transfer_music),
        lamps_sip_port=settings.sip.lamps_port,
        park_s=settings.sip.park_s,
        era=era,
        ring_s=settings.sip.ring_s,
        live_dir=str(settings.paths.live_dir),
        spool_dir=str(settings.paths.call_spool_dir),
        edge_dir=str(edge_dir(settings)),
        tls_port=settings.sip.tls_port,
        behind_port=settings.sip.behind_port if settings.sip.tls else 0,
        ban_after=settings.sip.ban_after,
        flood_per_s=settings.sip.flood_per_s,
        nonce_key=secrets.token_bytes(32),
        dialog_key=_kept_key(settings.paths.engines_dir / "kamailio" / "dialog.key"),
    )
    path = edge_dir(settings) / "knobs.json"
    _write_private(path, knobs.text().encode())
    return path


def _kept_key(path: Path) -> bytes:
    with suppress(FileNotFoundError):
        found = path.read_bytes()
        if len(found) == 32:
            return found
    _write_private(path, secrets.token_bytes(32))
    return path.read_bytes()


def _write_private(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    new.replace(path)
