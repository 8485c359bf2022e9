"""G.711, held against the measuring tools' own tables and the rounding that the law allows."""

import numpy as np
import pytest

from appliance.voice.codecs import FRAME_BYTES, LAWS, PCMA, PCMU, Law
from tests.lab.audio import encode_pcma as reference_pcma
from tests.lab.audio import encode_pcmu as reference_pcmu
from tests.lab.audio import loudness, tone, tone_level

ALL = np.arange(-32768, 32768).astype(np.int16)


@pytest.mark.parametrize("codec", LAWS.values(), ids=LAWS)
def test_every_code_decodes_and_encodes_to_the_same_sound(codec: Law) -> None:
    values = codec.decode(bytes(range(256)))
    assert np.array_equal(codec.decode(codec.encode(values)), values)


@pytest.mark.parametrize("codec", LAWS.values(), ids=LAWS)
def test_no_sample_is_off_by_more_than_its_step(codec: Law) -> None:
    off = np.abs(codec.decode(codec.encode(ALL)).astype(int) - ALL)
    assert np.all(off <= np.maximum(np.abs(ALL.astype(int)) / 32 + 8, 16) + 640 * (np.abs(ALL.astype(int)) > 32000))


def test_it_is_the_g711_of_the_reference() -> None:
    sine = tone(1000, 0.1, -6)
    assert PCMA.encode(sine) == reference_pcma(sine)
    assert np.array_equal(PCMU.decode(PCMU.encode(sine)), PCMU.decode(reference_pcmu(sine)))
    assert PCMU.encode(np.array([0, -4, 32767, -32768], np.int16)) == b"\xff\x7f\x80\x00"
    assert PCMA.encode(np.array([0, 32767, -32768], np.int16)) == b"\xd5\xaa\x2a"


@pytest.mark.parametrize("codec", LAWS.values(), ids=LAWS)
def test_silence_comfort_and_frames_are_whole(codec: Law) -> None:
    assert len(codec.silence) == FRAME_BYTES
    assert abs(codec.decode(codec.silence)).max() <= 8
    assert len(codec.comfort) % FRAME_BYTES == 0
    assert -75 < loudness(codec.decode(codec.comfort)) < -60
    assert len(codec.frames(tone(440, 0.033))) == 2 * FRAME_BYTES
    assert codec.frames(np.zeros(0, np.int16)) == b""
    assert tone_level(codec.decode(codec.frames(tone(440, 1, -20))), 440) == pytest.approx(-20, abs=0.2)
