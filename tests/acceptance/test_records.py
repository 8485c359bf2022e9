"""One record a call, at the centre exactly once; and the building says beforehand where a call will go, and why."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import select

from central.model import CdrRecord
from tests.acceptance.conftest import House
from tests.lab.phones import Phone, PhoneCall
from tests.lab.waiting import until

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


def _recorded(house: House) -> dict[str, list[dict[str, object]]]:
    """What `conserje calls` tells, by Call-ID."""
    past = json.loads(house.building.command("calls", "--json", "--last", "500").stdout)["past"]
    found: dict[str, list[dict[str, object]]] = {}
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
        ("199", "say", lambda h, c: c.ended(30).startswith("404")),
        ("*9196", "voice", lambda h, c: c.established().hears(h.phone("ana").hz, 10)),
    ],
)
def test_what_is_explained_is_what_happens(
    house: House, centre: str, dialled: str, step: str, check: Callable[[House, PhoneCall], object]
) -> None:
    ana, *_ = house.people("ana", "beto", "carla")
    words = ("explain", "--from", "101", "--account", "acct-acme", "--to", dialled, "--json")
    explained = json.loads(house.building.command(*words).stdout)
    assert explained["steps"][0]["step"] == step
    assert len(explained["reasons"]) >= 2
    call = ana.call(dialled)
    assert check(house, call)

    # The call's own record carries the same reasons, by the same function.
    ana.hang_up_all()
    until(lambda: call.id in _recorded(house), 10, "the call is recorded")
    codes = [str(r).split(" ")[0] for r in list(_recorded(house)[call.id][0]["reasons"])]  # type: ignore[call-overload]
    assert codes[: len(explained["reasons"])] == [r["code"] for r in explained["reasons"]][: len(codes)]
