"""Mailbox, rooms and codes at the running service: full rooms, a dead engine, hang-ups at any step.

What needs no more than a call is proved through the whole house (tests/acceptance/test_voice_*.py).
"""

import os
import signal
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.voice.menu_sentences import Say
from appliance.voice.prompts import Shelf
from tests.integration.voice.caller import Caller
from tests.integration.voice.conftest import Voice
from tests.integration.voice.test_calls import speak
from tests.lab.audio import HEARD, Address, heard
from tests.lab.directory import publish_rows
from tests.lab.mailboxes import mailboxes_of
from tests.lab.sample import ACME, BRAVO, sample_rows
from tests.lab.sample_voice import MODERATOR_PIN, PIN, ROOM, voice_rows
from tests.lab.waiting import until
from wire.services import ConferenceServer, Room

DESK_DATABASES = 12
CALLER = {"X_Conserje_Account": ACME, "X_Conserje_Caller": "101", "X_Conserje_Phone": "phone-ana"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Voice]:
    service = Voice(tmp_path_factory.mktemp("office"))
    rooms = (Room(f"room-{n}", ACME, f"61{n:02}", f"Sala {n}", internal_without_pin=True) for n in range(11))
    theirs = (
        ConferenceServer("conf-bravo", BRAVO, "Bravo"),
        Room("room-b", BRAVO, "6201", "B", internal_without_pin=True),
    )
    publish_rows(service.settings, (*sample_rows(), *voice_rows(), *rooms, *theirs))
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


def gone(caller: Caller, seconds: float = 15) -> None:
    """voice hangs up."""
    caller.respond(caller.asked("BYE", seconds), "200 OK")


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
def test_a_company_s_eleventh_room_hears_that_there_is_none_left_and_another_company_has_its_own(quiet: Voice) -> None:
    callers, other = [quiet.caller() for _ in range(11)], quiet.caller()
    try:
        for n, caller in enumerate(callers):
            answered(caller, "conference", X_Conserje_Target="conf-acme", X_Conserje_Arg=f"room-{n}")
        gone(callers[-1])
        assert says(quiet, callers[-1], Say.NO_ROOMS)
        answered(other, "conference", X_Conserje_Account=BRAVO, X_Conserje_Target="conf-bravo", X_Conserje_Arg="room-b")
        other.listen(6, lambda: len(other.datagrams) > 200)
        assert says(quiet, other, Say.ALONE)
    finally:
        for caller in (*callers, other):
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


STEPS: dict[str, tuple[dict[str, str], str]] = {
    "receptionist": ({"X_Conserje_Target": "rec-day"}, "8352#1"),
    "deposit": ({"X_Conserje_Target": "box-elsa"}, "#  #"),
    "mailbox": ({"X_Conserje_Target": "box-elsa"}, f"{PIN}#31 #1"),
    "conference": ({"X_Conserje_Target": "conf-acme"}, f"{ROOM}#{MODERATOR_PIN}#*1*2"),
    "confirm": ({"X_Conserje_Arg": "forward-all-on,digits:55"}, "12"),
    "whoami": ({}, "12"),
    "music": ({}, "12"),
    "greeting": ({}, f"{PIN}#1 #1"),
    "three-way": ({"X_Conserje_Arg": "0123456789abcdef,host"}, "12"),
    "park": ({"X_Conserje_Target": "71", "X_Conserje_Arg": "park,,"}, "1"),
    "call-back": ({"X_Conserje_Arg": "102", "X_Conserje_Target": "102"}, "21"),
    "echo": ({}, "12"),
}
"""What each service is asked for, and the keys of its longest way; a space: some sound instead of a key."""


@pytest.mark.parametrize("service", STEPS)
def test_a_hang_up_after_any_step_leaves_no_leg_no_port_and_no_descriptor(quiet: Voice, service: str) -> None:
    """Against the running service; `quiet` waits until no leg and no port is held."""
    headers, keys = STEPS[service]
    pids = [quiet.pid(name) for name in ("voice-sip", "voice-media")]
    before = [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids]
    for steps in range(len(keys) + 1):
        with quiet.caller() as caller:
            media = answered(caller, service, **headers)
            for key in keys[:steps]:
                if key == " ":
                    speak(caller, media, 700, 0.1).join()
                else:
                    by_info(caller, media, key)
            caller.bye()
            caller.response(200, method="BYE")
    until(quiet.idle, 10, "all legs and ports are free")
    after = [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids]
    # The desk's threads open their databases when they first answer.
    assert all(now - then <= DESK_DATABASES for then, now in zip(before, after, strict=True))
