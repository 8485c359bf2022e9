"""The box: processes, the copy of the directory, the link, versions; and for administrators users and audit."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.errors import InputProblem
from appliance.versions import versions
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.roles import Deed, Role
from appliance.webui.users import NAME
from appliance.webui.views import view_of
from appliance.webui.words import say

blueprint = Blueprint("system", __name__)
AUDIT_PAGE = 100


@blueprint.get("/system")
def overview() -> str:
    view = view_of("system", {})
    network = desk().settings.network
    return render_template(
        "system.html", view=view, versions=versions(), network=network, **view.values(desk().building)
    )


@blueprint.get("/system/audit")
@security.needs(Deed.READ_AUDIT)
def audit() -> str:
    asked = request.args.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else None
    found = desk().audit.newest(AUDIT_PAGE, before)
    older = found[-1][0] if len(found) == AUDIT_PAGE else None
    return render_template("audit.html", entries=[e for _, e in found], older=older, first=before is None)


@blueprint.get("/system/users")
@security.needs(Deed.KEEP_USERS)
def users() -> str:
    return _users_page()


@blueprint.post("/system/users")
@security.needs(Deed.KEEP_USERS)
def user_added() -> AnyResponse | tuple[str, int] | str:
    d = desk()
    name = request.form.get("name", "").strip().lower()[:64]
    password = d.users.random_password()
    try:
        d.users.add(name, Role(_role()), password, d.by(), must_change=True)
    except InputProblem as problem:
        return _users_page(error=problem.text(language()), typed=name), 400
    return _users_page(made=(name, password))


@blueprint.post("/system/users/<name>/role")
@security.needs(Deed.KEEP_USERS)
def role_changed(name: str) -> AnyResponse | tuple[str, int]:
    try:
        desk().users.set_role(name, Role(_role()), desk().by())
    except InputProblem as problem:
        return _users_page(error=problem.text(language())), 400
    flash(say("users.role_changed", language(), name=name))
    return redirect(url_for("system.users"))


@blueprint.post("/system/users/<name>/password")
@security.needs(Deed.KEEP_USERS)
def password_reset(name: str) -> str | tuple[str, int]:
    d = desk()
    password = d.users.random_password()
    try:
        d.users.set_password(name, password, d.by(), must_change=True)
    except InputProblem as problem:
        return _users_page(error=problem.text(language())), 400
    return _users_page(made=(name, password))


@blueprint.post("/system/users/<name>/remove")
@security.needs(Deed.KEEP_USERS)
def user_removed(name: str) -> AnyResponse | tuple[str, int]:
    try:
        desk().users.remove(name, desk().by())
    except InputProblem as problem:
        return _users_page(error=problem.text(language())), 400
    flash(say("users.removed", language(), name=name))
    return redirect(url_for("system.users"))


def _role() -> str:
    asked = request.form.get("role", "")
    return asked if asked in list(Role) else Role.VIEWER


def _users_page(error: str = "", typed: str = "", made: tuple[str, str] | None = None) -> str:
    return render_template(
        "users.html", users=desk().users.all(), error=error, typed=typed, made=made, name_pattern=NAME.pattern
    )
