"""What is heard, mixed and handed on between legs at each tick: decoding, digits, recordings, rooms, bridges.

Knows legs, not sockets or words; the engine calls it between receiving and sending.
"""

from collections.abc import Iterator

import numpy as np

from appliance.voice.codecs import FRAME_SAMPLES, LAWS, Pcm
from appliance.voice.dialogue import Why
from appliance.voice.leg import Leg
from appliance.voice.mixer import SPEECH_PEAK, Member, Room, mix
from appliance.voice.recorder import SILENCE
from appliance.voice.sources import Bridged, Comfort, Reflection, Seat, Source
from appliance.voice.tone_digits import suspicious
from appliance.voice.tracks import Track


class Stage:
    """Rooms by name; everything else of a tick is in the legs."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def hear(self, legs: list[Leg]) -> Iterator[tuple[Leg, str]]:
        """Give each leg what came for this tick, as samples; the keys that were heard as tones."""
        decoded: tuple[list[Leg], list[Pcm]] = [], []
        coded: dict[str, tuple[list[Leg], list[bytes]]] = {name: ([], []) for name in LAWS}
        before = {leg.number: leg.pcm for leg in legs}
        for leg in legs:
            leg.pcm, leg.peak = None, 0
            if leg.expects_sound:
                leg.quiet_ticks += 1
            got = leg.ear.hear()
            if leg.resuming:
                leg.resume()
            if not leg.hears and not isinstance(leg.background, Bridged):
                continue
            if isinstance(got, bytes):
                whose, codes = coded[leg.codec.name]
                whose.append(leg)
                codes.append(got)
            elif got is not None:
                decoded[0].append(leg)
                decoded[1].append(got)
        heard, parts = decoded[0], [np.array(decoded[1])] if decoded[1] else []
        for name, (whose, codes) in coded.items():
            if whose:
                rows = LAWS[name].decode(b"".join(codes)).reshape(-1, FRAME_SAMPLES)
                for leg, row in zip(whose, rows, strict=True):
                    if leg.ear.mending:
                        leg.ear.settle(row)
                heard = heard + whose
                parts.append(rows)
        if not heard:
            return
        together = parts[0] if len(parts) == 1 else np.concatenate(parts)
        peaks = np.maximum(together.max(axis=1), -np.maximum(together.min(axis=1), -32767)).tolist()
        doubts = suspicious(together).tolist()
        for leg, pcm, peak, doubt in zip(heard, together, peaks, doubts, strict=True):
            leg.pcm, leg.peak = pcm, peak
            if doubt or leg.tones.attentive:
                keys = leg.tones.hear(pcm, doubt, before[leg.number])
                if keys:
                    yield leg, keys

    def perform(self, legs: list[Leg]) -> Iterator[tuple[Leg, Why]]:
        """Recordings, rooms, reflections and bridges of this tick; the recordings that are over with it."""
        rooms: dict[str, list[Member]] = {}
        for leg in legs:
            if leg.recorder is not None:
                why = _record(leg)
                if why is not None:
                    yield leg, why
            background = leg.background
            if isinstance(background, Seat):
                member = Member(background, leg.codec, leg.pcm, leg.peak, not leg.playing)
                rooms.setdefault(background.room, []).append(member)
            elif isinstance(background, Reflection):
                background.heard = leg.pcm
        for leg in legs:
            background = leg.background
            if isinstance(background, Bridged) and not background.passing:
                background.heard = background.peer.pcm
        mix([(self._rooms.setdefault(name, Room()), members) for name, members in rooms.items()])
        if len(self._rooms) > len(rooms):
            for name in self._rooms.keys() - rooms.keys():
                del self._rooms[name]

    def chime(self, room: str, track: Track) -> None:
        self._rooms.setdefault(room, Room()).chime(track)

    def set_background(self, leg: Leg, source: Source) -> None:
        """What the leg hears from now on; it is out of what it was in before."""
        before = leg.background
        leg.background = source
        if isinstance(before, Bridged) and isinstance(before.peer, Leg):
            peer = before.peer
            leg.passes_to(None)
            peer.passes_to(None)
            if isinstance(peer.background, Bridged) and peer.background.peer is leg:
                peer.background = Comfort()

    def bridge(self, leg: Leg, other: Leg | None) -> None:
        """Each hears the other from now on."""
        if other is None or other is leg:
            return
        for one, peer in ((leg, other), (other, leg)):
            self.set_background(one, Bridged(peer))
        self.rewire(leg)

    def hand_on(self, leg: Leg, key: str) -> None:
        """A key that is in no packet and no sound that the other party of a bridge gets: said to it in its own way."""
        if isinstance(leg.background, Bridged) and isinstance(leg.background.peer, Leg):
            leg.background.peer.send_keys(key)

    def rewire(self, leg: Leg) -> None:
        """Codecs may have changed: pass packets on where they are the same, else transcode."""
        mine = leg.background
        if not isinstance(mine, Bridged) or not isinstance(mine.peer, Leg):
            return
        peer = mine.peer
        theirs = peer.background
        same = leg.codec.name == peer.codec.name
        mine.passing = same
        if isinstance(theirs, Bridged):
            theirs.passing = same
        leg.passes_to(peer if same else None)
        peer.passes_to(leg if same else None)


def _record(leg: Leg) -> Why | None:
    recorder = leg.recorder
    assert recorder is not None
    if leg.recording_waits and leg.playing:
        return None
    leg.recording_waits = False
    if not leg.hears:
        return recorder.wait()
    return recorder.take(SILENCE if leg.pcm is None else leg.pcm.tobytes(), leg.peak >= SPEECH_PEAK)
