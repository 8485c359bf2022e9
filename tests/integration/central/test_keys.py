"""Programmable keys of phones: checked, sent to the buildings, kept inside a company; on SQLite and PostgreSQL."""

import pytest
from sqlalchemy import select

from central.directory import accounts, people, phones, sites
from central.directory.edit import Edit
from central.directory.keys import KeyWish, set_keys
from central.errors import InputProblem, InputProblems, NotFoundProblem
from central.model import AuditEntry
from central.office import Office
from tests.integration.central.building import Copy
from tests.integration.central.making import WHO, a_company, a_person, a_site
from wire.rows import LineKey, Phone


class Acme:
    """A company with Ana (101, with a phone of 27 keys) and Beto (102), and what its building holds."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.site = a_site(office)
        self.id = a_company(office, "Acme", self.site)
        ana = a_person(office, self.id, "Ana", "101", mac="001565000001", model="T46S", site_id=self.site)
        assert ana.phone is not None
        self.phone = ana.phone
        self.beto = a_person(office, self.id, "Beto", "102").person
        self.copy = Copy(self.site)

    def set(self, *wishes: KeyWish) -> list[LineKey]:
        with self.office.editing("maria") as edit:
            return set_keys(edit, self.id, self.phone.id, wishes)

    def held(self) -> dict[int, tuple[str, str, str]]:
        self.copy.follow(self.office)
        keys = [r for r in self.copy.rows.values() if isinstance(r, LineKey)]
        return {k.position: (k.key_kind, k.value, k.label) for k in keys}


@pytest.fixture
def acme(office: Office) -> Acme:
    return Acme(office)


@pytest.mark.acceptance("P-18")
def test_keys_are_set_together_and_reach_the_building_in_one_revision(acme: Acme) -> None:
    assert acme.held() == {}
    before = acme.copy.revision
    acme.set(
        KeyWish(1, "line"), KeyWish(2, "blf", "102", " Beto "), KeyWish(3, "speed", "55 5512 3456", "Taxi"),
        KeyWish(4, "speed", "+1 202 555 0143"), KeyWish(5, "speed", "*97"), KeyWish(6, "speed", "102"),
        KeyWish(7, "park"), KeyWish(27, "speed", "911"),
    )  # fmt: skip
    assert acme.held() == {
        1: ("line", "", ""), 2: ("blf", "102", "Beto"), 3: ("speed", "5555123456", "Taxi"),
        4: ("speed", "0012025550143", ""), 5: ("speed", "*97", ""), 6: ("speed", "102", ""), 7: ("park", "", ""),
        27: ("speed", "911", ""),
    }  # fmt: skip
    assert acme.copy.revision == before + 1
    acme.set(KeyWish(2, "speed", "5555123457"))
    assert acme.held() == {2: ("speed", "5555123457", "")}
    acme.set()
    assert acme.held() == {}


@pytest.mark.parametrize(
    ("wish", "field", "says"),
    [
        (KeyWish(2, "blf", "103"), "value_2", "no extension 103"),
        (KeyWish(2, "blf"), "value_2", "extension to watch"),
        (KeyWish(2, "speed", "12"), "value_2", "cannot be dialled"),
        (KeyWish(2, "speed", ""), "value_2", "number to call"),
        (KeyWish(2, "park", "5555123456"), "value_2", "star code"),
        (KeyWish(2, "line", "102"), "value_2", "leave it empty"),
        (KeyWish(2, "siren", "102"), "kind_2", "what key 2 does"),
        (KeyWish(2, "", "102"), "kind_2", "what key 2 does"),
        (KeyWish(28, "blf", "102"), "kind_28", "from 1 to 27"),
        (KeyWish(0, "blf", "102"), "kind_0", "from 1 to 27"),
        (KeyWish(2, "blf", "102", "x" * 33), "label_2", "at most 32"),
    ],
)
def test_a_key_that_cannot_be_is_refused_in_words(acme: Acme, wish: KeyWish, field: str, says: str) -> None:
    acme.set(KeyWish(3, "blf", "102"))
    with pytest.raises(InputProblem, match=says) as refused:
        acme.set(wish)
    assert refused.value.field == field
    assert refused.value.says.es != refused.value.says.en
    assert acme.held() == {3: ("blf", "102", "")}


def test_all_that_is_wrong_is_said_at_once(acme: Acme) -> None:
    with pytest.raises(InputProblems) as refused:
        acme.set(KeyWish(2, "blf", "109"), KeyWish(2, "blf", "102"), KeyWish(30, "speed", "1"))
    assert [p.field for p in refused.value.problems] == ["value_2", "kind_2", "kind_30", "value_30"]


def test_a_model_without_keys_takes_none_and_an_unknown_one_takes_many(office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    with office.editing(WHO) as edit:
        room = phones.add_phone(edit, acme, phones.PhoneWish("001565000002", site, "CP960"))
        new = phones.add_phone(edit, acme, phones.PhoneWish("001565000003", site, "T99X"))
        assert [k.position for k in set_keys(edit, acme, new.id, [KeyWish(90, "park")])] == [90]
    with pytest.raises(InputProblem, match="cannot be set"), office.editing(WHO) as edit:
        set_keys(edit, acme, room.id, [KeyWish(1, "line")])


@pytest.mark.acceptance("U-3")
def test_keys_follow_an_extension_that_is_renumbered_and_go_with_one_that_is_deleted(acme: Acme) -> None:
    acme.set(KeyWish(2, "blf", "102", "Beto"), KeyWish(3, "speed", "102"), KeyWish(4, "blf", "101"))
    acme.held()
    before = acme.copy.revision
    with acme.office.editing(WHO) as edit:
        people.change_person(edit, acme.id, acme.beto.id, people.PersonWish("Beto", "Pérez", "210"))
    assert acme.held() == {2: ("blf", "210", "Beto"), 3: ("speed", "210", ""), 4: ("blf", "101", "")}
    assert acme.copy.revision == before + 1
    with acme.office.editing(WHO) as edit:
        people.delete_person(edit, acme.id, acme.beto.id)
    assert acme.held() == {4: ("blf", "101", "")}


def test_keys_go_with_their_phone_their_company_and_its_presence(acme: Acme, office: Office) -> None:
    acme.set(KeyWish(2, "blf", "102"))
    other = a_site(office)
    with office.editing(WHO) as edit:
        sites.add_presence(edit, acme.id, other)
    there = Copy(other)
    there.follow(office)
    assert there.kinds()["line_key"] == 1
    with office.editing(WHO) as edit:
        sites.remove_presence(edit, acme.id, acme.site)
    there.follow(office)
    assert "line_key" not in there.kinds()
    with office.editing(WHO) as edit:
        phone = phones.add_phone(edit, acme.id, phones.PhoneWish("001565000007", other, "T46S"))
        set_keys(edit, acme.id, phone.id, [KeyWish(1, "park")])
    with office.editing(WHO) as edit:
        accounts.delete_account(edit, acme.id)
    there.follow(office)
    assert there.kinds() == {"site": 1}


def put_unchecked(edit: Edit, key: LineKey) -> None:
    edit.lock_account(key.account_id)
    edit.put(key)


@pytest.mark.acceptance("Z-6")
def test_keys_of_one_company_never_reach_a_phone_or_an_extension_of_another(acme: Acme, office: Office) -> None:
    bravo = a_company(office, "Bravo", acme.site)
    a_person(office, bravo, "Bea", "300")
    theirs = acme.set(KeyWish(2, "blf", "102"))[0]
    with pytest.raises(NotFoundProblem), office.editing(WHO) as edit:
        set_keys(edit, bravo, acme.phone.id, [KeyWish(2, "blf", "300")])
    with pytest.raises(InputProblem, match="no extension 300"):
        acme.set(KeyWish(2, "blf", "300"))
    with pytest.raises(NotFoundProblem), office.editing(WHO) as edit:
        put_unchecked(edit, LineKey(theirs.id, bravo, acme.phone.id, 2, "park"))
    with pytest.raises(InputProblem), office.editing(WHO) as edit:  # the database itself
        put_unchecked(edit, LineKey("k9", bravo, acme.phone.id, 9, "park"))
    with pytest.raises(InputProblem, match="twice"), office.editing(WHO) as edit:
        put_unchecked(edit, LineKey("k9", acme.id, acme.phone.id, 2, "park"))
    assert acme.held() == {2: ("blf", "102", "")}


def test_a_change_of_a_key_is_in_the_audit(acme: Acme, office: Office) -> None:
    acme.set(KeyWish(2, "blf", "102"))
    acme.set(KeyWish(2, "speed", "5555123456"))
    acme.set()
    with office.reading() as session:
        entries = list(session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "line_key")))
    assert [(e.who, e.action) for e in entries] == [("maria", "create"), ("maria", "change"), ("maria", "delete")]
    assert (entries[1].before or {})["value"] == "102"
    assert (entries[1].after or {})["value"] == "5555123456"
    assert {e.account_id for e in entries} == {acme.id}


def test_a_phone_given_to_another_person_keeps_its_keys(acme: Acme, office: Office) -> None:
    acme.set(KeyWish(2, "blf", "102"))
    with office.editing(WHO) as edit:
        assert isinstance(phones.assign_phone(edit, acme.id, acme.phone.id, acme.beto.id), Phone)
    assert acme.held() == {2: ("blf", "102", "")}
