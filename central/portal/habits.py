"""Pages of a person's own settings (forwarding, do not disturb, …) and of what a company's calls may cost."""

from flask import Blueprint, redirect, url_for

from central.directory import habits as edits
from central.errors import NotFoundProblem, Words
from central.model.rows import find, of_account
from central.portal.base import Answer, Desk, page
from central.portal.form import Form
from central.portal.lookup import account_of
from wire.rows import Person
from wire.services import Limits, Preferences, Schedule

LIMIT_TEXTS = (
    "balance", "offline_budget", "international_per_minute", "premium_per_minute", "international_at_once_person",
    "international_at_once_account", "spend_day_person", "spend_day_account", "international_schedule_id",
)  # fmt: skip
TEXTS = ("forward_mode", *edits.NUMBERS)


def add_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.route("/accounts/<account_id>/people/<person_id>/preferences", methods=["GET", "POST"])
    def preferences(account_id: str, person_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            person = find(session, Person, person_id)
            if person is None or person.account_id != account_id:
                raise NotFoundProblem(Words("There is no such person.", "No existe esa persona."))
            held = find(session, Preferences, person_id) or Preferences(person_id, account_id)
        start = {n: str(getattr(held, n)) for n in TEXTS} | {n: "1" for n in edits.SWITCHES if getattr(held, n)}
        form = Form(start)

        def act() -> None:
            values: dict[str, str | bool] = {n: form.value(n) for n in TEXTS}
            values |= {n: form.checked(n) for n in edits.SWITCHES}
            with office.editing(desk.actor) as edit:
                edits.set_preferences(edit, account_id, person_id, values)

        if form.done(act):
            return redirect(url_for("portal.preferences", account_id=account_id, person_id=person_id))
        return page("preferences.html", form.status, account=account, person=person, form=form)

    @pages.route("/accounts/<account_id>/limits", methods=["GET", "POST"])
    def limits(account_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            held = find(session, Limits, account_id) or Limits(account_id, account_id)
            weeks = of_account(session, Schedule, account_id)
        start = {n: str(getattr(held, n)) for n in LIMIT_TEXTS} | ({"prepaid": "1"} if held.prepaid else {})
        form = Form(start)

        def act() -> None:
            wish = edits.LimitsWish(prepaid=form.checked("prepaid"), **{n: form.value(n) for n in LIMIT_TEXTS})
            with office.editing(desk.actor) as edit:
                edits.set_limits(edit, account_id, wish)

        if form.done(act):
            return redirect(url_for("portal.services", account_id=account_id))
        return page("limits.html", form.status, account=account, form=form, weeks=weeks)
