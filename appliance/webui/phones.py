"""Phones: the list with search, one phone with its evidence and files, adopting and forgetting an unknown one."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.directory.adoption import adopt
from appliance.errors import DirectoryProblem, InputProblem, Words
from appliance.vocabulary import PhoneState
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.audit import Action
from appliance.webui.board import PhoneLine
from appliance.webui.people import Suggestion, find, suggest
from appliance.webui.roles import Deed
from appliance.webui.views import view_of
from appliance.webui.words import say

blueprint = Blueprint("phones", __name__)
LONGEST_FIELD = 80


@blueprint.get("/phones")
def every() -> str:
    view = view_of("phones", request.args.to_dict())
    return render_template("phones.html", view=view, **view.values(desk().building))


@blueprint.get("/phones/<mac>")
def one(mac: str) -> str:
    return _page(line_of(mac))


@blueprint.get("/api/v1/people")
@security.needs(Deed.ADOPT)
def people() -> dict[str, Any]:
    """{"people": [{"id", "text"}]} for what is being typed into the adopt form."""
    directory = desk().building.directory()
    found = suggest(directory, request.args.get("q", "")[:LONGEST_FIELD]) if directory else ()
    return {"people": [{"id": s.person_id, "text": s.text} for s in found]}


@blueprint.post("/phones/<mac>/adopt")
@security.needs(Deed.ADOPT)
def adopted(mac: str) -> AnyResponse | tuple[str, int]:
    d = desk()
    line = line_of(mac)
    typed = request.form.get("person", "").strip()[:LONGEST_FIELD]
    family = line.row.family or request.form.get("family", "")
    model = line.row.model or request.form.get("model", "").strip()[:LONGEST_FIELD]
    try:
        if family not in families():
            raise InputProblem(
                Words("What kind of phone this is is not known.", "No se sabe qué tipo de teléfono es."),
                Words("Choose its family.", "Elija su familia."),
            )
        person = chosen(request.form.get("person_id", ""), typed)
        phone = adopt(
            d.settings,
            d.building.local,
            mac=line.mac,
            family=family,
            model=model,
            person_id=person.person_id,
            by=security.who().user,
        )
    except (InputProblem, DirectoryProblem) as problem:
        said = problem.text(language())
        d.note(Action.PHONE_ADOPTION_REFUSED, line.mac, after={"person": typed, "why": problem.says.en})
        choices = problem.choices if isinstance(problem, Ambiguous) else ()
        return _page(line, error=said, typed=typed, choices=choices), 400
    before = {"state": line.state.value, "address": line.row.address}
    after = {"person": person.text, "phone_id": phone.id, "family": phone.family, "model": phone.model}
    d.note(Action.PHONE_ADOPTED, line.mac, before, after)
    flash(say("adopt.done", language(), person=person.text))
    return redirect(url_for("phones.one", mac=line.mac))


@blueprint.post("/phones/<mac>/forget")
@security.needs(Deed.FORGET)
def forgotten(mac: str) -> AnyResponse:
    d = desk()
    line = line_of(mac)
    d.building.local.forget_sighting(line.mac)
    before = {"state": line.state.value, "address": line.row.address, "model": line.row.model}
    d.note(Action.PHONE_FORGOTTEN, line.mac, before)
    flash(say("forget.done", language(), phone=line.name))
    return redirect(url_for("phones.every"))


def families() -> tuple[str, ...]:
    """The phone families that this appliance has templates for."""
    try:
        return tuple(sorted(p.parent.name for p in desk().settings.paths.templates_dir.glob("*/family.toml")))
    except OSError:
        return ()


def line_of(mac: str) -> PhoneLine:
    """The phone of a page's address; 404 when nobody knows it."""
    clean = mac.lower().replace(":", "").replace("-", "")
    found = desk().building.board().phone(clean)
    if found is None:
        abort(404)
    return found


def chosen(person_id: str, typed: str, account_id: str = "") -> Suggestion:
    """Whom the form means: the one chosen from the list, else the only one that the typed words fit.

    `account_id`: of this company alone. Raises Ambiguous with those to choose from, or InputProblem.
    """
    directory = desk().building.live.current()
    by_id = find(directory, person_id) if person_id else None
    if by_id is not None:
        return by_id
    matching = suggest(directory, typed, account_id)
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise Ambiguous(matching)
    raise InputProblem(
        Words("Nobody without a phone fits those words.", "Nadie sin teléfono coincide con esas palabras."),
        Words(
            "Type the extension, the name, or both with the company.",
            "Escriba la extensión, el nombre, o ambos con la empresa.",
        ),
    )


class Ambiguous(InputProblem):
    def __init__(self, choices: tuple[Suggestion, ...]) -> None:
        super().__init__(
            Words("Several people fit those words.", "Varias personas coinciden con esas palabras."),
            Words("Choose one of them.", "Elija a una."),
        )
        self.choices = choices


def _page(line: PhoneLine, error: str = "", typed: str = "", choices: tuple[Suggestion, ...] = ()) -> str:
    d = desk()
    view = view_of("phone", {"mac": line.mac})
    return render_template(
        "phone.html",
        view=view,
        error=error,
        typed=typed,
        choices=choices,
        families=families(),
        adoptable=line.state in (PhoneState.UNKNOWN, PhoneState.QUARANTINED) and not line.row.phone_id,
        standing_in=d.building.standing_in(line.row.phone_id, line.mac),
        **{**view.values(d.building), "phone": line},
    )
