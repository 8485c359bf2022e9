"""G.722 and Opus by Debian's libspandsp2 (LGPL) and libopus0 (BSD), through ctypes; and SpanDSP's DTMF receiver.

All at 8 kHz, 160 samples to a 20 ms frame: of G.722 the lower band is what is kept and made (ITU-T G.722's 0 to 4 kHz).
States belong to the libraries and are freed with their owners. Not for threads.
"""

import ctypes
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]

_FRAME_SAMPLES = 160
_G722_RATE = 64000
_G722_AT_8_KHZ = 1
_OPUS_VOIP = 2048
_OPUS_SET_BITRATE, _OPUS_SET_COMPLEXITY, _OPUS_SET_INBAND_FEC, _OPUS_SET_LOSS = 4002, 4010, 4012, 4014
_OPUS_BITRATE = 16000
"""Good narrowband speech (RFC 7587 §3.1.1: 8 to 12 kbit/s is its sweet spot), with room for the repair data."""
_OPUS_COMPLEXITY = 3
_OPUS_EXPECTED_LOSS = 5
_MAX_PACKET = 1275
_MAX_DECODED = 960
"""120 ms, the longest packet of Opus (RFC 6716 §3.2.5)."""


@cache
def _spandsp() -> Any:
    lib = ctypes.CDLL("libspandsp.so.2")
    for name in ("g722_encode_init", "g722_decode_init", "dtmf_rx_init"):
        getattr(lib, name).restype = ctypes.c_void_p
    lib.g722_encode_init.argtypes = lib.g722_decode_init.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    lib.g722_encode.argtypes = lib.g722_decode.argtypes = [
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int,
    ]  # fmt: skip
    lib.dtmf_rx_init.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    lib.dtmf_rx.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    lib.dtmf_rx_get.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    for name in ("g722_encode_free", "g722_decode_free", "dtmf_rx_free"):
        getattr(lib, name).argtypes = [ctypes.c_void_p]
    return lib


@cache
def _opus() -> Any:
    lib = ctypes.CDLL("libopus.so.0")
    lib.opus_encoder_create.restype = lib.opus_decoder_create.restype = ctypes.c_void_p
    lib.opus_encoder_create.argtypes = [ctypes.c_int32, ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
    lib.opus_decoder_create.argtypes = [ctypes.c_int32, ctypes.c_int, ctypes.c_void_p]
    lib.opus_encoder_destroy.argtypes = lib.opus_decoder_destroy.argtypes = [ctypes.c_void_p]
    lib.opus_encode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int32]
    lib.opus_decode.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_void_p, ctypes.c_int, ctypes.c_int,
    ]  # fmt: skip
    lib.opus_packet_get_nb_samples.argtypes = [ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32]
    return lib


class G722Encoder:
    """One direction of one stream."""

    __slots__ = ("_lib", "_out", "_state")

    def __init__(self) -> None:
        self._lib = _spandsp()
        self._state = self._lib.g722_encode_init(None, _G722_RATE, _G722_AT_8_KHZ)
        self._out = ctypes.create_string_buffer(_FRAME_SAMPLES)

    def encode(self, pcm: Pcm) -> bytes:
        """160 samples to 160 bytes."""
        pcm = np.ascontiguousarray(pcm)
        n = self._lib.g722_encode(self._state, self._out, pcm.ctypes.data, len(pcm))
        return self._out.raw[:n]

    def __del__(self) -> None:
        self._lib.g722_encode_free(self._state)


class G722Decoder:
    __slots__ = ("_lib", "_state")

    def __init__(self) -> None:
        self._lib = _spandsp()
        self._state = self._lib.g722_decode_init(None, _G722_RATE, _G722_AT_8_KHZ)

    def decode(self, data: bytes) -> Pcm:
        """One sample for each byte."""
        out = np.zeros(len(data), np.int16)
        n = self._lib.g722_decode(self._state, out.ctypes.data, data, len(data))
        return out[:n]

    def __del__(self) -> None:
        self._lib.g722_decode_free(self._state)


class OpusEncoder:
    """RFC 6716, narrowband, 20 ms, with in-band repair of a lost packet by the next one."""

    __slots__ = ("_lib", "_out", "_state")

    def __init__(self) -> None:
        self._lib = _opus()
        self._state = self._lib.opus_encoder_create(8000, 1, _OPUS_VOIP, None)
        self._out = ctypes.create_string_buffer(_MAX_PACKET)
        for request, value in (
            (_OPUS_SET_BITRATE, _OPUS_BITRATE),
            (_OPUS_SET_COMPLEXITY, _OPUS_COMPLEXITY),
            (_OPUS_SET_INBAND_FEC, 1),
            (_OPUS_SET_LOSS, _OPUS_EXPECTED_LOSS),
        ):
            self._lib.opus_encoder_ctl(ctypes.c_void_p(self._state), request, ctypes.c_int(value))

    def encode(self, pcm: Pcm) -> bytes:
        pcm = np.ascontiguousarray(pcm)
        n = self._lib.opus_encode(self._state, pcm.ctypes.data, len(pcm), self._out, _MAX_PACKET)
        return self._out.raw[: max(0, n)]

    def __del__(self) -> None:
        self._lib.opus_encoder_destroy(self._state)


class OpusDecoder:
    __slots__ = ("_lib", "_out", "_state")

    def __init__(self) -> None:
        self._lib = _opus()
        self._state = self._lib.opus_decoder_create(8000, 1, None)
        self._out = np.zeros(_MAX_DECODED, np.int16)

    def decode(self, packet: bytes) -> Pcm:
        """Its samples; none for what is no Opus packet."""
        return self._decoded(packet, len(packet), _MAX_DECODED, 0)

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        """What is put in for a lost packet of so many samples, out of the packet after it where that is there."""
        if following:
            return self._decoded(following, len(following), samples, 1)
        return self._decoded(None, 0, samples, 0)

    def _decoded(self, packet: bytes | None, length: int, room: int, repair: int) -> Pcm:
        n = self._lib.opus_decode(self._state, packet, length, self._out.ctypes.data, room, repair)
        return self._out[: max(0, n)].copy()

    def __del__(self) -> None:
        self._lib.opus_decoder_destroy(self._state)


def opus_samples(packet: bytes) -> int:
    """How many samples at 8 kHz a packet holds; 0 for what is no Opus packet."""
    return max(0, int(_opus().opus_packet_get_nb_samples(packet, len(packet), 8000)))


class ToneDigits:
    """SpanDSP's DTMF receiver (ITU-T Q.24), tested by its authors against Bellcore's talk-off tapes."""

    __slots__ = ("_got", "_lib", "_state")

    def __init__(self) -> None:
        self._lib = _spandsp()
        self._state = self._lib.dtmf_rx_init(None, None, None)
        self._got = ctypes.create_string_buffer(32)

    def hear(self, pcm: Pcm) -> str:
        """The keys whose tones were made out in these samples."""
        pcm = np.ascontiguousarray(pcm)
        self._lib.dtmf_rx(self._state, pcm.ctypes.data, len(pcm))
        n = self._lib.dtmf_rx_get(self._state, self._got, 31)
        return self._got.raw[:n].decode("ascii") if n else ""

    def __del__(self) -> None:
        self._lib.dtmf_rx_free(self._state)
