"""What a leg sends: things that give one encoded 20 ms frame a tick, in whatever codec the leg speaks at that moment.

A foreground (Playlist) ends; a background (comfort, music, the caller's own sound, a room, a bridge) does not.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from appliance.voice.codecs import CODECS, Codec, Encoder, Law, Pcm
from appliance.voice.tracks import Track

Frame = bytes | memoryview
_COMFORT = {codec.name: codec.comfort_frames for codec in CODECS.values()}


class Source(Protocol):
    """A background."""

    def frame(self, codec: Codec) -> Frame | None:
        """This tick's. None: nothing is to be sent by the clock (a bridge that passes packets on)."""


class Comfort:
    """The sound of a live line, for ever."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at = -1

    def frame(self, codec: Codec) -> bytes:
        frames = _COMFORT[codec.name]
        self._at = (self._at + 1) % len(frames)
        return frames[self._at]


class Playlist:
    """Tracks one after the other without a gap. What is not loaded yet is waited for; what cannot be is passed over."""

    __slots__ = ("_at", "_loop", "_parts", "_playing")

    def __init__(self, parts: tuple["Loading | Track", ...], loop: bool = False) -> None:
        self._parts: deque[Loading | Track] = deque(parts)
        self._loop = loop
        self._playing: Track | None = None
        self._at = 0

    def frame(self, codec: Codec) -> Frame | None:
        """None when it has ended. Comfort noise while it waits."""
        while self._playing is None or self._at >= len(self._playing):
            if self._playing is not None and self._loop and not self._parts:
                self._at = 0
                break
            if not self._parts:
                return None
            part = self._parts[0]
            if isinstance(part, Loading):
                if not part.done:
                    return _COMFORT[codec.name][0]
                track = part.track
            else:
                track = part
            self._parts.popleft()
            self._playing, self._at = (track if track is not None and len(track) else None), 0
        self._at += 1
        return self._playing.frame(self._at - 1, codec)


class Loading:
    """A track on its way from the disk. Written once by the librarian's thread, read by the clock's."""

    __slots__ = ("done", "track")

    def __init__(self) -> None:
        self.done = False
        self.track: Track | None = None

    def finish(self, track: Track | None) -> None:
        self.track = track
        self.done = True


class Stream:
    """Music that plays whether or not anybody listens: all hear the same place of it. `tick` counts ticks."""

    __slots__ = ("_loading", "_tick")

    def __init__(self, loading: Loading, tick: Callable[[], int]) -> None:
        self._loading = loading
        self._tick = tick

    @property
    def ready(self) -> bool:
        return self._loading.done

    def frame(self, codec: Codec) -> Frame | None:
        track = self._loading.track
        return track.frame(self._tick() % len(track), codec) if track is not None else None


class Music:
    """A stream as one leg hears it. Until it is loaded the leg goes on hearing what it heard `before`."""

    __slots__ = ("_before", "stream")

    def __init__(self, stream: Stream, before: Source) -> None:
        self.stream = stream
        # A chain of tracks that never load is not to grow.
        self._before: Source | None = before._before if isinstance(before, Music) and before._before else before

    def frame(self, codec: Codec) -> Frame | None:
        if self._before is not None:
            if not self.stream.ready:
                return self._before.frame(codec)
            self._before = None
        return self.stream.frame(codec) or _COMFORT[codec.name][0]


class Reflection:
    """The caller's own sound; comfort where none has come. The engine puts in what was heard at each tick."""

    __slots__ = ("_comfort", "_encoders", "heard")

    def __init__(self) -> None:
        self.heard: Pcm | None = None
        self._comfort = Comfort()
        self._encoders: dict[str, Encoder] = {}

    def frame(self, codec: Codec) -> Frame:
        pcm, self.heard = self.heard, None
        if pcm is None:
            return self._comfort.frame(codec)
        if isinstance(codec, Law):
            return codec.encode(pcm)
        encoder = self._encoders.get(codec.name)
        if encoder is None:
            encoder = self._encoders[codec.name] = codec.encoder()
        return encoder.encode(pcm)


class Hearing(Protocol):
    """A leg, as one that is bridged to it sees it."""

    @property
    def pcm(self) -> Pcm | None:
        """What was heard of it at this tick."""


class Bridged:
    """Another leg's sound: packets go on as they come where codecs are the same, else frames are put in here."""

    __slots__ = ("_comfort", "_encoder", "_encoder_of", "heard", "passing", "peer")

    def __init__(self, peer: Hearing) -> None:
        self.peer = peer
        self.passing = False
        self.heard: Pcm | None = None
        self._comfort = Comfort()
        self._encoder: Encoder | None = None
        self._encoder_of = ""

    def frame(self, codec: Codec) -> Frame | None:
        if self.passing:
            return None
        pcm, self.heard = self.heard, None
        if pcm is None:
            return self._comfort.frame(codec)
        if self._encoder is None or self._encoder_of != codec.name:
            self._encoder, self._encoder_of = codec.encoder(), codec.name
        return self._encoder.encode(pcm)


class Seat:
    """A place in a room. The mixer puts this tick's frame in; alone, music may sound."""

    __slots__ = ("_comfort", "alone", "encoder", "encoder_of", "gain", "heard", "lonely", "out", "room", "speaking")

    def __init__(self, room: str, heard: bool, alone: Music | None) -> None:
        self.room = room
        self.heard = heard
        """Whether the room hears this one."""
        self.alone = alone
        self.lonely = True
        self.out: Frame | None = None
        self.speaking = 0
        """Ticks that its voice is still taken for going on."""
        self.gain = 1.0
        """Of what it hears while it speaks; less than 1 where that would be too loud."""
        self.encoder: Encoder | None = None
        self.encoder_of = ""
        self._comfort = Comfort()

    def frame(self, codec: Codec) -> Frame | None:
        out, self.out = self.out, None
        if out is not None:
            return out
        if self.lonely and self.alone is not None:
            return self.alone.frame(codec)
        return self._comfort.frame(codec)
