"""Given a dialogue that calls another party: its INVITE to Kamailio, the bridge, and every way that it ends."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.voice.menu_sentences import Say
from appliance.voice.prompts import Shelf
from tests.integration.voice.caller import Caller
from tests.integration.voice.conftest import Voice
from tests.integration.voice.test_calls import speak
from tests.lab.audio import HEARD, heard, tone_level
from tests.lab.sentences import lend
from tests.lab.waiting import until

SHORTEST_S, LONGEST_S = 4, 2
"""Of a session, and of a call; `through` has no end of its own."""
THROUGH = '''
from dataclasses import dataclass
from appliance.voice import dialogue as d, services

@dataclass(frozen=True)
class Through:
    """Answers, calls 102, and bridges."""

    def step(self, event, now):
        match event:
            case d.Arrived():
                return self, (d.OpenLeg(),)
            case d.LegReady():
                return self, (d.Answer(), d.Dial("102", "5551234", "Ana", (("X-Conserje-Reason", "menu"),), 2.0))
            case d.Taken():
                return self, (d.Bridge(),)
            case d.NotTaken(status):
                return self, (d.Play(("busy",), "en"), d.StartTimer("end", 0.3))
            case d.OtherLeft() | d.LegLost() | d.Expired():
                return self, (d.HangUp(),)
            case d.Left():
                return self, (d.End(),)
            case _:
                return self, ()

for name in ("SERVICES",):
    getattr(services, name)["through"] = lambda *given: Through()
from appliance.cli import main
main()
'''


class ThroughVoice(Voice):
    """voice with one service more, and a Kamailio that is a socket of the test's."""

    def __init__(self, directory: Path, kamailio: Caller) -> None:
        sip = f"port = {kamailio.sip_address[1]}\nsession_min_s = {SHORTEST_S}"
        super().__init__(directory, sip=sip, media=f"longest_voice_call_s = {LONGEST_S}")

    def launch(self) -> None:
        command = [sys.executable, "-c", THROUGH, "--settings", str(self.settings_file), "run", "voice"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)


@pytest.fixture(scope="module")
def party() -> Iterator[Caller]:
    """The other party, with its Kamailio."""
    with Caller(0) as other:
        yield other


@pytest.fixture(scope="module")
def through(tmp_path_factory: pytest.TempPathFactory, party: Caller) -> Iterator[ThroughVoice]:
    service = ThroughVoice(tmp_path_factory.mktemp("through"), party)
    lend(service.settings)
    service.launch()
    service.answers(20)
    party.sip_port = service.sip_port
    try:
        yield service
    finally:
        assert service.process is not None
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(10)


@pytest.fixture
def other(through: ThroughVoice, party: Caller) -> Iterator[Caller]:
    """Nothing of a call before, and no leg left after."""
    party.messages.clear()
    party.datagrams.clear()
    until(through.idle, 5, "no leg before")
    yield party
    until(through.idle, 5, "no leg and no port after")


def call(through: ThroughVoice) -> Caller:
    caller = through.caller()
    caller.invite("through", caller.sdp())
    caller.ack(caller.response(200))
    return caller


def test_both_hear_each_other_until_the_caller_hangs_up(through: ThroughVoice, other: Caller) -> None:
    with call(through) as caller:
        invite = other.asked("INVITE")
        assert invite.start.startswith("INVITE sip:102@127.0.0.1:")
        assert invite.header("X-Conserje-Reason") == "menu"
        assert "5551234" in invite.header("From")
        assert "Ana" in invite.header("From")
        assert "RTP/AVP 8 0 9 111 101" in invite.body
        other.respond(invite, "180 Ringing", tag="other")
        other.respond(invite, "200 OK", tag="other", body=other.sdp())
        other.asked("ACK")
        mine = speak(caller, caller.response(200).media, 700, 1.0)
        theirs = speak(other, invite.media, 1300, 1.0)
        caller.listen(0.6)
        other.listen(0.3)
        for one, hertz in ((caller, 1300), (other, 700)):
            pcm = one.stream().pcm()
            assert max(tone_level(pcm[n : n + 800], hertz) for n in range(0, len(pcm) - 800, 400)) > -18
        mine.join()
        theirs.join()
        caller.bye()
        caller.response(200, method="BYE")
        other.respond(other.asked("BYE"), "200 OK")


def test_a_refusal_is_told_and_the_caller_is_still_there(through: ThroughVoice, other: Caller) -> None:
    with call(through) as caller:
        invite = other.asked("INVITE")
        other.respond(invite, "486 Busy Here", tag="other")
        other.asked("ACK")
        caller.respond(caller.asked("BYE"), "200 OK")
        assert caller.datagrams


def test_who_does_not_answer_is_cancelled_after_its_time(through: ThroughVoice, other: Caller) -> None:
    with call(through) as caller:
        invite = other.asked("INVITE")
        other.respond(invite, "180 Ringing", tag="other")
        cancel = other.asked("CANCEL")
        other.respond(cancel, "200 OK")
        other.respond(invite, "487 Request Terminated", tag="other")
        other.asked("ACK")
        caller.respond(caller.asked("BYE"), "200 OK")


def test_when_the_caller_hangs_up_first_the_ringing_phone_stops(through: ThroughVoice, other: Caller) -> None:
    with call(through) as caller:
        invite = other.asked("INVITE")
        other.respond(invite, "180 Ringing", tag="other")
        caller.bye()
        caller.response(200, method="BYE")
        other.respond(other.asked("CANCEL"), "200 OK")
        other.respond(invite, "487 Request Terminated", tag="other")
        other.asked("ACK")


def test_when_the_other_party_hangs_up_the_dialogue_hears_of_it(through: ThroughVoice, other: Caller) -> None:
    with call(through) as caller:
        invite = other.asked("INVITE")
        other.respond(invite, "200 OK", tag="other", body=other.sdp())
        other.asked("ACK")
        other.answer_back(invite, "BYE")
        caller.respond(caller.asked("BYE"), "200 OK")


def test_a_session_that_the_far_end_wants_refreshed_is_refreshed_and_ends_when_it_is_gone(
    through: ThroughVoice, other: Caller
) -> None:
    """RFC 4028: by UPDATE, and after a refusal of that by INVITE, whose answer may move the sound."""
    with call(through) as caller:
        invite = other.asked("INVITE")
        assert "timer" in invite.header("Supported")
        terms = (f"Session-Expires: {SHORTEST_S};refresher=uac", "Require: timer", "Allow: INVITE, ACK, BYE, UPDATE")
        other.respond(invite, "200 OK", tag="other", body=other.sdp(), more=terms)
        other.asked("ACK")
        update = other.asked("UPDATE", SHORTEST_S)
        assert (update.header("Session-Expires"), update.body) == (f"{SHORTEST_S};refresher=uac", "")
        other.messages.clear()
        other.respond(update, "501 Not Implemented")
        again = other.asked("INVITE", 1)
        assert again.media == invite.media
        assert "timer" in again.header("Supported")
        # Two who ask at once: RFC 3261 §14.2.
        other.answer_back(invite, "UPDATE", other.sdp(version=2), sequence=1)
        other.listen(3, lambda: [m for m in other.messages if m.code == 491])
        assert [m for m in other.messages if m.code == 491]
        with Caller(0) as moved:
            other.respond(again, "200 OK", body=moved.sdp(version=2), more=terms[:2])
            sender = speak(caller, caller.response(200).media, 700, 1.0)
            moved.listen(3, lambda: moved.datagrams)
            assert moved.datagrams
            sender.join()
            other.listen(0.2)
            other.messages.clear()
            other.respond(other.asked("INVITE", SHORTEST_S), "481 Call/Transaction Does Not Exist")
        assert caller.asked("BYE", 3)
        caller.respond(caller.asked("BYE"), "200 OK")
        other.listen(0.2)
        other.respond(other.asked("BYE"), "200 OK")


def test_a_call_ends_after_its_longest_time_and_both_are_told(through: ThroughVoice, other: Caller) -> None:
    """What no check of life caught is not to stay: a call back, put through and forgotten."""
    until(lambda: not Shelf.of(through.settings).missing(), 90, "the sentences")
    words = Shelf.of(through.settings).words(Say.TOO_LONG, "es-MX")
    assert words is not None
    with through.caller() as caller:
        caller.invite("call-back", caller.sdp(), X_Conserje_Arg="102", X_Conserje_Target="102")
        caller.ack(caller.response(200))
        began = time.monotonic()
        caller.cseq += 1
        caller.request("INFO", "Signal=1\r\nDuration=160\r\n", Content_Type="application/dtmf-relay")
        invite = other.asked("INVITE")
        other.respond(invite, "200 OK", tag="other", body=other.sdp())
        other.asked("ACK")
        ended = threading.Thread(target=lambda: other.respond(other.asked("BYE", 20), "200 OK"))
        ended.start()
        caller.respond(caller.asked("BYE", 20), "200 OK")
        lasted = time.monotonic() - began
        ended.join()
        assert LONGEST_S <= lasted <= LONGEST_S + 15
        for one in (caller, other):
            assert heard(words, one.stream().pcm()) > HEARD
