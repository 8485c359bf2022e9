"""Pages of companies: the list, a new one, and one's settings with its buildings."""

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import select

from central.directory import accounts, phones, sites
from central.directory.destinations import destinations, split_value
from central.model import SiteRecord
from central.model.rows import find
from central.portal.base import Answer, Desk, page
from central.portal.form import Form
from central.portal.lookup import account_lines, account_of, sites_of
from wire.services import MovePolicy, ThreeWay


def add_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.get("/accounts", endpoint="accounts")
    def all_accounts() -> Answer:
        with office.reading() as session:
            lines = account_lines(session)
        return page("accounts.html", lines=lines)

    @pages.route("/accounts/new", methods=["GET", "POST"])
    def new_account() -> Answer:
        form = Form({"language": "es-MX"})
        made: list[str] = []

        def act() -> None:
            with office.editing(desk.actor) as edit:
                account = accounts.add_account(edit, form.value("name"), form.value("language"))
                if form.value("site_id"):
                    sites.add_presence(edit, account.id, form.value("site_id"))
            made.append(account.id)

        if form.done(act):
            return redirect(url_for("portal.people", account_id=made[0]))
        with office.reading() as session:
            places = list(session.scalars(select(SiteRecord).order_by(SiteRecord.name_key)))
        return page("account_form.html", form.status, form=form, places=places)

    @pages.get("/accounts/<account_id>")
    def account(account_id: str) -> Answer:
        return redirect(url_for("portal.people", account_id=account_id))

    @pages.route("/accounts/<account_id>/settings", methods=["GET", "POST"])
    def account_settings(account_id: str) -> Answer:
        with office.reading() as session:
            held = account_of(session, account_id)
            policy = find(session, MovePolicy, account_id)
            three_way = find(session, ThreeWay, account_id)
        default = f"{held.default_kind}:{held.default_target_id}" if held.default_kind else ""
        start = {"name": held.name, "language": held.language, "default": default}
        chosen = {"asks": policy and policy.asks, "three_way_goes_on": three_way and three_way.goes_on}
        form = Form(start | {name: "1" for name, ticked in chosen.items() if ticked})

        def act() -> None:
            with office.editing(desk.actor) as edit:
                accounts.change_account(edit, account_id, form.value("name"), form.value("language"))
                kind, id_ = split_value("default", form.value("default"))
                accounts.set_default_destination(edit, account_id, kind, id_)
                phones.set_move_policy(edit, account_id, form.checked("asks"))
                accounts.set_three_way(edit, account_id, form.checked("three_way_goes_on"))

        if form.done(act):
            return redirect(url_for("portal.account_settings", account_id=account_id))
        return _show(account_id, form)

    @pages.post("/accounts/<account_id>/presences")
    def new_presence(account_id: str) -> Answer:
        form = Form()

        def act() -> None:
            with office.editing(desk.actor) as edit:
                sites.add_presence(edit, account_id, form.value("site_id"))

        return _then(account_id, form.done(act), form)

    @pages.post("/accounts/<account_id>/presences/<site_id>/delete")
    def delete_presence(account_id: str, site_id: str) -> Answer:
        form = Form()

        def act() -> None:
            with office.editing(desk.actor) as edit:
                sites.remove_presence(edit, account_id, site_id)

        return _then(account_id, form.done(act), form)

    @pages.post("/accounts/<account_id>/delete")
    def delete_account(account_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            accounts.delete_account(edit, account_id)
        return redirect(url_for("portal.accounts"))

    def _then(account_id: str, done: bool, form: Form) -> Answer:
        if done:
            return redirect(url_for("portal.account_settings", account_id=account_id))
        return _show(account_id, form)

    def _show(account_id: str, form: Form) -> Answer:
        with office.reading() as session:
            held = account_of(session, account_id)
            here = sites_of(session, account_id)
            all_sites = list(session.scalars(select(SiteRecord).order_by(SiteRecord.name_key)))
            choices = destinations(session, account_id)
        ids = {s.id for s in here}
        return page(
            "account_settings.html",
            form.status if request.method == "POST" else 200,
            account=held,
            form=form,
            here=here,
            elsewhere=[s for s in all_sites if s.id not in ids],
            choices=choices,
        )
