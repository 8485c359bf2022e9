"""When a trunk is down and when it is up again: hysteresis, 503, Retry-After, damping."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.sip_edge.trunk_health import TO_DOWN, TO_UP, Answer, Health, observe
from appliance.vocabulary import LinkState

OK, SILENT = Answer(200, latency_ms=4), Answer(0)
EVERY = 5.0


def after(*answers: Answer, start: Health | None = None, at: float = 0.0, step: float = 1.0) -> tuple[Health, float]:
    health = start or Health()
    for answer in answers:
        at += step
        health = observe(health, answer, at, EVERY)
    return health, at


def test_three_missed_probes_make_it_down_and_three_answers_up_again() -> None:
    up, at = after(OK)
    assert up.state is LinkState.UP
    almost, at = after(*[SILENT] * (TO_DOWN - 1), start=up, at=at)
    assert almost.state is LinkState.UP
    assert almost.next_at == at + 1, "it is asked again soon"
    down, at = after(SILENT, start=almost, at=at)
    assert down.state is LinkState.DOWN
    assert after(*[OK] * (TO_UP - 1), start=down, at=at)[0].state is LinkState.DOWN
    assert after(*[OK] * TO_UP, start=down, at=at)[0].state is LinkState.UP


def test_one_answer_between_begins_the_count_anew() -> None:
    assert after(OK, SILENT, SILENT, OK, SILENT, SILENT)[0].state is LinkState.UP


def test_503_is_down_at_once_and_its_retry_after_is_kept() -> None:
    down, at = after(OK, Answer(503, retry_after_s=40))
    assert down.state is LinkState.DOWN
    assert down.next_at == down.not_before == at + 40
    early, _ = after(OK, OK, OK, OK, start=down, at=at)
    assert early.state is LinkState.DOWN
    assert after(OK, start=early, at=at + 41)[0].state is LinkState.UP


def test_what_dislikes_options_is_alive() -> None:
    assert all(after(Answer(s))[0].state is LinkState.UP for s in (302, 401, 404, 405, 480, 484, 488, 489, 501, 603))
    assert all(after(*[Answer(s)] * 3)[0].state is LinkState.DOWN for s in (408, 500, 504))


def test_a_trunk_that_flaps_is_believed_later_each_time() -> None:
    health, at, took = Health(state=LinkState.UP), 0.0, []
    for _ in range(4):
        health, at = after(SILENT, SILENT, SILENT, start=health, at=at)
        began = at
        while health.state is LinkState.DOWN:
            health, at = after(OK, start=health, at=at)
        took.append(at - began)
    assert took == [3.0, 31.0, 61.0, 121.0]
    calm, at = after(OK, start=health, at=at + 3600)
    calm, at = after(SILENT, SILENT, SILENT, start=calm, at=at)
    assert after(OK, OK, OK, start=calm, at=at)[0].state is LinkState.UP


@given(st.lists(st.tuples(st.sampled_from([0, 200, 404, 408, 500, 503, 700]), st.floats(0, 1e6))))
def test_any_answers_leave_a_next_time_ahead(answers: list[tuple[int, float]]) -> None:
    health, at = Health(), 0.0
    for status, retry in answers:
        at += 1
        health = observe(health, Answer(status, retry), at, EVERY)
        assert at < health.next_at <= at + 3600
        assert len(health.deaths) <= 5
