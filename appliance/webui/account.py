"""One's own password."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.errors import InputProblem
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.users import LONGEST_PASSWORD, SHORTEST_PASSWORD
from appliance.webui.words import say

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
def show() -> str:
    return _page("")


@blueprint.post("/account")
def change() -> AnyResponse | tuple[str, int]:
    d = desk()
    user = security.who().user
    now, new, again = (request.form.get(k, "")[: LONGEST_PASSWORD + 1] for k in ("now", "new", "again"))
    address = request.remote_addr or ""
    at = d.clock.now().timestamp()
    if d.throttle.blocked_for(user, address, at) > 0 or not d.users.check(user, now):
        d.throttle.failed(user, address, at)
        return _page(say("account.wrong", language())), 400
    if new != again:
        return _page(say("account.differ", language())), 400
    if new == now:
        return _page(say("account.same", language())), 400
    try:
        d.users.set_password(user, new, d.by())
    except InputProblem as problem:
        return _page(problem.text(language())), 400
    # All of this user's sessions have ended, this one too: begin another.
    security.renew(d.sessions.start(user, address, at))
    flash(say("account.done", language()))
    return redirect(url_for("pages.overview"))


def _page(error: str) -> str:
    return render_template("account.html", error=error, shortest=SHORTEST_PASSWORD)
