"""Sentences that no recording has, spoken by a program into WAV files under the state directory, ahead of any call.

The program is espeak-ng; where the operator has put a voice of Piper's for a language (`voice/piper/es-MX.onnx` and its
`.json`) and installed its command, it is Piper. Runs in a process of its own beside voice, at low priority. A file's
name holds a digest of text and speaker: changed text, or another voice, makes a new file and the old one is removed.
"""

import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
import wave
from dataclasses import dataclass
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
PIPER = "piper"
"""The command, and the folder of its models. Not linked and not shipped: its licence is the GPL."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks a language here. `identity` stands in the names of what it spoke; `model`: Piper's, or None."""

    identity: str
    voice: str
    pace: int
    model: Path | None = None

    def command(self, path: Path) -> list[str]:
        """Speaks its standard input into `path`."""
        if self.model is not None:
            return [PIPER, "--model", str(self.model), "--output_file", str(path)]
        return ["espeak-ng", "-v", self.voice, "-s", str(self.pace), "-w", str(path), "--stdin"]


def speaker_of(directory: Path, language: str) -> Speaker:
    """`directory`: a folder of what was spoken, beside which models stand."""
    voice, pace = VOICES.get(language, VOICES[SPANISH])
    plain = Speaker(f"{voice}|{pace}", voice, pace)
    model = directory.parent / PIPER / f"{language}.onnx"
    try:
        found = model.stat()
    except OSError:
        return plain
    if shutil.which(PIPER) is None:
        return plain
    return Speaker(f"{PIPER}|{found.st_size}|{found.st_mtime_ns}", voice, pace, model)


def cache_dir(settings: Settings) -> Path:
    return settings.paths.state_dir / "voice" / "sentences"


def cached_path(directory: Path, cue: str, language: str) -> Path:
    """Where the audio of this sentence is, once made."""
    made_of = f"{SENTENCES[cue].spoken(language).text}|{speaker_of(directory, language).identity}|{_BAND_HZ}"
    return directory / f"{cue}.{language}.{hashlib.sha256(made_of.encode()).hexdigest()[:12]}.wav"


def texts_dir(settings: Settings) -> Path:
    """Of texts that dialogues had spoken (sounds.Text)."""
    return settings.paths.state_dir / "voice" / "texts"


def text_path(directory: Path, text: str, language: str) -> Path:
    """Where the audio of this text is, once made."""
    made_of = f"{text}|{speaker_of(directory, language).identity}|{_BAND_HZ}"
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
    """Speak `text` into `path`, whole or not at all. False, and a line in the log, if no program can.

    What Piper cannot speak, espeak-ng does: a worse voice is better than none.
    """
    speaker = speaker_of(path.parent, language)
    if speaker.model is not None:
        if _made(text, speaker, path):
            return True
        voice, pace = VOICES[language]
        speaker = Speaker("", voice, pace)
    return _made(text, speaker, path)


def _made(text: str, speaker: Speaker, path: Path) -> bool:
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".speaking-") as there:
            raw, ready = Path(there) / "raw.wav", Path(there) / "ready.wav"
            subprocess.run(
                speaker.command(raw), input=text.encode(), check=True, capture_output=True, timeout=_LONGEST_S
            )
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


def _read(path: Path) -> tuple[Pcm, int]:
    with wave.open(str(path)) as wav:
        if (wav.getnchannels(), wav.getsampwidth()) != (1, 2) or not wav.getnframes():
            raise ValueError("no mono 16-bit audio came of it")
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
        raise ValueError("silence came of it")
    voiced = np.flatnonzero(np.abs(out) > loud * 0.01)
    out = out[voiced[0] : voiced[-1] + 1] * (16000 / loud)
    return np.asarray(out, np.int16)


def _write(path: Path, pcm: Pcm) -> None:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(pcm.astype("<i2").tobytes())
