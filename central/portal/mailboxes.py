"""Pages of mailboxes, as their administrator sees them: how they are set, never what is in them (L-3)."""

from flask import Blueprint, redirect, url_for

from central.directory import mailboxes as edits
from central.model.rows import of_account
from central.portal.base import Answer, Desk, page, say
from central.portal.form import Form
from central.portal.greetings import keep_uploaded, mailbox_at, recorder
from central.portal.lookup import account_of, person_lines
from wire.rows import Account
from wire.services import Mailbox, Sound

TEXTS = ("name", "answer_after_s", "greeting", "greeting_sound_id", "email", "max_messages", "max_message_s")


def add_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.route("/accounts/<account_id>/mailboxes/new", methods=["GET", "POST"])
    def new_mailbox(account_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            taken = {b.person_id for b in of_account(session, Mailbox, account_id)}
            people = [line for line in person_lines(session, account_id) if line.person.id not in taken]
            sounds = of_account(session, Sound, account_id)
        form = Form({n: str(getattr(edits.MailboxWish(), n)) for n in TEXTS} | {"enabled": "1"})

        pins: list[str] = []

        def act() -> None:
            with office.editing(desk.actor) as edit:
                box = edits.add_mailbox(edit, account_id, _wish(form), form.value("person_id"))
                pins.append(edits.new_pin(edit, account_id, box.id))

        if form.done(act):
            _tell(pins[-1])
            return redirect(url_for("portal.services", account_id=account_id))
        return page("mailbox.html", form.status, account=account, box=None, form=form, people=people, sounds=sounds)

    @pages.route("/accounts/<account_id>/mailboxes/<mailbox_id>", methods=["GET", "POST"])
    def mailbox(account_id: str, mailbox_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            held = mailbox_at(session, account_id, mailbox_id)
            sounds = of_account(session, Sound, account_id)
        form = Form(_start(held))

        def act() -> None:
            with office.editing(desk.actor) as edit:
                edits.change_mailbox(edit, account_id, mailbox_id, _wish(form))

        if form.done(act):
            return redirect(url_for("portal.services", account_id=account_id))
        return _show(account, held, form, sounds, None)

    def _show(account: Account, held: Mailbox, form: Form, sounds: list[Sound], record: Form | None) -> Answer:
        status, more = (record or form).status, recorder(office, held, record)
        return page("mailbox.html", status, account=account, box=held, form=form, people=[], sounds=sounds, **more)

    @pages.post("/accounts/<account_id>/mailboxes/<mailbox_id>/greetings")
    def record_greeting(account_id: str, mailbox_id: str) -> Answer:
        with office.reading() as session:
            account, held = account_of(session, account_id), mailbox_at(session, account_id, mailbox_id)
            sounds = of_account(session, Sound, account_id)
        record = Form()
        if record.done(lambda: keep_uploaded(office, desk.actor, account_id, mailbox_id, record)):
            return redirect(url_for("portal.mailbox", account_id=account_id, mailbox_id=mailbox_id))
        return _show(account, held, Form(_start(held), sent=False), sounds, record)

    @pages.post("/accounts/<account_id>/mailboxes/<mailbox_id>/pin")
    def reset_pin(account_id: str, mailbox_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            pin = edits.new_pin(edit, account_id, mailbox_id)
        _tell(pin)
        return redirect(url_for("portal.mailbox", account_id=account_id, mailbox_id=mailbox_id))

    @pages.post("/accounts/<account_id>/mailboxes/<mailbox_id>/delete")
    def delete_mailbox(account_id: str, mailbox_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            edits.delete_mailbox(edit, account_id, mailbox_id)
        return redirect(url_for("portal.services", account_id=account_id))


def _tell(pin: str) -> None:
    say(
        f"The mailbox's new PIN, shown only now: {pin}. Its owner may change it by phone (*97).",
        f"PIN nuevo del buzón, se muestra solo ahora: {pin}. Su dueño puede cambiarlo por teléfono (*97).",
    )


def _start(held: Mailbox) -> dict[str, str]:
    return {n: str(getattr(held, n)) for n in TEXTS} | ({"enabled": "1"} if held.enabled else {})


def _wish(form: Form) -> edits.MailboxWish:
    texts = {n: form.value(n) for n in TEXTS}
    return edits.MailboxWish(**texts, enabled=form.checked("enabled"))
