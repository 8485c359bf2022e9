"""Announcements as audio: complete in both languages, levelled, and never silent, whatever file is missing."""

import math
import os
import wave
from pathlib import Path

import numpy as np
import pytest

from appliance.settings import Paths, Settings
from appliance.vocabulary import Announcement, Cue
from appliance.voice import synthesis
from appliance.voice.codecs import LAWS, PCMA, Pcm
from appliance.voice.menu_sentences import CONFIRMATIONS, MENU_SENTENCES, Say
from appliance.voice.prompts import SPEECH_DBFS, Shelf, check, levelled
from appliance.voice.sentences import ANNOUNCEMENTS, BEEP, CUES, LANGUAGES, SENTENCES, Lead, language_of
from tests.lab.audio import HEARD, heard, loudness, read_wav, tone, tone_level

SOUNDS = Settings().paths.sounds_dir
CASES = [(a, la) for a in SENTENCES for la in LANGUAGES]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthesised sentences, made once."""
    directory = tmp_path_factory.mktemp("sentences")
    assert synthesis.make_all(directory) == 0
    return directory


@pytest.fixture(scope="module")
def shelf(made: Path) -> Shelf:
    return Shelf(SOUNDS, made)


def active_level(pcm: Pcm) -> float:
    frames = pcm[: len(pcm) // 160 * 160].reshape(-1, 160)
    loud = [f for f in frames if loudness(f) > -40]
    return loudness(np.concatenate(loud))


def test_every_announcement_has_words_in_both_languages() -> None:
    assert set(ANNOUNCEMENTS) == set(Announcement)
    assert set(CONFIRMATIONS) == set(Cue)
    assert set(MENU_SENTENCES) == set(Say)
    assert len(SENTENCES) == len(Announcement) + len(Cue) + len(Say), "two sentences have one cue"
    for announcement, language in CASES:
        text = SENTENCES[announcement].spoken(language).text
        assert text.endswith("."), (announcement, language)


def test_nothing_is_missing_where_the_packages_are_installed(shelf: Shelf) -> None:
    assert shelf.missing() == ()


@pytest.mark.parametrize(("announcement", "language"), CASES)
def test_each_is_heard_at_the_level_of_all(shelf: Shelf, announcement: str, language: str) -> None:
    words = shelf.words(announcement, language)
    assert words is not None
    assert 0.5 < len(words) / 8000 < 20
    assert active_level(words) == pytest.approx(SPEECH_DBFS, abs=2.5)
    assert heard(words, shelf.pcm(announcement, language)) > 0.99


@pytest.mark.parametrize(("announcement", "language"), CASES)
def test_the_network_s_faults_begin_with_the_three_tones(shelf: Shelf, announcement: str, language: str) -> None:
    start = shelf.pcm(announcement, language)[1600:]
    tones = [tone_level(start[n * 2640 : (n + 1) * 2640], hz) > -21 for n, hz in enumerate((950, 1400, 1800))]
    assert all(tones) is (SENTENCES[announcement].lead is Lead.SPECIAL_INFORMATION)


def test_all_cues_are_whole_frames_in_every_codec(shelf: Shelf) -> None:
    shelf.load("es-MX")
    for cue in CUES:
        for codec in LAWS.values():
            data = shelf.encoded(cue, "es-MX", codec)
            assert data
            assert len(data) % 160 == 0
            assert shelf.encoded(cue, "es-MX", codec) is data


def test_an_unknown_cue_is_an_error(shelf: Shelf) -> None:
    with pytest.raises(ValueError):
        shelf.pcm("no-such-thing", "en")


def test_without_any_file_every_announcement_is_still_a_sound_and_each_lack_is_named(tmp_path: Path) -> None:
    settings = Settings(paths=Paths(state_dir=tmp_path, sounds_dir=tmp_path))
    bare = Shelf.of(settings)
    for announcement, language in CASES:
        assert loudness(bare.pcm(announcement, language)) > -30
        assert not math.isinf(loudness(PCMA.decode(bytes(bare.encoded(announcement, language, PCMA)))))
    problems = check(settings)
    text = " ".join(p.text("es-MX") for p in problems)
    assert all(a.value in text for a in Announcement)
    assert "asterisk-core-sounds-es-wav" in text
    assert "ss-noservice.wav" in text


def test_until_a_sentence_is_made_a_tone_and_the_nearest_recording_stand_in_then_it_is_heard(
    tmp_path: Path, shelf: Shelf
) -> None:
    young = Shelf(SOUNDS, tmp_path)
    before = young.pcm("no-answer", "es-MX")
    nearest = shelf.words(Announcement.NOT_AVAILABLE, "es-MX")
    proper = shelf.words(Announcement.NO_ANSWER, "es-MX")
    assert nearest is not None
    assert proper is not None
    assert heard(nearest, before) > HEARD
    assert synthesis.make_all(tmp_path) == 0
    assert heard(proper, young.pcm("no-answer", "es-MX")) > HEARD


def test_a_broken_recording_is_as_good_as_none(tmp_path: Path) -> None:
    directory = tmp_path / "es_MX_f_Allison"
    directory.mkdir()
    (directory / "pbx-invalid.wav").write_bytes(b"RIFF nonsense")
    with wave.open(str(directory / "ss-noservice.wav"), "wb") as stereo:
        stereo.setparams((2, 2, 44100, 0, "NONE", ""))
        stereo.writeframes(b"\0" * 400)
    shelf = Shelf(tmp_path, tmp_path)
    assert shelf.words(Announcement.NO_SUCH_EXTENSION, "es-MX") is None
    assert shelf.words(Announcement.NUMBER_NOT_IN_SERVICE, "es-MX") is None


def test_old_sentences_are_removed_and_made_ones_kept(made: Path) -> None:
    old = made / "busy.es-MX.000000000000.wav"
    old.write_bytes(b"")
    kept = {p: p.stat().st_mtime_ns for p in made.glob("*.wav") if p != old}
    assert synthesis.make_all(made) == 0
    assert {p: p.stat().st_mtime_ns for p in made.glob("*.wav")} == kept


def test_a_machine_without_espeak_says_so_and_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert not synthesis.make("hola", "es-MX", tmp_path / "x.wav")
    assert list(tmp_path.iterdir()) == []


PIPER_STAND_IN = """#!/usr/bin/python3
import math, struct, sys, wave
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert sys.stdin.read().strip()
if open(words["--model"], "rb").read() == b"broken":
    sys.exit("not a model")
with wave.open(words["--output_file"], "wb") as out:
    out.setparams((1, 2, 22050, 0, "NONE", ""))
    out.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(n * 700 * math.tau / 22050))) for n in range(22050)))
"""


def test_a_voice_of_pipers_speaks_where_the_operator_has_put_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Piper's models are on no package registry: what is run is a program with its command line."""
    sentences, models, commands = (tmp_path / name for name in ("sentences", "piper", "bin"))
    for folder in (sentences, models, commands):
        folder.mkdir()
    before = synthesis.text_path(sentences, "hola", "es-MX")
    (models / "es-MX.onnx").write_bytes(b"model")
    assert synthesis.text_path(sentences, "hola", "es-MX") == before  # without the command it is of no use
    piper = commands / "piper"
    piper.write_text(PIPER_STAND_IN)
    piper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    path = synthesis.text_path(sentences, "hola", "es-MX")
    assert path != before
    assert synthesis.make_text("hola", "es-MX", path)
    assert tone_level(read_wav(path), 700) > -12
    assert synthesis.speaker_of(sentences, "en").model is None

    (models / "es-MX.onnx").write_bytes(b"broken")
    again = synthesis.text_path(sentences, "hola", "es-MX")
    assert again != path
    assert synthesis.make_text("hola", "es-MX", again)
    assert tone_level(read_wav(again), 700) < -20  # espeak-ng's


def test_levelling_neither_clips_nor_lifts_silence() -> None:
    assert loudness(levelled(tone(440, 1, -40.5))) == pytest.approx(-40.5, abs=0.2)
    assert loudness(levelled(tone(440, 1, -35))) == pytest.approx(SPEECH_DBFS, abs=0.2)
    click = np.zeros(8000, np.int16)
    click[::800] = 30000
    assert np.abs(levelled(click)).max() <= 32000


def test_languages() -> None:
    tags = {"": "es-MX", "es": "es-MX", "es-MX": "es-MX", "ES-419": "es-MX", "en": "en", "en-US": "en", "fr": "en"}
    assert {tag: language_of(tag) for tag in tags} == tags
    assert BEEP in CUES
