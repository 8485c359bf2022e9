"""What a phone is told of its transfer: one NOTIFY after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from appliance.voice.answered import TRYING
from appliance.voice.dialogue import Status
from appliance.voice.refer import DONE, Notices


@dataclass
class Answer:
    code: int

    def getSCode(self) -> tuple[int, str]:
        return self.code, ""


class Phone:
    def __init__(self) -> None:
        self.told: list[int] = []
        self.answers: list[Callable[[Any], None]] = []
        self.notices = Notices(self._send)

    def _send(self, status: Status, answered: Callable[[Any], None]) -> None:
        self.told.append(status.code)
        self.answers.append(answered)


def test_the_outcome_is_said_when_the_phone_has_answered_what_came_before() -> None:
    """Kamailio's workers carry two at once in any order, and a phone that has heard the outcome listens no more."""
    phone = Phone()
    phone.notices.tell(TRYING)
    phone.notices.tell(DONE)
    assert phone.told == [100]
    phone.answers[0](Answer(100))
    assert phone.told == [100], "a provisional answer is none"
    phone.answers[0](Answer(200))
    assert phone.told == [100, 200]
    phone.answers[1](Answer(200))
    phone.notices.tell(DONE)
    assert phone.told == [100, 200, 200]


def test_a_phone_that_answers_with_an_error_or_not_at_all_is_told_the_next() -> None:
    phone = Phone()
    phone.notices.tell(TRYING)
    phone.notices.tell(DONE)
    phone.answers[0](Answer(408))
    assert phone.told == [100, 200]


def test_the_last_word_before_a_bye_waits_for_nothing() -> None:
    phone = Phone()
    phone.notices.tell(TRYING)
    phone.notices.last(DONE)
    assert phone.told == [100, 200]
    phone.answers[0](Answer(200))
    phone.answers[1](Answer(200))
    assert phone.told == [100, 200]
