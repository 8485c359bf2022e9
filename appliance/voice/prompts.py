"""Announcements as audio: recordings, synthesised sentences and tones, joined, levelled and encoded once a codec.

A missing file never silences a call: a tone and the nearest recording are heard instead, and `check` says what is
missing. Texts are sentences.py's; making the synthesised ones is synthesis.py's, in a process of its own.
"""

import re
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from appliance.errors import Problem, Words
from appliance.settings import Settings
from appliance.voice import synthesis, tones
from appliance.voice.codecs import FRAME_SAMPLES, RATE_HZ, Law, Pcm
from appliance.voice.sentences import (
    BEEP,
    CUES,
    LANGUAGES,
    RINGBACK,
    ROOM_JOINED,
    ROOM_LEFT,
    SENTENCES,
    SPANISH,
    Lead,
    Sentence,
    Spoken,
)
from appliance.voice.synthesis import cache_dir, cached_path
from appliance.voice.tracks import Track

RECORDINGS_DIRS = {SPANISH: "es_MX_f_Allison", "en": "en_US_f_Allison"}
"""Below `paths.sounds_dir`, as Debian's asterisk-core-sounds-es-wav and -en-wav lay them out."""

_NAME = re.compile(r"[a-z0-9_-]{1,60}(/[a-z0-9_-]{1,60})?", re.ASCII)
_LEAD_IN_S = 0.2
"""Silence at the start, while the far end opens its audio path after our 183 or 200."""
_BETWEEN_S = 0.25
_BETWEEN_TIMES_S = 0.7
_TAIL_S = 0.3
_ACTIVE_DBFS = -40.0
SPEECH_DBFS = -19.0
"""What Debian's recordings have, measured over their active parts; all speech is brought to it."""


_TONES: dict[str, Callable[[], Pcm]] = {
    BEEP: lambda: tones.joined(tones.pause(_LEAD_IN_S), tones.beep()),
    RINGBACK: tones.ringback,
    ROOM_JOINED: tones.room_joined,
    ROOM_LEFT: tones.room_left,
}


class PromptProblem(Problem):
    """A recording or a synthesised sentence is not there; its calls hear a tone and the nearest recording."""

    code = "prompt"


class Shelf:
    """The audio of all cues, read at first use and kept. One per process."""

    def __init__(self, sounds_dir: Path, synthesised_dir: Path) -> None:
        self._sounds_dir = sounds_dir
        self._synthesised_dir = synthesised_dir
        self._pcm: dict[tuple[str, str], Pcm] = {}
        self._tracks: dict[tuple[str, str], Track] = {}

    @classmethod
    def of(cls, settings: Settings) -> "Shelf":
        return cls(settings.paths.sounds_dir, cache_dir(settings))

    def load(self, language: str) -> None:
        """Read what is there in one language, so that its calls wait for no disk.

        Encoding takes the clock a tenth of a millisecond when a sentence is first played: few ever are, in few codecs.
        """
        for cue in CUES:
            self.track(cue, language)

    def ready(self, cue: str, language: str) -> Track | None:
        """This cue where nothing is to be read for it any more."""
        return self.track(cue, language) if (cue, language) in self._pcm or cue in _TONES else None

    def track(self, cue: str, language: str) -> Track:
        """This cue, to be shared by all who hear it. ValueError for none of CUES. A stand-in is not kept."""
        known = self._tracks.get((cue, language))
        if known is not None:
            return known
        track = Track(self.pcm(cue, language))
        if (cue, language) in self._pcm:
            self._tracks[cue, language] = track
        return track

    def encoded(self, cue: str, language: str, law: Law) -> memoryview:
        """Whole frames of this cue."""
        return self.track(cue, language).whole(law)

    def recording(self, name: str, language: str) -> Pcm | None:
        """One of the language's recordings by its name, levelled; None where it is not there."""
        if not _NAME.fullmatch(name) or language not in RECORDINGS_DIRS:
            return None
        return self._recorded((name,), language)

    def spoken(self, path: Path, text: str, language: str) -> Pcm | None:
        """`text` as a program says it, levelled; made at `path` if it is not there yet. Takes its time."""
        if not path.exists() and not synthesis.make_text(text, language, path):
            return None
        made = read_wav(path)
        return None if made is None else levelled(made)

    def pcm(self, cue: str, language: str) -> Pcm:
        """The samples that a caller gets to hear, lead and pauses included."""
        kept = self._pcm.get((cue, language))
        if kept is not None:
            return kept
        if cue not in CUES:
            raise ValueError(cue)
        tone = _TONES.get(cue)
        built = tone() if tone else self._proper(cue, language)
        if built is None:
            return self._stand_in(cue, language)
        self._pcm[cue, language] = built
        return built

    def words(self, cue: str, language: str) -> Pcm | None:
        """The spoken words alone, levelled; None where a file is missing or broken."""
        spoken = SENTENCES[cue].spoken(language)
        if spoken.recordings:
            return self._recorded(spoken.recordings, language)
        made = read_wav(cached_path(self._synthesised_dir, cue, language))
        return None if made is None else levelled(made)

    def missing(self) -> tuple[PromptProblem, ...]:
        """What each announcement lacks: recordings always, synthesised sentences until they are made."""
        return tuple(self._lacks())

    def _lacks(self) -> Iterator[PromptProblem]:
        for announcement, sentence in SENTENCES.items():
            for language in LANGUAGES:
                spoken = sentence.spoken(language)
                for name in (*spoken.recordings, *spoken.nearest):
                    if read_wav(self._recording(name, language)) is None:
                        yield _no_recording(announcement, language, self._recording(name, language))
                if (
                    not spoken.recordings
                    and read_wav(cached_path(self._synthesised_dir, announcement, language)) is None
                ):
                    yield _not_made(announcement, language)

    def _proper(self, cue: str, language: str) -> Pcm | None:
        words = self.words(cue, language)
        return None if words is None else _laid_out(SENTENCES[cue], words)

    def _stand_in(self, cue: str, language: str) -> Pcm:
        sentence = SENTENCES[cue]
        nearest = self._recorded(sentence.spoken(language).nearest, language)
        tone = tones.pause(0) if sentence.lead is Lead.SPECIAL_INFORMATION else tones.busy(2)
        return _laid_out(sentence, tone if nearest is None else tones.joined(tone, nearest))

    def _recorded(self, names: tuple[str, ...], language: str) -> Pcm | None:
        parts: list[Pcm] = []
        for name in names:
            part = read_wav(self._recording(name, language))
            if part is None:
                return None
            parts += [tones.pause(_BETWEEN_S), part] if parts else [part]
        return levelled(tones.joined(*parts)) if parts else None

    def _recording(self, name: str, language: str) -> Path:
        return self._sounds_dir / RECORDINGS_DIRS[language] / f"{name}.wav"


def check(settings: Settings) -> tuple[PromptProblem, ...]:
    """For `conserje doctor` and the start of voice: what is missing, each with what to do. Empty when all is there."""
    return Shelf.of(settings).missing()


def spoken_by(spoken: Spoken) -> str:
    """For lists: who speaks it."""
    return " + ".join(spoken.recordings) if spoken.recordings else "espeak-ng"


def levelled(pcm: Pcm) -> Pcm:
    """Brought to SPEECH_DBFS over its active frames; peaks are held below full scale."""
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES).astype(np.float64)
    power = np.mean(frames**2, axis=1) / 32768**2
    active = power[power > 10 ** (_ACTIVE_DBFS / 10)]
    if not len(active):
        return pcm
    gain = 10 ** (SPEECH_DBFS / 20) / np.sqrt(np.mean(active))
    peak = float(np.max(np.abs(pcm.astype(np.int32))))
    return np.asarray(pcm * min(float(gain), 32000 / peak), np.int16)


def _laid_out(sentence: Sentence, words: Pcm) -> Pcm:
    parts = [tones.pause(_LEAD_IN_S)]
    if sentence.lead is Lead.SPECIAL_INFORMATION:
        parts += [tones.special_information(), tones.pause(_BETWEEN_S)]
    for n in range(sentence.times):
        parts += [tones.pause(_BETWEEN_TIMES_S), words] if n else [words]
    return tones.joined(*parts, tones.pause(_TAIL_S))


def read_wav(path: Path) -> Pcm | None:
    """The samples at 8 kHz of a mono, 16-bit WAV file of 8 or 16 kHz; None if it is not there or not such a file."""
    try:
        with wave.open(str(path)) as wav:
            rate = wav.getframerate()
            if (wav.getnchannels(), wav.getsampwidth()) != (1, 2) or rate not in (RATE_HZ, 2 * RATE_HZ):
                return None
            pcm = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
    except (OSError, EOFError, wave.Error):
        return None
    if rate != RATE_HZ and len(pcm):
        pcm = np.asarray(np.clip(np.convolve(pcm, _HALF_BAND, "same")[::2], -32768, 32767), np.int16)
    return pcm if len(pcm) else None


_TAPS = np.arange(-31, 32)
_HALF_BAND = np.sinc(_TAPS * 0.46) * np.hamming(len(_TAPS)) * 0.46
"""A low-pass at 3.7 kHz for 16 kHz: what is above would fold back when every second sample is taken."""


def _no_recording(announcement: str, language: str, path: Path) -> PromptProblem:
    package = "asterisk-core-sounds-es-wav" if language == SPANISH else "asterisk-core-sounds-en-wav"
    return PromptProblem(
        Words(
            f'The recording {path} of "{announcement}" is missing or is not mono 8 kHz WAV.',
            f"La grabación {path} de «{announcement}» falta o no es WAV mono de 8 kHz.",
        ),
        Words(
            f"Install the package {package}; until then callers hear a tone.",
            f"Instale el paquete {package}; mientras tanto se oye un tono.",
        ),
    )


def _not_made(announcement: str, language: str) -> PromptProblem:
    return PromptProblem(
        Words(
            f'The sentence "{announcement}" ({language}) has not been synthesised.',
            f"La frase «{announcement}» ({language}) no se ha sintetizado.",
        ),
        Words(
            "voice makes it when it starts; if this stays, install espeak-ng.",
            "voice la hace al arrancar; si esto no cambia, instale espeak-ng.",
        ),
    )
