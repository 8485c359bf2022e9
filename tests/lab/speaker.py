"""A person at a scripted phone: speaks a tone into a call, keeps what it hears, mixes calls where the phone does."""

import socket
import threading
from collections.abc import Iterable

import numpy as np

from tests.lab.audio import Pcm, decode_pcmu, encode_pcmu, tone, tone_level

FRAME_S, FRAME = 0.02, 160
HEADER = 12
AUDIBLE_DBFS = -35.0
_SILENCE = encode_pcmu(np.zeros(FRAME, np.int16))


class Speaker:
    """One call's sound at `rtp` (PCMU, 20 ms). Speaks once it was told where to, and what joined calls hear besides."""

    def __init__(self, rtp: socket.socket, hz: float) -> None:
        self.rtp, self._to = rtp, ("", 0)
        self._own = tone(hz, 2.0)
        self._heard: list[bytes] = []
        self._joined: tuple[Speaker, ...] = ()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._speak, self._listen)]
        for thread in self._threads:
            thread.start()

    def talks_to(self, where: tuple[str, int]) -> None:
        self._heard.clear()
        self._to = where

    def joins(self, others: Iterable["Speaker"]) -> None:
        """Mix what the others hear into what this call is sent: a phone that holds a call of three."""
        self._joined = tuple(others)

    def hears(self, hz: float) -> bool:
        """Whether the last half second has this pitch."""
        last = self._heard[-25:]
        return len(last) == 25 and tone_level(decode_pcmu(b"".join(last)), hz) > AUDIBLE_DBFS

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(2)

    def _speak(self) -> None:
        n = 0
        while not self._over.wait(FRAME_S):
            if not self._to[1]:
                continue
            head = b"\x80\x00" + (n & 0xFFFF).to_bytes(2, "big") + (n * FRAME).to_bytes(4, "big") + b"\0\0\0\1"
            at = (n * FRAME) % len(self._own)
            self.rtp.sendto(head + encode_pcmu(self._mixed(self._own[at : at + FRAME])), self._to)
            n += 1

    def _mixed(self, own: Pcm) -> Pcm:
        total = own.astype(np.int32)
        for other in self._joined:
            total += decode_pcmu(other._heard[-1] if other._heard else _SILENCE)
        return np.clip(total, -32768, 32767).astype(np.int16)

    def _listen(self) -> None:
        self.rtp.settimeout(0.5)
        while not self._over.is_set():
            try:
                frame = self.rtp.recv(2048)[HEADER:]
            except (TimeoutError, OSError):
                continue
            if len(frame) == FRAME:
                self._heard.append(frame)
