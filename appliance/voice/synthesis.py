"""Sentences that no recording has, spoken by espeak-ng into WAV files under the state directory, ahead of any call.

Runs in a process of its own beside voice, at low priority. A file's name holds a digest of text and voice: changed text
makes a new file and the old one is removed.
"""

import hashlib
import logging
import os
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

from appliance.settings import Settings
from appliance.voice.codecs import RATE_HZ, Pcm
from appliance.voice.sentences import LANGUAGES, SENTENCES, SPANISH

log = logging.getLogger("conserje.voice.synthesis")

VOICES = {SPANISH: ("es-419", 150), "en": ("en-us", 155)}
"""espeak-ng's voice and words a minute."""
_BAND_HZ = (150.0, 3600.0)
"""What a telephone carries; the rest would only fold back or cost level."""
_LONGEST_S = 20
MAX_TEXTS = 1000


def cache_dir(settings: Settings) -> Path:
    return settings.paths.state_dir / "voice" / "sentences"


def cached_path(directory: Path, cue: str, language: str) -> Path:
    """Where the audio of this sentence is, once made."""
    voice, pace = VOICES[language]
    made_of = f"{SENTENCES[cue].spoken(language).text}|{voice}|{pace}|{_BAND_HZ}"
    return directory / f"{cue}.{language}.{hashlib.sha256(made_of.encode()).hexdigest()[:12]}.wav"


def texts_dir(settings: Settings) -> Path:
    """Of texts that dialogues had spoken (sounds.Text)."""
    return settings.paths.state_dir / "voice" / "texts"


def text_path(directory: Path, text: str, language: str) -> Path:
    """Where the audio of this text is, once made."""
    voice, pace = VOICES.get(language, VOICES[SPANISH])
    made_of = f"{text}|{voice}|{pace}|{_BAND_HZ}"
    return directory / f"{hashlib.sha256(made_of.encode()).hexdigest()[:32]}.wav"


def make_text(text: str, language: str, path: Path) -> bool:
    """As `make`, in a folder that keeps the MAX_TEXTS that were made last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = make(text, language if language in VOICES else SPANISH, path)
    files = list(path.parent.glob("*.wav"))
    if len(files) > MAX_TEXTS:
        for old in sorted(files, key=_made_at)[: len(files) - MAX_TEXTS]:
            old.unlink(missing_ok=True)
    return made


def _made_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def make_all(directory: Path) -> int:
    """Make what is missing, remove what no sentence uses; returns how many could not be made."""
    directory.mkdir(parents=True, exist_ok=True)
    failed, used = 0, set()
    for cue, sentence in SENTENCES.items():
        for language in LANGUAGES:
            if sentence.spoken(language).recordings:
                continue
            path = cached_path(directory, cue, language)
            used.add(path)
            if not path.exists():
                failed += not make(sentence.spoken(language).text, language, path)
    for old in set(directory.glob("*.wav")) - used:
        old.unlink(missing_ok=True)
    return failed


def make(text: str, language: str, path: Path) -> bool:
    """Speak `text` into `path`, whole or not at all. False, and a line in the log, if espeak-ng is missing or fails."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".speaking-") as there:
            raw, ready = Path(there) / "raw.wav", Path(there) / "ready.wav"
            _speak(text, language, raw)
            _write(ready, _telephone_band(*_read(raw)))
            ready.chmod(0o644)
            ready.replace(path)
    except (OSError, subprocess.SubprocessError, wave.Error, EOFError, ValueError) as problem:
        log.warning("cannot synthesise %s: %s", path.name, problem)
        return False
    return True


def run(directory: Path) -> None:
    """The whole life of the process: give way to everything else, make all, end."""
    os.nice(19)
    failed = make_all(directory)
    log.info("sentences ready" if not failed else f"{failed} sentences could not be synthesised")


def _speak(text: str, language: str, path: Path) -> None:
    voice, pace = VOICES[language]
    command = ["espeak-ng", "-v", voice, "-s", str(pace), "-w", str(path), "--stdin"]
    subprocess.run(command, input=text.encode(), check=True, capture_output=True, timeout=_LONGEST_S)


def _read(path: Path) -> tuple[Pcm, int]:
    with wave.open(str(path)) as wav:
        if (wav.getnchannels(), wav.getsampwidth()) != (1, 2) or not wav.getnframes():
            raise ValueError("espeak-ng gave no mono 16-bit audio")
        return np.frombuffer(wav.readframes(wav.getnframes()), np.int16), wav.getframerate()


def _telephone_band(pcm: Pcm, rate: int) -> Pcm:
    """Resampled to 8 kHz by cutting the spectrum, of the whole sentence at once, to the telephone band."""
    spectrum = np.fft.rfft(pcm.astype(np.float64))
    frequencies = np.fft.rfftfreq(len(pcm), 1 / rate)
    spectrum[(frequencies < _BAND_HZ[0]) | (frequencies > _BAND_HZ[1])] = 0
    n = len(pcm) * RATE_HZ // rate
    out = np.fft.irfft(spectrum[: n // 2 + 1], n) * (n / len(pcm))
    loud = np.max(np.abs(out))
    if loud < 1:
        raise ValueError("espeak-ng gave silence")
    voiced = np.flatnonzero(np.abs(out) > loud * 0.01)
    out = out[voiced[0] : voiced[-1] + 1] * (16000 / loud)
    return np.asarray(out, np.int16)


def _write(path: Path, pcm: Pcm) -> None:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(pcm.astype("<i2").tobytes())
