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
