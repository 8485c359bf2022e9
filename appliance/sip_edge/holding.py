"""What an SDP says of holding (RFC 3264 §8.4), and which music the held party is to hear. Pure."""

import re
from dataclasses import dataclass
from pathlib import Path

from appliance.directory.model import Directory
from appliance.directory.sounds import SoundFiles
from wire.services import Music, Sound

_DIRECTION = re.compile(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", re.MULTILINE)
_AUDIO = re.compile(r"^m=audio \d+ \S+ ([0-9 ]+?)\s*$", re.MULTILINE)
_CODECS = {"0": "PCMU", "8": "PCMA", "9": "G722"}
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


def early_answer(offer: str, secure: bool = False) -> str:
    """What a phone that only rings would answer, had it music to send: to be led through rtpengine, which has.

    Empty where the offer has no codec that it could be played in. `secure`: the phone was offered SRTP (RFC 4568); the
    key is nobody's, as nothing ever comes by it.
    """
    found = _AUDIO.search(offer)
    payload = next((p for p in found[1].split() if p in _CODECS), "") if found else ""
    if not payload:
        return ""
    profile, key = ("SAVP", f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{'A' * 40}\r\n") if secure else ("AVP", "")
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio 9 RTP/{profile} {payload}\r\na=rtpmap:{payload} {_CODECS[payload]}/8000\r\n{key}a=sendonly\r\n"
    )


def music_file(
    directory: Directory, files: SoundFiles, account_id: str, otherwise: Path, transfer: bool = False
) -> Path:
    """What an account's held or transferred callers hear: its own recording where it is here, else `otherwise`."""
    music = directory.service(Music, account_id) if account_id else None
    sound_id = (music.transfer_sound_id if transfer else music.hold_sound_id) if music else ""
    sound = directory.service(Sound, sound_id) if sound_id else None
    if sound is None or sound.account_id != account_id:
        return otherwise
    return files.path(sound.sha256) or otherwise
