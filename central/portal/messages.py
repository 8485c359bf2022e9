"""An owner's own page: the messages of their mailbox, its greeting and PIN. Theirs alone: base.OWNERS (L-2, L-3)."""

from flask import Blueprint, Response, redirect, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from central.directory import mailboxes as edits
from central.directory import messages as acts
from central.directory.greetings import forget_greeting
from central.errors import NotFoundProblem, Words
from central.model import MessageRecord, SiteRecord
from central.model.rows import of_account
from central.office import Office
from central.portal.base import Answer, Desk, page
from central.portal.form import Form
from central.portal.greetings import keep_uploaded, recorder, sound_of
from central.portal.lookup import account_of
from central.voicemail import audio_of
from wire.messages import DELETED
from wire.services import Mailbox

SHOWN = 200
"""Of the newest; a mailbox takes a hundred unless it is told otherwise."""


def add_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office
    place = "/accounts/<account_id>/people/<person_id>/messages"

    @pages.get(place)
    def messages(account_id: str, person_id: str) -> Answer:
        return _show(office, account_id, person_id)

    @pages.get(f"{place}/<message_id>/sound")
    def message_sound(account_id: str, person_id: str, message_id: str) -> Answer:
        with office.reading() as session:
            box = _own(session, account_id, person_id)
        return Response(audio_of(office, account_id, box.id, message_id), 200, mimetype="audio/wav")

    @pages.post(f"{place}/<message_id>")
    def mark_message(account_id: str, person_id: str, message_id: str) -> Answer:
        form = Form()
        with office.editing(desk.actor) as edit:
            box = _own(edit.session, account_id, person_id)
            acts.mark_message(edit, account_id, box.id, message_id, form.value("state"))
        return _back(account_id, person_id)

    @pages.post(f"{place}/greeting")
    def own_greeting(account_id: str, person_id: str) -> Answer:
        form = Form()

        def act() -> None:
            with office.editing(desk.actor) as edit:
                box = _own(edit.session, account_id, person_id)
                edits.choose_greeting(edit, account_id, box.id, form.value("greeting"))

        return _back(account_id, person_id) if form.done(act) else _show(office, account_id, person_id, greeting=form)

    @pages.post(f"{place}/greetings")
    def record_own_greeting(account_id: str, person_id: str) -> Answer:
        with office.reading() as session:
            box = _own(session, account_id, person_id)
        form = Form()
        if form.done(lambda: keep_uploaded(office, desk.actor, account_id, box.id, form)):
            return _back(account_id, person_id)
        return _show(office, account_id, person_id, record=form)

    @pages.get(f"{place}/greetings/<greeting>")
    def hear_own_greeting(account_id: str, person_id: str, greeting: str) -> Answer:
        with office.reading() as session:
            return sound_of(session, _own(session, account_id, person_id), greeting)

    @pages.post(f"{place}/greetings/<greeting>/delete")
    def forget_own_greeting(account_id: str, person_id: str, greeting: str) -> Answer:
        with office.editing(desk.actor) as edit:
            forget_greeting(edit, account_id, _own(edit.session, account_id, person_id).id, greeting)
        return _back(account_id, person_id)

    @pages.post(f"{place}/pin")
    def own_pin(account_id: str, person_id: str) -> Answer:
        form = Form()

        def act() -> None:
            with office.editing(desk.actor) as edit:
                box = _own(edit.session, account_id, person_id)
                edits.set_pin(edit, account_id, box.id, form.value("pin"))

        return _back(account_id, person_id) if form.done(act) else _show(office, account_id, person_id, pin=form)


def _own(session: Session, account_id: str, person_id: str) -> Mailbox:
    """The person's mailbox. Raises NotFoundProblem where they have none."""
    for box in of_account(session, Mailbox, account_id):
        if box.person_id == person_id:
            return box
    raise NotFoundProblem(Words("You have no mailbox.", "Usted no tiene buzón."))


def _back(account_id: str, person_id: str) -> Answer:
    return redirect(url_for("portal.messages", account_id=account_id, person_id=person_id))


def _show(
    office: Office,
    account_id: str,
    person_id: str,
    greeting: Form | None = None,
    pin: Form | None = None,
    record: Form | None = None,
) -> Answer:
    """`greeting`, `pin`, `record`: the form that was refused."""
    with office.reading() as session:
        account = account_of(session, account_id)
        box = _own(session, account_id, person_id)
        sound_is_here = MessageRecord.audio_sealed.is_not(None)
        rows = session.execute(
            select(MessageRecord, sound_is_here)
            .options(defer(MessageRecord.audio_sealed))
            .where(MessageRecord.mailbox_id == box.id, MessageRecord.state != DELETED)
            .order_by(MessageRecord.at.desc(), MessageRecord.id)
            .limit(SHOWN)
        ).all()
        named = {one.site_id for one, _ in rows}
        places = {s.id: s for s in session.scalars(select(SiteRecord).where(SiteRecord.id.in_(named)))}
    refused = greeting or pin or record
    return page(
        "messages.html",
        refused.status if refused else 200,
        account=account,
        person_id=person_id,
        box=box,
        rows=rows,
        places=places,
        greeting=greeting or Form({"greeting": box.greeting}, sent=False),
        pin=pin or Form(sent=False),
        **recorder(office, box, record),
    )
