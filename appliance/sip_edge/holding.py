"""What an SDP says of holding (RFC 3264 §8.4), and which music the held party is to hear. Pure."""

import re
from dataclasses import dataclass
from pathlib import Path

from appliance.directory.model import Directory
from appliance.directory.sounds import SoundFiles
from wire.services import Music, Sound

_DIRECTION = re.compile(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", re.MULTILINE)
_NOWHERE = re.compile(r"^c=IN IP4 0\.0\.0\.0\s*$", re.MULTILINE)
_INACTIVE = re.compile(r"^a=inactive(?=\r?$)", re.MULTILINE)
_RECVONLY = re.compile(r"^a=recvonly(?=\r?$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Offered:
    """What an offer within a call asks for. `silent`: the one who holds wants to hear nothing and sends nothing."""

    holds: bool
    silent: bool


def offered(sdp: str) -> Offered:
    """Hold is sendonly or inactive, or RFC 2543's address 0.0.0.0; anything else talks."""
    found = _DIRECTION.search(sdp)
    direction = found[1] if found else "sendrecv"
    return Offered(direction in ("sendonly", "inactive") or bool(_NOWHERE.search(sdp)), direction == "inactive")


def audible(sdp: str) -> str:
    """An inactive offer as the held party must see it: one who listens to nothing would not hear the music either."""
    return _INACTIVE.sub("a=sendonly", sdp)


def answered_silent(sdp: str) -> str:
    """The answer to an offer that audible() changed, as the one who holds expects it (RFC 3264 §6.1)."""
    return _RECVONLY.sub("a=inactive", sdp)


def music_file(directory: Directory, files: SoundFiles, account_id: str, otherwise: Path) -> Path:
    """What an account's held callers hear: its own recording where it chose one that is here, else the building's."""
    music = directory.service(Music, account_id) if account_id else None
    sound = directory.service(Sound, music.hold_sound_id) if music and music.hold_sound_id else None
    if sound is None or sound.account_id != account_id:
        return otherwise
    return files.path(sound.sha256) or otherwise
