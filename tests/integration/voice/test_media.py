"""Given the media engine and phones on real sockets: what is mixed, recorded, played, understood, by the audio."""

import os
import random
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from appliance.voice import engine as engine_module
from appliance.voice import tones, words
from appliance.voice.codecs import Pcm
from appliance.voice.sounds import File, Text
from tests.integration.voice.rig import Phone, Rig
from tests.lab.audio import RtpPacket, RtpStream, read_wav, spacing, tone, tone_level, write_wav

EVERY_CODEC = ("PCMU", "PCMA", "G722", "OPUS")
KEYS = {"1": (697, 1209), "5": (770, 1336), "#": (941, 1477), "9": (852, 1477), "D": (941, 1633)}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with Rig(tmp_path_factory.mktemp("engine"), random.randrange(21000, 29000, 800)) as made:
        yield made


@pytest.fixture
def rig(engine: Rig) -> Iterator[Rig]:
    yield engine
    engine.clear()


def level(phone: Phone, hertz: float, seconds: float = 0.5) -> float:
    """Of a tone in the last part of what it heard."""
    return tone_level(phone.heard()[-int(seconds * 8000) :], hertz)


def key_tone(key: str, seconds: float = 0.08) -> Pcm:
    return np.concatenate((tones.both(*KEYS[key], seconds), tones.pause(0.1)))


@pytest.mark.acceptance("Y-3")
def test_in_a_room_of_four_codecs_each_hears_all_the_others_and_not_itself(rig: Rig) -> None:
    phones = [rig.phone(codec) for codec in EVERY_CODEC]
    hertz = (500, 800, 1100, 1700)
    for phone, hz in zip(phones, hertz, strict=True):
        rig.tell(words.Mix(phone.leg, "room", True, None))
        phone.says(tone(hz, 2.0, -22))
    rig.run(1.8)
    for phone, own in zip(phones, hertz, strict=True):
        assert level(phone, own) < -40, (phone.codec, own)
        for other in hertz:
            if other != own:
                assert level(phone, other) == pytest.approx(-22, abs=5), (phone.codec, other)


def test_a_loud_room_neither_clips_nor_wraps(rig: Rig) -> None:
    phones = [rig.phone("PCMU") for _ in range(10)]
    for n, phone in enumerate(phones):
        rig.tell(words.Mix(phone.leg, "room", True, None))
        if n:
            phone.says(tone(300 + 110 * n, 2.0, -9))
    rig.run(1.8)
    pcm = phones[0].heard()[-4000:].astype(np.float64)
    assert np.abs(pcm).max() < 32300
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)))) ** 2
    near = np.zeros(len(spectrum), bool)
    for n in range(1, 10):
        at = round((300 + 110 * n) / 2)
        near[at - 4 : at + 5] = True
    distortion = 10 * np.log10(spectrum[~near].sum() / spectrum[near].sum())
    assert distortion < -25


def test_muted_listening_and_other_rooms_are_not_heard(rig: Rig) -> None:
    one, two, elsewhere = rig.phone(), rig.phone(), rig.phone()
    for phone, room, heard in ((one, "a", True), (two, "a", False), (elsewhere, "b", True)):
        rig.tell(words.Mix(phone.leg, room, heard, None))
    two.says(tone(700, 3.0, -20))
    elsewhere.says(tone(1500, 3.0, -20))
    rig.run(1.0)
    assert level(one, 700) < -50
    rig.tell(words.Hear(two.leg, True))
    rig.run(0.8)
    assert level(one, 700) == pytest.approx(-20, abs=2)
    assert level(one, 1500) < -50
    rig.tell(words.Quiet(one.leg))
    rig.run(0.7)
    assert level(one, 700) < -50


def test_who_is_alone_hears_music_until_another_comes_and_a_chime_sounds_to_all(rig: Rig, tmp_path: Path) -> None:
    write_wav(tmp_path / "music.wav", tone(440, 3.01, -20))
    one, two = rig.phone(), rig.phone("G722")
    rig.tell(words.Mix(one.leg, "room", True, str(tmp_path / "music.wav")))
    rig.run(0.8)
    assert level(one, 440, 0.3) == pytest.approx(-20, abs=2)
    rig.tell(words.Mix(two.leg, "room", True, str(tmp_path / "music.wav")))
    rig.run(0.5)
    assert level(one, 440, 0.3) < -50
    rig.tell(words.Chime("room", ("beep",), "en"))
    rig.run(0.55)
    for phone in (one, two):
        assert level(phone, 1400, 0.2) > -24


@pytest.mark.acceptance("Y-1")
def test_music_has_no_gap_at_its_loop_nor_when_the_track_changes(rig: Rig, tmp_path: Path) -> None:
    for name, hz in (("a", 500), ("b", 1000)):
        write_wav(tmp_path / f"{name}.wav", np.concatenate((tones.pause(0.3), tone(hz, 0.73, -20), tones.pause(0.4))))
    phone = rig.phone()
    rig.tell(words.Music(phone.leg, str(tmp_path / "a.wav")))
    rig.run(0.3, lambda: False)
    phone.packets.clear()
    rig.run(2.5)
    frames = phone.heard().reshape(-1, 160).astype(np.float64)
    assert np.sqrt((frames**2).mean(axis=1)).min() > 800
    rig.tell(words.Music(phone.leg, str(tmp_path / "b.wav")))
    rig.run(1.2)
    frames = phone.heard().reshape(-1, 160).astype(np.float64)
    assert np.sqrt((frames**2).mean(axis=1)).min() > 800
    assert level(phone, 1000) > -22
    assert level(phone, 500) < -40
    stream = RtpStream(1, ("", 0), ("", 0), tuple(_packet(at, data) for at, data in phone.packets))
    assert spacing(stream).lost == 0
    # By the stream's own clock; when packets leave is judged in test_hardship.py, by Y-1 and by the bench.
    assert {(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(stream.packets)} == {160}


def _packet(at: float, data: bytes) -> RtpPacket:
    return RtpPacket(at, int.from_bytes(data[2:4]), int.from_bytes(data[4:8]), data[1] & 0x7F, False, data[12:])


def test_all_hear_music_at_the_same_place(rig: Rig, tmp_path: Path) -> None:
    sweep = np.sin(np.cumsum(np.linspace(0.1, 2.4, 16000))) * 6000
    write_wav(tmp_path / "m.wav", sweep.astype(np.int16))
    one = rig.phone("PCMU")
    rig.tell(words.Music(one.leg, str(tmp_path / "m.wav")))
    rig.run(0.4)
    two = rig.phone("PCMU")
    rig.tell(words.Music(two.leg, str(tmp_path / "m.wav")))
    rig.run(0.4)
    assert two.payloads()[-8:-2] == one.payloads()[-8:-2] or set(two.payloads()[-5:]) & set(one.payloads()[-8:])


@pytest.mark.acceptance("Y-2")
@pytest.mark.parametrize("codec", ["PCMA", "G722", "OPUS"])
def test_keys_are_understood_as_tones_once_each(rig: Rig, codec: str) -> None:
    phone = rig.phone(codec, events=False)
    for key in "15#99D":
        phone.says(key_tone(key))
    rig.run(1.6)
    assert phone.digits() == "15#99D"


@pytest.mark.acceptance("Y-2")
def test_keys_sent_in_two_ways_come_once(rig: Rig) -> None:
    phone = rig.phone()
    for key in "1155#":
        phone.presses(key)
        rig.run(0.16)
        phone.says(key_tone(key))
        rig.tell(words.KeyByInfo(phone.leg, key))
        rig.run(0.26)
    rig.run(0.2)
    assert phone.digits() == "1155#"


@pytest.mark.acceptance("Y-2")
def test_keys_by_info_with_their_tones_come_once(rig: Rig) -> None:
    phone = rig.phone(events=False)
    for key in "1159":
        phone.says(key_tone(key))
        rig.run(0.3)
        rig.tell(words.KeyByInfo(phone.leg, key))
        rig.run(0.1)
    assert phone.digits() == "1159"


def test_speech_is_no_key(rig: Rig, tmp_path: Path) -> None:
    phone = rig.phone()
    speech = next(Path("/usr/share/asterisk/sounds/es_MX_f_Allison").glob("vm-nobodyavail.wav"))
    phone.says(read_wav(speech))
    rig.run(3.5)
    assert phone.digits() == ""


@pytest.mark.parametrize("codec", EVERY_CODEC)
def test_a_recording_is_what_was_said_without_the_silence_that_ended_it(rig: Rig, codec: str, tmp_path: Path) -> None:
    phone, path = rig.phone(codec), tmp_path / "message.wav"
    rig.tell(words.Record(phone.leg, 4, str(path), 60, 1.0, 0.5, False, "#"))
    phone.says(np.concatenate((tone(600, 1.5, -18), tones.pause(2))))
    done = rig.recorded(phone)
    assert (done.token, done.why, done.path) == (4, "silence", str(path))
    pcm = read_wav(path)
    assert len(pcm) / 8000 == pytest.approx(done.seconds, abs=0.001)
    assert 1.6 < done.seconds < 2.2
    assert tone_level(pcm[2400:10400], 600) == pytest.approx(-18, abs=1.5)
    assert list(tmp_path.glob(".*.part")) == []


def test_a_recording_begins_after_its_beep_and_ends_by_its_key_which_nobody_else_gets(rig: Rig, tmp_path: Path) -> None:
    phone, path = rig.phone(), tmp_path / "m.wav"
    rig.tell(words.Record(phone.leg, 1, str(path), 60, 0, 0.2, True, "#"))
    phone.says(tone(900, 2.0, -18))
    rig.run(1.4)
    assert max(tone_level(phone.heard()[n : n + 2000], 1400) for n in range(800, 5000, 400)) > -21
    phone.presses("5")
    rig.run(0.3)
    phone.presses("#")
    done = rig.recorded(phone)
    assert (done.why, done.key, phone.digits()) == ("digit", "#", "5")
    assert done.seconds < 1.6


def test_a_recording_has_a_limit_a_least_length_and_outlives_its_caller(rig: Rig, tmp_path: Path) -> None:
    phone = rig.phone()
    phone.says(tone(600, 4, -18))
    rig.tell(words.Record(phone.leg, 1, str(tmp_path / "a.wav"), 0.6, 5, 0.1, False, "#"))
    assert rig.recorded(phone).why == "limit"
    rig.tell(words.Record(phone.leg, 2, str(tmp_path / "b.wav"), 60, 5, 5.0, False, "#"))
    rig.run(0.3)
    rig.tell(words.StopRecording(phone.leg))
    short = rig.recorded(phone)
    assert (short.path, short.why, (tmp_path / "b.wav").exists()) == ("", "stopped", False)
    rig.tell(words.Record(phone.leg, 3, str(tmp_path / "c.wav"), 60, 5, 0.1, False, "#"))
    rig.run(0.5)
    rig.tell(words.CloseLeg(phone.leg))
    left = rig.recorded(phone)
    assert (left.why, left.path) == ("left", str(tmp_path / "c.wav"))
    assert read_wav(tmp_path / "c.wav").size
    assert sorted(p.name for p in tmp_path.glob("*.wav")) == ["a.wav", "c.wav"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_a_disk_that_fills_ends_the_recording_and_keeps_what_it_has(rig: Rig, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(small)], check=True)
    try:
        phone = rig.phone()
        phone.says(tone(600, 4, -18))
        rig.tell(words.Record(phone.leg, 1, str(small / "m.wav"), 60, 5, 0.5, False, "#"))
        done = rig.recorded(phone)
        assert (done.why, done.path) == ("disk", str(small / "m.wav"))
        with wave.open(done.path) as kept:
            assert kept.getnframes() / 8000 == pytest.approx(done.seconds, abs=0.001)
            assert done.seconds > 0.9
        rig.tell(words.Record(phone.leg, 2, str(tmp_path / "nowhere" / "m.wav"), 60, 5, 0.5, False, "#"))
        lost = rig.recorded(phone)
        assert (lost.why, lost.path) == ("disk", "")
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


@pytest.mark.parametrize("codec", ["PCMA", "OPUS"])
def test_files_from_a_second_on_and_spoken_texts_are_played_and_end(rig: Rig, tmp_path: Path, codec: str) -> None:
    write_wav(tmp_path / "f.wav", np.concatenate((tone(500, 1.0, -18), tone(1000, 0.6, -18))))
    phone = rig.phone(codec)
    sounds = (File(str(tmp_path / "f.wav"), 1.0), File(str(tmp_path / "none.wav")), Text("Uno, dos, tres."))
    rig.tell(words.Play(phone.leg, 9, sounds, "es-MX"))
    rig.run(8, lambda: words.Finished(phone.leg, 9) in phone.said)
    assert words.Finished(phone.leg, 9) in phone.said
    pcm = phone.heard()
    assert tone_level(pcm[:8000], 1000) > -24
    assert tone_level(pcm[:8000], 500) < -40
    assert len(pcm) > 12000


@pytest.mark.parametrize("codecs", [("PCMA", "PCMA"), ("OPUS", "OPUS"), ("PCMU", "G722"), ("OPUS", "PCMA")])
def test_two_legs_bridged_hear_each_other_and_keys_go_through(rig: Rig, codecs: tuple[str, str]) -> None:
    one, two = (rig.phone(codec) for codec in codecs)
    rig.tell(words.Bridge(one.leg, two.leg))
    one.says(tone(600, 2.0, -18))
    two.says(tone(1300, 1.2, -18))
    rig.run(1.1)
    assert level(one, 1300, 0.3) == pytest.approx(-18, abs=2.5)
    assert level(two, 600, 0.3) == pytest.approx(-18, abs=2.5)
    rig.tell(words.KeyByInfo(two.leg, "7"))
    rig.run(0.3)
    two.presses("8")
    rig.run(0.4)
    assert two.digits() == "78"
    events = [data[12] for _, data in one.packets if data[1] & 0x7F == 101]
    assert events == [7] * 7 + [8] * 7
    rig.tell(words.CloseLeg(two.leg))
    rig.run(0.4)
    assert level(one, 1300, 0.2) < -50


def holding(terms: words.Terms) -> words.Terms:
    return replace(terms, sends=False, hears=False)


def test_who_holds_is_silent_in_a_room_and_its_music_goes_to_a_party_that_it_is_bridged_to(rig: Rig) -> None:
    held, other, third = (rig.phone(codec) for codec in ("PCMU", "PCMA", "G722"))
    for phone in (held, other, third):
        rig.tell(words.Mix(phone.leg, "room", True, None))
    held.says(tone(600, 9.0, -18))
    third.says(tone(1300, 9.0, -18))
    rig.run(0.8)
    assert level(other, 600, 0.3) == pytest.approx(-22, abs=5)
    rig.tell(words.ChangeLeg(held.leg, holding(held.terms)))
    rig.run(0.8)
    assert level(other, 600) < -45
    assert level(other, 1300) > -24
    rig.tell(words.Bridge(held.leg, other.leg))
    rig.run(0.8)
    assert level(other, 600, 0.3) == pytest.approx(-18, abs=2.5), "who is put through hears the music"
    for phone in (held, other):
        rig.tell(words.Mix(phone.leg, "room", True, None))
    rig.tell(words.ChangeLeg(held.leg, held.terms))
    rig.run(0.8)
    assert level(other, 600, 0.3) == pytest.approx(-22, abs=5), "he is back"


def test_a_recording_waits_while_who_is_recorded_holds_and_its_limit_does_not(rig: Rig, tmp_path: Path) -> None:
    phone = rig.phone()
    rig.tell(words.Record(phone.leg, 1, str(tmp_path / "a.wav"), 60, 0.6, 0.1, False, "#"))
    phone.says(np.concatenate((tone(600, 0.8, -18), tone(1750, 1.0, -18), tone(600, 0.8, -18), tones.pause(2))))
    rig.run(0.8)
    rig.tell(words.ChangeLeg(phone.leg, holding(phone.terms)))
    rig.run(1.0)
    rig.tell(words.ChangeLeg(phone.leg, phone.terms))
    done = rig.recorded(phone)
    assert done.why == "silence"
    assert 1.4 < done.seconds < 2.1
    pcm = read_wav(tmp_path / "a.wav")
    parts = [pcm[n : n + 800] for n in range(0, len(pcm) - 799, 400)]
    assert sum(tone_level(part, 600) > -24 for part in parts) > 24
    assert sum(tone_level(part, 1750) > -35 for part in parts) <= 2, "less than a tenth of a second, at the seams"
    rig.tell(words.ChangeLeg(phone.leg, holding(phone.terms)))
    rig.tell(words.Record(phone.leg, 2, str(tmp_path / "b.wav"), 0.6, 0, 0.1, False, "#"))
    limit = rig.recorded(phone)
    assert (limit.why, limit.path) == ("limit", "")


def test_who_said_that_it_sends_and_does_not_is_let_go_and_a_listener_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone that mutes by re-INVITE says recvonly, and sends nothing for as long as it likes."""
    monkeypatch.setattr(engine_module, "SILENT_TICKS", 60)
    with Rig(tmp_path, random.randrange(21000, 29000, 800)) as rig:
        dead, listener = rig.phone(), rig.phone()
        rig.tell(words.ChangeLeg(listener.leg, replace(listener.terms, hears=False)))
        rig.run(3, lambda: dead.said)
        assert [type(word) for word in dead.said] == [words.CallerSilent]
        rig.run(0.6)
        assert listener.said == []
        assert len(listener.packets) > 50, "it goes on hearing"
        rig.tell(words.ChangeLeg(listener.leg, listener.terms))
        rig.run(3, lambda: listener.said)
        assert [type(word) for word in listener.said] == [words.CallerSilent], "it takes its microphone back, and dies"


def test_five_in_a_hundred_lost_and_sixty_milliseconds_of_jitter_stay_intelligible(rig: Rig) -> None:
    """The envelope of a spoken sentence through such a network is like the one through a good network."""
    speech = read_wav(Path("/usr/share/asterisk/sounds/es_MX_f_Allison/vm-nobodyavail.wav"))
    speech = np.concatenate((tones.pause(0.3), speech, speech))
    ears: dict[str, list[Phone]] = {}
    for codec in EVERY_CODEC:
        for phone in (rig.phone(codec), rig.phone(codec, loss=0.05, jitter_ms=60)):
            ear = rig.phone("PCMA")
            for leg in (phone, ear):
                rig.tell(words.Mix(leg.leg, f"room {phone.leg}", True, None))
            phone.says(speech)
            ears.setdefault(codec, []).append(ear)
    rig.run(len(speech) / 8000 + 0.4)
    for codec, (clean, bad) in ears.items():
        assert _likeness(clean.heard(), bad.heard()) > 0.85, codec


def _likeness(clean: Pcm, bad: Pcm) -> float:
    """How alike two envelopes are, by stretches, the second one led after the first where its delay moved."""
    scores = []
    window = 25
    a, b = (np.sqrt((x[: len(x) // 160 * 160].reshape(-1, 160).astype(float) ** 2).mean(axis=1)) for x in (clean, bad))
    for start in range(20, min(len(a), len(b)) - window - 12, window):
        piece = a[start : start + window]
        if piece.max() < 500:
            continue
        best = max(
            float(np.corrcoef(np.log(piece + 30), np.log(b[start + d : start + d + window] + 30))[0, 1])
            for d in range(-10, 12)
        )
        scores.append(best)
    return float(np.median(scores))


def test_repeated_and_huge_packets_and_a_stranger_change_nothing(rig: Rig) -> None:
    phone, ear = rig.phone("PCMA", twice=1.0), rig.phone("PCMA")
    for each in (phone, ear):
        rig.tell(words.Mix(each.leg, "room", True, None))
    phone.says(tone(700, 2.0, -18))
    for n in range(60):
        phone.socket.sendto(os.urandom(1200 + n), ("127.0.0.1", phone.port))
    rig.run(1.6)
    assert level(ear, 700) == pytest.approx(-18, abs=1.5)


def test_when_all_have_left_no_port_is_held(rig: Rig) -> None:
    phones = [rig.phone() for _ in range(20)]
    for phone in phones:
        rig.tell(words.Mix(phone.leg, "room", True, ""))
        rig.tell(words.CloseLeg(phone.leg))
    rig.run(0.6)
    assert all(any(isinstance(w, words.LegClosed) for w in phone.said) for phone in phones)
    held = {int(row.split()[1].split(":")[1], 16) for row in Path("/proc/net/udp").read_text().splitlines()[1:]}
    assert not held & {phone.port for phone in phones}
