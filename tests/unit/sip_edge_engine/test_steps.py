"""How a call goes on in a worker, without a worker: where it stands, who is next, what each leg is shown."""

from base64 import b64decode
from xml.etree import ElementTree

import pytest

from appliance.directory.model import Trunk
from appliance.sip_edge.callfacts import LegName
from appliance.sip_edge.kamailio.calls import Calls
from appliance.sip_edge.kamailio.headers import assertion, location_uri, shown, trunk_headers, voice_headers
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.standing import At, Standing, leg_of
from appliance.sip_edge.plan import Identity, OnFailure, Plan, Refuse, Ring, Say, Target, ToTrunk
from appliance.vocabulary import Announcement, CallClass
from wire.diversion import Diversion, counted

ME = Identity("101", "Ana")
IN_TURN = Ring((Target("phone-1", "p1"), Target("phone-2", "p2")), False, 20, ME)
GONE = Refuse(480, "Temporarily Unavailable")
PLAN = Plan((IN_TURN,), CallClass.INTERNAL, "acct", "101", "102", "internal", OnFailure(no_answer=(GONE,)))


def test_phones_in_turn_are_rung_one_after_the_other_and_then_the_plan_goes_on() -> None:
    assert Calls._next_step(PLAN, At(0, 0), 480, rang=True) == At(0, 1)
    assert Calls._next_step(PLAN, At(0, 1), 480, rang=True) == At(1)
    assert Calls._next_step(PLAN, At(1), 480, rang=True) is None


def test_a_6xx_ends_the_turn() -> None:
    assert Calls._next_step(PLAN, At(0, 0), 603, rang=True) is None


def test_where_a_call_stands_comes_back_with_its_legs() -> None:
    standing = Standing(At(3, 1, 1), "uplink", '[["ring"]]', ("phone:p1", "phone:p1", "trunk:t:1"))
    back = Standing.of(standing.text())
    assert back == standing
    text = standing.text()
    assert [leg_of(text, n) for n in (0, 2)] == [LegName("phone", "p1"), LegName("trunk", "t:1")]
    assert leg_of(text, 7) == leg_of(text, -1) == LegName("", "")


@pytest.mark.parametrize(
    ("identity", "display", "uri"),
    [
        (ME, '"Ana"', "sip:101@10.0.0.1"),
        (Identity("+525512345678"), "", "sip:+525512345678@10.0.0.1"),
        (Identity("101", 'O"Hara\\'), '"O\\"Hara\\\\"', "sip:101@10.0.0.1"),
        (Identity("a@b>", "x"), '"x"', "sip:a%40b%3E@10.0.0.1"),
        (Identity("", "x"), '"Anonymous"', "sip:anonymous@anonymous.invalid"),
        (Identity("101", "Ana", private=True), '"Anonymous"', "sip:anonymous@anonymous.invalid"),
    ],
)
def test_what_a_leg_is_shown(identity: Identity, display: str, uri: str) -> None:
    assert shown(identity, "10.0.0.1") == (display, uri)


def test_a_hidden_caller_is_asserted_with_privacy_to_a_trusted_trunk_alone() -> None:
    hidden = ToTrunk("t", "+52", Identity("+52155", asserted="+52155", private=True))
    asserted = trunk_headers(hidden, Trunk("t", "s", "T", "carrier", "h"), "h")
    assert asserted == "P-Asserted-Identity: <sip:+52155@h>\r\nPrivacy: id\r\n"
    assert trunk_headers(hidden, Trunk("t", "s", "T", "carrier", "h", trusted=False), "h") == "Privacy: id\r\n"
    assert assertion(ME, "h") == ""


def test_a_diverted_call_says_whose_it_was_in_both_headers() -> None:
    step = ToTrunk("t", "+525599", ME, diverted=(Diversion("+5255101", "no-answer"), Diversion("102", "unconditional")))
    assert trunk_headers(step, Trunk("t", "s", "T", "carrier", "h"), "h") == (
        "Diversion: <sip:102@h>;reason=unconditional;counter=1\r\n"
        "Diversion: <sip:+5255101@h>;reason=no-answer;counter=1\r\n"
        "History-Info: <sip:+5255101@h>;index=1, <sip:102@h;cause=408>;index=1.1;mp=1, "
        "<sip:+525599@h;cause=302>;index=1.1.1;mp=1.1\r\n"
    )
    written = trunk_headers(step, Trunk("t", "s", "T", "carrier", "h"), "h").split("\r\n")
    values = [line.partition(": ")[2] for line in written]
    assert counted(values[2:3], values[:2]) == 2


def test_an_address_travels_in_a_header_that_any_reader_of_pidf_can_read() -> None:
    uri = location_uri("Reforma 222 <5>, CDMX")
    document = ElementTree.fromstring(b64decode(uri.partition(",")[2]))
    assert [e.text for e in document.iter() if e.tag.endswith("LOC")] == ["Reforma 222 <5>, CDMX"]


@pytest.mark.parametrize(
    ("history", "diversion", "many"),
    [
        ([], [], 0),
        ([], ["<sip:1@h>;reason=a, <sip:2@h>", "\"a,b\" <sip:3@h,x>"], 3),
        (["<sip:1@h?Reason=SIP%3Bcause,x>;index=1, <sip:2@h>;index=1.1"], [], 1),
        (["<sip:1@h>;index=1"], ["", " , "], 0),
        ([], ["," * 500, "a," * 500], 64),
    ],
)
def test_diversions_are_counted_whatever_the_headers_hold(
    history: list[str], diversion: list[str], many: int
) -> None:
    assert counted(history, diversion) == many


def test_voice_is_told_what_to_say_and_how_to_end() -> None:
    assert voice_headers(Say(Announcement.BUSY, 486, "Busy Here", "es-MX")) == (
        "X-Conserje-Say: busy\r\nX-Conserje-Then: 486 Busy Here\r\nX-Conserje-Language: es-MX\r\n"
    )


def test_knobs_come_back_and_hide_their_keys() -> None:
    places = ("/l", "/s", "/e")
    keys = (b"\x01" * 32, b"\x02" * 32)
    knobs = Knobs("r", 5060, 5062, "10.0.0.1", "10.1.0.1", 5070, 30, *places, 5061, 5063, 10, 0, *keys)
    assert Knobs.of(knobs.text()) == knobs
    assert "key" not in repr(knobs)
    assert knobs.several_sides
