"""Changes to what is there: a person's numbers and extension, a trunk; on SQLite and PostgreSQL."""

import pytest
from sqlalchemy import select

from central.directory import numbers, people, trunks
from central.directory.edit import Edit
from central.directory.people import PersonWish
from central.errors import InputProblem, NotFoundProblem
from central.model import AuditEntry
from central.office import Office
from tests.integration.central.building import Copy
from tests.integration.central.making import WHO, a_company, a_person, a_site
from wire.rows import Extension, Mapping, Number, Person, Trunk


class Acme:
    """A company with Ana (101, 55 1234 5678), and what its building holds."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.site = a_site(office)
        self.id = a_company(office, "Acme", self.site)
        self.ana = a_person(office, self.id, "Ana", "101", number="5512345678").person.id
        self.copy = Copy(self.site)
        self.copy.follow(office)

    def change(self, number: str | None = None, extension: str = "101", caller_id: str | None = None) -> Person:
        with self.office.editing(WHO) as edit:
            wish = PersonWish("Ana", "Pérez", extension, caller_id=caller_id)
            return people.change_person(edit, self.id, self.ana, wish, number)

    def add_number(self, digits: str) -> str:
        with self.office.editing(WHO) as edit:
            return numbers.add_number(edit, self.id, digits).id

    def numbers_of_ana(self) -> list[str]:
        self.copy.follow(self.office)
        rows = self.copy.rows
        led = [r.id for r in rows.values() if isinstance(r, Mapping) and r.target_id == self.ana]
        return sorted(r.e164 for r in rows.values() if isinstance(r, Number) and r.id in led)


@pytest.fixture
def acme(office: Office) -> Acme:
    return Acme(office)


@pytest.mark.acceptance("U-3")
def test_a_renumbered_extension_is_the_next_revision_of_the_building(acme: Acme, office: Office) -> None:
    before = acme.copy.revision
    acme.change(extension="210")
    acme.copy.follow(office)
    assert acme.copy.revision == before + 1
    assert [r.digits for r in acme.copy.rows.values() if isinstance(r, Extension)] == ["210"]
    a_person(office, acme.id, "Beto", "101")
    with pytest.raises(InputProblem, match="already in use"):
        acme.change(extension="101")


@pytest.mark.acceptance("D-7")
def test_an_extension_from_before_the_rule_stays_until_it_changes(acme: Acme, office: Office) -> None:
    with office.editing(WHO) as edit:
        edit.lock_account(acme.id)
        edit.put(Extension("old", acme.id, "1020", "person", a_person_without_extension(edit, acme.id)))
    with office.editing(WHO) as edit:
        people.change_person(edit, acme.id, "old-person", PersonWish("Olga", "Ruiz", "1020"))
    with pytest.raises(InputProblem, match="020"):
        acme.change(extension="1020")
    with office.editing(WHO) as edit:
        people.change_person(edit, acme.id, "old-person", PersonWish("Olga", "Ruiz", "121"))
    with pytest.raises(InputProblem, match="020"), office.editing(WHO) as edit:
        people.change_person(edit, acme.id, "old-person", PersonWish("Olga", "Ruiz", "1020"))


def a_person_without_extension(edit: Edit, account: str) -> str:
    edit.put(Person("old-person", account, "Olga"))
    return "old-person"


def test_a_persons_number_is_replaced_and_the_former_one_stays_with_the_company(acme: Acme) -> None:
    assert acme.numbers_of_ana() == ["+525512345678"]
    acme.change(number="55 1234 5679")
    assert acme.numbers_of_ana() == ["+525512345679"]
    acme.change(number="5512345678")
    assert acme.numbers_of_ana() == ["+525512345678"]
    acme.change(number="5512345678")
    acme.change()
    assert acme.numbers_of_ana() == ["+525512345678"]
    acme.change(number="")
    assert acme.numbers_of_ana() == []


def test_only_the_first_of_several_numbers_is_replaced(acme: Acme, office: Office) -> None:
    other = acme.add_number("5599999999")
    with office.editing(WHO) as edit:
        numbers.map_number(edit, acme.id, other, "person", acme.ana)
    acme.change(number="5588888888")
    assert acme.numbers_of_ana() == ["+525588888888", "+525599999999"]


def test_a_number_of_somebody_else_is_not_taken(acme: Acme, office: Office) -> None:
    a_person(office, acme.id, "Beto", "102", number="5512340000")
    bravo = a_company(office, "Bravo")
    with office.editing(WHO) as edit:
        numbers.add_number(edit, bravo, "5500000000")
    with pytest.raises(InputProblem, match="already leads"):
        acme.change(number="5512340000")
    with pytest.raises(InputProblem, match="already belongs"):
        acme.change(number="5500000000")
    assert acme.numbers_of_ana() == ["+525512345678"]


@pytest.mark.acceptance("Z-6")
def test_shown_outside_is_only_a_number_of_the_company(acme: Acme, office: Office) -> None:
    main = acme.add_number("5511110000")
    bravo = a_company(office, "Bravo", acme.site)
    with office.editing(WHO) as edit:
        numbers.add_number(edit, bravo, "5500000000")
    assert acme.change(caller_id="55 1111 0000").caller_id == "+525511110000"
    assert acme.change().caller_id == "+525511110000"
    for others in ("5500000000", "5587654321"):
        with pytest.raises(InputProblem, match="has no number") as refused:
            acme.change(caller_id=others)
        assert refused.value.field == "caller_id"
        assert "no tiene el número" in refused.value.text("es-MX")
    with office.editing(WHO) as edit:
        numbers.delete_number(edit, acme.id, main)
    acme.copy.follow(office)
    held = acme.copy.rows[("person", acme.ana)]
    assert isinstance(held, Person)
    assert held.caller_id == ""


def test_a_trunk_is_changed_and_keeps_its_password_until_another_is_given(acme: Acme, office: Office) -> None:
    def held() -> Trunk:
        acme.copy.follow(office)
        return next(r for r in acme.copy.rows.values() if isinstance(r, Trunk))

    def change(wish: trunks.TrunkWish) -> None:
        with office.editing(WHO) as edit:
            trunks.change_trunk(edit, acme.site, trunk.id, wish)

    with office.editing(WHO) as edit:
        trunk = trunks.add_trunk(edit, acme.site, trunks.TrunkWish("Carrier", "203.0.113.5", username="u", secret="s1"))
    change(trunks.TrunkWish("Carrier", "sip.carrier.mx", port="5070", username="u"))
    assert (held().host, held().port, held().secret) == ("sip.carrier.mx", 5070, "s1")
    change(trunks.TrunkWish("Carrier", "sip.carrier.mx", username="u", secret="s2"))
    assert held().secret == "s2"
    change(trunks.TrunkWish("Carrier", "sip.carrier.mx"))
    assert held().secret == ""
    with office.reading() as session:
        entries = list(session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "trunk")))
    assert [e.action for e in entries][-3:] == ["change", "change", "change"]
    assert "s1" not in str([(e.before, e.after) for e in entries])


@pytest.mark.parametrize(
    ("host", "port", "transport", "held"),
    [
        ("sip.carrier.mx", "", "udp", 0),
        ("sip.carrier.mx", "0", "tcp", 0),
        ("sip.carrier.mx", "5060", "udp", 5060),
        ("203.0.113.5", "", "udp", 5060),
        ("203.0.113.5", " 0 ", "tls", 5061),
    ],
)
def test_a_name_without_a_port_is_found_by_srv(
    acme: Acme, office: Office, host: str, port: str, transport: str, held: int
) -> None:
    with office.editing(WHO) as edit:
        wish = trunks.TrunkWish("C", host, port=port, transport=transport)
        assert trunks.add_trunk(edit, acme.site, wish).port == held
    with pytest.raises(InputProblem, match="1 to 65535"), office.editing(WHO) as edit:
        trunks.add_trunk(edit, acme.site, trunks.TrunkWish("D", host, port="65536"))


def test_a_trunk_is_changed_only_in_its_building_and_to_a_name_of_its_own(acme: Acme, office: Office) -> None:
    with office.editing(WHO) as edit:
        trunk = trunks.add_trunk(edit, acme.site, trunks.TrunkWish("Carrier", "203.0.113.5"))
        trunks.add_trunk(edit, acme.site, trunks.TrunkWish("Other", "203.0.113.6"))
    elsewhere = a_site(office)
    with pytest.raises(NotFoundProblem), office.editing(WHO) as edit:
        trunks.change_trunk(edit, elsewhere, trunk.id, trunks.TrunkWish("Carrier", "203.0.113.7"))
    with pytest.raises(InputProblem, match="already has that trunk"), office.editing(WHO) as edit:
        trunks.change_trunk(edit, acme.site, trunk.id, trunks.TrunkWish("Other", "203.0.113.5"))
    with pytest.raises(InputProblem, match="not an address"), office.editing(WHO) as edit:
        trunks.change_trunk(edit, acme.site, trunk.id, trunks.TrunkWish("Carrier", "203.0.113"))
