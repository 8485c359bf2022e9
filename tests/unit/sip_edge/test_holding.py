"""Who is held by what SDP says, and which music they hear."""

from pathlib import Path

import pytest

from appliance.directory.model import MemoryDirectory
from appliance.directory.sounds import SoundFiles
from appliance.settings import Settings
from appliance.sip_edge.holding import answered_silent, audible, early_answer, music_file, offered
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


def test_who_is_transferred_hears_its_company_s_other_sound(tmp_path: Path) -> None:
    digest = "a" * 64
    rows = (Account("a", "Acme"), Sound("s", "a", "Espera", digest), Music("a", "a", transfer_sound_id="s"))
    (tmp_path / f"{digest}.wav").write_bytes(b"RIFF music")
    files, ours = SoundFiles(tmp_path), Path("building.wav")
    directory = MemoryDirectory(rows)
    assert music_file(directory, files, "a", ours, transfer=True) == tmp_path / f"{digest}.wav"
    assert music_file(directory, files, "a", ours) == ours
    assert Settings().paths.transfer_music != Settings().paths.hold_music, "they differ also where nobody chose"


def test_a_ringing_phone_is_given_an_answer_in_a_codec_that_music_can_be_played_in() -> None:
    offer = sdp("sendrecv").replace("AVP 0", "AVP 96 9 8 0 101")
    answer = early_answer(offer)
    assert "m=audio 9 RTP/AVP 9\r\na=rtpmap:9 G722/8000\r\n" in answer
    assert "a=sendonly" in answer and "crypto" not in answer
    assert offered(answer).holds, "it listens to nothing"
    secure = early_answer(offer, secure=True)
    assert "m=audio 9 RTP/SAVP 9" in secure and "AES_CM_128_HMAC_SHA1_80 inline:" in secure
    for nothing in ("", sdp().replace("AVP 0", "AVP 96 97"), "m=video 4 RTP/AVP 0\r\n"):
        assert early_answer(nothing) == "", nothing
