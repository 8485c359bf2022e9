"""What calls say beside their course, at the centre: settings by code with their stamps, letters to who must know."""

from dataclasses import asdict, replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from central import journal
from central.directory import habits
from central.facts import envelope_of
from central.model import Letter
from central.office import Office
from central.operators import add_operator
from tests.integration.central.making import WHO, a_company, a_person, a_site
from wire.facts import EmergencyCalled, Fact, PreferenceChanged

AT = "2026-03-02T15:00:00.000Z"


def tells(office: Office, site: str, fact: Fact, hlc: str, fact_id: str = "") -> journal.Answer:
    told = {"id": fact_id or uuid4().hex, "fact": fact.fact, "hlc": hlc, "body": asdict(fact)}
    return journal.receive(office, site, [envelope_of(told)])


@pytest.mark.acceptance("G-1")
def test_the_last_writer_of_each_setting_wins(office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "", site)
    ana = a_person(office, acme, "Ana", "101").person.id
    later, earlier = "1999999999999-0001-casa", "1999999999999-0000-casa"
    change = PreferenceChanged(ana, acme, "forward_to", "5512345678", AT)
    assert tells(office, site, change, later).accepted
    assert tells(office, site, replace(change, field="forward_mode", value="always"), later).accepted
    assert tells(office, site, replace(change, value="102"), earlier).accepted
    assert tells(office, site, PreferenceChanged(ana, acme, "call_waiting", "", AT), later).accepted
    with office.editing(WHO) as edit:
        kept = habits.preferences_of(edit, acme, ana)
    assert (kept.forward_to, kept.forward_mode, kept.call_waiting) == ("5512345678", "always", False)
    ((_, why),) = tells(office, site, replace(change, field="account_id"), later).refused
    assert "account_id" in why.en


@pytest.mark.acceptance("E-3")
def test_an_emergency_makes_one_letter_to_each_with_extension_place_and_time(office: Office) -> None:
    office = replace(
        office, settings=replace(office.settings, mail=replace(office.settings.mail, alerts_to=("guardia@example.mx",)))
    )
    site = a_site(office)
    acme = a_company(office, "", site)
    add_operator(office, "gerencia@acme.mx", "correct-horse-battery", WHO, acme)
    add_operator(office, "acme", "correct-horse-battery", WHO, acme)
    add_operator(office, "otra@bravo.mx", "correct-horse-battery", WHO, a_company(office, "", site))
    called = EmergencyCalled(
        site, acme, "call", "911", "101", "Ana Núñez", "phone", "Reforma 222, piso 5", "+525550000100", False, AT
    )
    for _ in range(2):
        assert tells(office, site, called, "1772463600000-0000-casa", "same").accepted == ("same",)
    with office.reading() as session:
        letters = session.scalars(select(Letter)).all()
    assert sorted(one.to for one in letters) == ["gerencia@acme.mx", "guardia@example.mx"]
    letter = letters[0]
    assert "101 Ana Núñez" in letter.subject
    assert "Reforma 222, piso 5" in letter.text
    assert AT in letter.text
