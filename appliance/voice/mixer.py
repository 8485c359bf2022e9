"""Rooms: each member hears the sum of all others (N-1), on the 20 ms clock, in numpy.

Only who speaks is mixed; who does not hears the common sum, which is encoded once a codec. A sum that would clip is
turned down at once and comes back slowly, so loud rooms neither wrap nor crackle.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from appliance.voice.codecs import FRAME_BYTES, FRAME_SAMPLES, LAWS, Codec, Pcm
from appliance.voice.sources import Seat
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
_SILENCE = np.zeros(FRAME_SAMPLES, np.int16)


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
    """What lasts from tick to tick. `gain`: of the common sum, 1 where nothing is turned down."""

    gain: float = 1.0
    chimes: list[tuple[Track, int]] = field(default_factory=list)

    def chime(self, track: Track) -> None:
        self.chimes.append((track, 0))

    def next_chime(self) -> Pcm | None:
        """What is played to all at this tick."""
        if not self.chimes:
            return None
        track, at = self.chimes[0]
        if at + 1 < len(track):
            self.chimes[0] = (track, at + 1)
        else:
            self.chimes.pop(0)
        return track.pcm(at) if len(track) else None


@dataclass(slots=True)
class _Sum:
    """What one member hears (`own`: whose voice is not in it), or all in a room that do not speak."""

    total: int
    own: int | None
    whose: Room | Seat
    hearers: list[Member]


def mix(rooms: list[tuple[Room, list[Member]]]) -> None:
    """Put this tick's frame into each seat that hears; none where there is nothing to hear. All rooms in one step."""
    voices: list[Pcm] = []
    starts: list[int] = []
    sums: list[_Sum] = []
    chimes: dict[int, Pcm] = {}
    total = 0
    for room, members in rooms:
        speakers = _speakers(members)
        extra = room.next_chime()
        if extra is None and (not speakers or len(members) == 1):
            continue
        if extra is not None:
            chimes[total] = extra
        starts.append(len(voices))
        if not speakers:
            voices.append(_SILENCE)
        speaking = set()
        for member in speakers:
            speaking.add(id(member))
            # A speaker hears the total without itself; whose is the only voice hears nothing.
            if member.hears and (extra is not None or len(speakers) > 1):
                sums.append(_Sum(total, len(voices), member.seat, [member]))
            assert member.pcm is not None
            voices.append(member.pcm)
        listeners = [m for m in members if m.hears and id(m) not in speaking]
        if listeners:
            sums.append(_Sum(total, None, room, listeners))
        total += 1
    if sums:
        _hand_out(sums, _levelled(_summed(voices, starts, chimes, sums), sums))


def _speakers(members: list[Member]) -> list[Member]:
    """Who is mixed; each seat made ready for this tick."""
    alone = len(members) == 1
    speakers: list[Member] = []
    for member in members:
        seat = member.seat
        seat.lonely, seat.out = alone, None
        if member.peak >= SPEECH_PEAK:
            seat.speaking = HANGOVER_TICKS
        elif seat.speaking:
            seat.speaking -= 1
        if seat.speaking and seat.heard and member.pcm is not None:
            speakers.append(member)
    return speakers


def _summed(voices: list[Pcm], starts: list[int], chimes: dict[int, Pcm], sums: list[_Sum]) -> Wide:
    rows = np.array(voices, np.int32)
    totals = np.add.reduceat(rows, starts, axis=0)
    for n, extra in chimes.items():
        totals[n] += extra
    out: Wide = totals[[s.total for s in sums]]
    without = [n for n, s in enumerate(sums) if s.own is not None]
    out[without] -= rows[[s.own for s in sums if s.own is not None]]
    return out


def _levelled(wide: Wide, sums: list[_Sum]) -> Pcm:
    """Sums brought under the ceiling, each by a gain of its own that falls at once and rises slowly."""
    before = np.array([s.whose.gain for s in sums], np.float32)
    peaks = np.maximum(wide.max(axis=1), -wide.min(axis=1))
    gains = np.minimum(np.minimum(1.0, CEILING / np.maximum(peaks, 1)), before * _RECOVERY).astype(np.float32)
    (turned,) = np.nonzero((gains < 1) | (before < 1))
    if not len(turned):
        return wide.astype(np.int16)
    old, new = before[turned, np.newaxis], gains[turned, np.newaxis]
    loud = wide[turned].astype(np.float32)
    loud[:, :_SLOPE] *= old + (new - old) * _RAMP
    loud[:, _SLOPE:] *= new
    np.minimum(np.maximum(loud, -32767, out=loud), 32767, out=loud)
    wide[turned] = loud
    for n, gain in zip(turned.tolist(), gains[turned].tolist(), strict=True):
        sums[n].whose.gain = gain
    return wide.astype(np.int16)


def _hand_out(sums: list[_Sum], frames: Pcm) -> None:
    """Encode each sum once a codec for those who hear it: G.711 for all in one step."""
    by_law: dict[str, list[int]] = {}
    for n, one in enumerate(sums):
        for name in {m.codec.name for m in one.hearers}:
            by_law.setdefault(name, []).append(n)
    for name, chosen in by_law.items():
        law = LAWS.get(name)
        if law is None:
            for n in chosen:
                for member in sums[n].hearers:
                    if member.codec.name == name:
                        member.seat.out = _own(member.seat, member.codec, frames[n])
            continue
        data = memoryview(law.encode((frames if len(chosen) == len(sums) else frames[chosen]).reshape(-1)))
        for place, n in enumerate(chosen):
            out = data[place * FRAME_BYTES : (place + 1) * FRAME_BYTES]
            for member in sums[n].hearers:
                if member.codec.name == name:
                    member.seat.out = out


def _own(seat: Seat, codec: Codec, frame: Pcm) -> bytes:
    if seat.encoder is None or seat.encoder_of != codec.name:
        seat.encoder, seat.encoder_of = codec.encoder(), codec.name
    return seat.encoder.encode(frame)
