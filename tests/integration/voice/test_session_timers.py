"""Given a caller in a dialog with voice: UPDATE, session timers of every kind, and offers that cross."""

import signal
from collections.abc import Iterator

import pytest

from tests.integration.voice.caller import Caller
from tests.integration.voice.conftest import Voice
from tests.integration.voice.test_calls import level_of, speak
from tests.lab.waiting import until

SHORTEST_S = 4


@pytest.fixture(scope="module")
def brisk_voice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Voice]:
    """One that agrees to sessions of four seconds."""
    service = Voice(tmp_path_factory.mktemp("brisk"), sip=f"session_min_s = {SHORTEST_S}")
    service.launch()
    service.answers(20)
    try:
        yield service
    finally:
        assert service.process is not None
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(10)


@pytest.fixture
def caller(brisk_voice: Voice) -> Iterator[Caller]:
    until(brisk_voice.idle, 5, "no leg before the test")
    with brisk_voice.caller() as one:
        yield one
    until(brisk_voice.idle, 5, "no leg and no port after the test")


def answered(caller: Caller, **headers: str) -> str:
    """An echo call that stands; what its 200 says of the session."""
    caller.invite("echo", caller.sdp(), again=False, **headers)
    response = caller.response(200)
    caller.ack(response)
    return response.header("Session-Expires")


def update(caller: Caller, body: str | None = None, **headers: str) -> None:
    caller.cseq += 1
    caller.branch = f"z9hG4bK-update-{caller.cseq}"
    caller.request("UPDATE", body, **headers)


def over(caller: Caller) -> None:
    caller.bye()
    caller.response(200, method="BYE")


def test_an_update_moves_the_sound_and_one_without_an_offer_changes_nothing(caller: Caller) -> None:
    assert answered(caller) == ""
    media = caller.response(200).media
    with Caller(caller.sip_port) as elsewhere:
        update(caller, elsewhere.sdp(version=2))
        response = caller.response(200, method="UPDATE")
        assert response.media == media
        assert response.header("Contact")
        update(caller)
        assert caller.response(200, method="UPDATE").body == ""
        elsewhere.listen(0.7)
        sender = speak(elsewhere, media, 900, 1.2)
        elsewhere.listen(1.4)
        sender.join()
        assert level_of(elsewhere, 900) > -20
    update(caller, caller.sdp("96", version=3))
    caller.response(488, method="UPDATE")
    update(caller, "no session description")
    caller.response(400, method="UPDATE")
    update(caller, "<dialog/>", Content_Type="application/xml")
    assert caller.response(415, method="UPDATE").header("Accept") == "application/sdp"
    caller.cseq -= 3
    update(caller)
    caller.response(500, method="UPDATE")
    caller.cseq += 5
    over(caller)


def test_a_session_asked_too_brief_is_refused_with_the_least(caller: Caller) -> None:
    caller.invite("echo", caller.sdp(), Session_Expires="2", Supported="timer")
    refused = caller.response(422)
    caller.ack(refused)
    assert refused.header("Min-SE") == str(SHORTEST_S)


def test_an_update_before_the_answer_is_put_off(caller: Caller) -> None:
    caller.invite("announce", caller.sdp(), X_Conserje_Say="not-available", X_Conserje_Then="480 Later")
    caller.to_tag = caller.response(183).tag
    invited = caller.cseq
    update(caller, caller.sdp(version=2))
    assert caller.response(500, method="UPDATE").header("Retry-After")
    caller.cseq, caller.branch = invited, ""
    caller.messages.clear()
    caller.ack(caller.response(480, 20))


def test_a_session_that_its_caller_keeps_refreshing_lives_and_then_ends(caller: Caller) -> None:
    said = answered(caller, Session_Expires=f"{SHORTEST_S}", Supported="timer")
    assert said == f"{SHORTEST_S};refresher=uac"
    assert caller.response(200).header("Require") == "timer"
    for _ in range(2):
        caller.listen(SHORTEST_S / 2, lambda: caller.asks("BYE"))
        assert not caller.asks("BYE")
        update(caller, Session_Expires=f"{SHORTEST_S};refresher=uac", Supported="timer")
        assert caller.response(200, method="UPDATE").header("Session-Expires") == f"{SHORTEST_S};refresher=uac"
    bye = caller.asked("BYE", SHORTEST_S)
    caller.respond(bye, "200 OK")


def test_a_session_that_voice_is_to_refresh_is_refreshed(caller: Caller) -> None:
    said = answered(
        caller, Session_Expires=f"{SHORTEST_S};refresher=uas", Supported="timer", Allow="INVITE, ACK, BYE, UPDATE"
    )
    assert said == f"{SHORTEST_S};refresher=uas"
    for _ in range(2):
        refresh = caller.asked("UPDATE", SHORTEST_S)
        assert refresh.header("Session-Expires") == f"{SHORTEST_S};refresher=uac"
        caller.messages.clear()
        caller.respond(refresh, "200 OK", more=(f"Session-Expires: {SHORTEST_S};refresher=uac",))
    over(caller)


def test_a_caller_that_knows_no_update_is_refreshed_by_an_offer_like_the_last(caller: Caller) -> None:
    answered(caller, Session_Expires=f"{SHORTEST_S};refresher=uas", Supported="timer")
    media = caller.response(200).media
    refresh = caller.asked("INVITE", SHORTEST_S)
    assert refresh.media == media
    caller.branch = "z9hG4bK-crossing"
    caller.invite("echo", caller.sdp(version=2), again=True)
    caller.ack(caller.response(491))
    caller.respond(refresh, "200 OK", body=caller.sdp())
    caller.asked("ACK")
    over(caller)
