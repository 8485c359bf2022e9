"""What is put in for lost sound: it goes on where the sound was, fades, and leads over to what comes."""

import numpy as np
import pytest

from appliance.voice.concealment import HISTORY_SAMPLES, Concealment
from tests.lab.audio import loudness, tone


@pytest.mark.parametrize("hertz", [100, 140, 220, 300])
def test_a_voice_goes_on_and_fades_within_three_frames(hertz: int) -> None:
    sound = tone(hertz, 1.0, -15) + tone(2 * hertz, 1.0, -20)
    concealment = Concealment()
    made = [concealment.fill(sound[1000 : 1000 + HISTORY_SAMPLES]) for _ in range(4)]
    levels = [loudness(frame) for frame in made]
    assert levels[0] == pytest.approx(loudness(sound[1000:1160]), abs=4)
    assert levels[0] > levels[1] > levels[2]
    assert np.all(made[3] == 0)
    seam = int(abs(int(made[0][0]) - int(sound[999 + HISTORY_SAMPLES])))
    assert seam < 6000


def test_what_comes_after_is_joined_without_a_step() -> None:
    sound = tone(200, 1.0, -15)
    concealment = Concealment()
    made = concealment.fill(sound[:HISTORY_SAMPLES])
    joined = sound[640:800].copy()
    concealment.join(joined)
    steps = np.abs(np.diff(np.concatenate((made, joined)).astype(int)))
    assert steps.max() < 3 * np.abs(np.diff(sound.astype(int))).max()
    assert not concealment.running
    assert np.array_equal(joined[80:], sound[720:800])


def test_silence_stays_silence() -> None:
    assert not Concealment().fill(np.zeros(HISTORY_SAMPLES, np.int16)).any()
