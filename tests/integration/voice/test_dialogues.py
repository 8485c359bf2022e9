"""Receptionist, mailbox, rooms and codes at the running service: keys in every form, full rooms, a dead engine."""

import os
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from appliance.voice import tones
from appliance.voice.menu_sentences import Say
from appliance.voice.prompts import Shelf
from tests.integration.voice.caller import Caller
from tests.integration.voice.conftest import Voice
from tests.integration.voice.test_calls import speak
from tests.lab.audio import HEARD, Address, encode_pcma, heard
from tests.lab.directory import publish_rows
from tests.lab.mailboxes import mailboxes_of
from tests.lab.sample import ACME, sample_rows
from tests.lab.sample_voice import MODERATOR_PIN, PIN, ROOM, voice_rows
from tests.lab.waiting import until

KEYS = "123A456B789C*0#D"
ROWS_HZ, COLUMNS_HZ = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
CALLER = {"X_Conserje_Account": ACME, "X_Conserje_Caller": "101", "X_Conserje_Phone": "phone-ana"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Voice]:
    service = Voice(tmp_path_factory.mktemp("office"))
    publish_rows(service.settings, (*sample_rows(), *voice_rows()))
    service.start()
    try:
        yield service
    finally:
        assert service.process is not None
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(10)


@pytest.fixture
def quiet(office: Voice) -> Iterator[Voice]:
    until(office.idle, 10, "no leg before the test")
    yield office
    until(office.idle, 10, "no leg and no port after the test")


def answered(caller: Caller, service: str, **headers: str) -> Address:
    caller.invite(service, caller.sdp(), again=False, **{**CALLER, **headers})
    answer = caller.response(200)
    caller.ack(answer)
    return answer.media


def _ticks() -> int:
    """Frames of 20 ms since ever: sequence numbers and time stamps of one caller go on from it."""
    return int(time.monotonic() * 50)


def by_event(caller: Caller, media: Address, keys: str) -> None:
    """RFC 4733: each key begun and ended, the end three times."""
    for key in keys:
        code, first = "0123456789*#".index(key), _ticks()
        for n, end in enumerate((0, 0, 0x80, 0x80, 0x80)):
            head = struct.pack("!BBHII", 0x80, 101, (first + n) & 0xFFFF, first * 160 & 0xFFFFFFFF, 5)
            caller.rtp.sendto(head + struct.pack("!BBH", code, end | 10, 400), media)
        caller.listen(0.15)


def by_info(caller: Caller, media: Address, keys: str) -> None:
    for key in keys:
        caller.cseq += 1
        caller.request("INFO", f"Signal={key}\r\nDuration=160\r\n", Content_Type="application/dtmf-relay")
        caller.response(200, method="INFO")


def by_tones(caller: Caller, media: Address, keys: str) -> None:
    parts = []
    for key in keys:
        row, column = divmod(KEYS.index(key), 4)
        parts += [tones.both(ROWS_HZ[row], COLUMNS_HZ[column], 0.1), tones.pause(0.1)]
    data = encode_pcma(np.concatenate(parts))

    def go() -> None:
        at = time.monotonic()
        first = _ticks()
        for n in range(len(data) // 160):
            head = struct.pack("!BBHII", 0x80, 8, (first + n) & 0xFFFF, (first + n) * 160 & 0xFFFFFFFF, 99)
            caller.rtp.sendto(head + data[n * 160 : n * 160 + 160], media)
            at += 0.02
            time.sleep(max(0.0, at - time.monotonic()))

    sender = threading.Thread(target=go)
    sender.start()
    caller.listen(len(data) / 8000 + 0.2)
    sender.join()


Press = Callable[[Caller, Address, str], None]
EVERY_FORM = pytest.mark.parametrize("press", [by_event, by_info, by_tones])


def gone(caller: Caller, seconds: float = 15) -> None:
    """voice hangs up."""
    caller.respond(caller.asked("BYE", seconds), "200 OK")


@pytest.mark.acceptance("Y-2")
@EVERY_FORM
def test_keys_of_every_form_work_in_a_menu(quiet: Voice, press: Press) -> None:
    with quiet.caller() as caller:
        media = answered(caller, "receptionist", X_Conserje_Target="rec-day")
        caller.listen(1.0)
        press(caller, media, "9")
        gone(caller)


@pytest.mark.acceptance("Y-2")
@EVERY_FORM
def test_keys_of_every_form_open_a_mailbox_each_once(quiet: Voice, press: Press) -> None:
    with quiet.caller() as caller:
        media = answered(caller, "mailbox", X_Conserje_Target="box-elsa")
        caller.listen(1.0)
        press(caller, media, f"{PIN}#")
        caller.listen(0.5)
        press(caller, media, "#")  # leaves the menu; at a PIN it would not end the call
        gone(caller)


@pytest.mark.acceptance("Y-2")
@EVERY_FORM
def test_keys_of_every_form_work_in_a_room(quiet: Voice, press: Press) -> None:
    with quiet.caller() as caller:
        media = answered(caller, "conference", X_Conserje_Target="conf-acme")
        caller.listen(1.0)
        press(caller, media, f"{ROOM}#")
        caller.listen(0.4)
        press(caller, media, f"{MODERATOR_PIN}#")
        caller.listen(0.6)
        press(caller, media, "*3")
        gone(caller)


def says(voice: Voice, caller: Caller, cue: str) -> bool:
    words = Shelf.of(voice.settings).words(cue, "es-MX")
    assert words is not None
    return heard(words, caller.stream().pcm()) > HEARD


@pytest.mark.acceptance("C-2")
def test_the_eleventh_participant_hears_that_the_room_is_full(quiet: Voice) -> None:
    callers = [quiet.caller() for _ in range(11)]
    try:
        for caller in callers:
            answered(caller, "conference", X_Conserje_Target="conf-acme", X_Conserje_Arg="room-board")
        gone(callers[-1])
        assert says(quiet, callers[-1], Say.ROOM_FULL)
    finally:
        for caller in callers:
            caller.bye()
            caller.__exit__()


@pytest.mark.acceptance("C-2")
def test_the_eleventh_room_hears_that_there_is_none_left(quiet: Voice) -> None:
    callers = [quiet.caller() for _ in range(11)]
    try:
        for n, caller in enumerate(callers):
            answered(caller, "conference", X_Conserje_Target="conf-acme", X_Conserje_Arg=f"talk-{n}")
        gone(callers[-1])
        assert says(quiet, callers[-1], Say.NO_ROOMS)
    finally:
        for caller in callers:
            caller.bye()
            caller.__exit__()


def test_a_lone_participant_hears_music(quiet: Voice) -> None:
    with quiet.caller() as caller:
        answered(caller, "conference", X_Conserje_Target="conf-acme", X_Conserje_Arg="room-board")
        caller.listen(5.0)
        pcm = caller.stream().pcm()
        assert says(quiet, caller, Say.ALONE)
        assert np.mean(np.abs(pcm[-8000:].astype(np.int32))) > 200
        caller.bye()
        caller.response(200, method="BYE")


def test_a_code_is_confirmed_with_its_digits(quiet: Voice) -> None:
    with quiet.caller() as caller:
        answered(caller, "confirm", X_Conserje_Arg="forward-all-on,digits:5512345678")
        gone(caller)
        assert says(quiet, caller, "forward-all-on")
        assert len(caller.stream().pcm()) / 8000 > 7


def test_a_message_outlives_the_engine_that_recorded_it(quiet: Voice) -> None:
    """kill -9 in the middle: what had reached the disk is in the mailbox within seconds."""
    boxes = mailboxes_of(quiet.settings)
    with quiet.caller() as caller:
        media = answered(caller, "deposit", X_Conserje_Target="box-elsa")
        caller.listen(0.5)
        by_event(caller, media, "#")
        caller.listen(0.8)
        sender = speak(caller, media, 700, 5.0)
        caller.listen(4.0)
        sender.join()
        os.kill(quiet.pid("voice-media"), signal.SIGKILL)
        gone(caller)
    (message,) = until(lambda: boxes.messages("box-elsa"), 20, "the message is kept")
    assert message.duration_ms > 2500
    assert message.path.stat().st_size == message.bytes
    boxes.mark(message.id, "deleted")
    quiet.answers(20)
