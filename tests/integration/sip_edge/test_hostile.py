"""What nobody sends who means well: broken SIP, loops, huge and false headers, strangers' RTP. No worker minds."""

import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.bench.sip_load import children
from tests.integration.sip_edge.agent import Agent, Message, tag_of
from tests.integration.sip_edge.building import ADDRESS, Building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.tormentor import Tally, Tormentor
from tests.lab.torture import HOST, TORTURE, mutations

MUTATIONS = 1500
"""`make proof` sends 100,000."""
GROWTH_KIB = 6 * 1024


def uncaught(b: Building) -> int:
    found = b.kamailio.call("htable.get", "count", "uncaught")
    return int(found["item"]["value"]) if found else 0


def workers(b: Building) -> tuple[int, ...]:
    return children(b.running["kamailio"].pid)


def private_kib(pids: tuple[int, ...]) -> int:
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            total += int(line.split()[1]) if line.startswith("Private_Dirty:") else 0
    return total


def answers(b: Building) -> bool:
    """Whether every worker still serves: a few OPTIONS, each answered."""
    for _ in range(8):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(3)
            s.connect(b.sip)
            name = secrets.token_hex(6)
            s.send(
                f"OPTIONS sip:{ADDRESS} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {ADDRESS}:{s.getsockname()[1]};branch=z9hG4bK{name}\r\n"
                f"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: {name}\r\nCSeq: 1 OPTIONS\r\n"
                "Max-Forwards: 5\r\nContent-Length: 0\r\n\r\n".encode()
            )
            if not s.recv(4096).startswith(b"SIP/2.0 200"):
                return False
    return True


@pytest.mark.alone
@pytest.mark.acceptance("Q-3")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_torture_and_its_mutations_kill_stop_and_swell_nothing(edge: Building, transport: str) -> None:
    pids, here = workers(edge), f"{ADDRESS}:{edge.sip[1]}".encode()
    sent = [m.replace(HOST.encode(), here) for m in (*TORTURE.values(), *mutations(MUTATIONS))]
    _torment(edge, transport, sent[:300])
    before = private_kib(pids)
    tally = _torment(edge, transport, sent)
    assert (tally.read > 0.95, tally.understood > 0.2 * tally.sent) == (True, True), tally
    assert answers(edge)
    assert workers(edge) == pids
    assert uncaught(edge) == 0, edge.log("kamailio")[-3000:]
    assert private_kib(pids) - before < GROWTH_KIB


def _torment(b: Building, transport: str, messages: list[bytes]) -> Tally:
    tormentor = Tormentor.of(b.sip, b.running["kamailio"].pid, b.settings.sip.control_port)
    if transport == "tcp":
        return tormentor.by_tcp(messages, b.sip)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk,
    ):
        # As a stranger, and as the trunk, whose requests go on into the routing.
        stranger.bind((ADDRESS, 0))
        trunk.bind((ADDRESS, b.carrier_port))
        return tormentor.by_udp(stranger, messages[::2]) + tormentor.by_udp(trunk, messages[1::2])


UNREADABLE = ("From:", "Max-Forwards:")
HEADERS = (
    "From: <sip:x@y>;tag=a\r\nFrom: <sip:z@y>;tag=b",
    "Max-Forwards: 4294967296",
    "Max-Forwards: -1",
    "Proxy-Authorization: Digest " + "a=b," * 400,
    "Proxy-Authorization: Digest username=\"\xe1\xff\", realm=conserje, nonce=x, uri=y, response=z",
    "Privacy: " + "id;" * 500,
    "P-Asserted-Identity: <sip:" + "9" * 3000 + "@x>",
    "History-Info: " + ",".join(f"<sip:{n}@x>;index=1.{n}" for n in range(300)),
    "Diversion: <sip:101@x>;reason=unconditional;counter=999999999999",
    "Diversion: \xff\xfe<<<>>>",
    "Referred-By: <sip:nobody@nowhere>",
    "X-Conserje-Account: acme\r\nX-Conserje-Goto: person:person-ana",
    "Replaces: x;to-tag=y;from-tag=z",
    "Record-Route: <sip:evil@203.0.113.1;lr>",
    "User-Agent: " + "u" * 4000,
    "Session-Expires: 0",
    "Content-Type: application/sdp",
)


@pytest.mark.parametrize("header", HEADERS, ids=[h.split(":")[0] + str(n) for n, h in enumerate(HEADERS)])
def test_a_header_doubled_huge_or_false_gets_an_answer_and_no_exception(
    edge: Building, phone: MakePhone, header: str
) -> None:
    ana = phone(edge, "ana")
    if header.startswith(UNREADABLE):
        # Such a request is no request: RFC 3261 §16.3 lets it be dropped.
        with pytest.raises(AssertionError):
            ana.dial("102", extra=(header,))
    else:
        assert 400 <= _final(ana, ana.dial("102", extra=(header,)).call_id).status < 700
    assert answers(edge)
    assert uncaught(edge) == 0, edge.log("kamailio")[-3000:]


@pytest.mark.parametrize("missing", ["Contact", "Max-Forwards", "CSeq", "To", "Call-ID", "Via"])
def test_a_header_that_is_not_there_gets_an_answer_or_silence_and_no_exception(edge: Building, missing: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((ADDRESS, edge.carrier_port))
        s.settimeout(0.3)
        text = TORTURE["sdp01"].replace(HOST.encode(), f"{ADDRESS}:{edge.sip[1]}".encode()).decode()
        lines = [line for line in text.split("\r\n") if not line.startswith(f"{missing}:")]
        s.sendto("\r\n".join(lines).encode(), edge.sip)
        with suppress(TimeoutError):
            s.recv(4096)
    assert answers(edge)
    assert uncaught(edge) == 0, edge.log("kamailio")[-3000:]


NUMBERS = ("5" * 60, "9" * 200, "%00%ff", "*" * 40, "+" + "1" * 40, "%23%23", "102%40evil", "a;b=c")


@pytest.mark.parametrize("dialled", NUMBERS)
def test_a_number_of_sixty_digits_or_none_is_refused_in_words(edge: Building, phone: MakePhone, dialled: str) -> None:
    ana = phone(edge, "ana")
    assert 400 <= _final(ana, ana.dial(dialled).call_id).status < 700
    assert uncaught(edge) == 0, edge.log("kamailio")[-3000:]


def test_a_name_in_latin_1_is_shown_as_it_was_meant(
    edge: Building, carrier: Callable[[Building], Agent], phone: MakePhone
) -> None:
    far, ana = carrier(edge), phone(edge, "ana")
    assert ana.register().status == 200
    with_name = TORTURE["sdp01"].replace(b"sip:user@" + HOST.encode(), f"sip:+525550000101@{ADDRESS}".encode())
    with_name = with_name.replace(b"From: <sip:caller@", "From: \"Jos\u00e9\" <sip:+525598765432@".encode("latin-1"))
    far._socket.sendto(with_name.replace(b"192.0.2.1:5060", f"{ADDRESS}:{far.port}".encode()), edge.sip)
    assert "Jos\u00e9" in ana.expect("INVITE")["from"]
    assert uncaught(edge) == 0, edge.log("kamailio")[-3000:]
    ana.register(expires=0, cseq=9)


def test_a_request_out_of_hops_is_483(edge: Building) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.connect(edge.sip)
        port = s.getsockname()[1]
        zero = TORTURE["zeromf"].replace(HOST.encode(), ADDRESS.encode())
        s.send(zero.replace(b"192.0.2.1:5060", f"{ADDRESS}:{port}".encode()))
        assert s.recv(4096).startswith(b"SIP/2.0 483 ")


def test_a_call_that_comes_round_to_us_ends_and_does_not_circle(
    edge: Building, carrier: Callable[[Building], Agent], phone: MakePhone
) -> None:
    far, ana = carrier(edge), phone(edge, "ana")
    ana.dial("5512345678")
    invite = far.expect("INVITE")
    # The carrier sends the very same request back, as a mistaken forward would.
    kept = [f"{n.title()}: {v}" for n, v in invite.headers if n not in ("content-length", "content-type", "via")]
    vias = [f"Via: SIP/2.0/UDP {far.address}:{far.port};branch=z9hG4bK{secrets.token_hex(6)}"]
    vias += [f"Via: {v}" for n, v in invite.headers if n == "via"]
    far.send(f"INVITE sip:5512345678@{edge.sip[0]}:{edge.sip[1]} SIP/2.0", [*vias, *kept], invite.body)
    answer = far.expect(*range(400, 700), seconds=8)
    assert answer.status >= 400
    far.answer(invite, 486)
    assert uncaught(edge) == 0, edge.log("kamailio")[-3000:]


@pytest.mark.acceptance("Q-8")
@pytest.mark.parametrize("spoken_before", [True, False], ids=["in the middle", "from the first packet"])
def test_rtp_of_a_third_address_is_neither_passed_on_nor_answered(
    whole: Building, phone: MakePhone, spoken_before: bool
) -> None:
    ana, beto = phone(whole, "ana"), phone(whole, "beto")
    assert ana.register().status == beto.register().status == 200
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    leg = beto.take(invite)
    ok = ana.outcome(call)
    beto.expect("ACK")
    if spoken_before:
        _talk(ana, beto, ok, invite)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.bind(("127.0.0.77", 0))
        thief.settimeout(0.3)
        for n in range(40):
            packet = b"\x80\x00" + n.to_bytes(2, "big") + (n * 160).to_bytes(4, "big") + b"\x09" * 4 + b"thief" * 32
            for relay in (ok.media, invite.media):
                thief.sendto(packet, relay)
        assert not _heard(thief), "nothing comes back to a stranger"
        assert "thief" not in ana.hears() + beto.hears()
        _talk(ana, beto, ok, invite)
        assert not _heard(thief)
    beto.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)
    for agent in (ana, beto):
        agent.register(expires=0, cseq=50)


def _talk(ana: Agent, beto: Agent, ok: Message, invite: Message) -> None:
    for _ in range(3):
        ana.speak(ok.media)
        beto.speak(invite.media)
    assert ana.hears() == beto.user
    assert beto.hears() == ana.user


def _heard(thief: socket.socket) -> bool:
    try:
        return bool(thief.recv(2048))
    except TimeoutError:
        return False


def _final(agent: Agent, call_id: str) -> Message:
    end = time.monotonic() + 12
    while time.monotonic() < end:
        message = agent.receive(end - time.monotonic())
        if message is not None and message["call-id"] == call_id and message.status >= 200 and tag_of(message["to"]):
            return message
    raise AssertionError("no final answer")


def test_a_cancel_of_nothing_is_told_so(edge: Building, phone: MakePhone) -> None:
    """As after a restart while it rang (RFC 3261 §9.2): the phone need not try for half a minute."""
    ana = phone(edge, "ana")
    assert ana.register().status == 200
    call = ana.dial("199")
    assert ana.outcome(call).status == 404
    call.branch = call.branch.replace("z9hG4bK", "z9hG4bKlost")
    ana.cancel(call)
    assert ana.expect(481)
