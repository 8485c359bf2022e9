"""Pages of a company's sounds: upload, text, listen, and which of them are its music (V-5, M-1)."""

from flask import Blueprint, Response, redirect, request, url_for

from central.directory import sounds as edits
from central.errors import NotFoundProblem, Words
from central.model import SoundContent
from central.model.rows import find, of_account
from central.portal.base import Answer, Desk, page
from central.portal.form import Form
from central.portal.lookup import account_of
from central.sounds import Converted, convert
from wire.services import Music, Sound


def add_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.route("/accounts/<account_id>/sounds", methods=["GET", "POST"])
    def sounds(account_id: str) -> Answer:
        form = Form()

        def act() -> None:
            wish = edits.SoundWish(form.value("name"), form.value("text"), form.value("language"), _uploaded())
            with office.editing(desk.actor) as edit:
                edits.add_sound(edit, account_id, wish)

        if form.done(act):
            return redirect(url_for("portal.sounds", account_id=account_id))
        return _show(account_id, form, None)

    @pages.post("/accounts/<account_id>/sounds/<sound_id>")
    def replace_sound(account_id: str, sound_id: str) -> Answer:
        form = Form()

        def act() -> None:
            with office.editing(desk.actor) as edit:
                held = edit.get(Sound, sound_id, account_id)
                wish = edits.SoundWish(held.name, form.value("text"), held.language, _uploaded())
                edits.change_sound(edit, account_id, sound_id, wish)

        if form.done(act):
            return redirect(url_for("portal.sounds", account_id=account_id))
        return _show(account_id, form, None)

    @pages.get("/accounts/<account_id>/sounds/<sound_id>/listen")
    def listen(account_id: str, sound_id: str) -> Answer:
        with office.reading() as session:
            held = find(session, Sound, sound_id)
            content = session.get(SoundContent, held.sha256) if held else None
        if held is None or held.account_id != account_id or content is None:
            raise NotFoundProblem(Words("There is no such sound.", "No existe ese sonido."))
        return Response(content.content, 200, mimetype="audio/wav")

    @pages.post("/accounts/<account_id>/sounds/<sound_id>/delete")
    def delete_sound(account_id: str, sound_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            edits.delete_sound(edit, account_id, sound_id)
        return redirect(url_for("portal.sounds", account_id=account_id))

    @pages.post("/accounts/<account_id>/music")
    def music(account_id: str) -> Answer:
        form = Form()

        def act() -> None:
            chosen = (form.value("hold_sound_id"), form.value("transfer_sound_id"), form.value("transfer"))
            with office.editing(desk.actor) as edit:
                edits.set_music(edit, account_id, *chosen)

        if form.done(act):
            return redirect(url_for("portal.sounds", account_id=account_id))
        return _show(account_id, None, form)

    def _show(account_id: str, form: Form | None, music_form: Form | None) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            held = of_account(session, Sound, account_id)
            music = find(session, Music, account_id) or Music(account_id, account_id)
        start = {n: str(getattr(music, n)) for n in ("hold_sound_id", "transfer_sound_id", "transfer")}
        refused = form or music_form
        return page(
            "sounds.html",
            refused.status if refused else 200,
            account=account,
            sounds=sorted(held, key=lambda s: s.name.casefold()),
            form=form or Form({"language": account.language}, sent=False),
            music=music_form or Form(start, sent=False),
        )


def _uploaded() -> Converted | None:
    """What was uploaded, converted; None when nothing was. Raises InputProblem."""
    upload = request.files.get("file")
    return convert(upload.stream.read()) if upload is not None and upload.filename else None
