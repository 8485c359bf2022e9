"""Calls through a real Kamailio and rtpengine: between phones, out and in by a trunk, refused, failed and hostile."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from appliance.sip_edge.control import Rtpengine
from tests.integration.sip_edge.agent import Agent, Call, tag_of
from tests.integration.sip_edge.building import Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.sample import sample_rows, sip_user
from tests.lab.waiting import until
from wire.rows import Trunk

MakeCarrier = Callable[[Building], Agent]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("calls")) as b:
        b.start("redis", "rtpengine", "kamailio")
        yield b


@pytest.fixture
def pair(whole: Building, phone: MakePhone) -> Iterator[tuple[Agent, Agent]]:
    """Ana (101) and Beto (102) of Acme, registered."""
    ana, beto = phone(whole, "ana"), phone(whole, "beto", "SHA-256")
    assert ana.register().status == beto.register().status == 200
    yield ana, beto
    for agent in (ana, beto):
        agent.register(expires=0, cseq=50)


def from_of(message: object) -> str:
    header = message["from"]  # type: ignore[index]
    return str(re.sub(r";tag=.*", "", header))


def talk(caller: Agent, callee: Agent, dialled: str) -> tuple[Call, Call]:
    call = caller.dial(dialled)
    invite = callee.expect("INVITE")
    callee.answer(invite, 180, "Ringing")
    caller.expect(180)
    leg = callee.take(invite)
    assert caller.outcome(call).status == 200
    callee.expect("ACK")
    return call, leg


@pytest.mark.acceptance("Q-1", "S-2")
def test_101_calls_102_and_both_hear_each_other_through_the_relay(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    call, leg = talk(ana, beto, "102")
    assert call.invite
    assert leg.invite
    assert from_of(leg.invite) == '"Ana Núñez" <sip:101@127.0.0.1>'
    assert call.invite.media[1] != beto.rtp.getsockname()[1]
    ana.speak(call.invite.media)
    assert beto.hears() == ana.user
    beto.speak(leg.invite.media)
    assert ana.hears() == beto.user
    beto.request(leg, "BYE")
    bye = ana.expect("BYE")
    ana.answer(bye, 200, "OK")
    assert beto.expect(200)
    assert sip_user("ana") in bye["to"], "the caller sees its own From again"


def test_extensions_belong_to_their_company(whole: Building, pair: tuple[Agent, Agent], phone: MakePhone) -> None:
    dario = phone(whole, "dario")
    carla = phone(whole, "carla")
    assert dario.register().status == carla.register().status == 200
    call = dario.dial("101")
    invite = carla.expect("INVITE")
    assert pair[0].nothing(0.3)
    carla.answer(invite, 486, "Busy Here")
    assert dario.outcome(call).status == 486
    carla.expect("ACK")


def test_all_contacts_of_a_person_ring_and_one_answer_stops_the_others(
    whole: Building, pair: tuple[Agent, Agent], phone: MakePhone
) -> None:
    ana, desk = pair
    soft = phone(whole, "beto")
    assert soft.register().status == 200
    call = ana.dial("102")
    first, second = desk.expect("INVITE"), soft.expect("INVITE")
    for agent, invite in ((desk, first), (soft, second)):
        agent.answer(invite, 180, "Ringing")
    soft.take(second)
    assert ana.outcome(call).status == 200
    cancel = desk.expect("CANCEL")
    assert "cause=200" in cancel["reason"]
    desk.answer(cancel, 200, "OK")
    desk.answer(first, 487, "Request Terminated")
    desk.expect("ACK")
    ana.request(call, "BYE")
    soft.answer(soft.expect("BYE"), 200)
    soft.register(expires=0, cseq=50)


@pytest.mark.parametrize(("status", "told"), [(486, 486), (603, 486), (480, 480), (302, 480), (500, 480)])
def test_a_phone_that_refuses_is_told_to_the_caller_in_the_plans_words(
    whole: Building, pair: tuple[Agent, Agent], status: int, told: int
) -> None:
    ana, beto = pair
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    beto.answer(invite, status, "No", extra=("Contact: <sip:elsewhere@127.0.0.1:9>",) if status == 302 else ())
    outcome = ana.outcome(call)
    assert outcome.status == told
    assert "Contact" not in outcome.start


def test_a_phone_that_rings_and_rings_ends_in_no_answer(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    beto.answer(invite, 180, "Ringing")
    start = time.monotonic()
    outcome = ana.outcome(call, 15)
    assert outcome.status == 480
    assert time.monotonic() - start < whole.settings.sip.ring_s + 3
    beto.answer(beto.expect("CANCEL"), 200)
    beto.answer(invite, 487, "Request Terminated")


def test_what_one_phone_says_counts_before_the_silence_of_an_unplugged_one(
    whole: Building, pair: tuple[Agent, Agent], phone: MakePhone
) -> None:
    ana, desk = pair
    unplugged = phone(whole, "beto")
    assert unplugged.register().status == 200
    unplugged.close()
    call = ana.dial("102")
    desk.answer(desk.expect("INVITE"), 486, "Busy Here")
    assert ana.outcome(call).status == 486
    assert desk.register(contact="*", expires=0, cseq=60).status == 200


def test_nobody_registered_is_said_at_once(whole: Building, phone: MakePhone) -> None:
    ana = phone(whole, "ana")
    ana.register()
    call = ana.dial("103")
    assert ana.outcome(call, 3).status == 480


def test_a_caller_that_gives_up_stops_the_ringing(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    beto.answer(invite, 180, "Ringing")
    ana.expect(180)
    ana.cancel(call)
    beto.answer(beto.expect("CANCEL"), 200)
    beto.answer(invite, 487, "Request Terminated")
    assert ana.outcome(call).status == 487
    facts = [f for f in whole.facts() if f["call_id"] == call.call_id]
    assert [f["event"] for f in facts if f["event"] != "replied"] == ["invite", "began", "rang", "cancelled", "ended"]


def test_holding_goes_through_as_a_re_invite(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    call, _ = talk(ana, beto, "102")
    ana.request(call, "INVITE", ana.sdp.replace("sendrecv", "sendonly"))
    again = beto.expect("INVITE")
    assert "sendonly" in again.body
    assert again.media[1] != ana.rtp.getsockname()[1], "still relayed"
    beto.answer(again, 200, "OK", beto.sdp.replace("sendrecv", "recvonly"))
    held = ana.expect(200)
    assert "recvonly" in held.body
    ana.request(call, "ACK", count=False)
    beto.expect("ACK")
    for method in ("UPDATE", "INFO", "MESSAGE"):
        ana.request(call, method)
        beto.answer(beto.expect(method), 200)
        assert ana.expect(200)
    ana.request(call, "BYE")
    beto.answer(beto.expect("BYE"), 200)


def test_an_invite_without_sdp_is_relayed_all_the_same(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    call = ana.dial("102", body=False)
    invite = beto.expect("INVITE")
    assert not invite.body
    beto.take(invite)
    ok = ana.outcome(call)
    assert ok.media[1] != beto.rtp.getsockname()[1]


@pytest.mark.acceptance("D-1")
@pytest.mark.parametrize("national", ["5512345678", "3331234567", "6641234567"])
def test_a_national_number_goes_to_the_trunk_in_e164(
    whole: Building, pair: tuple[Agent, Agent], carrier: MakeCarrier, national: str
) -> None:
    ana, far = pair[0], carrier(whole)
    call = ana.dial(national, extra=("P-Asserted-Identity: <sip:thief@x>", "X-Conserje-Say: busy", "x-conserje-Odd: 1"))
    invite = far.expect("INVITE")
    assert invite.uri == f"sip:+52{national}@127.0.0.1:{whole.carrier_port}"
    assert from_of(invite) == "<sip:+525550000101@127.0.0.1>"
    assert invite.all("p-asserted-identity") == ["<sip:+525550000101@127.0.0.1>"]
    assert not [n for n, _ in invite.headers if n.startswith("x-conserje") or "auth" in n]
    far.answer(invite, 183, "Session Progress", far.sdp)
    early = ana.expect(183)
    ana.speak(early.media)
    assert far.hears() == ana.user
    far.take(invite)
    assert ana.outcome(call).status == 200
    ana.request(call, "BYE")
    far.answer(far.expect("BYE"), 200)


@pytest.mark.acceptance("N-1")
def test_a_call_from_the_trunk_rings_whom_its_number_is_mapped_to(
    whole: Building, pair: tuple[Agent, Agent], carrier: MakeCarrier
) -> None:
    _, beto = pair
    far = carrier(whole)
    call = far.dial("+525550000102", user="+525598765432")
    invite = beto.expect("INVITE")
    assert from_of(invite) == '"Me" <sip:+525598765432@127.0.0.1>'
    leg = beto.take(invite)
    assert far.outcome(call).status == 200
    beto.request(leg, "BYE")
    far.answer(far.expect("BYE"), 200)


def test_a_trunk_that_is_silent_or_broken_is_followed_by_the_next(tmp_path_factory: pytest.TempPathFactory) -> None:
    with building(tmp_path_factory.mktemp("three-trunks")) as b:
        silent, broken = Agent("silent", "", b.sip), Agent("broken", "", b.sip)
        rows = (
            *sample_rows("127.0.0.1", b.carrier_port),
            Trunk("trunk-silent", "site-reforma", "Silent", "carrier", "127.0.0.1", silent.port, priority=1),
            Trunk("trunk-broken", "site-reforma", "Broken", "carrier", "127.0.0.1", broken.port, priority=2),
        )
        b.publish(rows)
        b.start("kamailio")
        ana, far = Agent(sip_user("ana"), "secret-of-ana-Zq9&<x", b.sip), Agent("far", "", b.sip, port=b.carrier_port)
        assert ana.register().status == 200
        call = ana.dial("5512345678")
        start = time.monotonic()
        broken.answer(broken.expect("INVITE", seconds=6), 503, "Service Unavailable")
        invite = far.expect("INVITE", seconds=2)
        assert time.monotonic() - start < 4.5
        far.answer(invite, 486, "Busy Here")
        assert ana.outcome(call).status == 486
        # What was silent is not waited for again by the next call.
        call = ana.dial("5512345678")
        start = time.monotonic()
        again = broken.expect("INVITE")
        while again["call-id"] != call.call_id:
            again = broken.expect("INVITE")
        broken.answer(again, 503, "Service Unavailable")
        far.take(far.expect("INVITE"))
        assert time.monotonic() - start < 1
        assert ana.outcome(call).status == 200
        for agent in (ana, far, silent, broken):
            agent.close()


def test_a_trunk_that_asks_for_a_log_in_gets_it_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    with building(tmp_path_factory.mktemp("log-in")) as b:
        rows = [r for r in sample_rows("127.0.0.1", b.carrier_port) if not isinstance(r, Trunk)]
        trunk = Trunk("trunk-carrier", "site-reforma", "C", "carrier", "127.0.0.1", b.carrier_port)
        from dataclasses import replace

        b.publish([*rows, replace(trunk, username="reforma", secret="s3cret", plus=False, trusted=False)])
        b.start("kamailio")
        ana, far = Agent(sip_user("ana"), "secret-of-ana-Zq9&<x", b.sip), Agent("far", "", b.sip, port=b.carrier_port)
        assert ana.register().status == 200
        ask = ('WWW-Authenticate: Digest realm="carrier", nonce="abc", algorithm=MD5, qop="auth"',)
        call = ana.dial("5512345678")
        invite = far.expect("INVITE")
        far.answer(invite, 401, "Unauthorized", extra=ask)
        again = far.expect("INVITE")
        assert 'username="reforma"' in again["authorization"]
        assert again.uri == f"sip:525512345678@127.0.0.1:{b.carrier_port}"
        assert from_of(again) == "<sip:525550000101@127.0.0.1>"
        assert not again["p-asserted-identity"]
        assert "s3cret" not in str(again)
        far.take(again)
        assert ana.outcome(call).status == 200
        call = ana.dial("5512345678")
        for _ in range(2):
            far.answer(far.expect("INVITE"), 401, "Unauthorized", extra=ask, tag="x")
        assert ana.outcome(call).status == 503
        for agent in (ana, far):
            agent.close()


def test_a_refusal_is_spoken_by_voice_and_then_said(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana = pair[0]
    voice = Agent("voice", "", whole.sip, port=whole.settings.media.voice_sip_port)
    try:
        call = ana.dial("777")
        invite = voice.expect("INVITE")
        assert invite.uri == f"sip:announce@127.0.0.1:{voice.port}"
        assert invite["x-conserje-say"]
        assert invite["x-conserje-language"] == "es-MX"
        status, _, reason = invite["x-conserje-then"].partition(" ")
        voice.answer(invite, 183, "Session Progress", voice.sdp)
        early = ana.expect(183)
        voice.speak(invite.media)
        assert ana.hears() == "voice"
        assert early.media[1] != voice.rtp.getsockname()[1]
        voice.answer(invite, int(status), reason)
        outcome = ana.outcome(call)
        assert outcome.status == int(status) >= 400
        assert outcome.start.endswith(reason)
    finally:
        voice.close()


def test_when_voice_is_dead_the_status_comes_alone_and_soon(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana = pair[0]
    start = time.monotonic()
    assert ana.outcome(ana.dial("777")).status == 404
    assert time.monotonic() - start < 2


def test_star_9196_is_answered_by_voice(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana = pair[0]
    voice = Agent("voice", "", whole.sip, port=whole.settings.media.voice_sip_port)
    try:
        call = ana.dial("*9196")
        invite = voice.expect("INVITE")
        assert invite.uri.startswith("sip:echo@")
        voice.take(invite)
        assert ana.outcome(call).status == 200
        ana.request(call, "BYE")
        assert voice.expect("BYE")
    finally:
        voice.close()


def test_a_request_with_a_made_up_dialog_is_not_relayed(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    target = f"sip:x@127.0.0.1:{beto.port}"
    forged = Call("forged", "<sip:a@b>;tag=1", "<sip:c@d>;tag=2", target, (f"<sip:127.0.0.1:{ana.registrar[1]};lr>",))
    for method in ("INVITE", "BYE", "MESSAGE"):
        ana.request(forged, method)
        assert ana.expect(403)
    forged.routes = ()
    forged.target = f"sip:x@127.0.0.1:{ana.registrar[1]}"
    ana.request(forged, "BYE")
    assert ana.expect(481)
    assert beto.nothing(0.2)


@pytest.mark.parametrize(
    ("method", "status"), [("OPTIONS", 200), ("MESSAGE", 405), ("INFO", 405), ("FOO", 501), ("SUBSCRIBE", 407)]
)
def test_what_we_do_not_do_is_refused_cleanly(whole: Building, phone: MakePhone, method: str, status: int) -> None:
    ana = phone(whole, "ana")
    call = Call(f"alone-{method}", f"<sip:{ana.user}@x>;tag=1", "<sip:y@x>", f"sip:127.0.0.1:{whole.sip[1]}")
    ana.request(call, method)
    answer = ana.expect(status)
    assert "Conserje" in answer["server"]
    assert status not in (200, 405) or "INVITE" in answer["allow"]


def test_a_request_that_has_gone_round_too_often_is_refused(whole: Building, phone: MakePhone) -> None:
    ana = phone(whole, "ana")
    headers = [ana._via(), "Max-Forwards: 0", "From: <sip:a@b>;tag=1", "To: <sip:c@d>", "Call-ID: round"]
    ana.send(f"INVITE sip:101@127.0.0.1:{whole.sip[1]} SIP/2.0", [*headers, "CSeq: 1 INVITE"])
    assert ana.expect(483)


def test_we_relay_to_no_other_domain_and_for_no_stranger(whole: Building, phone: MakePhone) -> None:
    ana = phone(whole, "ana")
    stranger = Call("s", "<sip:a@b>;tag=1", "<sip:c@d>", "sip:101@198.51.100.1")
    ana.request(stranger, "INVITE", ana.sdp)
    assert ana.expect(403)
    stranger.target = f"sip:101@127.0.0.1:{whole.sip[1]}"
    ana.request(stranger, "INVITE", ana.sdp)
    assert ana.expect(407)


def test_one_may_not_call_in_anothers_name(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    ana.dial("102", user=sip_user("carla"))
    assert ana.expect(403)
    assert beto.nothing(0.2)


def test_a_digest_for_one_number_does_not_call_another(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana = pair[0]
    call = Call("swap", f"<sip:{ana.user}@x>;tag=1", "<sip:y@x>", f"sip:102@127.0.0.1:{whole.sip[1]}")
    ana.request(call, "INVITE", ana.sdp)
    challenge = ana.challenged(ana.expect(407))
    ana.request(call, "INVITE", ana.sdp, (ana.authorization(challenge, "INVITE", "sip:00441234@127.0.0.1"),))
    assert ana.expect(403)


def test_nobody_but_loopback_reaches_the_remote_control(whole: Building) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", whole.settings.sip.port, timeout=3)
    connection.request("POST", "/RPC", '{"jsonrpc":"2.0","id":1,"method":"core.uptime"}')
    assert connection.getresponse().status == 403


@pytest.mark.acceptance("S-7")
def test_a_dead_relay_delays_no_call_and_a_living_one_is_used_again(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair

    def set_up() -> tuple[float, bool]:
        start = time.perf_counter()
        call = ana.dial("102")
        invite = beto.expect("INVITE")
        took = time.perf_counter() - start
        direct = invite.media[1] == ana.rtp.getsockname()[1]
        beto.take(invite)
        assert ana.outcome(call).status == 200
        beto.expect("ACK")
        ana.request(call, "BYE")
        beto.answer(beto.expect("BYE"), 200)
        return took, direct

    assert not set_up()[1]
    whole.kill("rtpengine")
    first, *others = [set_up() for _ in range(5)]
    assert all(direct for _, direct in (first, *others))
    assert first[0] < 0.4
    assert max(took for took, _ in others) < 0.1
    whole.start("rtpengine")
    until(lambda: not set_up()[1], 6, "calls are relayed again")


@pytest.mark.acceptance("S-7")
def test_a_call_goes_on_through_a_killed_relay(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    call, leg = talk(ana, beto, "102")
    assert call.invite
    assert leg.invite
    ana.speak(call.invite.media)
    beto.speak(leg.invite.media)
    assert (beto.hears(), ana.hears()) == (ana.user, beto.user)
    whole.kill("rtpengine")
    whole.start("rtpengine")

    def heard_again() -> bool:
        while beto.hears():
            pass
        ana.speak(call.invite.media)  # type: ignore[union-attr]
        return beto.hears() == ana.user

    until(heard_again, 3, "the relay took the call up again")
    ana.request(call, "BYE")
    beto.answer(beto.expect("BYE"), 200)


@pytest.mark.acceptance("S-7")
def test_a_killed_redis_is_noticed_by_no_call(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    whole.kill("redis")
    start = time.monotonic()
    call, leg = talk(ana, beto, "102")
    assert time.monotonic() - start < 1.5
    assert call.invite
    ana.speak(call.invite.media)
    assert beto.hears() == ana.user
    whole.start("redis")
    beto.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)


@pytest.mark.acceptance("S-7")
def test_an_established_call_ends_well_after_kamailio_was_killed(whole: Building, pair: tuple[Agent, Agent]) -> None:
    ana, beto = pair
    call, _ = talk(ana, beto, "102")
    whole.kill("kamailio")
    whole.start("kamailio")
    ana.request(call, "BYE")
    bye = beto.expect("BYE")
    assert tag_of(bye["from"])
    beto.answer(bye, 200)
    assert ana.expect(200)
    ended = [f for f in whole.facts() if f["call_id"] == call.call_id and f["event"] == "ended"]
    assert ended[0]["by"] == "caller"


def test_nothing_was_uncaught(whole: Building) -> None:
    """Last in the file: all the calls above went through it."""
    log = whole.log("kamailio")
    assert "uncaught" not in log
    assert "Traceback" not in log


def test_a_cancel_that_overtakes_its_invite_ends_the_call_and_leaves_no_relay(
    whole: Building, pair: tuple[Agent, Agent]
) -> None:
    """Its call has been given up before Kamailio sends the branch for which rtpengine was told already."""
    ana, beto = pair
    relayed = Rtpengine(whole.settings.media.ng_port)
    before = relayed.calls()
    assert before is not None
    for _ in range(30):
        call = ana.dial("102")
        ana.expect(100, seconds=1)
        ana.cancel(call)
        invite = beto.receive(0.05)
        if invite is not None:  # this time the INVITE was faster
            beto.answer(invite, 180, "Ringing")
            beto.answer(beto.expect("CANCEL"), 200, "OK")
            beto.answer(invite, 487, "Request Terminated")
            beto.expect("ACK")
        assert ana.outcome(call).status == 487
    until(lambda: relayed.calls() == before, 5, "nothing is relayed any more")


def test_each_end_is_told_how_its_sound_arrives(whole: Building, pair: tuple[Agent, Agent]) -> None:
    """By reports of the relay (RFC 3550 §6.4), to where RTCP goes without a=rtcp: the next port."""
    ana, beto = pair
    call, leg = talk(ana, beto, "102")
    assert call.invite
    assert leg.invite
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind((ana.address, ana.rtp.getsockname()[1] + 1))
        ear.setblocking(False)
        reports: list[bytes] = []

        def reported() -> bool:
            ana.speak(call.invite.media)  # type: ignore[union-attr]
            beto.speak(leg.invite.media)  # type: ignore[union-attr]
            with suppress(BlockingIOError):
                reports.append(ear.recv(2000))
            return any(200 <= report[1] <= 201 and report[0] & 0x1F for report in reports)

        until(reported, 15, "Ana is told of her sound")
    ana.request(call, "BYE")
    beto.answer(beto.expect("BYE"), 200)


def test_a_phone_may_go_by_its_own_extension_and_by_nobody_elses(whole: Building, pair: tuple[Agent, Agent]) -> None:
    """Some phones call from a transfer under the name that they were called by, which is what the caller dialled."""
    ana, beto = pair
    call = ana.dial("102", user="101")
    invite = beto.expect("INVITE")
    assert "Ana" in invite["from"]
    assert "<sip:101@" in invite["from"]
    beto.take(invite)
    assert ana.outcome(call).status == 200
    ana.request(call, "BYE")
    beto.answer(beto.expect("BYE"), 200)
    ana.expect(200)
    assert ana.outcome(ana.dial("102", user="102")).status == 403
