"""What a leg sends: things that give one encoded 20 ms frame a tick. Prompts are encoded ahead, so a frame is a slice.

A room's mixer, music and a mailbox's playback will be further Sources.
"""

from typing import Protocol

from appliance.voice.codecs import FRAME_BYTES, Codec
from appliance.voice.jitter import JitterBuffer


class Source(Protocol):
    def frame(self) -> bytes | memoryview | None:
        """The next FRAME_BYTES, or None: it has ended."""


class Comfort:
    """The sound of a live line, for ever."""

    __slots__ = ("_at", "_audio")

    def __init__(self, codec: Codec) -> None:
        self._audio = memoryview(codec.comfort)
        self._at = 0

    def frame(self) -> memoryview:
        at = self._at
        self._at = (at + FRAME_BYTES) % len(self._audio)
        return self._audio[at : at + FRAME_BYTES]


class Playlist:
    """Encoded prompts, each whole frames, one after the other without a gap."""

    __slots__ = ("_at", "_prompt", "_prompts")

    def __init__(self, prompts: tuple[bytes, ...]) -> None:
        self._prompts = tuple(memoryview(p) for p in prompts if p)
        self._prompt = 0
        self._at = 0

    def frame(self) -> memoryview | None:
        if self._prompt >= len(self._prompts):
            return None
        audio, at = self._prompts[self._prompt], self._at
        self._at += FRAME_BYTES
        if self._at >= len(audio):
            self._prompt, self._at = self._prompt + 1, 0
        return audio[at : at + FRAME_BYTES]


class Reflection:
    """The caller's own audio, as evened out by `buffer`; comfort where none has come. For ever."""

    __slots__ = ("_comfort", "buffer")

    def __init__(self, codec: Codec) -> None:
        self.buffer = JitterBuffer()
        self._comfort = Comfort(codec)

    def frame(self) -> bytes | memoryview:
        return self.buffer.frame() or self._comfort.frame()
