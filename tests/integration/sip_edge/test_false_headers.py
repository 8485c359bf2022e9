"""Headers that the routing reads, absent, doubled, huge and false: from a trunk, in a REGISTER, a REFER and in answers.

What a phone's INVITE may say falsely, and torn messages: test_hostile.py. Whoever sent it gets an answer, no exception
gets out of a worker, and the next call is as good as any.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.integration.sip_edge.agent import Agent, Message, connected
from tests.integration.sip_edge.building import ADDRESS, Building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.building import uncaught_in

ANAS, HERS = "+525550000101", "101"
HUGE = "9" * 3000
MANY = "\r\n".join(f"Record-Route: <sip:198.51.100.{n};lr>" for n in range(60))
FROM_A_TRUNK = (
    f"P-Asserted-Identity: <sip:{HUGE}@x>",
    "P-Asserted-Identity: <<<\r\nP-Asserted-Identity: tel:+5255",
    "P-Asserted-Identity:",
    "P-Asserted-Identity: \xe1\xff",
    "Diversion: <sip:101@x>;reason=\r\nDiversion: <sip:102@x>\r\nDiversion: ,,,",
    "History-Info: <sip:1@x>;index=1.1.1.1.1.1.99999999999999999999",
    f"Privacy: {'id;' * 900}",
    "Referred-By: <sip:p-ana-x7k2@conserje>\r\nReplaces: a;to-tag=b;from-tag=c",
    "Replaces: ;;;\r\nReplaces: x",
    "X-Conserje-Goto: person:person-ana\r\nX-Conserje-Say: busy",
    f"Supported: {'x,' * 1500}\r\nSupported: replaces",
    "Require: nothing-we-know",
    "Route: <sip:198.51.100.1;lr>\r\nRoute: <sip:198.51.100.2;lr>",
    MANY,
    "Contact: <sip:a@198.51.100.1>\r\nContact: *",
    "Content-Type: text/nothing\r\nContent-Type: application/sdp",
    "Session-Expires: -1;refresher=nobody\r\nMin-SE: 99999999999999999999",
    "Call-ID: another\r\nCSeq: 7 BYE",
    "To: <sip:elsewhere@y>;tag=here",
)


@pytest.fixture(autouse=True)
def nothing_uncaught(edge: Building) -> Iterator[None]:
    """Looked at after each test: which one it was. Voice is known to be dead, so that no refusal waits for it."""
    edge.kamailio.call("htable.seti", "state", "voice", 0)
    before = len(edge.log("kamailio"))
    yield
    assert not uncaught_in(edge.log("kamailio")[before:])


@pytest.fixture
def far(edge: Building, carrier: Callable[[Building], Agent]) -> Agent:
    return carrier(edge)


@pytest.fixture
def ana(edge: Building, phone: MakePhone) -> Iterator[Agent]:
    made = phone(edge, "ana")
    assert made.register().status == 200
    yield made
    made.register(expires=0, cseq=90)


def talk(caller: Agent, callee: Agent, dialled: str) -> None:
    call, _ = connected(caller, callee, dialled)
    caller.request(call, "BYE")
    callee.answer(callee.expect("BYE"), 200)
    caller.expect(200)


@pytest.mark.parametrize("header", FROM_A_TRUNK, ids=[f"{h.partition(':')[0]}-{n}" for n, h in enumerate(FROM_A_TRUNK)])
def test_from_a_trunk(far: Agent, ana: Agent, header: str) -> None:
    """It rings, is refused, or is no SIP at all (RFC 3261 §16.3): then there is silence, as for a doubled To."""
    call = far.dial(ANAS, extra=(header,))
    invite = ana.receive(0.3)
    if invite is not None and invite.method == "INVITE":
        ana.answer(invite, 486, "Busy Here")
        assert far.outcome(call).status >= 400
        assert "x-conserje" not in str(invite.headers)
    ana.receive(0.05)
    talk(far, ana, ANAS)


@pytest.mark.parametrize("user", ["", HUGE, "%00%ff", "anonymous", "\xe9", "+52155123456789012345"])
def test_a_caller_whose_name_is_none(far: Agent, ana: Agent, user: str) -> None:
    call = far.dial(ANAS, user=user or " ")
    invite = ana.receive(0.3)
    if invite is not None:
        ana.answer(invite, 486, "Busy Here")
        assert far.outcome(call).status >= 400
    ana.receive(0.05)
    talk(far, ana, ANAS)


REGISTERS = (
    ("*", 300, ""),
    ("<sip:x@y>, <sip:x@z>;expires=99999999999999999999", 300, ""),
    (f"<sip:{HUGE}@y>", 300, ""),
    ("<<<", 300, ""),
    (",", 300, ""),
    ("", -5, ""),
    ("", 10**20, ""),
    ("", 300, "Authorization: Digest username=\"x\"\r\n" * 30),
    ("", 300, "Authorization: " + "a=b," * 900),
    ("", 300, "To: <sip:another@x>"),
    ("", 300, "Path: <sip:198.51.100.1;lr>\r\nSupported: path,gruu,outbound\r\nRequire: gruu"),
)


@pytest.mark.parametrize(("contact", "expires", "more"), REGISTERS, ids=range(len(REGISTERS)))
def test_in_a_registration(
    edge: Building, far: Agent, ana: Agent, phone: MakePhone, contact: str, expires: int, more: str
) -> None:
    beto = phone(edge, "beto")
    beto.register_request(more, contact=contact, expires=expires)
    asked = beto.receive(0.5)
    if asked is not None and asked.status == 401:
        proof = beto.authorization(beto.challenged(asked), "REGISTER", f"sip:{ADDRESS}:{edge.sip[1]}")
        beto.register_request(f"{more.strip()}\r\n{proof}".strip(), contact=contact, expires=expires, cseq=2)
        final = beto.receive(1)
        assert final is None or final.status in (200, 400, 401, 403, 416, 420, 423, 500, 503), final.start
    assert beto.register(cseq=9, call_id="whole").status == 200
    talk(ana, beto, "102")
    beto.register(expires=0, contact="*", cseq=20, call_id="whole")


REFER_TO = (
    "",
    "Refer-To: ",
    "Refer-To: <<<",
    "Refer-To: <sip:102@{box}>\r\nRefer-To: <sip:199@{box}>",
    "Refer-To: <sip:" + HUGE + "@{box}>",
    "Refer-To: <sip:102@{box}?Replaces=%00%ff>",
    "Refer-To: <sip:102@{box}?Replaces=" + "a" * 900 + "%3Bto-tag%3Db%3Bfrom-tag%3Dc>",
    "Refer-To: <tel:+5255>",
    "Refer-To: <sip:199@evil.example>\r\nReferred-By: <sip:nobody@x>",
    "Refer-To: \xff\xfe",
    "r: <sip:199@{box}>",
)


def test_where_a_transfer_leads(edge: Building, ana: Agent, far: Agent) -> None:
    """Each is answered, or left to the far end; the call stands, and is hung up in the end."""
    call = ana.dial("5512345678")
    leg = far.take(far.expect("INVITE"))
    assert ana.outcome(call).status == 200
    far.expect("ACK")
    box = f"{ADDRESS}:{edge.sip[1]}"
    for header in REFER_TO:
        ana.request(call, "REFER", extra=(header.replace("{box}", box),) if header else ())
        while (answer := _next(ana, far)).status < 200:
            pass
        assert 200 <= answer.status < 700, header
    ana.request(call, "BYE")
    far.answer(far.expect("BYE"), 200)
    ana.expect(200)
    assert leg


def _next(ana: Agent, far: Agent) -> Message:
    """What she is answered; the far end refuses what comes to it."""
    for _ in range(40):
        relayed = far.receive(0.05)
        if relayed is not None and relayed.method == "REFER":
            far.answer(relayed, 603, "Decline")
        message = ana.receive(0.2)
        if message is not None and message.status:
            return message
    raise AssertionError("no answer")


REFUSALS = (
    (503, "Retry-After: 99999999999999999999"),
    (503, "Retry-After: -1\r\nRetry-After: soon"),
    (407, ""),
    (407, "Proxy-Authenticate: Digest realm=x"),
    (401, "WWW-Authenticate: " + "x=y," * 900),
    (302, "Contact: <<<"),
    (302, f"Contact: <sip:{HUGE}@198.51.100.1>"),
    (488, "Warning: \xff\xfe"),
    (699, ""),
    (422, "Min-SE: x"),
    (420, "Unsupported: " + "x," * 900),
)
ANSWERS = (
    "Record-Route: <<<",
    "Contact: <<<\r\nContact: <sip:x@y>",
    "Supported: " + "x," * 1500,
    "To: <sip:someone@else>;tag=other",
    "P-Asserted-Identity: \xff",
    "Content-Type: text/nothing",
)


@pytest.mark.parametrize(("status", "header"), REFUSALS, ids=[f"{s}-{n}" for n, (s, _) in enumerate(REFUSALS)])
def test_in_what_a_carrier_refuses_with(edge: Building, far: Agent, ana: Agent, status: int, header: str) -> None:
    edge.kamailio.call("htable.flush", "held")
    call = ana.dial("5512345678")
    far.answer(far.expect("INVITE"), status, extra=(header,) if header else ())
    assert ana.outcome(call).status >= 400
    edge.kamailio.call("htable.flush", "held")
    talk(ana, far, "5512345678")


@pytest.mark.parametrize("header", ANSWERS, ids=[f"{h.partition(':')[0]}-{n}" for n, h in enumerate(ANSWERS)])
def test_in_what_a_carrier_answers_with(far: Agent, ana: Agent, header: str) -> None:
    call = ana.dial("5512345678")
    invite = far.expect("INVITE")
    far.answer(invite, 183, "Progress", "v=0\r\nm=rubbish", extra=(header,))
    far.answer(invite, 200, "OK", far.sdp, extra=(header,))
    assert ana.outcome(call).status == 200
    ana.request(call, "BYE")
    if (bye := far.receive(0.5)) is not None and bye.method != "BYE":
        bye = far.receive(0.5)
    if bye is not None:
        far.answer(bye, 200)
    talk(ana, far, "5512345678")
