"""Given the running voice service, what a caller hears, and how each call ends."""

import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.vocabulary import Announcement
from appliance.voice.prompts import Shelf
from tests.integration.voice.caller import Caller
from tests.integration.voice.conftest import Voice
from tests.lab.audio import HEARD, Address, encode_pcma, encode_pcmu, heard, read_wav, rtp_streams, tone, tone_level
from tests.lab.waiting import until


def speak(caller: Caller, to: Address, hertz: float, seconds: float, payload_type: int = 8) -> threading.Thread:
    """Send a tone as RTP, in time, beside the test."""
    data = (encode_pcma if payload_type == 8 else encode_pcmu)(tone(hertz, seconds, -15))

    def go() -> None:
        at = time.monotonic()
        for n in range(len(data) // 160):
            header = struct.pack("!BBHII", 0x80, payload_type, n, n * 160, 99)
            caller.rtp.sendto(header + data[n * 160 : n * 160 + 160], to)
            at += 0.02
            time.sleep(max(0.0, at - time.monotonic()))

    sender = threading.Thread(target=go)
    sender.start()
    return sender


def spoken_with(caller: Caller, hertz: float, seconds: float = 1.2) -> None:
    """Speak to an answered echo call, and listen until a little after."""
    media = caller.response(200).media
    caller.listen(0.7)
    sender = speak(caller, media, hertz, seconds)
    caller.listen(seconds + 0.2)
    sender.join()


def level_of(caller: Caller, hertz: float, seconds: float = 0.8) -> float:
    """How loud a tone is in the last part of what was heard."""
    pcm = caller.stream().pcm()
    end = len(pcm) - 3200
    return tone_level(pcm[end - int(seconds * 8000) : end], hertz)


@pytest.mark.acceptance("D-2")
@pytest.mark.parametrize(
    ("announcement", "language", "then"),
    [
        (Announcement.INVALID_PREFIX, "es-MX", "484 Address Incomplete"),
        (Announcement.NUMBER_NOT_IN_SERVICE, "en", "404 Not Found"),
    ],
)
def test_the_sentence_is_really_heard_as_early_media_and_then_comes_the_status(
    quiet_voice: Voice, announcement: Announcement, language: str, then: str
) -> None:
    words = Shelf.of(quiet_voice.settings).words(announcement, language)
    assert words is not None
    with quiet_voice.caller() as caller:
        caller.invite(
            "announce",
            caller.sdp(),
            X_Conserje_Say=announcement.value,
            X_Conserje_Then=then,
            X_Conserje_Language=language,
        )
        progress = caller.response(183)
        assert progress.all("Record-Route")
        final = caller.response(int(then[:3]), 20)
        caller.ack(final)
        assert final.start == f"SIP/2.0 {then}"
        assert final.tag == progress.tag
        assert caller.stream().source == progress.media
        assert heard(words, caller.stream().pcm()) > HEARD
        other = Shelf.of(quiet_voice.settings).words(Announcement.NOT_AVAILABLE, language)
        assert other is not None
        assert heard(other, caller.stream().pcm()) < HEARD


def test_two_sentences_are_said_one_after_the_other_in_pcmu(quiet_voice: Voice) -> None:
    with quiet_voice.caller() as caller:
        caller.invite("announce", caller.sdp("0"), X_Conserje_Say="beep,beep", X_Conserje_Then="480 Later")
        caller.ack(caller.response(480))
        stream = caller.stream()
        assert {p.payload_type for p in stream.packets} == {0}
        beeps = [tone_level(stream.pcm()[n : n + 2400], 1400) for n in (1600, 5600)]
        assert min(beeps) > -21


def test_what_say_writes_is_what_a_caller_hears(quiet_voice: Voice, tmp_path: Path) -> None:
    done = quiet_voice.run_command("say", "not-available", "--language", "en", "--out", str(tmp_path / "x.wav"))
    assert done.returncode == 0, done.stderr
    with quiet_voice.caller() as caller:
        caller.invite("announce", caller.sdp(), X_Conserje_Say="not-available", X_Conserje_Language="en")
        caller.ack(caller.response(480, 10))
        assert heard(read_wav(tmp_path / "x.wav"), caller.stream().pcm()) > 0.999


def test_say_lists_all_and_refuses_what_is_not_there(quiet_voice: Voice, tmp_path: Path) -> None:
    listed = quiet_voice.run_command("say", "--list").stdout
    assert all(a.value in listed for a in Announcement)
    assert "celular" in listed
    refused = quiet_voice.run_command("say", "nothing", "--out", str(tmp_path / "x.wav"))
    assert refused.returncode == 1
    assert 'There is no announcement "nothing"' in refused.stderr


@pytest.mark.parametrize(("formats", "payload_type"), [("8 0 101", 8), ("0 101", 0)])
def test_echo_beeps_and_returns_a_tone(quiet_voice: Voice, formats: str, payload_type: int) -> None:
    with quiet_voice.caller() as caller:
        caller.invite("echo", caller.sdp(formats))
        answer = caller.response(200)
        caller.ack(answer)
        caller.listen(0.7)
        sender = speak(caller, answer.media, 1000, 1.2, payload_type)
        caller.listen(1.4)
        sender.join()
        pcm = caller.stream().pcm()
        assert tone_level(pcm[1600:4000], 1400) > -21
        assert level_of(caller, 1000) == pytest.approx(-15, abs=1.5)
        caller.bye()
        caller.response(200, method="BYE")


@pytest.mark.acceptance("J-1")
def test_two_callers_at_once_each_hear_only_themselves(quiet_voice: Voice) -> None:
    with quiet_voice.caller() as one, quiet_voice.caller() as two:
        for caller in (one, two):
            caller.invite("echo", caller.sdp())
            caller.ack(caller.response(200))
        other = threading.Thread(target=spoken_with, args=(two, 700))
        other.start()
        spoken_with(one, 1100)
        other.join()
        for caller, own, foreign in ((one, 1100, 700), (two, 700, 1100)):
            assert level_of(caller, own) > -18
            assert level_of(caller, foreign) < -45
            caller.bye()
            caller.response(200, method="BYE")


def test_a_third_address_is_neither_reflected_nor_answered(quiet_voice: Voice) -> None:
    with quiet_voice.caller() as caller, Caller(quiet_voice.sip_port, "127.0.0.2") as thief:
        caller.invite("echo", caller.sdp())
        answer = caller.response(200)
        caller.ack(answer)
        caller.listen(0.7)
        sender = speak(thief, answer.media, 1000, 0.8)
        caller.listen(1.0)
        sender.join()
        thief.listen(0.1)
        assert thief.datagrams == []
        assert level_of(caller, 1000, 0.5) < -55
        assert {s.destination for s in rtp_streams(caller.datagrams)} == {caller.rtp_address}
        caller.bye()
        caller.response(200, method="BYE")


def test_hold_is_quiet_and_resume_is_heard_again(quiet_voice: Voice) -> None:
    with quiet_voice.caller() as caller:
        caller.invite("echo", caller.sdp())
        caller.ack(caller.response(200))
        for version, (theirs, ours, sends) in enumerate(
            (
                ("sendonly", "recvonly", False),
                ("inactive", "inactive", False),
                ("sendrecv", "sendrecv", True),
                ("recvonly", "sendonly", True),
            ),
            start=2,
        ):
            caller.invite("echo", caller.sdp(direction=theirs, version=version), again=True)
            answer = caller.response(200)
            caller.ack(answer)
            assert f"a={ours}\r\n" in answer.body
            caller.listen(0.05)
            before = len(caller.datagrams)
            caller.listen(0.3)
            assert (len(caller.datagrams) - before > 5) is sends
        caller.bye()
        caller.response(200, method="BYE")


def test_a_re_invite_without_sdp_gets_our_offer_and_its_answer_counts(quiet_voice: Voice) -> None:
    with quiet_voice.caller() as caller:
        caller.invite("echo", caller.sdp("8"))
        caller.ack(caller.response(200))
        caller.invite("echo", again=True)
        offer = caller.response(200)
        assert "RTP/AVP 0 8 9 111 101" in offer.body
        assert "a=sendrecv" in offer.body
        caller.ack(offer, caller.sdp("0", version=2))
        caller.listen(2, lambda: caller.datagrams and caller.datagrams[-1].payload[1] & 0x7F == 0)
        assert caller.datagrams[-1].payload[1] & 0x7F == 0
        caller.invite("echo", caller.sdp("18", version=3), again=True)
        caller.ack(caller.response(488))
        before = len(caller.datagrams)
        caller.listen(0.3)
        assert len(caller.datagrams) > before
        caller.bye()
        caller.response(200, method="BYE")


def test_an_invite_without_sdp_is_answered_with_an_offer(quiet_voice: Voice) -> None:
    with quiet_voice.caller() as caller:
        caller.invite("echo")
        offer = caller.response(200)
        caller.listen(0.2)
        assert caller.datagrams == []
        caller.ack(offer, caller.sdp("0 101"))
        spoken = speak(caller, offer.media, 1000, 1.6, 0)
        caller.listen(1.7)
        spoken.join()
        assert level_of(caller, 1000, 0.5) > -18
        caller.bye()
        caller.response(200, method="BYE")


def test_an_ack_without_the_answer_ends_the_call(quiet_voice: Voice) -> None:
    with quiet_voice.caller() as caller:
        caller.invite("echo")
        caller.ack(caller.response(200))
        caller.respond(caller.asked("BYE"), "200 OK")


@pytest.mark.parametrize(
    ("service", "body", "headers", "code"),
    [
        ("nothing-like-it", "8", {}, 404),
        ("", "8", {}, 404),
        ("echo", "18 4", {}, 488),
        ("announce", None, {"X_Conserje_Say": "busy", "X_Conserje_Then": "486 Busy Here"}, 486),
        ("announce", "8", {}, 480),
        ("announce", "8", {"X_Conserje_Say": "no-such-words", "X_Conserje_Then": "403 Forbidden"}, 403),
        ("echo", "8", {"Require": "100rel"}, 420),
        ("echo", "8", {"Content_Type": "text/plain"}, 415),
    ],
)
def test_what_cannot_be_served_is_refused_with_its_status(
    quiet_voice: Voice, service: str, body: str | None, headers: dict[str, str], code: int
) -> None:
    with quiet_voice.caller() as caller:
        caller.invite(service, caller.sdp(body) if body else None, False, **headers)
        caller.ack(caller.response(code))


@pytest.mark.parametrize("body", ["v=1\r\n", "\0\1\2", "v=0\r\nm=audio\r\n", "x" * 6000])
def test_a_broken_description_is_a_bad_request(quiet_voice: Voice, body: str) -> None:
    with quiet_voice.caller() as caller:
        caller.invite("echo", body)
        caller.ack(caller.response(400))


@pytest.mark.parametrize(
    ("method", "tag", "code"),
    [("OPTIONS", "", 200), ("SUBSCRIBE", "", 405), ("BYE", "gone", 481), ("INVITE", "gone", 481), ("INFO", "x", 481)],
)
def test_requests_outside_a_call(quiet_voice: Voice, method: str, tag: str, code: int) -> None:
    with quiet_voice.caller() as caller:
        caller.uri, caller.cseq, caller.to_tag = f"sip:127.0.0.1:{quiet_voice.sip_port}", 1, tag
        caller.branch = f"z9hG4bK{caller.call_id}"
        caller.request(method)
        response = caller.response(code)
        assert "ippy" not in str(response)
        if code == 200:
            assert "INVITE" in response.header("Allow")


def cancelled_at_once(caller: Caller) -> None:
    caller.listen(0.001)


def cancelled_after_trying(caller: Caller) -> None:
    caller.response(100)


def cancelled_while_speaking(caller: Caller) -> None:
    caller.response(183)
    caller.listen(1, lambda: len(caller.datagrams) > 20)


@pytest.mark.parametrize("moment", [cancelled_at_once, cancelled_after_trying, cancelled_while_speaking])
def test_cancel_at_any_moment_is_487_and_frees_the_leg(quiet_voice: Voice, moment: Callable[[Caller], None]) -> None:
    with quiet_voice.caller() as caller:
        caller.invite("announce", caller.sdp(), X_Conserje_Say="busy", X_Conserje_Then="486 Busy Here")
        moment(caller)
        caller.cancel()
        caller.response(200, method="CANCEL")
        caller.ack(caller.response(487))
        until(quiet_voice.idle, 5, "the leg is free")
        caller.datagrams.clear()
        caller.listen(0.2)
        assert len(caller.datagrams) <= 1


def test_digits_in_a_call_do_it_no_harm(quiet_voice: Voice) -> None:
    with quiet_voice.caller() as caller:
        caller.invite("echo", caller.sdp())
        answer = caller.response(200)
        caller.ack(answer)
        for n in range(6):
            event = struct.pack("!BBHIIBBH", 0x80, 101, n, 1000, 5, 1, 10 | (0x80 if n > 2 else 0), 160 * n)
            caller.rtp.sendto(event, answer.media)
        for junk in (b"", b"\x80", b"\xb0\x08" + b"\0" * 10, b"OPTIONS sip:x SIP/2.0", bytes(1600)):
            caller.rtp.sendto(junk, answer.media)
        spoken_with(caller, 900, 0.8)
        assert level_of(caller, 900, 0.4) > -18
        caller.bye()
        caller.response(200, method="BYE")
