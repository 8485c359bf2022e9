"""Greetings of a mailbox: upload, record, listen, take away. For its owner, and for who administers it (L-2).

What a greeting says any caller may hear; messages are another matter (messages.py).
"""

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy.orm import Session

from central.directory import greetings as edits
from central.errors import InputProblem, NotFoundProblem, Words
from central.model import SoundContent
from central.model.rows import find, of_account
from central.office import Office
from central.portal.base import Answer, Desk
from central.portal.form import Form
from central.sounds import MAX_UPLOAD, convert
from wire.services import Greeting, Mailbox, OwnGreeting, own_greeting_id

RECORDER_S = edits.LONGEST_S - 1
"""When a browser's recording ends by itself: what it makes may be a breath longer than its clock says."""


def add_pages(pages: Blueprint, desk: Desk) -> None:
    """The administrator's; messages.py has the owner's."""
    office = desk.office
    place = "/accounts/<account_id>/mailboxes/<mailbox_id>/greetings"

    @pages.get(f"{place}/<greeting>")
    def hear_greeting(account_id: str, mailbox_id: str, greeting: str) -> Answer:
        with office.reading() as session:
            return sound_of(session, mailbox_at(session, account_id, mailbox_id), greeting)

    @pages.post(f"{place}/<greeting>/delete")
    def forget_greeting(account_id: str, mailbox_id: str, greeting: str) -> Answer:
        with office.editing(desk.actor) as edit:
            edits.forget_greeting(edit, account_id, mailbox_id, greeting)
        return redirect(url_for("portal.mailbox", account_id=account_id, mailbox_id=mailbox_id))


def mailbox_at(session: Session, account_id: str, mailbox_id: str) -> Mailbox:
    held = find(session, Mailbox, mailbox_id)
    if held is None or held.account_id != account_id:
        raise NotFoundProblem(Words("There is no such mailbox.", "No existe ese buzón."))
    return held


def recorded_of(session: Session, box: Mailbox) -> dict[str, OwnGreeting]:
    """What there is to hear, by greeting."""
    held = of_account(session, OwnGreeting, box.account_id)
    return {one.greeting: one for one in held if one.mailbox_id == box.id and one.sha256}


def sound_of(session: Session, box: Mailbox, greeting: str) -> Response:
    held = find(session, OwnGreeting, own_greeting_id(box.id, greeting))
    content = session.get(SoundContent, held.sha256) if held is not None else None
    if content is None:
        raise NotFoundProblem(Words("There is no such greeting.", "No existe ese saludo."))
    return Response(content.content, 200, mimetype="audio/wav")


def keep_uploaded(office: Office, actor: str, account_id: str, mailbox_id: str, form: Form) -> None:
    """What the form brings becomes the greeting in force. Raises InputProblem; then everything is as it was."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise InputProblem(
            "file",
            Words("There is no recording.", "No hay ninguna grabación."),
            Words("Choose a file or record one.", "Elija un archivo o grabe uno."),
        )
    content = convert(upload.stream.read(MAX_UPLOAD + 1), edits.LONGEST_S)
    with office.editing(actor) as edit:
        edits.keep_greeting(edit, account_id, mailbox_id, form.value("which"), content)


def recorder(office: Office, box: Mailbox, form: Form | None) -> dict[str, object]:
    """What greetings.html shows. `form`: as it was refused, if it was."""
    with office.reading() as session:
        held = recorded_of(session, box)
    return {
        "recorded": [(which, held[which]) for which in edits.RECORDED if which in held],
        "record": form or Form({"which": Greeting.CUSTOM}, sent=False),
        "longest_s": RECORDER_S,
        "most_octets": MAX_UPLOAD,
        "longest_minutes": edits.LONGEST_S // 60,
    }
