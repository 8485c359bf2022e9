"""A phone that is somebody's, given to another person of its company."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.directory.assignment import assign
from appliance.errors import Problem
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.audit import Action
from appliance.webui.board import PhoneLine
from appliance.webui.people import Suggestion, find, suggest
from appliance.webui.phones import LONGEST_FIELD, Ambiguous, blueprint, chosen, line_of
from appliance.webui.roles import Deed
from appliance.webui.words import say


@blueprint.get("/phones/<mac>/assign")
@security.needs(Deed.ADOPT)
def assigning(mac: str) -> str:
    return _page(line_of(mac))


@blueprint.get("/api/v1/phones/<mac>/people")
@security.needs(Deed.ADOPT)
def colleagues(mac: str) -> dict[str, Any]:
    """{"people": [{"id", "text"}]} of the phone's company, for what is being typed into the form."""
    account_id, directory = _account_of(line_of(mac)), desk().building.directory()
    typed = request.args.get("q", "")[:LONGEST_FIELD]
    found = suggest(directory, typed, account_id) if directory and account_id else ()
    return {"people": [{"id": s.person_id, "text": s.text} for s in found]}


@blueprint.post("/phones/<mac>/assign")
@security.needs(Deed.ADOPT)
def assigned(mac: str) -> AnyResponse | tuple[str, int]:
    d = desk()
    line = line_of(mac)
    typed = request.form.get("person", "").strip()[:LONGEST_FIELD]
    before = _holder(line)
    try:
        person = chosen(request.form.get("person_id", ""), typed, _account_of(line))
        phone = assign(
            d.settings,
            d.building.local,
            mac=line.mac,
            person_id=person.person_id,
            by=security.who().user,
            clock=d.clock,
        )
    except Problem as problem:
        d.note(Action.PHONE_ASSIGNMENT_REFUSED, line.mac, after={"person": typed, "why": problem.says.en})
        choices = problem.choices if isinstance(problem, Ambiguous) else ()
        return _page(line, problem.text(language()), typed, choices), 400
    was = before.text if before else ""
    d.note(Action.PHONE_ASSIGNED, line.mac, {"person": was}, {"person": person.text, "phone_id": phone.id})
    flash(say("assign.done", language(), person=person.text))
    return redirect(url_for("phones.one", mac=line.mac))


def _account_of(line: PhoneLine) -> str:
    directory = desk().building.directory()
    phone = directory.phone_by_mac(line.mac) if directory else None
    return phone.account_id if phone else ""


def _holder(line: PhoneLine) -> Suggestion | None:
    directory = desk().building.directory()
    phone = directory.phone_by_mac(line.mac) if directory else None
    return find(directory, phone.person_id) if directory and phone and phone.person_id else None


def _page(line: PhoneLine, error: str = "", typed: str = "", choices: tuple[Suggestion, ...] = ()) -> str:
    return render_template("assign.html", phone=line, error=error, typed=typed, choices=choices)
