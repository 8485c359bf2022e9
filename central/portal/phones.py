"""Pages of phones: a company's, and those that nobody owns yet ("sin asignar", P-2)."""

from flask import Blueprint, redirect, url_for
from sqlalchemy import select

from central.directory import phones as edits
from central.errors import InputProblem, NotFoundProblem, Words
from central.model import AccountRecord, PresenceRecord, SeenPhone, SiteRecord
from central.model.rows import of_account
from central.portal.base import Answer, Desk, page
from central.portal.form import Form
from central.portal.lookup import account_of, person_lines, sites_of
from central.rules.phones import families
from wire.rows import Phone


def add_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.route("/accounts/<account_id>/phones", methods=["GET", "POST"])
    def phones(account_id: str) -> Answer:
        form = Form()
        wish = edits.PhoneWish(
            form.value("mac"), form.value("site_id"), form.value("model"), form.value("family"), form.value("person_id")
        )

        def act() -> None:
            with office.editing(desk.actor) as edit:
                edits.add_phone(edit, account_id, wish)

        if form.done(act):
            return redirect(url_for("portal.phones", account_id=account_id))
        with office.reading() as session:
            account = account_of(session, account_id)
            held = sorted(of_account(session, Phone, account_id), key=lambda p: p.mac)
            people = person_lines(session, account_id)
            places = sites_of(session, account_id)
        return page(
            "phones.html",
            form.status,
            account=account,
            phones=held,
            people=people,
            names={line.person.id: f"{line.extension} {line.person.name}" for line in people},
            places=places,
            families=families(),
            form=form,
        )

    @pages.route("/accounts/<account_id>/phones/<phone_id>", methods=["GET", "POST"])
    def phone(account_id: str, phone_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            held = next((p for p in of_account(session, Phone, account_id) if p.id == phone_id), None)
            people = person_lines(session, account_id)
        if held is None:
            raise NotFoundProblem(Words("There is no such phone.", "No existe ese teléfono."))
        form = Form({"person_id": held.person_id})

        def act() -> None:
            with office.editing(desk.actor) as edit:
                edits.assign_phone(edit, account_id, phone_id, form.value("person_id"))

        if form.done(act):
            return redirect(url_for("portal.phones", account_id=account_id))
        choices = [line for line in people if line.phone is None or line.phone.id == phone_id]
        return page("phone.html", form.status, account=account, phone=held, people=choices, form=form)

    @pages.post("/accounts/<account_id>/phones/<phone_id>/delete")
    def delete_phone(account_id: str, phone_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            edits.delete_phone(edit, account_id, phone_id)
        return redirect(url_for("portal.phones", account_id=account_id))

    @pages.get("/phones/unassigned")
    def unassigned() -> Answer:
        with office.reading() as session:
            rows = session.execute(
                select(SeenPhone, SiteRecord)
                .join(SiteRecord, SiteRecord.id == SeenPhone.site_id)
                .order_by(SiteRecord.name_key, SeenPhone.last_seen_at.desc())
            )
            return page("unassigned.html", rows=list(rows))

    @pages.route("/sites/<site_id>/unassigned/<mac>", methods=["GET", "POST"])
    def assign(site_id: str, mac: str) -> Answer:
        form = Form()
        with office.reading() as session:
            seen = session.get(SeenPhone, (site_id, mac))
            site = session.get(SiteRecord, site_id)
            if seen is None or site is None:
                raise NotFoundProblem(
                    Words("That phone is not waiting any more.", "Ese teléfono ya no está en espera.")
                )
            people = [
                (account, line)
                for account in session.scalars(
                    select(AccountRecord)
                    .join(PresenceRecord, PresenceRecord.account_id == AccountRecord.id)
                    .where(PresenceRecord.site_id == site_id)
                    .order_by(AccountRecord.name_key)
                )
                for line in person_lines(session, account.id)
                if line.phone is None
            ]
        if not form.sent:
            form = Form({"model": seen.model, "family": seen.family})

        def act() -> None:
            account_id, colon, person_id = form.value("person").partition(":")
            if not colon:
                raise InputProblem("person", Words("Choose a person.", "Elija una persona."))
            wish = edits.PhoneWish(mac, site_id, form.value("model"), form.value("family"), person_id)
            with office.editing(desk.actor) as edit:
                edits.add_phone(edit, account_id, wish)

        if form.done(act, "The phone is being set up.", "El teléfono se está configurando."):
            return redirect(url_for("portal.unassigned"))
        return page("assign.html", form.status, seen=seen, site=site, people=people, families=families(), form=form)
