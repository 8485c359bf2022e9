"""Pages of a company's numbers: each with the one thing it leads to."""

from flask import Blueprint, redirect, url_for

from central.directory import numbers as edits
from central.directory.destinations import destinations, split_value
from central.portal.base import Answer, Desk, page
from central.portal.form import Form
from central.portal.lookup import account_of, number_lines


def add_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.route("/accounts/<account_id>/numbers", methods=["GET", "POST"])
    def numbers(account_id: str) -> Answer:
        form = Form()

        def act() -> None:
            desk.only_own_number(form.value("number"), ())
            with office.editing(desk.actor) as edit:
                number = edits.add_number(edit, account_id, form.value("number"))
                kind, id_ = split_value("destination", form.value("destination"))
                if kind:
                    edits.map_number(edit, account_id, number.id, kind, id_)

        if form.done(act):
            return redirect(url_for("portal.numbers", account_id=account_id))
        with office.reading() as session:
            account = account_of(session, account_id)
            lines = number_lines(session, account_id)
            choices = destinations(session, account_id)
        names = {c.value: c.label for c in choices}
        default = names.get(f"{account.default_kind}:{account.default_target_id}", "")
        return page(
            "numbers.html",
            form.status,
            account=account,
            lines=lines,
            choices=choices,
            names=names,
            default=default,
            form=form,
        )

    @pages.route("/accounts/<account_id>/numbers/<number_id>", methods=["GET", "POST"])
    def number(account_id: str, number_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            line = next((n for n in number_lines(session, account_id) if n.number.id == number_id), None)
            choices = destinations(session, account_id)
        form = Form({"destination": line.destination if line else ""})

        def act() -> None:
            kind, id_ = split_value("destination", form.value("destination"))
            with office.editing(desk.actor) as edit:
                if kind:
                    edits.map_number(edit, account_id, number_id, kind, id_)
                else:
                    edits.unmap_number(edit, account_id, number_id)

        if line is None or form.done(act):
            return redirect(url_for("portal.numbers", account_id=account_id))
        return page("number.html", form.status, account=account, line=line, choices=choices, form=form)

    @pages.post("/accounts/<account_id>/numbers/<number_id>/delete")
    def delete_number(account_id: str, number_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            edits.delete_number(edit, account_id, number_id)
        return redirect(url_for("portal.numbers", account_id=account_id))
