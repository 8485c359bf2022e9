"""One company in two buildings: short numbers work across them, and each goes on by itself when it is cut off (J-2)."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from appliance.directory.reports import EdgeReport, SyncReportFile
from appliance.vocabulary import LinkState
from tests.lab.building import Building
from tests.lab.lab import CARRIER_ADDRESS, Lab
from tests.lab.phones import Phone
from tests.lab.sample import ACME, SITE, sample_rows
from tests.lab.waiting import until
from wire.rows import Extension, Mapping, Number, Person, Presence, Row, Site, Trunk
from wire.rows import Phone as PhoneRow

SECOND = "site-polanco"
GABY = "person-gaby"


def _second_building() -> tuple[Row, ...]:
    """Polanco 10: Acme is there too, with Gaby at 120."""
    return (
        Site(SECOND, "Polanco 10", address="Polanco 10, 11560 CDMX", callback_number="+525550000800"),
        Presence("pr-acme-2", ACME, SECOND),
        Person(GABY, ACME, "Gaby", "Luna", "gaby@example.mx"),
        Extension("ext-gaby", ACME, "120", "person", GABY),
        Number("num-gaby", ACME, "+525550000120"),
        Mapping("num-gaby", ACME, "person", GABY),
        PhoneRow(
            "phone-gaby", ACME, SECOND, GABY, "001565aa0120", "yealink", "T46S", "p-gaby-x7k2", "secret-of-gaby-Zq9",
            label="120 Gaby",
        ),
        Trunk("trunk-carrier-2", SECOND, "Carrier", "carrier", CARRIER_ADDRESS),
    )  # fmt: skip


@dataclass(frozen=True)
class Towns:
    lab: Lab
    reforma: Building
    polanco: Building
    ana: Phone
    gaby: Phone


@pytest.fixture(scope="module")
def towns() -> Iterator[Towns]:
    with Lab() as lab:
        reforma = lab.building(enrolled=True, rows=sample_rows(CARRIER_ADDRESS))
        polanco = lab.building(enrolled=True, rows=_second_building())
        lab.centre.start_exchange()
        for site_id in (SITE, SECOND):
            lab.centre.command("exchange", "connect", site_id)
        (ana,) = reforma.boot("ana")
        gaby = polanco.plug(mac="001565aa0120", family_name="yealink", model="T46S", hz=870)
        gaby.boot()
        until(lambda: _registered(reforma) and _registered(polanco), 30, "both are registered at the exchange")
        yield Towns(lab, reforma, polanco, ana, gaby)


def _registered(building: Building) -> bool:
    report = building.report(EdgeReport)
    return report is not None and any(t.registration == "registered" and t.state is LinkState.UP for t in report.trunks)


def _link(building: Building) -> LinkState:
    report = building.report(SyncReportFile)
    return report.link if report else LinkState.UNKNOWN


@pytest.mark.acceptance("J-2")
def test_a_colleague_in_the_other_building_is_called_by_the_short_number_both_ways(towns: Towns) -> None:
    call = towns.ana.call("120").established(8)
    other = towns.gaby.incoming(after=towns.gaby.called() - 1)
    assert "101" in other.peer
    other.hears(towns.ana.hz)
    call.hears(towns.gaby.hz)
    call.hang_up()
    other.ended()

    back = towns.gaby.call("101").established(8)
    towns.ana.incoming(after=towns.ana.called() - 1).hears(towns.gaby.hz)
    back.hang_up()


@pytest.mark.acceptance("J-2")
def test_cut_off_the_call_goes_out_by_the_full_number_and_inside_nothing_changes(towns: Towns) -> None:
    towns.reforma.cut_centre()
    try:
        until(lambda: _link(towns.reforma) is LinkState.DOWN, 40, "Reforma knows that the centre is gone")
        before = len(towns.lab.carrier.offered())
        call = towns.ana.call("120").established(8)
        offered = towns.lab.carrier.offered()[before:]
        assert [o.user for o in offered] == ["+525550000120"]
        call.hang_up()
        (beto,) = towns.reforma.boot("beto")
        towns.ana.call("102").established().hears(beto.hz)
        towns.ana.hang_up_all()
    finally:
        towns.reforma.mend_centre()


@pytest.mark.acceptance("J-2")
@pytest.mark.parametrize("goto", ["", "X-Conserje-Goto: person:person-gaby\r\n"])
def test_nobody_who_is_no_building_of_ours_passes_the_exchange(towns: Towns, goto: str) -> None:
    """From a building's own network, but not from where it registered."""
    centre = towns.lab.centre.addresses[0]
    assert towns.reforma.place
    with towns.reforma.place.inside():
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with stranger:
        stranger.settimeout(2)
        stranger.connect((centre, 5060))
        address, port = stranger.getsockname()
        stranger.send(
            f"INVITE sip:goto@{centre} SIP/2.0\r\nVia: SIP/2.0/UDP {address}:{port};branch=z9hG4bK{uuid4().hex}\r\n"
            f"From: <sip:101@{address}>;tag={uuid4().hex}\r\nTo: <sip:goto@{centre}>\r\nCall-ID: {uuid4().hex}\r\n"
            f"CSeq: 1 INVITE\r\nContact: <sip:101@{address}:{port}>\r\nMax-Forwards: 70\r\n{goto}"
            "Content-Length: 0\r\n\r\n".encode()
        )
        assert stranger.recv(4096).startswith(b"SIP/2.0 403 ")
