"""Signing in and out, and the choice of language. An unknown user and a wrong password look and last alike."""

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.audit import Action
from appliance.webui.users import LONGEST_PASSWORD
from appliance.webui.words import LANGUAGES, say

blueprint = Blueprint("login", __name__)
LONGEST_NAME = 64


@blueprint.get("/login")
def show() -> AnyResponse | str:
    if g.get("who"):
        return redirect(security.local_path(request.args.get("next", "/")))
    return render_template("login.html", next=request.args.get("next", ""), error="", name="")


@blueprint.post("/login")
def sign_in() -> AnyResponse | tuple[str, int]:
    d = desk()
    name = request.form.get("user", "").strip().lower()[:LONGEST_NAME]
    password = request.form.get("password", "")[: LONGEST_PASSWORD + 1]
    address = request.remote_addr or ""
    now = d.clock.now().timestamp()
    there = request.form.get("next", "")
    wait = d.throttle.blocked_for(name, address, now)
    if wait > 0:
        d.note(Action.LOGIN_BLOCKED, name, user="-")
        minutes = max(1, round(wait / 60 + 0.49))
        error = say("login.blocked", language(), minutes=minutes)
        return render_template("login.html", next=there, error=error, name=name), 429
    if not d.users.check(name, password):
        d.throttle.failed(name, address, now)
        d.note(Action.LOGIN_FAILED, name, user="-")
        return render_template("login.html", next=there, error=say("login.wrong", language()), name=name), 401
    d.throttle.succeeded(name, address)
    d.users.note_login(name)
    d.note(Action.LOGIN, name, user=name)
    security.renew(d.sessions.start(name, address, now))
    return redirect(security.local_path(there or "/"))


@blueprint.post("/logout")
def sign_out() -> AnyResponse:
    d = desk()
    d.note(Action.LOGOUT, security.who().user)
    d.sessions.end(str(session.get("token", "")))
    security.renew(None)
    return redirect(url_for("login.show"))


@blueprint.post("/language")
def language_chosen() -> AnyResponse:
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        session["lang"] = chosen
        session.permanent = True
    return redirect(security.local_path(request.form.get("next", "/")))


@blueprint.get("/health")
def alive() -> Response:
    """For whoever watches the process: it answers. Says nothing else."""
    return Response("ok\n", mimetype="text/plain")
