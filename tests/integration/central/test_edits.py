"""Edits of what the centre owns, and what they do to each building's feed; on SQLite and PostgreSQL."""

import contextlib
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from central.directory import accounts, numbers, people, phones, sites, trunks
from central.directory.edit import Edit
from central.errors import InputProblem, InputProblems, NotFoundProblem, Problem
from central.feed import snapshot
from central.model import AuditEntry, PhoneRecord
from central.office import Office
from tests.integration.central.building import Copy
from tests.integration.central.making import WHO, a_company, a_person, a_site
from wire.rows import Mapping, Number, Person, Phone


def put_unchecked(edit: Edit, row: Number | Mapping | Phone | Person) -> None:
    """Past the functions that check: only the database's own rules are left."""
    edit.lock_account(row.account_id)
    edit.put(row)


@pytest.mark.acceptance("Z-2")
def test_one_form_makes_person_extension_number_and_phone_in_one_revision(office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    copy = Copy(site)
    copy.follow(office)
    before = copy.revision
    made = a_person(
        office, acme, "Ana", "101", number="55 1234 5678", mac="00:15:65:AA:BB:01", model="T46S", site_id=site
    )
    copy.follow(office)
    assert copy.revision == before + 1
    assert copy.kinds() == {
        "site": 1, "account": 1, "presence": 1, "person": 1, "extension": 1, "number": 1, "mapping": 1, "phone": 1,
    }  # fmt: skip
    assert made.phone is not None
    received = copy.rows[("phone", made.phone.id)]
    assert isinstance(received, Phone)
    assert received == made.phone
    assert received.family == "yealink"
    assert len(received.sip_secret) >= 24
    assert received.sip_user != "101"


def test_a_refused_form_leaves_nothing_and_names_every_fault(office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    copy = Copy(site)
    copy.follow(office)
    with pytest.raises(InputProblems) as refused:
        a_person(office, acme, "", "911", number="12", mac="00:15:65", model="", site_id="elsewhere")
    assert {p.field for p in refused.value.problems} == {"first_name", "extension", "number", "mac", "model", "site_id"}
    with pytest.raises(InputProblem) as late:
        a_person(office, acme, "Ana", "101", number="5512345678", mac="00:15:65:aa:bb:01", model="T46S", site_id="no")
    assert late.value.field == "site_id"
    held = copy.revision
    copy.follow(office)
    assert copy.revision == held
    assert copy.kinds() == {"site": 1, "account": 1, "presence": 1}


@pytest.mark.acceptance("U-2")
def test_a_duplicate_name_is_refused_with_that_message(office: Office) -> None:
    acme = a_company(office, "Acme", a_site(office))
    a_person(office, acme, "Ana", "101")
    with pytest.raises(InputProblem) as refused:
        a_person(office, acme, " ANA  ", "102")
    assert "Ya existe una persona" in refused.value.text("es-MX")
    assert refused.value.field == "first_name"


def test_two_companies_have_the_same_extension_and_the_same_names(office: Office) -> None:
    site = a_site(office)
    for name in ("Acme", "Bravo"):
        a_person(office, a_company(office, name, site), "Ana", "101")
    copy = Copy(site)
    copy.follow(office)
    assert copy.kinds()["extension"] == 2


@pytest.mark.acceptance("U-4")
def test_a_second_ip_phone_for_a_person_is_refused(office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    ana = a_person(office, acme, "Ana", "101", mac="001565000001", model="T46S", site_id=site).person
    with pytest.raises(InputProblem, match="already has an IP phone"), office.editing(WHO) as edit:
        phones.add_phone(edit, acme, phones.PhoneWish("001565000002", site, "T46S", "", ana.id))
    with pytest.raises(InputProblem, match="already has an IP phone"), office.editing(WHO) as edit:
        put_unchecked(edit, Phone("x", acme, site, ana.id, "001565000003", "yealink", "T46S", "other", "secret"))


@pytest.mark.acceptance("N-4")
def test_a_number_leads_to_one_thing_and_the_database_itself_keeps_it_so(office: Office) -> None:
    site = a_site(office)
    acme, bravo = a_company(office, "Acme", site), a_company(office, "Bravo", site)
    ana, beto = a_person(office, acme, "Ana", "101").person, a_person(office, acme, "Beto", "102").person
    with office.editing(WHO) as edit:
        number = numbers.add_number(edit, acme, "5512345678")
        numbers.map_number(edit, acme, number.id, "person", ana.id)
        numbers.map_number(edit, acme, number.id, "person", beto.id)
        assert edit.all(Mapping, acme) == [Mapping(number.id, acme, "person", beto.id)]
    with pytest.raises(InputProblem, match="already belongs"), office.editing(WHO) as edit:
        numbers.add_number(edit, bravo, "+52 55 1234 5678")
    with pytest.raises(InputProblem, match="already belongs"), office.editing(WHO) as edit:
        put_unchecked(edit, Number("n2", bravo, "+525512345678"))
    with pytest.raises(InputProblem), office.editing(WHO) as edit:
        put_unchecked(edit, Mapping("no-such-number", bravo, "person", ana.id))
    with pytest.raises(InputProblem, match="already leads"):
        a_person(office, acme, "Carla", "103", number="5512345678")


@pytest.mark.acceptance("Z-6")
def test_an_edit_of_one_company_never_reaches_another(office: Office) -> None:
    site = a_site(office)
    acme, bravo = a_company(office, "Acme", site), a_company(office, "Bravo", site)
    theirs = a_person(office, bravo, "Bea", "101", mac="001565000009", model="T46S", site_id=site)
    assert theirs.phone is not None
    with office.editing(WHO) as edit:
        number = numbers.add_number(edit, acme, "5512345678")
    with pytest.raises(NotFoundProblem), office.editing(WHO) as edit:
        people.delete_person(edit, acme, theirs.person.id)
    with pytest.raises(NotFoundProblem), office.editing(WHO) as edit:
        phones.delete_phone(edit, acme, theirs.phone.id)
    with pytest.raises(InputProblem), office.editing(WHO) as edit:
        numbers.map_number(edit, acme, number.id, "person", theirs.person.id)
    with pytest.raises(InputProblem), office.editing(WHO) as edit:
        accounts.set_default_destination(edit, acme, "person", theirs.person.id)
    with pytest.raises(Problem), office.editing(WHO) as edit:
        put_unchecked(edit, Person(theirs.person.id, acme, "Stolen"))
    with pytest.raises(InputProblem), office.editing(WHO) as edit:
        put_unchecked(edit, Phone("x", acme, site, theirs.person.id, "001565000010", "yealink", "T46S", "u", "s"))


@pytest.mark.acceptance("Z-2")
def test_a_company_comes_to_a_building_whole_and_leaves_it_whole(office: Office) -> None:
    one, two = a_site(office, "Uno"), a_site(office, "Dos")
    acme = a_company(office, "Acme", one)
    a_person(office, acme, "Ana", "101", number="5512345678", mac="001565000001", model="T46S", site_id=one)
    here, there = Copy(one), Copy(two)
    here.follow(office)
    there.follow(office)
    assert there.kinds() == {"site": 1}
    with office.editing(WHO) as edit:
        sites.add_presence(edit, acme, two)
    here.follow(office)
    there.follow(office)
    assert there.kinds() == {**here.kinds(), "site": 1}
    with office.editing(WHO) as edit:
        sites.remove_presence(edit, acme, one)
    here.follow(office)
    there.follow(office)
    assert here.kinds() == {"site": 1}
    assert there.kinds()["presence"] == 1
    assert "phone" not in there.kinds()
    with office.editing(WHO) as edit:
        accounts.delete_account(edit, acme)
    there.follow(office)
    assert there.kinds() == {"site": 1}
    assert here.snapshots == there.snapshots == 1


def test_a_deleted_person_takes_the_extension_and_frees_number_and_phone(office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    ana = a_person(office, acme, "Ana", "101", number="5512345678", mac="001565000001", model="T46S", site_id=site)
    with office.editing(WHO) as edit:
        accounts.set_default_destination(edit, acme, "person", ana.person.id)
        people.delete_person(edit, acme, ana.person.id)
    copy = Copy(site)
    copy.follow(office)
    assert copy.kinds() == {"site": 1, "account": 1, "presence": 1, "number": 1, "phone": 1}
    assert a_person(office, acme, "Ana", "101", number="5512345678").number == "+525512345678"


def test_a_building_is_deleted_only_when_it_is_empty(office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    with office.editing(WHO) as edit:
        trunks.add_trunk(edit, site, trunks.TrunkWish("Carrier", "203.0.113.5"))
    with pytest.raises(InputProblem, match="companies"), office.editing(WHO) as edit:
        sites.delete_site(edit, site)
    with office.editing(WHO) as edit:
        sites.remove_presence(edit, acme, site)
    with office.editing(WHO) as edit:
        sites.delete_site(edit, site)
    with pytest.raises(NotFoundProblem):
        Copy(site).follow(office)


@pytest.mark.acceptance("Z-2")
def test_eight_editors_at_once_leave_a_feed_without_a_hole(office: Office) -> None:
    one, two = a_site(office, "Uno"), a_site(office, "Dos")
    companies = [a_company(office, f"Company {i}", one, two) for i in range(4)]
    copies = [Copy(one), Copy(two)]
    for copy in copies:
        copy.follow(office)
    start = copies[0].revision

    def edit_ten_times(editor: int) -> None:
        for turn in range(10):
            a_person(office, companies[editor % 4], f"Person {editor} {turn}", f"{1 + editor // 4}{editor % 4}{turn}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(edit_ten_times, range(8)))
    for copy in copies:
        copy.follow(office)
        assert copy.kinds()["person"] == 80
    assert copies[0].revision == start + 80
    late = Copy(two)
    late.follow(office)
    assert late.rows == copies[1].rows


@pytest.mark.acceptance("Z-2")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_kept_digest_is_the_digest_of_the_state_after_any_edits(office: Office, seed: int) -> None:
    chance = random.Random(seed)
    places = [a_site(office, "Uno"), a_site(office, "Dos")]
    companies = [a_company(office, "Acme", places[0]), a_company(office, "Bravo", *places)]
    copies = [Copy(p) for p in places]

    def one_edit(edit: Edit) -> None:
        company = chance.choice(companies)
        edit.lock_account(company)
        persons, lines, devices = edit.all(Person, company), edit.all(Number, company), edit.all(Phone, company)
        match chance.randrange(9):
            case 0 | 1 | 2:
                wish = people.PersonWish(
                    f"N{chance.randrange(30)}",
                    extension=str(100 + chance.randrange(40)),
                    number=chance.choice(["", f"55{chance.randrange(10000000, 99999999)}"]),
                    mac=chance.choice(["", f"001565{chance.randrange(0xFFFF):06x}"]),
                    model="T46S",
                    site_id=chance.choice(places),
                )
                people.add_person(edit, company, wish)
            case 3 if persons:
                people.delete_person(edit, company, chance.choice(persons).id)
            case 4 if persons and lines:
                numbers.map_number(edit, company, chance.choice(lines).id, "person", chance.choice(persons).id)
            case 5 if devices:
                phones.assign_phone(edit, company, chance.choice(devices).id, "")
            case 6:
                sites.remove_presence(edit, company, chance.choice(places))
            case 7:
                sites.add_presence(edit, company, chance.choice(places))
            case 8 if lines:
                numbers.delete_number(edit, company, chance.choice(lines).id)

    for _ in range(60):
        with contextlib.suppress(InputProblem, InputProblems), office.editing(WHO) as edit:
            one_edit(edit)
            if chance.random() < 0.3:
                one_edit(edit)
        if chance.random() < 0.4:
            for copy in copies:
                copy.follow(office)
    for copy in copies:
        copy.follow(office)
        with office.reading() as session:
            whole = snapshot(session, office.sealer, copy.site_id)
        assert whole.digest == copy.digest()
        assert {(r.kind, r.id): r for r in whole.rows} == copy.rows


def test_a_building_too_far_behind_gets_a_snapshot(office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    copy = Copy(site)
    copy.follow(office)
    for i in range(45):  # the office keeps 40
        with office.editing(WHO) as edit:
            accounts.change_account(edit, acme, f"Acme {i}", "en")
    copy.follow(office)
    assert copy.snapshots == 2


def test_every_change_is_in_the_audit_with_before_and_after_and_without_secrets(office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    ana = a_person(office, acme, "Ana", "101", mac="001565000001", model="T46S", site_id=site)
    with office.editing("maria") as edit:
        people.change_person(edit, acme, ana.person.id, people.PersonWish("Anita", "Pérez", "110"))
    with office.reading() as session:
        entries = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert ana.phone is not None
    assert ana.phone.sip_secret not in str([(e.before, e.after) for e in entries])
    change = next(e for e in entries if e.who == "maria" and e.subject_kind == "extension")
    assert (change.before or {})["digits"] == "101"
    assert (change.after or {})["digits"] == "110"


def test_secrets_are_sealed_where_they_touch_the_disk(office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    phone = a_person(office, acme, "Ana", "101", mac="001565000001", model="T46S", site_id=site).phone
    assert phone is not None
    with office.reading() as session:
        sealed = session.get_one(PhoneRecord, phone.id).sip_secret_sealed
    assert phone.sip_secret.encode() not in sealed
