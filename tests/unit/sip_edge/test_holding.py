"""Who is held by what SDP says, and which music they hear."""

from pathlib import Path

import pytest

from appliance.directory.model import MemoryDirectory
from appliance.directory.sounds import SoundFiles
from appliance.sip_edge.holding import answered_silent, audible, music_file, offered
from wire.rows import Account
from wire.services import Music, Sound

HEAD = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


def sdp(direction: str = "", address: str = "10.0.0.1") -> str:
    return HEAD.format(address=address) + (f"a={direction}\r\n" if direction else "")


@pytest.mark.parametrize(
    ("text", "holds", "silent"),
    [
        (sdp(), False, False),
        (sdp("sendrecv"), False, False),
        (sdp("recvonly"), False, False),
        (sdp("sendonly"), True, False),
        (sdp("inactive"), True, True),
        (sdp(address="0.0.0.0"), True, False),
        ("", False, False),
    ],
)
def test_sendonly_inactive_and_the_old_address_hold(text: str, holds: bool, silent: bool) -> None:
    found = offered(text)
    assert (found.holds, found.silent) == (holds, silent)


def test_the_held_party_of_an_inactive_offer_listens_and_the_holder_reads_what_it_expects() -> None:
    assert audible(sdp("inactive")) == sdp("sendonly")
    assert audible(sdp("sendrecv")) == sdp("sendrecv")
    assert answered_silent(sdp("recvonly")) == sdp("inactive")


def test_an_account_s_own_music_plays_only_when_it_is_its_own_and_is_here(tmp_path: Path) -> None:
    files, ours = SoundFiles(tmp_path), Path("building.wav")
    content = b"RIFF music"
    digest = "f9c4f1f0e5e4a3a1f2bfb4e1a58e8fdf4e2ab24e1a5b9a9d8e3c4a5b6c7d8e9f"
    rows = (
        Account("a", "Acme"),
        Account("b", "Bravo"),
        Sound("s", "a", "Música", digest),
        Music("a", "a", "s"),
        Music("b", "b", "s"),
    )
    directory = MemoryDirectory(rows)
    assert music_file(directory, files, "a", ours) == ours, "not fetched yet"
    (tmp_path / f"{digest}.wav").write_bytes(content)
    assert music_file(directory, files, "a", ours) == tmp_path / f"{digest}.wav"
    assert music_file(directory, files, "b", ours) == ours, "another company's"
    assert music_file(directory, files, "", ours) == ours
