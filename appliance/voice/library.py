"""Finds the audio of what is to be played: cues from the shelf at once, files and spoken texts by a thread of its own.

What recurs (recordings, texts, music) is kept; a file given by path is read anew each time.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from appliance.settings import Settings
from appliance.voice import synthesis, tones
from appliance.voice.codecs import LAWS, RATE_HZ, Pcm
from appliance.voice.prompts import Shelf, read_wav
from appliance.voice.sentences import CUES
from appliance.voice.sounds import MAX_SOUNDS, MAX_TEXT, File, Pause, Recording, Sound, Text
from appliance.voice.sources import Loading, Stream
from appliance.voice.tracks import Track

log = logging.getLogger("conserje.voice.library")

KEPT_TRACKS = 300
LONGEST_FILE_S = 7200
MAX_PAUSE_S = 10.0
_SILENT = 33
"""Samples within it are the silence at a track's ends (-60 dBFS), which a loop leaves out."""
_THREADS = 2


class Library:
    """`tick` counts the engine's ticks: music goes on whether heard or not. For the clock's thread alone."""

    def __init__(self, settings: Settings, shelf: Shelf, tick: Callable[[], int]) -> None:
        self._shelf = shelf
        self._texts = synthesis.texts_dir(settings)
        self._default = settings.paths.hold_music
        self._tick = tick
        self._kept: OrderedDict[tuple[str, str], Loading] = OrderedDict()
        self._streams: dict[tuple[str, int], Stream] = {}
        self._threads = ThreadPoolExecutor(_THREADS, "library")

    def parts(self, sounds: tuple[Sound, ...], language: str) -> tuple[Loading | Track, ...]:
        """What a Playlist is made of."""
        return tuple(self._part(sound, language) for sound in sounds[:MAX_SOUNDS])

    def music(self, path: str) -> Stream:
        """The stream of a track; a file that has been replaced is another track."""
        file = Path(path) if path else self._default
        try:
            changed = file.stat().st_mtime_ns
        except OSError:
            file, changed = self._default, 0
        stream = self._streams.get((str(file), changed))
        if stream is None:
            for old in [key for key in self._streams if key[0] == str(file)]:
                del self._streams[old]
            stream = Stream(self._load(lambda: _looped(read_wav(file)), file.name, loop=True), self._tick)
            self._streams[str(file), changed] = stream
        return stream

    def _part(self, sound: Sound, language: str) -> Loading | Track:
        match sound:
            case str():
                return self._cue(sound, language) if sound in CUES else Track(tones.pause(0))
            case Pause():
                return Track(tones.pause(min(max(sound.seconds, 0.0), MAX_PAUSE_S)))
            case Recording():
                return self._kept_or(("recording", f"{language}/{sound.name}"), lambda: self._recorded(sound, language))
            case Text():
                words = sound.words[:MAX_TEXT]
                return self._kept_or(("text", f"{language}/{words}"), lambda: self._spoken(words, language))
            case File():
                return self._load(lambda: _from(read_wav(Path(sound.path)), sound.from_s), sound.path)

    def _cue(self, cue: str, language: str) -> Loading | Track:
        """The shelf keeps it once it is read, unless it is a stand-in for what is not made yet."""
        return self._shelf.ready(cue, language) or self._load(lambda: self._shelf.pcm(cue, language), cue)

    def _kept_or(self, key: tuple[str, str], read: Callable[[], Pcm | None]) -> Loading:
        known = self._kept.get(key)
        if known is not None and not (known.done and known.track is None):
            self._kept.move_to_end(key)
            return known
        self._kept[key] = loading = self._load(read, key[1])
        if len(self._kept) > KEPT_TRACKS:
            self._kept.popitem(last=False)
        return loading

    def _load(self, read: Callable[[], Pcm | None], name: str, loop: bool = False) -> Loading:
        loading = Loading()

        def work() -> None:
            track: Track | None = None
            try:
                pcm = read()
                if pcm is None:
                    log.warning("%s cannot be played: not there, or no mono 16-bit 8 kHz WAV", name)
                else:
                    track = Track(pcm[: LONGEST_FILE_S * RATE_HZ], loop)
                    for law in LAWS.values():
                        track.prepare(law)
            finally:
                loading.finish(track)

        self._threads.submit(work)
        return loading

    def _recorded(self, sound: Recording, language: str) -> Pcm | None:
        return self._shelf.recording(sound.name, language)

    def _spoken(self, text: str, language: str) -> Pcm | None:
        return self._shelf.spoken(synthesis.text_path(self._texts, text, language), text, language)


def _from(pcm: Pcm | None, seconds: float) -> Pcm | None:
    return None if pcm is None else pcm[int(max(0.0, seconds) * RATE_HZ) :]


def _looped(pcm: Pcm | None) -> Pcm | None:
    """Without the silence at both ends: it would be heard as a gap each time round."""
    if pcm is None:
        return None
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > _SILENT)
    return pcm[loud[0] : loud[-1] + 1] if len(loud) else pcm
