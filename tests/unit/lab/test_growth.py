"""The soak's judgement: what fills up is no leak, what grows with the calls is one, also beneath the noise of calls."""

import random

from tests.soak.growth import Sample, per_hour

NOISE = random.Random(7)


def an_hour(level: float, a_minute: float = 0.0, filled_by: int = 0, noise: float = 0.0) -> list[Sample]:
    return [
        Sample(60.0 * n, level + a_minute * (min(n, filled_by) if filled_by else n) + NOISE.uniform(-noise, noise))
        for n in range(61)
    ]


def test_a_cache_that_fills_in_the_first_half_is_no_leak() -> None:
    assert abs(per_hour(an_hour(30_000, 500, filled_by=28, noise=400))) < 600


def test_three_hundred_bytes_a_call_are_found_beneath_the_noise() -> None:
    calls_a_minute = 230
    grown = per_hour(an_hour(30_000, calls_a_minute * 300 / 1024, noise=600))
    assert 3000 < grown < 5000


def test_one_crowded_minute_is_not_growth() -> None:
    samples = an_hour(30_000)
    samples[-1] = Sample(samples[-1].at_s, 90_000)
    assert per_hour(samples) == 0


def test_of_too_few_samples_nothing_is_said() -> None:
    assert per_hour([]) == per_hour(an_hour(1, 100)[:5]) == 0
