"""SIP PnP: what phones of several makers ask, what is answered, and to whom not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.directory.local import LocalStore
from appliance.ports import SystemChance, SystemClock
from appliance.provision.catalogue import Catalogue
from appliance.provision.pnp import read
from appliance.provision.pnp_service import Responder
from appliance.settings import Settings
from appliance.vocabulary import PhoneState
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows
from tests.unit.provision_doors.building import settings_in

ANA = "001565aa0101"
PHONE, OURS = ("10.20.0.50", 5060), ("10.20.0.1", 40000)
YEALINK = 'ua-profile;profile-type="device";vendor="Yealink";model="T46S";version="66.85.0.5"'


def subscribe(uri: str, event: str = YEALINK, from_: str = "", cseq: str = "1 SUBSCRIBE") -> bytes:
    lines = (
        f"SUBSCRIBE {uri} SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.66:5099;branch=z9hG4bK1;rport",
        f"From: {from_ or f'<{uri}>;tag=12'}",
        f"To: <{uri}>",
        "Call-ID: 1-2-3",
        f"CSeq: {cseq}",
        "Contact: <sip:192.0.2.66:5099>",
        f"Event: {event}",
        "Expires: 0",
        "Accept: application/url",
        "Content-Length: 0",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Table:
    """A neighbour table."""

    def __init__(self, **macs: str) -> None:
        self._macs = {"10.20.0.50": ANA, **macs}

    def mac_of(self, address: str) -> str:
        return self._macs.get(address, "")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_in(tmp_path)
    publish_rows(made, sample_rows())
    return made


@pytest.fixture
def local(settings: Settings) -> LocalStore:
    return LocalStore(settings.paths.local_db, SystemClock(), SystemChance())


@pytest.fixture
def responder(settings: Settings, local: LocalStore) -> Responder:
    return Responder(settings, Table(), local, SystemChance(), Catalogue(settings.paths.templates_dir, SystemClock()))


@pytest.mark.acceptance("P-13")
@pytest.mark.parametrize(
    ("datagram", "mac"),
    [
        (subscribe("sip:MAC%3a00135E874B49@intern.snom.de"), "00135e874b49"),
        (subscribe("sip:MAC001565AA0101@224.0.1.75"), ANA),
        (subscribe("sip:224.0.1.75:5060", from_="<sip:MAC=00304fa99948@224.0.1.75>;tag=1"), "00304fa99948"),
        (subscribe("sip:224.0.1.75:5060"), ""),
        (subscribe("sip:00-15-65-aa-01-01@224.0.1.75"), ANA),
    ],
    ids=["snom", "yealink", "planet", "audiocodes", "dashes"],
)
def test_the_mac_is_read_as_each_maker_writes_it(datagram: bytes, mac: str) -> None:
    ask = read(datagram)
    assert ask is not None
    assert ask.mac == mac
    assert ask.agent == "Yealink T46S 66.85.0.5"


@pytest.mark.acceptance("P-13")
def test_a_phone_is_told_its_url_in_a_200_and_a_notify(responder: Responder) -> None:
    ok, told = (a.decode() for a in responder.answers(subscribe(f"sip:MAC{ANA}@224.0.1.75"), PHONE, OURS, 0.0))
    assert ok.startswith("SIP/2.0 200 OK\r\n")
    for kept in ("Call-ID: 1-2-3", "CSeq: 1 SUBSCRIBE", "Via: SIP/2.0/UDP 192.0.2.66:5099;branch=z9hG4bK1;rport"):
        assert kept in ok
    head, _, body = told.partition("\r\n\r\n")
    assert head.startswith("NOTIFY sip:10.20.0.50:5060 SIP/2.0\r\n"), "where the question came from, not its Contact"
    assert body == "http://10.20.0.1/yealink/"
    assert f"Content-Length: {len(body)}" in head
    assert "Subscription-State: terminated" in head
    assert f"Event: {YEALINK}" in head
    ok_tag = ok[ok.index("To:") :].split(";tag=")[1].split("\r\n")[0]
    assert f";tag={ok_tag}\r\n" in head[head.index("From:") :], "the same dialogue (RFC 6665 §4.4.1)"


@pytest.mark.acceptance("P-13")
def test_a_mac_that_the_network_does_not_show_is_told_nothing_and_seen(responder: Responder, local: LocalStore) -> None:
    assert responder.answers(subscribe("sip:MAC001565AA0103@224.0.1.75"), PHONE, OURS, 0.0) == ()
    (seen,) = local.sightings()
    assert (seen.mac, seen.state) == (ANA, PhoneState.QUARANTINED)
    assert any("001565aa0103" in reason for reason in seen.evidence)


def test_an_address_that_nobody_knows_is_told_nothing(responder: Responder) -> None:
    assert responder.answers(subscribe(f"sip:MAC{ANA}@224.0.1.75"), ("192.0.2.9", 5060), OURS, 0.0) == ()


def test_a_phone_in_no_directory_is_told_where_its_maker_looks(settings: Settings, local: LocalStore) -> None:
    table = Table(**{"10.20.0.77": "000b82ff0001"})
    made = Responder(settings, table, local, SystemChance(), Catalogue(settings.paths.templates_dir, SystemClock()))
    event = 'ua-profile;profile-type="device";vendor="Grandstream";model="GXP2135"'
    _, told = made.answers(subscribe("sip:MAC000b82ff0001@224.0.1.75", event), ("10.20.0.77", 5060), OURS, 0.0)
    assert told.endswith(b"\r\n\r\nhttp://10.20.0.1/grandstream")


def test_a_source_that_asks_without_end_is_not_answered_without_end(responder: Responder) -> None:
    question = subscribe(f"sip:MAC{ANA}@224.0.1.75")
    answered = [bool(responder.answers(question, PHONE, OURS, 0.0)) for _ in range(100)]
    assert sum(answered) == 20
    assert responder.answers(question, PHONE, OURS, 60.0)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\n\r\n",
        b"SUBSCRIBE sip:x SIP/2.0\r\n\r\n",
        subscribe("sip:x", event="presence"),
        subscribe("sip:x", cseq="1 NOTIFY"),
        subscribe("sip:x\x00"),
        subscribe("sip:x").replace(b"Call-ID: 1-2-3", b"Call-ID: 1\nEvil: yes"),
        subscribe("sip:x") + b"x" * 5000,
    ],
)
def test_what_is_no_such_question_gets_silence(responder: Responder, datagram: bytes) -> None:
    assert responder.answers(datagram, PHONE, OURS, 0.0) == ()


@given(st.binary(max_size=400))
def test_no_octets_break_the_reader(octets: bytes) -> None:
    read(b"SUBSCRIBE " + octets)
    read(octets)
