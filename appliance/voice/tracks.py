"""Audio to be played, in 20 ms frames: encoded once a codec and shared by all who hear it.

G.711 is encoded whole by table; a stateful codec's frames are made as the first listener comes to them, then kept.
"""

import numpy as np

from appliance.voice.codecs import FRAME_BYTES, FRAME_SAMPLES, Codec, Encoder, Law, Pcm


class Track:
    """Samples in whole frames. `whole_only` cuts what is left over at the end (for loops) instead of filling it up."""

    __slots__ = ("_encoders", "_frames", "_laws", "_pcm")

    def __init__(self, pcm: Pcm, whole_only: bool = False) -> None:
        over = len(pcm) % FRAME_SAMPLES
        if over and whole_only and len(pcm) > FRAME_SAMPLES:
            pcm = pcm[:-over]
        elif over:
            pcm = np.concatenate((pcm, np.zeros(FRAME_SAMPLES - over, np.int16)))
        self._pcm = np.ascontiguousarray(pcm)
        self._laws: dict[str, memoryview] = {}
        self._frames: dict[str, dict[int, bytes]] = {}
        self._encoders: dict[str, Encoder] = {}

    def __len__(self) -> int:
        """In frames."""
        return len(self._pcm) // FRAME_SAMPLES

    def prepare(self, law: Law) -> None:
        """Encode it whole, ahead of the clock."""
        self.whole(law)

    def whole(self, law: Law) -> memoryview:
        data = self._laws.get(law.name)
        if data is None:
            data = self._laws[law.name] = memoryview(law.encode(self._pcm))
        return data

    def pcm(self, n: int) -> Pcm:
        return self._pcm[n * FRAME_SAMPLES : (n + 1) * FRAME_SAMPLES]

    def frame(self, n: int, codec: Codec) -> bytes | memoryview:
        """Frame `n` of those there are."""
        if isinstance(codec, Law):
            return self.whole(codec)[n * FRAME_BYTES : (n + 1) * FRAME_BYTES]
        made = self._frames.setdefault(codec.name, {})
        frame = made.get(n)
        if frame is None:
            encoder = self._encoders.get(codec.name)
            if encoder is None:
                encoder = self._encoders[codec.name] = codec.encoder()
            frame = made[n] = encoder.encode(self.pcm(n))
        return frame
