"""SIP over TLS through HAProxy: a phone keeps its own address, is called over its own connection, and talks by SRTP."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.integration.sip_edge.streamagent import StreamAgent
from tests.lab.sample import sip_secret, sip_user
from tests.lab.waiting import until

MakeStream = Callable[..., StreamAgent]
DESK = "127.0.0.31"


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("front"), sip={"tls": True, "behind_port": 45063}) as b:
        b.start("redis", "rtpengine", "kamailio", "haproxy")
        yield b


@pytest.fixture
def stream(agents: list[Agent]) -> MakeStream:
    def make(b: Building, person: str, tls: bool = True, address: str = DESK) -> StreamAgent:
        port = b.settings.sip.tls_port if tls else b.settings.sip.port
        trusted = b.settings.paths.identity_dir / "site-ca.crt" if tls else None
        there = (b.sip[0], port)
        who = (sip_user(person), sip_secret(person), there, "SHA-256", address)
        agent = StreamAgent(*who, trusted=trusted, encrypts=tls)
        agents.append(agent)
        return agent

    return make


@pytest.mark.acceptance("Q-7")
def test_a_phone_registers_over_tls_by_the_sites_own_authority_and_keeps_its_address(
    front: Building, stream: MakeStream
) -> None:
    ana = stream(front, "ana")
    assert ana.register().status == 200
    found = front.kamailio.call("ul.lookup", "location", ana.user)["Contacts"][0]["Contact"]
    assert found["Received"].startswith(f"sip:{DESK}:{ana.port}")
    with pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(socket.create_connection(ana.registrar), server_hostname="127.0.0.1")


@pytest.mark.acceptance("Q-7")
def test_a_phone_on_udp_calls_one_on_tls_which_talks_by_srtp(
    front: Building, stream: MakeStream, phone: MakePhone
) -> None:
    ana, beto = phone(front, "ana"), stream(front, "beto")
    assert ana.register().status == beto.register().status == 200
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    assert "RTP/SAVP" in invite.body
    assert "a=crypto:" in invite.body
    assert f"<sip:{front.sip[0]}:{front.settings.sip.tls_port};transport=tls" in invite.all("record-route")[0]
    leg = beto.take(invite)
    ok = ana.outcome(call)
    assert "RTP/AVP" in ok.body
    assert "crypto" not in ok.body
    beto.expect("ACK")
    ana.request(call, "INFO")
    beto.answer(beto.expect("INFO"), 200)
    ana.expect(200)
    beto.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)
    beto.expect(200)
    beto.register(expires=0, cseq=20)


@pytest.mark.acceptance("Q-7")
def test_a_phone_on_tls_calls_one_on_udp_and_each_holds_and_hangs_up_in_its_own_way(
    front: Building, stream: MakeStream, phone: MakePhone
) -> None:
    ana, beto = stream(front, "ana"), phone(front, "beto")
    assert ana.register().status == beto.register().status == 200
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    assert "RTP/AVP" in invite.body
    assert "crypto" not in invite.body
    leg = beto.take(invite)
    ok = ana.outcome(call)
    assert "RTP/SAVP" in ok.body
    assert "a=crypto:" in ok.body
    beto.expect("ACK")
    # The called phone holds: its re-INVITE goes back into the caller's connection, with keys again.
    beto.request(leg, "INVITE", beto.sdp.replace("sendrecv", "sendonly"))
    again = ana.expect("INVITE")
    assert "RTP/SAVP" in again.body
    ana.answer(again, 200, "OK", ana.sdp.replace("sendrecv", "recvonly"))
    held = beto.expect(200)
    assert "RTP/AVP" in held.body
    beto.request(leg, "ACK", count=False)
    ana.expect("ACK")
    ana.request(call, "BYE")
    beto.answer(beto.expect("BYE"), 200)
    ana.expect(200)


@pytest.mark.acceptance("Q-7")
def test_a_phone_that_prefers_srtp_gets_it_in_either_way_of_offering_it(
    front: Building, stream: MakeStream, phone: MakePhone
) -> None:
    """Keys beside RTP/AVP (RFC 8643), as baresip and Snom; one description with keys and one without, as Polycom."""
    ana, beto = stream(front, "ana"), phone(front, "beto")
    assert ana.register().status == beto.register().status == 200
    secure = ana.sdp
    media = secure.partition("m=audio")[2]
    plain = "m=audio" + re.sub(r"a=crypto:[^\r]*\r\n", "", media.replace("RTP/SAVP", "RTP/AVP"))
    ways = {"keys": secure.replace("RTP/SAVP", "RTP/AVP"), "two": secure + plain}
    for way, offer in ways.items():
        ana.offers = offer
        call = ana.dial("102")
        invite = beto.expect("INVITE")
        assert "crypto" not in invite.body
        lines = re.findall(r"^m=audio (\d+) (\S+)", invite.body, re.MULTILINE)
        assert [profile for _, profile in lines] == ["RTP/AVP"] * (2 if way == "two" else 1)
        # A phone takes the first that it can, and declines the other (RFC 3264 section 6).
        declined = "m=audio 0 RTP/AVP 0\r\n" if way == "two" else ""
        leg = beto.take(invite, beto.sdp + declined)
        answered = ana.outcome(call).body
        first = re.search(r"^m=audio (\d+) (\S+)", answered, re.MULTILINE)
        assert first
        assert first[1] != "0"
        assert first[2] == ("RTP/AVP" if way == "keys" else "RTP/SAVP")
        assert "a=crypto:1 AES_CM_128_HMAC_SHA1_80" in answered
        beto.expect("ACK")
        beto.request(leg, "BYE")
        ana.answer(ana.expect("BYE"), 200)
        beto.expect(200)


@pytest.mark.acceptance("Q-7")
def test_two_phones_on_tls_and_one_on_tcp_call_each_other(front: Building, stream: MakeStream) -> None:
    ana, beto, tcp = stream(front, "ana"), stream(front, "beto", address="127.0.0.32"), stream(front, "ana", tls=False)
    assert ana.register().status == beto.register().status == 200
    call = ana.dial("102")
    leg = beto.take(beto.expect("INVITE"))
    assert "RTP/SAVP" in ana.outcome(call).body
    beto.expect("ACK")
    beto.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)
    beto.expect(200)
    ana.register(expires=0, cseq=30)
    assert tcp.register().status == 200
    call = beto.dial("101")
    leg = tcp.take(tcp.expect("INVITE"))
    assert beto.outcome(call).status == 200
    tcp.expect("ACK")
    beto.request(call, "BYE")
    tcp.answer(tcp.expect("BYE"), 200)
    beto.expect(200)


@pytest.mark.acceptance("Q-7")
def test_a_flood_of_garbage_handshakes_and_of_silent_connections_harms_no_call(
    front: Building, stream: MakeStream, phone: MakePhone
) -> None:
    ana, beto = phone(front, "ana"), stream(front, "beto", address="127.0.0.33")
    assert ana.register().status == beto.register().status == 200
    over = threading.Event()
    senders = [threading.Thread(target=_garbage, args=(front, n, over)) for n in range(4)]
    for sender in senders:
        sender.start()
    took = []
    try:
        for _ in range(40):
            started = time.monotonic()
            call = ana.dial("102")
            leg = beto.take(beto.expect("INVITE"))
            assert ana.outcome(call).status == 200
            took.append(time.monotonic() - started)
            beto.expect("ACK")
            beto.request(leg, "BYE")
            ana.answer(ana.expect("BYE"), 200)
            beto.expect(200)
    finally:
        over.set()
        for sender in senders:
            sender.join()
    assert max(took) < 1.0
    again = stream(front, "carla", address="127.0.0.34")
    assert again.register().status == 200
    assert "uncaught" not in front.log("kamailio")


def _garbage(b: Building, number: int, over: threading.Event) -> None:
    """One attacker: connections with noise, with half a handshake, with nothing, on the TLS and the TCP port."""
    source, held = f"127.0.1.{10 + number}", []
    half_a_hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256))
    noise = (half_a_hello, b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 900, b"")
    count = 0
    while not over.is_set():
        count += 1
        port = b.settings.sip.tls_port if count % 3 else b.settings.sip.port
        try:
            one = socket.create_connection((b.sip[0], port), 1, (source, 0))
            one.sendall(noise[count % len(noise)])
            held.append(one)
        except OSError:
            pass
        if len(held) > 40:
            held.pop(0).close()
        over.wait(0.005)
    for one in held:
        one.close()


@pytest.mark.acceptance("Q-7", "S-7")
def test_haproxy_killed_takes_no_call_and_phones_come_back(
    front: Building, stream: MakeStream, phone: MakePhone
) -> None:
    ana, beto = phone(front, "ana"), phone(front, "beto")
    assert ana.register().status == beto.register().status == 200
    call = ana.dial("102")
    beto.take(beto.expect("INVITE"))
    ana.outcome(call)
    front.kill("haproxy")
    ana.request(call, "BYE")
    beto.answer(beto.expect("BYE"), 200)
    ana.expect(200)
    started = time.monotonic()
    front.start("haproxy")
    assert time.monotonic() - started < 3
    carla = stream(front, "carla")
    until(lambda: carla.register().status == 200, 2, "a phone on TLS is back")


def test_what_ends_tls_says_no_version(front: Building, stream: MakeStream) -> None:
    ana = stream(front, "ana")
    ana.register_request()
    asked = ana.expect(401)
    assert not re.search(r"\d+\.\d+\.\d+ ?\(|haproxy|kamailio", str(asked.headers), re.I)


@pytest.mark.acceptance("S-9")
@pytest.mark.parametrize("tls", [True, False])
def test_a_phone_that_comes_back_over_a_new_connection_leaves_nothing_of_its_old_one(
    front: Building, stream: MakeStream, phone: MakePhone, tls: bool
) -> None:
    """Power that fails says no farewell: its old connection stays open for us. Other devices keep their contacts."""
    desk, elsewhere = stream(front, "dario", tls), stream(front, "dario", tls, address="127.0.0.32")
    by_udp = phone(front, "dario")
    assert desk.register().status == elsewhere.register().status == by_udp.register().status == 200
    again = stream(front, "dario", tls)
    assert again.register().status == 200
    assert _contacts_of(front, "dario") == {again.contact, elsewhere.contact, by_udp.contact}
    # Who only refreshes what it has stays, too.
    assert again.register(cseq=20).status == 200
    assert _contacts_of(front, "dario") == {again.contact, elsewhere.contact, by_udp.contact}
    for agent in (again, elsewhere, by_udp):
        assert agent.register(expires=0, cseq=40).status == 200


def _contacts_of(b: Building, person: str) -> set[str]:
    found = b.kamailio.call("ul.lookup", "location", sip_user(person))
    return {c["Contact"]["Address"] for c in found["Contacts"]} if found else set()
