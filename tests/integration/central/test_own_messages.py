"""An owner's page at the centre: hear, mark, delete, greeting and PIN; theirs alone, and the building is told."""

import hashlib
import re
from dataclasses import asdict, dataclass, replace
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from central import journal, voicemail
from central.directory import accounts, mailboxes, people
from central.directory.messages import mark_message
from central.errors import NotFoundProblem
from central.facts import envelope_of
from central.feed import answer_after
from central.model import AuditEntry, Letter, MessageRecord, Operator
from central.model.rows import find, of_account
from central.office import Office
from central.operators import add_operator, give_log_in, set_password
from tests.integration.central.conftest import SettableClock
from tests.integration.central.making import WHO, a_company, a_person, a_site
from tests.integration.central.test_portal import PASSWORD, Browser, admin, app, browser
from wire import pins
from wire.facts import MailboxCleared, MessageChanged, MessageLeft, MessageObeyed
from wire.feed import Delete, Put
from wire.services import Mailbox, MailboxGone, MessageState

__all__ = ["admin", "app", "browser"]

AUDIO = b"RIFF" + bytes(range(256)) * 40
AT = "2026-03-02T15:00:00.000Z"


@dataclass
class Place:
    """A company in a building, with Ana and Beto, who have mailboxes."""

    office: Office
    site: str
    account: str
    ana: str
    beto: str
    box: str

    def page(self, person: str = "") -> str:
        return f"/accounts/{self.account}/people/{person or self.ana}/messages"

    def tells(self, fact: MessageLeft | MessageChanged | MessageObeyed | MailboxCleared) -> None:
        body = asdict(fact)
        told = {"id": uuid4().hex, "fact": fact.fact, "hlc": "1772463600000-0000-casa", "body": body}
        assert not journal.receive(self.office, self.site, [envelope_of(told)]).refused

    def message(self, caller: str = "+525512345678") -> str:
        digest, message_id = hashlib.sha256(AUDIO).hexdigest(), uuid4().hex
        self.tells(MessageLeft(message_id, self.box, self.account, caller, "", AT, 4000, len(AUDIO), digest))
        voicemail.keep_audio(self.office, self.site, message_id, AUDIO)
        return message_id

    def record(self, message_id: str) -> MessageRecord:
        with self.office.reading() as session:
            return session.get_one(MessageRecord, message_id)

    def order(self, message_id: str) -> MessageState | None:
        """What the building is told to do with a message, as the directory has it."""
        with self.office.reading() as session:
            return find(session, MessageState, message_id)


@pytest.fixture
def place(office: Office) -> Place:
    site = a_site(office)
    account = a_company(office, "Acme", site)
    ana, beto = (a_person(office, account, n, e).person.id for n, e in (("Ana", "101"), ("Beto", "102")))
    with office.editing(WHO) as edit:
        box = mailboxes.add_mailbox(edit, account, mailboxes.MailboxWish(), ana).id
        mailboxes.add_mailbox(edit, account, mailboxes.MailboxWish(), beto)
    return Place(office, site, account, ana, beto, box)


@pytest.fixture
def ana(place: Place, app: Flask) -> Browser:
    """Logged in as herself."""
    first = give_log_in(place.office, place.account, place.ana, "ana@acme.mx", WHO)
    with place.office.database.writing() as session:
        session.scalars(select(Operator).where(Operator.person_id == place.ana)).one().temporary = False
    hers = Browser(app.test_client())
    assert hers.log_in("ana@acme.mx", first).status_code == 302
    return hers


def given(admin: Browser, place: Place, person: str, **values: str) -> str:
    page = f"/accounts/{place.account}/people/{person}"
    assert admin.send(f"{page}/log-in", page, **values).status_code == 302
    told = re.search(r"solo ahora: ([a-z0-9-]+)\.", admin.read(page))
    assert told
    return told[1]


@pytest.mark.acceptance("L-2")
def test_an_owner_hears_marks_and_deletes_and_the_building_is_told(place: Place, ana: Browser) -> None:
    read, gone = place.message(), place.message("102")
    shown = ana.read(place.page())
    assert 'href="tel:+525512345678"' in shown
    assert "55 1234 5678" in shown
    assert shown.count("<audio") == 2
    assert ana.get("/").location == place.page()
    sound = ana.get(f"{place.page()}/{read}/sound")
    assert (sound.status_code, sound.data, sound.mimetype) == (200, AUDIO, "audio/wav")

    assert ana.send(f"{place.page()}/{read}", place.page(), state="old").status_code == 302
    assert ana.send(f"{place.page()}/{gone}", place.page(), state="deleted").status_code == 302
    shown = ana.read(place.page())
    assert ("oído" in shown, shown.count("<audio")) == (True, 1)
    assert ana.get(f"{place.page()}/{gone}/sound").status_code == 404
    with place.office.reading() as session:
        feed = answer_after(session, place.office.sealer, place.site, 0)
    assert feed.snapshot is not None
    asked = {r.id: r.state for r in feed.snapshot.rows if isinstance(r, MessageState)}
    assert asked == {read: "old", gone: "deleted"}

    ana.send(f"{place.page()}/{read}", place.page(), state="new")
    assert place.record(read).state == "new"
    assert ana.send(f"{place.page()}/{gone}", place.page(), state="old").status_code == 404
    ana.send("/language", place.page(), language="en")
    assert "Mark as heard" in ana.read(place.page())


@pytest.mark.acceptance("L-2")
def test_what_the_building_has_done_is_asked_of_it_no_more(place: Place, ana: Browser) -> None:
    message = place.message()
    ana.send(f"{place.page()}/{message}", place.page(), state="old")
    first = place.order(message)
    ana.send(f"{place.page()}/{message}", place.page(), state="new")
    later = place.order(message)
    assert first and later and later.stamp > first.stamp
    place.tells(MessageObeyed(message, place.box, place.account, first.stamp))
    assert place.order(message) == later, "the later one has not been obeyed yet"
    place.tells(MessageObeyed(message, place.box, place.account, later.stamp))
    assert place.order(message) is None
    with place.office.reading() as session:
        feed = answer_after(session, place.office.sealer, place.site, session_revision(place) - 1)
    assert feed.revisions[-1].changes == (Delete("message_state", message),)
    assert not any(isinstance(c, Put) for c in feed.revisions[-1].changes)


def session_revision(place: Place) -> int:
    with place.office.reading() as session:
        snapshot = answer_after(session, place.office.sealer, place.site, 0).snapshot
    assert snapshot
    return snapshot.number


@pytest.mark.acceptance("L-2")
def test_both_sides_acted_while_apart_and_the_centre_comes_to_what_the_building_comes_to(
    place: Place, clock: SettableClock
) -> None:
    """The same words as `Mailboxes.obey` gets (tests/unit/directory/test_mailboxes.py)."""
    heard_later, heard_before, deleted_there, deleted_here = (place.message() for _ in range(4))
    now = int(clock.moment.timestamp() * 1000)
    with place.office.editing(WHO) as edit:
        for message in (heard_later, heard_before):
            mark_message(edit, place.account, place.box, message, "old")
            mark_message(edit, place.account, place.box, message, "new")
        mark_message(edit, place.account, place.box, deleted_there, "old")
        mark_message(edit, place.account, place.box, deleted_here, "deleted")
    changed = MessageChanged("", place.box, place.account, "old", AT)
    for message, state, stamp in (
        (heard_later, "old", f"{now + 60_000}-0000-house"),
        (heard_before, "old", f"{now - 60_000}-0000-house"),
        (deleted_there, "deleted", f"{now - 60_000}-0000-house"),
        (deleted_here, "old", f"{now + 60_000}-0000-house"),
    ):
        place.tells(replace(changed, message_id=message, state=state, stamp=stamp))
    states = [place.record(m).state for m in (heard_later, heard_before, deleted_there, deleted_here)]
    assert states == ["old", "new", "deleted", "deleted"]
    assert place.record(deleted_there).audio_sealed is None


@pytest.mark.acceptance("L-2", "L-3")
def test_an_owner_sets_greeting_and_pin(place: Place, ana: Browser) -> None:
    assert ana.send(f"{place.page()}/greeting", place.page(), greeting="away").status_code == 302
    weak = ana.send(f"{place.page()}/pin", place.page(), pin="1234")
    assert (weak.status_code, "demasiado fácil" in weak.text) == (422, True)
    assert ana.send(f"{place.page()}/pin", place.page(), pin="9274").status_code == 302
    with place.office.editing(WHO) as edit:
        edit.lock_account(place.account)
        box = edit.get(Mailbox, place.box, place.account)
    assert box.greeting == "away"
    assert pins.fits("9274", box.pin_hash)


@pytest.mark.acceptance("L-3")
def test_nobody_else_hears_or_deletes(place: Place, admin: Browser, ana: Browser, app: Flask) -> None:
    message = place.message()
    for user in ("jefa", "beto"):
        add_operator(place.office, user, PASSWORD, WHO, place.account)
    with place.office.database.writing() as session:
        session.scalars(select(Operator).where(Operator.user == "beto")).one().person_id = place.beto
    jefa, beto = Browser(app.test_client()), Browser(app.test_client())
    jefa.log_in("jefa")
    beto.log_in("beto")
    others = f"/accounts/{place.account}/people"
    for who, page in ((admin, others), (jefa, others), (beto, place.page(place.beto))):
        assert who.get(place.page()).status_code == 404
        assert who.get(f"{place.page()}/{message}/sound").status_code == 404
        assert who.send(f"{place.page()}/{message}", page, state="deleted").status_code == 404
        assert who.send(f"{place.page()}/pin", page, pin="9274").status_code == 404
    assert beto.get(f"{place.page(place.beto)}/{message}/sound").status_code == 404, "tampered with the message's id"
    assert beto.send(f"{place.page(place.beto)}/{message}", place.page(place.beto), state="old").status_code == 404
    for path in ("/sites", "/audit", others, f"/accounts/{place.account}/settings"):
        assert beto.get(path).status_code == 404, path
    assert place.record(message).state == "new"


@pytest.mark.acceptance("L-3")
def test_a_given_password_opens_nothing_until_its_owner_has_chosen_another(
    place: Place, admin: Browser, app: Flask
) -> None:
    hers = Browser(app.test_client())
    first = given(admin, place, place.ana, user="ana@acme.mx")
    assert hers.log_in("ana@acme.mx", first).status_code == 302
    assert hers.get("/").location == hers.get(place.page()).location == "/password"
    wrong = hers.send("/password", "/password", old="not-this-one", password=PASSWORD)
    assert (wrong.status_code, "no es su contraseña" in wrong.text) == (422, True)
    assert hers.send("/password", "/password", old=first, password=PASSWORD).status_code == 302
    assert hers.log_in("ana@acme.mx").status_code == 302
    assert hers.get("/").location == place.page()
    again = given(admin, place, place.ana)
    assert hers.get(place.page()).location == "/log-in", "her session ended"
    assert hers.log_in("ana@acme.mx").status_code == 422, "and her password: she notices"
    assert hers.log_in("ana@acme.mx", again).status_code == 302
    assert hers.get(place.page()).location == "/password"
    set_password(place.office, "ana@acme.mx", PASSWORD, "root")
    hers.log_in("ana@acme.mx")
    assert hers.get("/").location == "/password", "whoever gave it does not keep it"
    with place.office.reading() as session:
        acts = session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "operator")).all()
    assert [a.who for a in acts if a.action == "password"] == ["ana@acme.mx", "admin", "root"]


def test_a_log_in_and_what_is_asked_of_the_building_go_with_the_person(place: Place, ana: Browser) -> None:
    message = place.message()
    ana.send(f"{place.page()}/{message}", place.page(), state="old")
    with place.office.editing(WHO) as edit:
        people.delete_person(edit, place.account, place.ana)
    assert ana.get("/").location == "/log-in"
    with place.office.reading() as session:
        assert not of_account(session, MessageState, place.account)


@pytest.mark.acceptance("L-3")
@pytest.mark.parametrize("what", ["mailbox", "person", "company"])
def test_with_a_mailbox_go_its_messages_sound_and_letters_and_the_building_is_told(place: Place, what: str) -> None:
    office = place.office
    with office.editing(WHO) as edit:
        edit.lock_account(place.account)
        edit.put(replace(edit.get(Mailbox, place.box, place.account), email="ana@acme.mx"))
        beto = next(b.id for b in edit.all(Mailbox, place.account) if b.person_id == place.beto)
    message = place.message()
    ours, place.box = place.box, beto
    others = place.message()
    with office.reading() as session:
        assert session.scalars(select(Letter.message_id)).all() == [message]
    with office.editing(WHO) as edit:
        if what == "mailbox":
            mailboxes.delete_mailbox(edit, place.account, ours)
        elif what == "person":
            people.delete_person(edit, place.account, place.ana)
        else:
            accounts.delete_account(edit, place.account)
    with office.reading() as session:
        kept = [] if what == "company" else [others]
        assert session.scalars(select(MessageRecord.id)).all() == kept
        assert not session.scalars(select(Letter)).all()
        if what == "company":
            return
        told = of_account(session, MailboxGone, place.account)
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "message")).all()
    assert [(row.mailbox_id, row.site_id) for row in told] == [(ours, place.site)]
    assert (entry.subject_id, entry.after, entry.who) == (ours, {"messages": 1}, WHO)

    place.box = ours
    place.tells(MessageLeft("late", ours, place.account, "102", "", AT, 4000, 9, "0" * 64))
    with office.reading() as session:
        assert session.get(MessageRecord, "late") is None, "left while the building knew nothing of it"
    with pytest.raises(NotFoundProblem):
        voicemail.keep_audio(office, place.site, "late", AUDIO)
    for _ in range(2):
        place.tells(MailboxCleared(ours, place.account))
    with office.reading() as session:
        assert not of_account(session, MailboxGone, place.account)


def test_a_message_of_a_building_that_the_company_left_is_marked_here_alone(place: Place) -> None:
    message = place.message()
    with place.office.editing(WHO) as edit:
        record = edit.session.get_one(MessageRecord, message)
        record.site_id = "another"
        mark_message(edit, place.account, place.box, message, "old")
        assert not edit.all(MessageState, place.account)
        with pytest.raises(NotFoundProblem):
            mark_message(edit, place.account, "another", message, "new")
