"""Rooms: each member hears the sum of all others (N-1), on the 20 ms clock, in numpy.

Only who speaks is mixed; who does not hears the common sum, which is encoded once a codec. A sum that would clip is
turned down at once and comes back slowly, so loud rooms neither wrap nor crackle.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from appliance.voice.codecs import FRAME_BYTES, FRAME_SAMPLES, Codec, Law, Pcm
from appliance.voice.sources import Frame, Seat
from appliance.voice.tracks import Track

Wide = NDArray[np.int32]

SPEECH_PEAK = 160
"""Of a frame that is sound: about -46 dBFS, over the noise of a line."""
HANGOVER_TICKS = 15
"""How long after that a voice is still mixed, so that no word's end is cut."""
CEILING = 31000.0
_RECOVERY = 1.05
"""Of the gain, a tick: 20 dB come back in a second."""
_SLOPE = 24
"""Samples over which a gain changes: 3 ms."""
_RAMP = np.linspace(0.0, 1.0, _SLOPE, dtype=np.float32)


@dataclass(slots=True)
class Member:
    """One leg in a room, at one tick. `pcm` None: nothing came from it. `hears` false: something else sounds there."""

    seat: Seat
    codec: Codec
    pcm: Pcm | None
    peak: int
    hears: bool


@dataclass(slots=True)
class Room:
    """What lasts from tick to tick. `gain` of each seat, 1 where nothing is turned down."""

    gains: dict[int, float] = field(default_factory=dict)
    chimes: list[tuple[Track, int]] = field(default_factory=list)

    def chime(self, track: Track) -> None:
        self.chimes.append((track, 0))

    def mix(self, members: list[Member]) -> None:
        """Put this tick's frame into each seat that hears; none where there is nothing to hear."""
        alone = len(members) == 1
        speakers: list[Member] = []
        for member in members:
            seat = member.seat
            seat.lonely, seat.out = alone, None
            if member.peak >= SPEECH_PEAK:
                seat.speaking = HANGOVER_TICKS
            elif seat.speaking:
                seat.speaking -= 1
            if seat.heard and seat.speaking and member.pcm is not None:
                speakers.append(member)
        extra = self._chime()
        if extra is None and (not speakers or alone):
            return
        rows = np.array([m.pcm for m in speakers], np.int32) if speakers else np.zeros((0, FRAME_SAMPLES), np.int32)
        total = rows.sum(axis=0, dtype=np.int32)
        if extra is not None:
            total += extra
        self._share(members, speakers, total, nothing=extra is None and not speakers)
        own = [(m, i) for i, m in enumerate(speakers) if m.hears and not (extra is None and len(speakers) == 1)]
        if own:
            # What a speaker hears is the total without itself.
            sums = total - rows[[i for _, i in own]]
            frames = self._levelled(sums, [id(m.seat) for m, _ in own])
            _give([m for m, _ in own], frames)

    def forget(self, seat: Seat) -> None:
        self.gains.pop(id(seat), None)

    def _share(self, members: list[Member], speakers: list[Member], total: Wide, nothing: bool) -> None:
        """The common sum to all who do not speak."""
        if nothing:
            return
        speaking = {id(m.seat) for m in speakers}
        listeners = [m for m in members if m.hears and id(m.seat) not in speaking]
        if not listeners:
            return
        frame = self._levelled(total[np.newaxis], [0])[0]
        shared: dict[str, Frame] = {}
        for member in listeners:
            codec = member.codec
            if isinstance(codec, Law):
                if codec.name not in shared:
                    shared[codec.name] = codec.encode(frame)
                member.seat.out = shared[codec.name]
            else:
                member.seat.out = _own(member.seat, codec, frame)

    def _levelled(self, sums: Wide, names: list[int]) -> Pcm:
        """Sums brought under the ceiling, each by a gain of its own that falls at once and rises slowly."""
        gains = self.gains
        peaks = np.maximum(sums.max(axis=1), -sums.min(axis=1))
        if not gains and peaks.max() <= CEILING:
            return sums.astype(np.int16)
        out = np.empty(sums.shape, np.int16)
        for n, name in enumerate(names):
            before = gains.get(name, 1.0)
            wanted = min(1.0, CEILING / max(1.0, float(peaks[n])))
            gain = min(wanted, before * _RECOVERY)
            if gain >= 1.0 and before >= 1.0:
                gains.pop(name, None)
                out[n] = sums[n]
                continue
            gains[name] = gain
            slope = np.full(FRAME_SAMPLES, gain, np.float32)
            slope[:_SLOPE] = before + (gain - before) * _RAMP
            out[n] = np.clip(sums[n] * slope, -32767, 32767)
        return out

    def _chime(self) -> Pcm | None:
        """What is played to all at this tick."""
        if not self.chimes:
            return None
        track, at = self.chimes[0]
        if at + 1 < len(track):
            self.chimes[0] = (track, at + 1)
        else:
            self.chimes.pop(0)
        return track.pcm(at) if len(track) else None


def _give(members: list[Member], frames: Pcm) -> None:
    """Encode each one's own frame: G.711 for all in one step."""
    for law in {m.codec.name: m.codec for m in members if isinstance(m.codec, Law)}.values():
        chosen = [n for n, m in enumerate(members) if m.codec.name == law.name]
        assert isinstance(law, Law)
        data = memoryview(law.encode(frames[chosen].reshape(-1)))
        for place, n in enumerate(chosen):
            members[n].seat.out = data[place * FRAME_BYTES : (place + 1) * FRAME_BYTES]
    for n, member in enumerate(members):
        if not isinstance(member.codec, Law):
            member.seat.out = _own(member.seat, member.codec, frames[n])


def _own(seat: Seat, codec: Codec, frame: Pcm) -> bytes:
    if seat.encoder is None or seat.encoder_of != codec.name:
        seat.encoder, seat.encoder_of = codec.encoder(), codec.name
    return seat.encoder.encode(frame)
