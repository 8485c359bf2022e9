"""What this building wants otherwise in its phones' files: a list of all layers, one value at a time, or a whole file.

Provisioning checks and keeps them (the hatch). What is refused comes back as it was typed, with file and line.
"""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.directory.hatch import FamilyFacts, OverrideCheck, OverrideList, OverrideText, OverrideValue
from appliance.errors import InputProblem, Problem
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.audit import Action
from appliance.webui.phones import blueprint
from appliance.webui.roles import Deed
from appliance.webui.words import say

LONGEST_VALUE = 1000
LONGEST_PLACE = 80
SECRETS = ("pass", "pwd", "secret", "aes_key", "aeskey")


@blueprint.get("/phones/overrides")
def overrides() -> str:
    return _page()


@blueprint.post("/phones/overrides")
@security.needs(Deed.KEEP_OVERRIDES)
def override_set() -> AnyResponse | tuple[str, int]:
    """`kind`: site, model (`model`: FAMILY/MODEL) or device (`device`: a MAC); `name` is ours, `raw` the maker's."""
    form = {k: v.strip()[:LONGEST_VALUE] for k, v in request.form.items()}
    where = _where(form)
    raw = form.get("raw", "")
    name = raw or form.get("name", "")
    value = form.get("value", "")
    try:
        check = desk().building.hatch.set_override(where, name, value, form.get("family", ""), bool(raw))
    except Problem as problem:
        return _refused(where, name, problem.text(language()), form)
    if check.problem:
        return _refused(where, name, check.problem.text(language()), form)
    shown = "********" if _is_secret(name) else value
    desk().note(Action.OVERRIDE_CHANGED, where, after={name: shown})
    _said(check, say("override.set", language(), name=name, where=_name(where)))
    return redirect(url_for("phones.overrides"))


@blueprint.post("/phones/overrides/unset")
@security.needs(Deed.KEEP_OVERRIDES)
def override_unset() -> AnyResponse | tuple[str, int]:
    where, name = request.form.get("where", "")[:LONGEST_PLACE], request.form.get("name", "")[:LONGEST_VALUE]
    family = request.form.get("family", "")[:LONGEST_PLACE]
    try:
        check = desk().building.hatch.unset_override(where, name, "" if family == "*" else family, bool(family))
    except Problem as problem:
        return _refused(where, name, problem.text(language()), {})
    if check.problem:
        return _refused(where, name, check.problem.text(language()), {})
    desk().note(Action.OVERRIDE_CHANGED, where, before={name: request.form.get("value", "")[:LONGEST_VALUE]})
    flash(say("override.unset", language(), name=name, where=_name(where)))
    return redirect(url_for("phones.overrides"))


@blueprint.get("/phones/overrides/edit")
@security.needs(Deed.KEEP_OVERRIDES)
def override_edit() -> str | tuple[str, int]:
    where = _where({k: v.strip()[:LONGEST_PLACE] for k, v in request.args.items()})
    try:
        return _editor(desk().building.hatch.override_text(where))
    except Problem as problem:
        return _page(error=problem.text(language())), 400


@blueprint.post("/phones/overrides/edit")
@security.needs(Deed.KEEP_OVERRIDES)
def override_written() -> AnyResponse | tuple[str, int]:
    where, mark = request.form.get("where", "")[:LONGEST_PLACE], request.form.get("mark", "")[:64]
    text = request.form.get("text", "").replace("\r\n", "\n")
    typed = OverrideText(where, text, mark, bool(request.form.get("exists")))
    d = desk()
    try:
        check = d.building.hatch.write_override(where, text, mark)
    except Problem as problem:
        d.note(Action.OVERRIDE_REFUSED, where, after={"why": problem.says.en})
        status = 400 if isinstance(problem, InputProblem) else 503
        return _editor(typed, problem.text(language())), status
    if check.problem:
        d.note(Action.OVERRIDE_REFUSED, where, after={"why": check.problem.en})
        return _editor(typed, check.problem.text(language()), check.line), 400
    d.note(Action.OVERRIDE_CHANGED, where, after={"file": "removed" if not text.strip() else "written"})
    key = "override.file.removed" if not text.strip() else "override.file.kept"
    _said(check, say(key, language(), where=_name(where)))
    return redirect(url_for("phones.overrides"))


def _where(form: dict[str, str]) -> str:
    if form.get("where"):
        return form["where"]
    return {"model": form.get("model", ""), "device": form.get("device", "")}.get(form.get("kind", ""), "site")


def _name(where: str) -> str:
    return say("override.site", language()) if where == "site" else where


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in SECRETS)


def _said(check: OverrideCheck, done: str) -> None:
    flash(done)
    for warning in check.warnings:
        flash(warning.text(language()), "notice")


def _refused(where: str, name: str, why: str, form: dict[str, str]) -> tuple[str, int]:
    desk().note(Action.OVERRIDE_REFUSED, where, after={"name": name[:80], "why": why})
    return _page(why, form), 400


def _page(error: str = "", typed: dict[str, str] | None = None) -> str:
    d = desk()
    listed: OverrideList | None = None
    families: tuple[FamilyFacts, ...] = ()
    try:
        listed, families = d.building.hatch.overrides(), d.building.hatch.families()
    except Problem as problem:
        error = error or problem.text(language())
    names = {p.mac: p.name for p in d.building.board().phones}
    return render_template(
        "overrides.html",
        listed=listed,
        families=[f for f in families if f.raw],
        every_family=families,
        names=names,
        error=error,
        typed=typed or {k: v[:LONGEST_PLACE] for k, v in request.args.items()},
    )


def _editor(text: OverrideText, error: str = "", line: int = 0) -> str:
    values: tuple[OverrideValue, ...] = ()
    try:
        values = desk().building.hatch.overrides().values
    except Problem:
        values = ()
    phone = desk().building.board().phone(text.where)
    return render_template(
        "override_edit.html",
        text=text,
        error=error or (text.problem.text(language()) if text.problem else ""),
        line=line or text.line,
        values=values,
        name=phone.name if phone else _name(text.where),
        lines=text.text.count("\n") + 1,
    )
