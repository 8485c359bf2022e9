"""Pages of a company's people: the list, and one form that makes person, extension, number and phone (U-1)."""

from dataclasses import replace

from flask import Blueprint, redirect, url_for

from central import operators
from central.directory import people as edits
from central.errors import NotFoundProblem, Words
from central.model.rows import of_account
from central.portal.base import Answer, Desk, page, say
from central.portal.form import Form
from central.portal.lookup import account_of, number_lines, person_lines, sites_of
from central.rules.extension import free as free_extensions
from central.rules.extension import next_free
from central.rules.numbers import for_people
from central.rules.phones import families
from wire.rows import Extension

OFFERED_EXTENSIONS = 20


def add_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.get("/accounts/<account_id>/people")
    def people(account_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            lines = person_lines(session, account_id)
            places = {s.id: s.name for s in sites_of(session, account_id)}
        return page("people.html", account=account, lines=lines, places=places)

    @pages.route("/accounts/<account_id>/people/new", methods=["GET", "POST"])
    def new_person(account_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            places = sites_of(session, account_id)
            used = frozenset(e.digits for e in of_account(session, Extension, account_id))
            free = [line.number.e164 for line in number_lines(session, account_id) if not line.destination]
        form = Form({"extension": next_free(used), "site_id": places[0].id if len(places) == 1 else ""})

        def act() -> None:
            desk.only_own_number(form.value("number"), free)
            with office.editing(desk.actor) as edit:
                edits.add_person(edit, account_id, _wish(form))

        if form.done(act):
            return redirect(url_for("portal.people", account_id=account_id))
        return page(
            "person_form.html",
            form.status,
            account=account,
            form=form,
            places=places,
            free=free,
            families=families(),
            person=None,
            extensions=free_extensions(used, OFFERED_EXTENSIONS),
            numbers=[],
        )

    @pages.route("/accounts/<account_id>/people/<person_id>", methods=["GET", "POST"])
    def person(account_id: str, person_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            lines = [line for line in person_lines(session, account_id) if line.person.id == person_id]
            used = frozenset(e.digits for e in of_account(session, Extension, account_id))
            numbers = number_lines(session, account_id)
            user = operators.user_of(session, person_id)
        if not lines:
            raise NotFoundProblem(Words("There is no such person.", "No existe esa persona."))
        held = lines[0].person
        free = [line.number.e164 for line in numbers if not line.destination]
        start = {n: getattr(held, n) for n in ("first_name", "last_name", "email", "language", "area_code")}
        start |= {n: "1" for n in ("international", "premium") if getattr(held, n)}
        start |= {"caller_id": held.caller_id, "number": for_people(next(iter(lines[0].numbers), ""))}
        form = Form({**start, "extension": lines[0].extension})

        def act() -> None:
            desk.only_own_number(form.value("number"), [*free, *lines[0].numbers])
            wish = replace(_wish(form), caller_id=form.given("caller_id"))
            with office.editing(desk.actor) as edit:
                edits.change_person(edit, account_id, person_id, wish, form.given("number"))

        if form.done(act):
            return redirect(url_for("portal.people", account_id=account_id))
        return page(
            "person_form.html",
            form.status,
            account=account,
            form=form,
            places=[],
            free=free,
            families=families(),
            person=lines[0],
            extensions=free_extensions(used, OFFERED_EXTENSIONS),
            numbers=[line.number.e164 for line in numbers],
            user=user,
        )

    @pages.post("/accounts/<account_id>/people/<person_id>/log-in")
    def give_log_in(account_id: str, person_id: str) -> Answer:
        form = Form()

        def act() -> None:
            password = operators.give_log_in(office, account_id, person_id, form.value("user"), desk.actor)
            told.append(password)

        told: list[str] = []
        if form.done(act):
            say(
                f"Password, shown only now: {told[0]}. It is to be changed when it is first used.",
                f"Contraseña, se muestra solo ahora: {told[0]}. Hay que cambiarla al usarla por primera vez.",
            )
        else:
            say(form.error("user"), form.error("user"))
        return redirect(url_for("portal.person", account_id=account_id, person_id=person_id))

    @pages.post("/accounts/<account_id>/people/<person_id>/delete")
    def delete_person(account_id: str, person_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            empty = ", ".join(edits.delete_person(edit, account_id, person_id))
        if empty:
            say(
                f"Deleted. These groups have no members now: {empty}.",
                f"Eliminada. Estos grupos quedaron sin miembros: {empty}.",
            )
        return redirect(url_for("portal.people", account_id=account_id))


def _wish(form: Form) -> edits.PersonWish:
    return edits.PersonWish(
        first_name=form.value("first_name"),
        last_name=form.value("last_name"),
        extension=form.value("extension"),
        email=form.value("email"),
        language=form.value("language"),
        area_code=form.value("area_code"),
        international=form.checked("international"),
        premium=form.checked("premium"),
        number=form.value("number"),
        mac=form.value("mac"),
        family=form.value("family"),
        model=form.value("model"),
        site_id=form.value("site_id"),
    )
