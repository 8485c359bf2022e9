"""A message left in a building is mailed with its sound, once, also when the link to the centre was cut meanwhile."""

import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage

import numpy as np
import pytest

from tests.acceptance.conftest import House, house_rows
from tests.lab.audio import Pcm, tone_level
from tests.lab.lab import Lab
from tests.lab.letterbox import Letterbox
from tests.lab.phones import Phone
from tests.lab.sample_voice import voice_rows
from tests.lab.waiting import until
from wire.rows import Row
from wire.services import Mailbox

MAILED_S = 120


def _rows() -> tuple[Row, ...]:
    """Elsa's messages are mailed."""
    rows = (*house_rows(), *voice_rows())
    return tuple(
        replace(r, email="elsa@example.mx") if isinstance(r, Mailbox) and r.id == "box-elsa" else r for r in rows
    )


@dataclass(frozen=True)
class Post:
    house: House
    letters: Letterbox


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    with Lab() as lab:
        building = lab.building(enrolled=True, rows=_rows())
        box = lab.centre.start_mail()
        yield Post(House(lab, building), box)
        box.stop()


def _leaves_a_message(caller: Phone) -> None:
    call = caller.call("*99103").established(12)
    call.hears_words()
    call.press("#")
    call.hears(1400, 5, since_s=0.2)
    until(lambda: len(call.heard()) / 8000 > 6, 15, "some seconds of talk")
    call.hang_up()


def _sound(letter: EmailMessage) -> Pcm:
    (part,) = letter.iter_attachments()
    with wave.open(io.BytesIO(part.get_content())) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), np.int16)


@pytest.mark.acceptance("L-1")
def test_a_message_is_mailed_with_its_sound_within_two_minutes(post: Post) -> None:
    beto = post.house.phone("beto")
    before = len(post.letters.taken)
    _leaves_a_message(beto)
    until(lambda: len(post.letters.taken) > before, MAILED_S, "the letter arrives")
    letter = post.letters.taken[before]
    assert letter["To"] == "elsa@example.mx"
    assert "Beto" in letter["Subject"]
    assert tone_level(_sound(letter)[4000:12000], beto.hz) > -30


@pytest.mark.acceptance("L-1")
def test_a_message_left_while_cut_off_is_kept_here_and_mailed_once_when_the_link_is_back(post: Post) -> None:
    beto = post.house.phone("beto")
    before = len(post.letters.taken)
    post.house.building.cut_centre()
    try:
        _leaves_a_message(beto)
    finally:
        post.house.building.mend_centre()
    until(lambda: len(post.letters.taken) > before, MAILED_S, "the letter arrives")
    _leaves_a_message(beto)
    until(lambda: len(post.letters.taken) > before + 1, MAILED_S, "the next letter arrives, and no copy of the first")
    assert len({letter["Message-ID"] for letter in post.letters.taken}) == len(post.letters.taken)
