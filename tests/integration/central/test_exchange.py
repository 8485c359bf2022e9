"""The exchange's book: which buildings a call between buildings may reach, and how it follows the directory."""

from pathlib import Path

import pytest

from central.directory import people, phones
from central.errors import InputProblem
from central.exchange.book import Book, Login, Place, SitePage, ha1
from central.exchange.connect import connect, disconnect
from central.exchange.export import bring_forward
from central.office import Office
from tests.integration.central.making import WHO, a_company, a_person, a_site
from wire.services import Preferences

MAC = "00:15:65:aa:bb:01"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "book.db", readonly=False)


def test_a_person_is_found_in_other_buildings_of_the_company_alone(book: Book) -> None:
    ana = Place("person", "ana", "acme")
    book.write(SitePage("one", 1, (Login("b1", "x"),), (ana,), ("acme", "bravo")))
    book.write(SitePage("two", 1, (Login("b2", "x"),), (ana, Place("person", "carla", "bravo")), ("acme", "bravo")))
    book.write(SitePage("three", 1, (Login("b3", "x"),), (), ("charly",)))
    assert book.users_for("one", "person", "ana") == ("b2",), "never back to the building that asks"
    assert book.users_for("three", "person", "ana") == (), "a building that does not house the company"
    assert book.users_for("one", "person", "nobody") == ()
    assert book.users_for("one", "mailbox", "ana") == ()
    book.forget(["two"])
    assert book.users_for("one", "person", "ana") == ()
    assert book.login("b2") is None
    assert book.login("b1") == ("one", "x")


def test_the_book_follows_the_directory_and_reads_only_what_changed(office: Office, book: Book) -> None:
    here, there = a_site(office), a_site(office)
    acme = a_company(office, "Acme", here, there)
    ana = a_person(office, acme, "Ana", "101", mac=MAC, model="T46S", site_id=there)
    with office.editing(WHO) as edit:
        for site in (here, there):
            connect(edit, site, "203.0.113.1", 5060)
    assert bring_forward(office, book) == 2
    assert bring_forward(office, book) == 0
    (user,) = book.users_for(here, "person", ana.person.id)
    assert book.users_for(there, "person", ana.person.id) == ()
    login = book.login(user)
    assert login is not None
    assert login[0] == there
    assert len(login[1]) == len(ha1("a", "b"))
    assert ana.phone is not None
    assert book.users_for(here, "phone", ana.phone.id) == (user,)

    with office.editing(WHO) as edit:
        phones.delete_phone(edit, acme, ana.phone.id)
    # The company is in both: both have another revision.
    assert bring_forward(office, book) == 2
    assert book.users_for(here, "person", ana.person.id) == ()
    with office.editing(WHO) as edit:
        disconnect(edit, there)
        people.delete_person(edit, acme, ana.person.id)
    bring_forward(office, book)
    assert book.login(user) is None


Case = tuple[dict[str, str | bool], list[tuple[str, str]]]
NOBODY_IS_LED_THERE = ("101", "911", "*97", "0012125550100", "9001234567", "99", "x")
"""Oneself, help, codes, abroad, premium."""
ALWAYS_THERE: list[Case] = [({"forward_mode": "always", "forward_to": digits}, []) for digits in NOBODY_IS_LED_THERE]
HABITS: tuple[Case, ...] = (
    ({}, []),
    ({"forward_mode": "always", "forward_to": "102"}, [("unconditional", "beto")]),
    ({"forward_mode": "offline", "forward_to": "55 1234 5678"}, [("unavailable", "+525512345678")]),
    ({"forward_mode": "offline", "forward_to": "12345678"}, [("unavailable", "+525512345678")]),
    ({"forward_mode": "disabled", "forward_to": "102"}, []),
    ({"forward_no_answer_to": "5512345678"}, [("no-answer", "+525512345678")]),
    ({"forward_busy_to": "102", "do_not_disturb": True, "forward_no_answer_to": "103"}, [("do-not-disturb", "beto")]),
    *ALWAYS_THERE,
)


@pytest.mark.acceptance("G-1")
def test_the_book_has_what_a_person_dialled_as_their_forward_read_as_their_building_reads_it(
    office: Office, book: Book
) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    ana, beto = (a_person(office, acme, name, digits) for name, digits in (("Ana", "101"), ("Beto", "102")))
    ids = {"beto": beto.person.id}
    for habits, leads in HABITS:
        with office.editing(WHO) as edit:
            edit.lock_account(acme)
            edit.put(Preferences(ana.person.id, acme, **habits))  # type: ignore[arg-type]
        bring_forward(office, book)
        standing = book.standing(ana.person.id)
        assert standing is not None
        assert [(o.reason, o.to) for o in standing.onward] == [(r, ids.get(to, to)) for r, to in leads], habits


def test_connecting_again_gives_another_log_in_and_needs_a_host(office: Office, book: Book) -> None:
    site = a_site(office)
    with office.editing(WHO) as edit:
        first = connect(edit, site, "203.0.113.1", 5060)
    with office.editing(WHO) as edit:
        second = connect(edit, site, "203.0.113.1", 5060)
    bring_forward(office, book)
    assert book.login(first.username) is None
    assert book.login(second.username) is not None
    with pytest.raises(InputProblem), office.editing(WHO) as edit:
        connect(edit, site, "", 5060)
