"""Who is put on hold hears music at once and without gaps, and talks again when taken back: checked on the sound."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from central.directory.sounds import SoundWish, change_sound
from central.sounds import convert
from tests.acceptance.conftest import House
from tests.lab.audio import RtpStream, read_capture, rtp_streams, silences, tone, tone_from, tone_level, write_wav
from tests.lab.carrier import CARRIER_HZ
from tests.lab.pacer import Pacer
from tests.lab.phoneboot import capture
from tests.lab.phones import PhoneCall
from tests.lab.sample import ACME
from tests.lab.waiting import until
from wire.services import Sound

ANA_NUMBER, OUTSIDE = "+525550000101", "5599887766"
TRACK_HZ, OTHER_HZ = 1250, 1650
TRACK_S = 2.0
MUSIC_S = 1.0


def _track(folder: Path, hz: int) -> Path:
    path = folder / f"{hz}.wav"
    write_wav(path, tone(hz, TRACK_S))
    return path


def _plays(house: House, sound_id: str, digest: str = "") -> bool:
    """Whether the sound's recording (this one, where one is named) is in force and here."""
    sound = house.building.directory_in_force().service(Sound, sound_id)
    if sound is None or digest not in ("", sound.sha256):
        return False
    return (house.building.settings.paths.sounds_store_dir / f"{sound.sha256}.wav").exists()


def _stream_of(call: PhoneCall, hz: int) -> RtpStream:
    """The newest stream that ends in this tone."""
    fitting = [s for s in call.streams() if len(s.packets) >= 25 and tone_level(s.pcm()[-4000:], hz) > -30]
    assert fitting, f"{call.phone.name} does not hear {hz} Hz now"
    return max(fitting, key=lambda s: s.packets[-1].at)


def _music_after_s(call: PhoneCall, at_held: Callable[[], Sequence[RtpStream]]) -> float:
    """Puts the call on hold: how long from then the first packet of music took to the held party.

    Less what a plain sender beside it was held up at most: the machine's own lateness.
    """
    with Pacer() as plain:
        asked = time.time()
        assert tone_from(at_held(), TRACK_HZ, asked - 1) is None
        call.hold()
        came = until(lambda: tone_from(at_held(), TRACK_HZ, asked), 5, "music sounds to the held party")
    return came - asked - max(0.0, plain.spacing().longest / 1000 - 0.02)


@pytest.fixture(scope="module")
def music(shared_house: House, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Acme's administrator uploads a tone as the company's music; its id, once the building has it."""
    shared_house.building.mend_centre()
    file = _track(tmp_path_factory.mktemp("music"), TRACK_HZ)
    made = shared_house.lab.centre.command("sound", "add", "Tono", str(file), "--account", ACME, "--music")
    sound_id = str(made["sound_id"])

    until(lambda: _plays(shared_house, sound_id), 20, "the building has the music")
    return sound_id


@pytest.mark.acceptance("X-1", "M-1")
def test_a_colleague_on_hold_hears_the_company_s_music_and_then_the_person_again(
    house: House, music: str, centre: str
) -> None:
    ana, beto = house.people("ana", "beto")
    call = ana.call("102").established()
    held = beto.incoming(after=beto.called() - 1)
    held.hears(ana.hz)
    assert _music_after_s(call, held.streams) <= MUSIC_S
    held.hears(TRACK_HZ, 2 * TRACK_S + 4, since_s=2 * TRACK_S)
    music_heard = _stream_of(held, TRACK_HZ)
    assert not silences(music_heard.pcm()[-int(8000 * 2 * TRACK_S) :], at_least_ms=40), "the loop has a gap"
    call.resume()
    held.hears(ana.hz)
    call.hears(beto.hz)
    ended = _stream_of(held, TRACK_HZ).packets[-1].at
    until(lambda: _stream_of(held, ana.hz).packets[-1].at > ended + 1, 4, "they go on talking, without music")
    call.hang_up()


@pytest.mark.acceptance("M-1")
def test_a_caller_from_outside_on_hold_hears_the_same_music(
    house: House, music: str, centre: str, tmp_path: Path
) -> None:
    ana, file = house.phone("ana"), tmp_path / "line.pcap"
    recorder = capture(house.building.place, "uplink0", file, f"udp and dst host {house.lab.carrier_address}")
    try:
        until(lambda: file.exists() and file.stat().st_size, 5, "the line is recorded")
        before = ana.called()
        outside = house.carrier.call(ANA_NUMBER, OUTSIDE, house.building.uplink_address)
        call = ana.incoming(after=before).hears(CARRIER_HZ)
        assert _music_after_s(call, lambda: rtp_streams(read_capture(file))) <= MUSIC_S
        call.hang_up()
        until(lambda: house.carrier.state(outside) == "ended", 5, "it is over outside")
    finally:
        recorder.terminate()
        recorder.wait()


@pytest.mark.acceptance("M-1")
def test_a_track_is_replaced_without_cutting_who_listens(house: House, music: str, tmp_path: Path) -> None:
    ana, beto = house.people("ana", "beto")
    call = ana.call("102").established()
    held = beto.incoming(after=beto.called() - 1)
    call.hold()
    held.hears(TRACK_HZ, 2, since_s=0.4)
    other = convert(_track(tmp_path, OTHER_HZ).read_bytes())
    with house.lab.centre.editing(ACME) as edit:
        change_sound(edit, ACME, music, SoundWish("Tono", content=other))
    until(lambda: _plays(house, music, other.sha256), 40, "the building has the other track")
    held.hears(TRACK_HZ, 4, since_s=1.0)
    call.resume()
    held.hears(ana.hz)
    call.hold()
    held.hears(OTHER_HZ, 2, since_s=0.4)
    call.hang_up()
    # The first track is back for the tests that follow.
    with house.lab.centre.editing(ACME) as edit:
        first = convert(_track(tmp_path, TRACK_HZ).read_bytes())
        change_sound(edit, ACME, music, SoundWish("Tono", content=first))
    until(lambda: _plays(house, music, first.sha256), 40, "the first track is back")


def test_who_hangs_up_while_held_ends_the_call(house: House, music: str) -> None:
    ana, beto = house.people("ana", "beto")
    call = ana.call("102").established()
    held = beto.incoming(after=beto.called() - 1)
    call.hold()
    held.hears(TRACK_HZ, 2, since_s=0.4)
    held.hang_up()
    call.ended()
