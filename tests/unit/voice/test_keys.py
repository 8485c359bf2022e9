"""Keys come once each, whatever ways a phone sends them in; and what a SIP INFO says."""

import pytest

from appliance.voice.dtmf_info import key_of
from appliance.voice.keys import SAME_KEY_S, Keys, Way


def heard(*presses: tuple[str, Way, float]) -> str:
    keys = Keys()
    return "".join(keys.heard(key, way, now) for key, way, now in presses)


def test_one_way_alone_repeats_as_often_as_it_is_pressed() -> None:
    for way in Way:
        assert heard(("1", way, 0), ("1", way, 0.1), ("2", way, 0.2)) == "112"


def test_events_silence_what_the_same_phone_sends_as_tones_and_info() -> None:
    assert heard(
        ("1", Way.EVENTS, 0), ("1", Way.TONES, 0.1), ("1", Way.INFO, 0.3), ("1", Way.EVENTS, 0.5), ("7", Way.TONES, 9)
    ) == "11"  # fmt: skip


def test_the_first_key_by_tones_and_then_by_info_is_one_key() -> None:
    assert heard(("4", Way.TONES, 0), ("4", Way.INFO, 0.4), ("4", Way.TONES, 1), ("4", Way.INFO, 1.3)) == "44"


def test_a_better_way_much_later_is_another_key() -> None:
    assert heard(("4", Way.TONES, 0), ("4", Way.EVENTS, SAME_KEY_S + 0.1)) == "44"


def test_after_a_transfer_any_way_is_heard_again() -> None:
    keys = Keys()
    assert keys.heard("1", Way.EVENTS, 0) == "1"
    keys.forget_the_way()
    assert keys.heard("2", Way.TONES, 5) == "2"


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", "Signal= *\r\nDuration= 100", "*"),
        ("application/dtmf-relay", "signal=11", "#"),
        ("application/dtmf-relay", "Duration=160", ""),
        ("application/dtmf-relay", "5", ""),
        ("application/dtmf", "7", "7"),
        ("application/dtmf", "10\r\n", "*"),
        ("application/dtmf", "Signal=d", "D"),
        ("application/dtmf", "", ""),
        ("application/dtmf", "77", ""),
        ("application/dtmf", "x" * 5000, ""),
        ("text/plain", "7", ""),
    ],
)
def test_an_info_tells_of_one_key_or_of_none(kind: str, body: str, key: str) -> None:
    assert key_of(kind, body) == key
