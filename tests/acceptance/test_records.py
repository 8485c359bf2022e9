"""One record a call, at the centre exactly once; and the building says beforehand where a call will go, and why."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from appliance.directory.reports import EdgeReport
from appliance.reasons import Because, Reason
from appliance.webui.calls import HIDDEN_PARAMS
from appliance.webui.masking import masked_text
from central.model import CdrRecord
from tests.acceptance.conftest import House
from tests.acceptance.crew import Crew
from tests.lab.pageclient import PageClient
from tests.lab.phones import Phone, PhoneCall
from tests.lab.sample import ACME, SITE, sip_user
from tests.lab.waiting import until
from wire.services import TrunkUse

OUTSIDE = "+523312345678"


def _over(call: PhoneCall) -> PhoneCall:
    call.phone.hang_up_all()
    call.ended()
    return call


def _busy(caller: Phone, callee: Phone, dialled: str) -> PhoneCall:
    callee.behaviour = "busy"
    call = caller.call(dialled)
    call.ended(30)
    callee.behaviour = "answer"
    return call


def _recorded(house: House) -> dict[str, list[dict[str, Any]]]:
    """What `conserje calls` tells, by Call-ID."""
    past = json.loads(house.building.command("calls", "--json", "--last", "500").stdout)["past"]
    found: dict[str, list[dict[str, Any]]] = {}
    for record in past:
        found.setdefault(record["call_id"], []).append(record)
    return found


def _at_centre(house: House) -> list[str]:
    with house.lab.centre.office() as office, office.reading() as session:
        return list(session.scalars(select(CdrRecord.call_id)))


@pytest.mark.acceptance("K-4")
def test_each_call_leaves_one_record_that_reaches_the_centre_exactly_once(house: House, centre: str) -> None:
    ana, beto, carla = house.people("ana", "beto", "carla")
    answered = _over(ana.call("102").established().hears(beto.hz))
    busy = _busy(ana, beto, "102")
    outside = _over(carla.call("5512345678").established())
    before = beto.called()
    inbound = house.carrier.call("+525550000102", OUTSIDE, house.building.uplink_address)
    beto.incoming(after=before).established()
    house.carrier.hang_up(inbound)

    wanted = {answered.id: "answered", busy.id: "busy", outside.id: "answered", inbound: "answered"}
    until(lambda: wanted.keys() <= _recorded(house).keys(), 10, "the building has a record of each call")
    recorded = _recorded(house)
    for call_id, cause in wanted.items():
        assert len(recorded[call_id]) == 1, "one record a call"
        assert recorded[call_id][0]["cause"] == cause
    assert recorded[answered.id][0]["direction"] == "internal"
    assert recorded[answered.id][0]["answered_by"] == "phone-beto"
    assert int(str(recorded[answered.id][0]["talk_ms"])) > 0
    assert recorded[outside.id][0]["destination"] == "+525512345678"
    assert recorded[outside.id][0]["account_id"] == "acct-bravo"
    assert recorded[inbound][0]["direction"] == "inbound"

    if centre == "cut":
        assert not wanted.keys() & set(_at_centre(house)), "nothing can have reached it"
        house.building.mend_centre()
    until(lambda: wanted.keys() <= set(_at_centre(house)), 60, "the records have reached the centre")
    uploaded = _at_centre(house)
    assert len(uploaded) == len(set(uploaded)), "each of them once"
    if centre == "cut":
        house.building.cut_centre()


@pytest.mark.acceptance("K-5")
@pytest.mark.parametrize(
    ("dialled", "step", "check"),
    [
        ("102", "ring", lambda h, c: c.established() and h.phone("beto").incoming()),
        ("5512345678", "trunk", lambda h, c: c.established() and h.carrier.offered()[-1].user == "+525512345678"),
        ("5550000201", "ring", lambda h, c: c.established() and h.phone("carla").incoming()),
        ("9001234567", "say", lambda h, c: c.ended(30).startswith("403")),
        ("*9196", "voice", lambda h, c: c.established().hears(h.phone("ana").hz, 10)),
    ],
)
def test_what_is_explained_is_what_happens(
    house: House, centre: str, dialled: str, step: str, check: Callable[[House, PhoneCall], object]
) -> None:
    ana, *_ = house.people("ana", "beto", "carla")
    here = {sip_user(name) for name in ("ana", "beto", "carla")}
    until(lambda: here <= _registered(house), 10, "the phones are reported")
    explained = _explained(house, "101", "acct-acme", dialled)
    assert explained["steps"][0]["step"] == step
    assert len(explained["reasons"]) >= 2
    call = ana.call(dialled)
    assert check(house, call)
    ana.hang_up_all()
    _happened(house, explained, call.id)


@pytest.mark.acceptance("K-5")
def test_a_group_is_explained_member_by_member(house: House, centre: str, crew: Crew) -> None:
    """150: Gala is at her phone, Nora not to be disturbed, the others have no phone on."""
    gala, nora, uma = crew.phones("gala", "nora", "uma")
    here = {sip_user(name) for name in ("gala", "nora", "uma")}
    until(lambda: here <= _registered(house), 5, "all three are reported")
    explained = _explained(house, "124", "acct-coral", "150")
    assert [t["phone_id"] for t in explained["steps"][0]["targets"]] == ["phone-gala"]
    call = uma.dial("150")
    gala.take(gala.expect("INVITE"))
    assert uma.outcome(call).status == 200
    gala.expect("ACK")
    assert nora.nothing(0.1)
    uma.request(call, "BYE")
    gala.answer(gala.expect("BYE"), 200)
    uma.expect(200)
    _happened(house, explained, call.call_id)


@pytest.mark.acceptance("K-5", "J-4")
def test_the_page_explains_by_class_and_hour_the_call_that_then_happens(house: House, centre: str) -> None:
    """The carrier takes national calls at this hour; later it is explained, then dialled, that none goes out."""
    ana = house.phone("ana")
    page = PageClient(house.building, "technician")
    there = datetime.now(ZoneInfo(house.building.directory_in_force().site.timezone))
    minute = there.hour * 60 + there.minute
    hours = (minute - 60) % 1440, (minute + 60) % 1440
    later = (there + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")
    try:
        house.rearrange(centre, TrunkUse("trunk-carrier", SITE, False, "national", "", *hours))
        way, why = _on_page(page, "5512345678", at=later)
        assert "no way out" in way[0]
        way, why = _on_page(page, "5512345678")
        assert "Carrier" in way[0] and "+525512345678" in way[0]
        offers = len(house.carrier.offered())
        call = ana.call("5512345678").established()
        assert len(house.carrier.offered()) == offers + 1
        ana.hang_up_all()
        assert why == _sentences(house, call.id, "101", "5512345678")

        house.rearrange(centre, TrunkUse("trunk-carrier", SITE, False, "national", "", hours[1], hours[1] + 1))
        way, why = _on_page(page, "5512345678")
        assert "no way out" in way[0] and "503" in way[0]
        call = ana.call("5512345678")
        assert call.ended(30).startswith("503")
        assert len(house.carrier.offered()) == offers + 1
        assert why == _sentences(house, call.id, "101", "5512345678")
    finally:
        house.rearrange(centre, TrunkUse("trunk-carrier", SITE))


def _explained(house: House, caller: str, account: str, dialled: str) -> dict[str, Any]:
    """What `conserje explain` says."""
    words = ("explain", "--from", caller, "--account", account, "--to", dialled, "--json")
    said = json.loads(house.building.command(*words).stdout)
    assert isinstance(said, dict)
    return said


def _happened(house: House, explained: dict[str, Any], call_id: str) -> None:
    """The call's own record tells the same way, and for the same reasons: what explained it is what routed it."""
    record = _record(house, call_id)
    for name in ("destination", "call_class", "direction"):
        assert record[name] == explained[name], name
    first = explained["steps"][0]
    match first["step"]:
        case "ring":
            assert record["answered_by"] in {t["phone_id"] for t in first["targets"]}
        case "trunk":
            assert record["trunk_id"] == first["trunk_id"]
        case "say":
            assert record["sip_status"] == first["status"]
    reasons = [Reason.decode(r) for r in record["reasons"]]
    beforehand = [Reason(Because(r["code"]), tuple(r["params"].items())) for r in explained["reasons"]]
    assert reasons[: len(beforehand)] == beforehand, "what came of it stands behind"


def _record(house: House, call_id: str) -> dict[str, Any]:
    until(lambda: call_id in _recorded(house), 10, "the call is recorded")
    (record,) = _recorded(house)[call_id]
    return record


def _registered(house: House) -> set[str]:
    said = house.building.report(EdgeReport)
    return {c.sip_user for c in said.contacts} if said else set()


def _on_page(page: PageClient, dialled: str, at: str = "") -> tuple[list[str], list[str]]:
    """What the page says of Ana's call: its way, and why."""
    asked = {"caller": "101", "dialled": dialled, "account": ACME, "trunk": "", "at": at}
    answer = page.send("/calls/explain", asked)
    assert answer.status_code == 200, answer.text
    assert "Núñez" not in answer.text
    way, why = (answer.text.split(f'id="{part}"')[1].split("</ol>")[0] for part in ("way", "why"))
    return _items(way), _items(why)


def _items(html: str) -> list[str]:
    return [unescape(re.sub(r"<[^>]+>", "", item)) for item in re.findall(r"<li>(.*?)</li>", html, re.S)]


def _sentences(house: House, call_id: str, *known: str) -> list[str]:
    """Why the call went where it went, as the page writes it for who typed what is known."""
    reasons = [Reason.decode(r).text("en", HIDDEN_PARAMS) for r in _record(house, call_id)["reasons"]]
    return [masked_text(reason, known) for reason in reasons]
