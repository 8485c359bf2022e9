"""The E-model against values of G.107 and G.113."""

import numpy as np
import pytest

from tests.lab.audio import decode_pcmu, encode_pcmu, tone
from tests.lab.emodel import fidelity_db, mos, rating


def test_nothing_wrong_is_the_best_that_narrow_band_can_be() -> None:
    assert rating(0, 0) == pytest.approx(93.2)
    assert mos(rating(0, 0)) == pytest.approx(4.41, abs=0.01)


@pytest.mark.parametrize(("delay_ms", "less"), [(100, 0), (200, 3.0), (300, 14.8), (400, 24.1)])
def test_delay_costs_what_the_recommendation_says(delay_ms: float, less: float) -> None:
    assert 93.2 - rating(delay_ms, 0) == pytest.approx(less, abs=0.1)


@pytest.mark.parametrize(("loss", "score"), [(0.01, 4.3), (0.03, 4.1), (0.10, 3.4)])
def test_loss_costs_what_the_recommendation_says(loss: float, score: float) -> None:
    assert mos(rating(80, loss)) == pytest.approx(score, abs=0.15)


def test_a_law_is_forty_decibels_true_and_a_clipped_one_is_not() -> None:
    speech = tone(440, 1.0, -16)
    once = decode_pcmu(encode_pcmu(speech))
    assert 34 < fidelity_db(speech, once) < 45
    assert fidelity_db(speech, np.clip(speech, -2000, 2000)) < 15
