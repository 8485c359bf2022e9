"""One company in two buildings: short numbers across them (J-2), a dark one (G-1), phones that move (J-3)."""

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from appliance.directory.reports import EdgeReport, SyncReportFile
from appliance.vocabulary import Announcement, LinkState
from appliance.voice.prompts import Shelf
from central.exchange.book import Book
from central.model import CdrRecord, FactRecord, SeenPhone
from tests.lab.audio import HEARD, heard
from tests.lab.building import Building
from tests.lab.carrier import Offered
from tests.lab.lab import CARRIER_ADDRESS, CENTRE_ADDRESS, Lab
from tests.lab.phoneboot import BootFailed
from tests.lab.phones import Phone
from tests.lab.sample import ACME, SITE, sample_rows
from tests.lab.waiting import until
from wire.rows import Extension, Mapping, Number, Person, Presence, Row, Site, Trunk
from wire.rows import Phone as PhoneRow
from wire.services import MovePolicy, Preferences

SECOND = "site-polanco"
GABY = "person-gaby"
SOUND_S = 20.0
"""Until it is heard in the other building: that it is heard is to be proved, not how soon two buildings' engines have
the machine that they share with the other worker's house."""


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

    def betos_phone(self) -> Phone:
        """In Reforma. The same device in every test: another one would not know the authority that it was told."""
        found = [p for p in self.reforma.phones if p.name == "beto"]
        phone = found[0] if found else self.reforma.plug("beto")
        if not phone.on:
            phone.boot()
        return phone


@pytest.fixture(scope="module")
def towns() -> Iterator[Towns]:
    with Lab() as lab:
        reforma = lab.building(enrolled=True, rows=sample_rows(CARRIER_ADDRESS))
        polanco = lab.building(enrolled=True, rows=_second_building())
        lab.centre.start_exchange(carriers=lab.carrier_at_centre())
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
    other.hears(towns.ana.hz, SOUND_S)
    call.hears(towns.gaby.hz, SOUND_S)
    call.hang_up()
    other.ended()

    back = towns.gaby.call("101").established(8)
    towns.ana.incoming(after=towns.ana.called() - 1).hears(towns.gaby.hz, SOUND_S)
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
        towns.lab.carrier.number("+525550000120", status=503)
        refused = towns.ana.call("120")
        assert refused.ended(30).startswith("480")
        words = Shelf.of(towns.reforma.settings).words(Announcement.OTHER_BUILDING, "es-MX")
        assert words is not None and heard(words, refused.heard()) > HEARD, "where there is no such way, it is said why"
        beto = towns.betos_phone()
        towns.ana.call("102").established().hears(beto.hz)
        towns.ana.hang_up_all()
    finally:
        towns.lab.carrier.number("+525550000120")
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


def _site_of(building: Building, phone_id: str) -> str:
    phone = building.directory_in_force().phone(phone_id)
    return phone.site_id if phone else ""


def _shown(building: Building) -> dict[str, str]:
    """MAC -> state, as the building shows its phones."""
    return {p["mac"]: p["state"] for p in json.loads(building.command("phones", "list", "--json").stdout)}


@pytest.mark.acceptance("J-3")
def test_a_phone_carried_to_another_building_works_there_by_its_own_password_and_is_forgotten_here(
    towns: Towns,
) -> None:
    (elsa,) = towns.reforma.boot("elsa")
    user = elsa.agent.account.user
    kept = elsa.agent.account
    elsa.unplug()
    carried = towns.polanco.plug("elsa")
    carried.flash = replace(elsa.flash, account=kept)
    towns.lab.centre.command("account", "moves", ACME, "--ask")
    until(lambda: _asks(towns.polanco), 10, "Polanco knows that Acme wants to be asked")
    with pytest.raises(BootFailed):
        carried.boot(seconds=4)
    assert _site_of(towns.polanco, "phone-elsa") == SITE
    towns.lab.centre.command("account", "moves", ACME, "--by-itself")
    until(lambda: not _asks(towns.polanco), 10, "it need not be asked any more")

    plugged = time.monotonic()
    carried.boot()
    for building in (towns.polanco, towns.reforma):
        until(lambda b=building: _site_of(b, "phone-elsa") == SECOND, 60, "both buildings know")  # type: ignore[misc]
    until(lambda: carried.screen == "103 Elsa", 60, "it has read this building's files")
    towns.gaby.call("103").established(8).hears(carried.hz, SOUND_S)
    towns.gaby.hang_up_all()
    towns.ana.call("103").established(8).hears(carried.hz, SOUND_S)
    towns.ana.hang_up_all()
    assert time.monotonic() - plugged < 180

    def gone() -> bool:
        report = towns.reforma.report(EdgeReport)
        return report is not None and user not in {c.sip_user for c in report.contacts}

    until(gone, 10, "Reforma has forgotten it")
    mac = carried.device.mac
    assert mac not in _shown(towns.reforma)
    assert _shown(towns.polanco)[mac] == "registered"

    carried.call("911").established(8)
    until(lambda: towns.polanco.local().recent("emergency_called", 1), 5, "the emergency is noted")
    assert "Polanco 10" in towns.polanco.local().recent("emergency_called", 1)[0].body["location"]
    carried.hang_up_all()
    with towns.lab.centre.office() as office, office.reading() as session:
        moves = session.scalar(select(func.count()).where(FactRecord.fact == "phone_moved"))
    assert moves == 1


def _asks(building: Building) -> bool:
    policy = building.directory_in_force().service(MovePolicy, ACME)
    return policy is not None and policy.asks


@pytest.mark.acceptance("J-3")
def test_who_only_wears_a_phones_mac_in_another_building_is_given_nothing_until_the_centre_says_so(
    towns: Towns,
) -> None:
    beto = towns.betos_phone()
    other = towns.polanco.plug("beto")
    with pytest.raises(BootFailed):
        other.boot(seconds=10)
    assert not other.boots[-1].files, "not one file"
    mac = other.device.mac
    assert _shown(towns.polanco)[mac] == "unknown"
    assert _site_of(towns.polanco, "phone-beto") == SITE
    towns.ana.call("102").established().hears(beto.hz)
    towns.ana.hang_up_all()

    def waits() -> bool:
        with towns.lab.centre.office() as office, office.reading() as session:
            return session.get(SeenPhone, (SECOND, mac)) is not None

    until(waits, 20, "it waits at the centre for somebody's word")
    beto.unplug()
    towns.lab.centre.command("phone", "move", mac, "--account", ACME, "--site", SECOND)
    until(lambda: _site_of(towns.polanco, "phone-beto") == SECOND, 10, "Polanco is told")
    said = time.monotonic()
    other.boot()
    assert other.screen == "102 Beto"
    towns.gaby.call("102").established(8).hears(other.hz, SOUND_S)
    assert time.monotonic() - said < 180
    towns.gaby.hang_up_all()


CALLER = "+525587654321"
GABYS_NUMBER, ELSEWHERE = "+525550000120", "+525512345678"
SILENCE_S = 3.0
"""How long the exchange waits for a building that says nothing."""


def _calls_gaby(towns: Towns) -> str:
    """A stranger calls her number, which the carrier offers to the centre."""
    return towns.lab.carrier.call(GABYS_NUMBER, CALLER, CENTRE_ADDRESS)


def _wants(towns: Towns, mode: str, to: str, leads: str) -> None:
    """What she sets at the portal; in the exchange's book, leading so, when this returns."""
    towns.lab.centre.put(Preferences(GABY, ACME, mode, to))
    book = Book(towns.lab.centre.directory / "state" / "exchange" / "book.db")

    def followed() -> bool:
        standing = book.standing(GABY)
        return standing is not None and [o.to for o in standing.onward] == ([leads] if leads else [])

    until(followed, 5, "the exchange knows")
    book.close()


def _talks(towns: Towns, call: str, seconds: float = 5) -> None:
    until(lambda: towns.lab.carrier.state(call) == "talking", seconds, "the stranger is answered")


def _led_out(towns: Towns, within_s: float) -> Offered:
    """A stranger's call comes back to the carrier, for another number, and is talked."""
    carrier = towns.lab.carrier
    before, began = len(carrier.offered()), time.monotonic()
    call = _calls_gaby(towns)
    offered = until(lambda: carrier.offered()[before:], within_s, "the call is led on")[0]
    assert time.monotonic() - began < within_s
    _talks(towns, call)
    until(lambda: carrier.packets(call) > 20, 5, "the stranger hears whom they were led to")
    carrier.hang_up(call)
    until(lambda: carrier.talking() == 0, 5, "it is over")
    return offered


@pytest.mark.acceptance("G-1")
def test_while_a_building_is_dark_the_centre_forwards_its_peoples_calls_and_hands_them_back_when_it_returns(
    towns: Towns,
) -> None:
    carrier, gaby = towns.lab.carrier, towns.gaby
    _wants(towns, "offline", "5512345678", ELSEWHERE)
    call = _calls_gaby(towns)
    _talks(towns, call)
    assert CALLER in gaby.incoming(after=gaby.called() - 1).hears(1000).peer
    carrier.hang_up(call)
    until(lambda: carrier.talking() == 0, 5, "it is over")
    rung = gaby.called()

    towns.polanco.cut_centre()
    try:
        first = _led_out(towns, SILENCE_S + 2)
        again = _led_out(towns, SILENCE_S - 1)
        for offered in (first, again):
            said = {name.lower(): value for name, value in offered.headers}
            assert offered.user == ELSEWHERE
            assert CALLER in offered.caller, "the original caller is shown"
            assert GABYS_NUMBER in offered.asserted
            assert f"sip:{GABYS_NUMBER}@" in said["diversion"]
            assert "reason=unavailable" in said["diversion"]
            assert said["history-info"].count("index=") == 2

        _wants(towns, "always", "101", "person-ana")
        call = _calls_gaby(towns)
        _talks(towns, call)
        assert CALLER in towns.ana.incoming(after=towns.ana.called() - 1).hears(1000).peer, "a colleague elsewhere"
        carrier.hang_up(call)

        _wants(towns, "disabled", "", "")
        began = time.monotonic()
        call = _calls_gaby(towns)
        refused = until(lambda: [e for e in carrier.events("refused") if e["call_id"] == call], 3, "it is refused")
        assert time.monotonic() - began < SILENCE_S - 1, "at once"
        assert [e["status"] for e in refused] == [480]
        _wants(towns, "offline", "5512345678", ELSEWHERE)
        assert gaby.called() == rung
    finally:
        towns.polanco.mend_centre()

    def handed_back() -> bool:
        call = _calls_gaby(towns)
        _talks(towns, call)
        carrier.hang_up(call)
        until(lambda: carrier.talking() == 0, 5, "it is over")
        return gaby.called() > rung

    until(handed_back, 30, "the building has its calls again")

    def recorded() -> Counter[tuple[str, str]]:
        with towns.lab.centre.office() as office, office.reading() as session:
            query = select(CdrRecord).where(CdrRecord.site_id == SECOND, CdrRecord.caller == CALLER)
            taken = [r for r in session.scalars(query) if r.answered_by == "central" or r.sip_status == 480]
            return Counter((r.cause, next((str(g["to"]) for g in r.legs), "")) for r in taken)

    due = Counter({("answered", ELSEWHERE): 2, ("answered", "person-ana"): 1, ("no-answer", ""): 1})
    # Who called before the building was handed its calls back was led on, too.
    until(lambda: due <= recorded(), 5, "the company's records are at the portal")
