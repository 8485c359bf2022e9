"""The building's clock, moved: a day without the link passes in seconds; wrong by years it lets people call."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from appliance.directory.reports import EdgeReport, SyncReportFile
from appliance.vocabulary import LinkState
from central.directory.habits import set_preferences
from central.model import AuditEntry, CdrRecord, FactRecord
from central.model.rows import find
from tests.acceptance.conftest import House, house_rows
from tests.lab.building import Building
from tests.lab.lab import Lab
from tests.lab.pageclient import PageClient
from tests.lab.phoneboot import BootFailed
from tests.lab.phones import Phone, PhoneCall
from tests.lab.sample import ACME, SITE
from tests.lab.waiting import until
from wire.rows import Extension
from wire.services import Preferences

DAY = timedelta(days=1)
PAST_EVERY_CERTIFICATE = timedelta(days=3 * 365)
CALLED_AGAIN_S = 5.0
"""From a step until a phone is called as before: a restart of Kamailio; libfaketime reads its file once a second."""
ANA, BETO = "person-ana", "person-beto"
NEW_MAC = "001565ab0104"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Of this module's own: its clock goes wrong."""
    with Lab() as lab:
        yield House(lab, lab.building(enrolled=True, rows=house_rows()))


def _sync(building: Building) -> SyncReportFile:
    said = building.report(SyncReportFile)
    assert said is not None
    return said


def _habits(house: House, person: str) -> Preferences:
    return house.building.directory_in_force().service(Preferences, person) or Preferences(person, "")


def _said_back(phone: Phone, code: str) -> None:
    """Dials a code and hears it confirmed."""
    call = phone.call(code).established(10)
    call.hears_words()
    call.ended(30)


def _outside(house: House, phone: Phone) -> PhoneCall:
    call, _ = house.calls_carrier(phone, "5512345678")
    phone.hang_up_all()
    return call


@pytest.mark.acceptance("S-3", "S-2")
def test_after_a_day_apart_both_ends_hold_the_same_the_later_writer_of_each_field_and_each_fact_once(
    house: House,
) -> None:
    """The day: codes and calls in the building, then edits at the centre, then codes and the page in the building."""
    building, centre = house.building, house.lab.centre
    ana, beto = house.people("ana", "beto")

    # Yesterday the link goes, and people go on.
    building.cut_centre()
    building.jump_clock(-DAY)
    _said_back(ana, "*78")
    _said_back(ana, "*43")
    calls = [_outside(house, ana), ana.call("102").established().hears(beto.hz)]
    house.quiet()

    # Today, at the centre: later than Ana's codes, and before Beto's.
    building.jump_clock(timedelta(0))
    with centre.editing(ACME) as edit:
        set_preferences(edit, ACME, ANA, {"call_waiting": False, "hide_caller_id": True})
        set_preferences(edit, ACME, BETO, {"do_not_disturb": True, "hide_caller_id": True})
    centre.put(Extension("ext-fina", ACME, "199", "person", "person-fina"))

    # Today, in the building: whoever was registered is called, and a phone is adopted at the page.
    calls.append(ana.call("102").established().hears(beto.hz))
    house.quiet()
    _said_back(beto, "*79")
    calls.append(_outside(house, beto))
    page = PageClient(building, "technician")
    spare = building.plug(mac=NEW_MAC, family_name="yealink", model="T46S", hz=650)
    with pytest.raises(BootFailed):
        spare.boot(seconds=10)
    until(lambda: NEW_MAC in page.see("/phones"), 15, "the page shows the new phone")
    page.does(f"/phones/{NEW_MAC}/adopt", {"person_id": "person-fina", "person": ""})
    spare.boot()
    assert (_habits(house, ANA).do_not_disturb, _habits(house, ANA).call_waiting) == (True, True), "as it is known here"
    local = building.local()

    def kept() -> dict[str, str]:
        return {e.id: str(e.body["call_id"]) for e in local.recent("cdr", 1000)}

    until(lambda: {c.id for c in calls} <= set(kept().values()), 10, "each call has its record")

    building.mend_centre()
    until(lambda: _sync(building).link is LinkState.UP, 20, "the mended link is shown")
    until(lambda: local.waiting_count() == 0, 60, "the centre has answered for all")

    def state() -> str:
        return next(str(s["state"]) for s in centre.command("status")["sites"] if s["site_id"] == SITE)

    # The centre's edits are here, the building's are there, and either end has the same of both.
    until(lambda: state() == "applied" and building.directory_in_force().extension(ACME, "199"), 30, "they agree")
    here = {p: _habits(house, p) for p in (ANA, BETO)}
    assert (here[ANA].do_not_disturb, here[ANA].call_waiting, here[ANA].hide_caller_id) == (True, False, True)
    assert (here[BETO].do_not_disturb, here[BETO].hide_caller_id) == (False, True)
    with centre.office() as office, office.reading() as session:
        assert here == {p: find(session, Preferences, p) for p in (ANA, BETO)}
        said = {kind: {e.id for e in local.recent(kind, 1000)} for kind in ("preference_changed", "phone_adopted")}
        told = session.scalars(select(FactRecord)).all()
        assert not [f.refused_en for f in told if f.refused_en]
        for kind, ids in said.items():
            assert sorted(f.id for f in told if f.fact == kind) == sorted(ids), kind
        by_building = select(AuditEntry).where(AuditEntry.subject_kind == "preferences", AuditEntry.who.contains(SITE))
        assert len(session.scalars(by_building).all()) == 2, (
            "Ana's quiet and Beto's, once; her call waiting is too late"
        )
        records = {r.id: r for r in session.scalars(select(CdrRecord))}
    assert {r.id: r.call_id for r in records.values()} == kept(), "each call's record, once, at either end"
    ages = [_age(records, c.id) for c in calls]
    assert all(timedelta(hours=23) < age < timedelta(hours=25) for age in ages[:2]), "yesterday's are dated so"
    assert all(age < timedelta(minutes=10) for age in ages[2:])
    ana.call("199").established().hears(spare.hz)
    house.quiet()


def _age(records: dict[str, CdrRecord], call_id: str) -> timedelta:
    (record,) = [r for r in records.values() if r.call_id == call_id]
    return datetime.now(UTC) - record.started_at


@pytest.mark.acceptance("S-2")
def test_with_the_clock_three_years_ahead_the_centre_is_refused_and_calls_go_on(house: House) -> None:
    building = house.building
    revision = building.directory_in_force().revision

    building.jump_clock(PAST_EVERY_CERTIFICATE)
    said = until(lambda: s if (s := _sync(building)).error_en else None, 20, "sync says why it is refused")
    assert "certificate" in said.error_en
    assert "certificados" in said.error_es
    assert said.link is LinkState.DOWN
    ana, beto = house.people("ana", "beto")
    ana.call("102").established().hears(beto.hz)
    assert building.directory_in_force().revision == revision
    house.quiet()

    building.jump_clock(timedelta(0), moves=True)
    until(lambda: _sync(building).link is LinkState.UP, 20, "the centre is followed again")


@pytest.mark.acceptance("S-3", "S-9", "K-4")
def test_a_clock_that_is_set_while_phones_are_registered_and_people_talk_is_noticed_by_nobody(house: House) -> None:
    building = house.building
    if not building.clock_moves:
        building.jump_clock(timedelta(0), moves=True)
    ana, beto, carla, dario = house.people("ana", "beto", "carla", "dario")
    users = {phone.agent.account.user for phone in (ana, beto, carla, dario)}
    until(lambda: users <= {user for user, _ in _contacts(building)}, 10, "all are reported")
    before = _contacts(building)
    began = time.monotonic()
    call = ana.call("102").established()
    other = beto.incoming(after=beto.called() - 1)
    call.hears(beto.hz)
    for ahead in (timedelta(hours=1), timedelta(days=365), timedelta(hours=-1)):
        kamailio = building.processes.pid_of("kamailio")
        building.set_clock(ahead)
        asked = time.monotonic()
        until(partial(_runs_anew, building, kamailio), 10, f"{ahead} is noticed")
        to_dario = carla.call("102").established()
        assert time.monotonic() - asked < CALLED_AGAIN_S
        to_dario.hears(dario.hz)
        carla.hang_up_all()
        assert call.hears(beto.hz), "who talks goes on"
        other.hears(ana.hz)
        until(lambda: building.edge_up and _contacts(building) == before, 10, "every contact is kept, and no other")
    talked_s = time.monotonic() - began
    house.quiet()
    local = building.local()
    record = until(
        lambda: next((e.body for e in local.recent("cdr", 1000) if e.body["call_id"] == call.id), None), 10, "a record"
    )
    assert talked_s - 5 < int(record["talk_ms"]) / 1000 < talked_s + 5
    started = datetime.now(UTC) - datetime.fromisoformat(str(record["started_at"]))
    assert timedelta(minutes=59) < started < timedelta(minutes=63), "dated by the clock as it was set last"


def _runs_anew(building: Building, before: int) -> bool:
    return building.processes.pid_of("kamailio") not in (0, before)


def _contacts(building: Building) -> set[tuple[str, str]]:
    """Each contact that is good for some minutes by the building's clock."""
    said = building.report(EdgeReport)
    assert said
    now = datetime.now(UTC) + building.clock_ahead
    left = [(c, datetime.fromisoformat(c.expires_at) - now) for c in said.contacts]
    return {(c.sip_user, c.address) for c, good in left if timedelta(0) < good < timedelta(minutes=10)}
