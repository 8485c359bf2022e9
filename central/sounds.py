"""What people upload as a greeting or music, made into the one form that buildings play: WAV, 16-bit mono, 8 kHz.

ffmpeg does it, in a process that may read one file, write one file, and take so much time; nothing of what was uploaded
is trusted, its name least of all.
"""

import hashlib
import io
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

from central.errors import InputProblem, Problem, Words

RATE_HZ = 8_000
MAX_UPLOAD = 30 * 1024 * 1024
MAX_SOUND_S = 600
CONVERT_S = 60.0
FIELD = "file"


class NoConverter(Problem):
    """This machine lacks ffmpeg."""

    code = "no_converter"
    status = 503


@dataclass(frozen=True, slots=True)
class Converted:
    content: bytes
    sha256: str
    duration_ms: int


def convert(upload: bytes, max_s: int = MAX_SOUND_S) -> Converted:
    """The sound of an uploaded file: WAV, MP3, OGG, what ffmpeg reads. Raises InputProblem with the reason."""
    if not upload:
        raise InputProblem(FIELD, Words("The file is empty.", "El archivo está vacío."))
    if len(upload) > MAX_UPLOAD:
        most = MAX_UPLOAD // 1024 // 1024
        raise InputProblem(FIELD, Words(f"The file is larger than {most} MB.", f"El archivo pesa más de {most} MB."))
    with tempfile.TemporaryDirectory(prefix="conserje-sound-") as folder:
        source, made = Path(folder, "upload"), Path(folder, "sound.wav")
        source.write_bytes(upload)
        _run(source, made, max_s)
        content = made.read_bytes()
        with wave.open(str(made)) as sound:
            frames = sound.getnframes()
    if frames == 0:
        raise _not_sound()
    if frames > max_s * RATE_HZ:
        raise InputProblem(
            FIELD,
            Words(f"It is longer than {max_s // 60} minutes.", f"Dura más de {max_s // 60} minutos."),
            Words("Shorten it and upload it again.", "Recórtelo y súbalo de nuevo."),
        )
    return Converted(content, hashlib.sha256(content).hexdigest(), frames * 1000 // RATE_HZ)


def recorded(content: bytes, max_s: int = MAX_SOUND_S) -> Converted:
    """What a building recorded, which is of that form already. Raises InputProblem where it is not."""
    try:
        with wave.open(io.BytesIO(content)) as sound:
            form, frames = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()), sound.getnframes()
            whole = len(sound.readframes(frames)) == 2 * frames
    except (wave.Error, EOFError) as broken:
        raise _not_sound() from broken
    if form != (1, 2, RATE_HZ) or not 0 < frames <= max_s * RATE_HZ or not whole:
        raise _not_sound()
    return Converted(content, hashlib.sha256(content).hexdigest(), frames * 1000 // RATE_HZ)


def _run(source: Path, made: Path, max_s: int) -> None:
    arguments = ["ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", str(source)]
    # A second more than allowed: what is too long is told from what just fits, and three hours are not decoded.
    arguments += ["-map", "0:a:0", "-vn", "-t", str(max_s + 1), "-ac", "1", "-ar", str(RATE_HZ)]
    arguments += ["-c:a", "pcm_s16le", "-map_metadata", "-1", "-fflags", "+bitexact", "-f", "wav", str(made)]
    try:
        done = subprocess.run(arguments, capture_output=True, timeout=CONVERT_S, check=False)
    except FileNotFoundError as missing:
        raise NoConverter(
            Words("Sounds cannot be converted here.", "Aquí no se pueden convertir sonidos."),
            Words("Install ffmpeg on the central office.", "Instale ffmpeg en la central."),
        ) from missing
    except subprocess.TimeoutExpired as slow:
        raise _not_sound() from slow
    if done.returncode != 0 or not made.exists():
        raise _not_sound()


def _not_sound() -> InputProblem:
    return InputProblem(
        FIELD,
        Words("That file has no sound that we can read.", "Ese archivo no tiene un sonido que podamos leer."),
        Words("Upload WAV, MP3 or OGG.", "Suba WAV, MP3 u OGG."),
    )
