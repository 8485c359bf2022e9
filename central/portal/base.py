"""The portal's frame: who is logged in, what they may see, language, CSRF, errors; pages are in the modules beside.

One place decides what a log-in of one company may reach: addresses that carry its account id, and nothing else (Z-6).
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from flask.sansio.app import App
from jinja2 import StrictUndefined
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as WsgiResponse

from central import operators
from central.authority import Authority
from central.errors import InputProblem, NotFoundProblem, Problem, TooLargeProblem, Words
from central.office import Office
from central.rules.languages import LANGUAGES
from central.rules.numbers import for_people, optional_e164
from central.rules.phones import mac_for_people
from central.sounds import MAX_UPLOAD

Answer = str | Response | WsgiResponse | tuple[str, int]
OPEN = frozenset({"portal.log_in", "portal.static", "portal.set_language"})
"""What needs no log-in."""
EVERYBODY = OPEN | {"portal.log_out", "portal.home", "portal.password"}
"""What a log-in of one company may reach besides its own account's addresses."""
OWNERS = frozenset(
    f"portal.{end}"
    for end in (
        "messages", "message_sound", "mark_message", "own_greeting", "own_pin",
        "record_own_greeting", "hear_own_greeting", "forget_own_greeting",
    )
)
"""Addresses of a person that this person's own log-in may use, and no administrator: what a mailbox holds (L-3)."""
FIRST_PASSWORD = OPEN | {"portal.log_out", "portal.password"}
"""All that may be reached with a password that somebody else has seen."""
OFFICE_ONLY = frozenset({"portal.new_presence", "portal.delete_presence", "portal.delete_account"})
"""Addresses of an account that only the office may use: where a company is, and whether it is."""
UPLOADS = frozenset(
    f"portal.{end}" for end in ("sounds", "replace_sound", "record_greeting", "record_own_greeting")
)
"""Forms with a file; only who is logged in may send that much."""
UPLOAD_IN_MEMORY = 1024 * 1024
"""Of a form with a file: Werkzeug reads 64 KiB at a time, and refuses the file where no more than that is allowed."""
POLICY = "default-src 'none'; media-src 'self' blob:; style-src 'self'; script-src 'self'; img-src 'self'; " \
    "connect-src 'self'; " \
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"  # fmt: skip
HOME_ZONE = ZoneInfo("America/Mexico_City")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages work with."""

    office: Office
    authority: Authority

    @property
    def actor(self) -> str:
        return str(g.operator.user)

    def only_own_number(self, text: str, own: Iterable[str]) -> None:
        """A company's own administrator uses the numbers the office gave the company, and claims no other."""
        if g.operator.account_id and text.strip() and optional_e164("number", text) not in own:
            raise InputProblem(
                "number",
                Words("That number is not free in your company.", "Ese número no está libre en su empresa."),
                Words("Ask the operator of the building for it.", "Pídalo al operador del edificio."),
            )


def portal(office: Office, authority: Authority) -> Blueprint:
    from central.portal import (  # pages know this frame
        accounts,
        greetings,
        habits,
        mailboxes,
        messages,
        numbers,
        people,
        phones,
        receptionists,
        records,
        services,
        sites,
        sounds,
    )


    here = Path(__file__).parent
    pages = Blueprint("portal", __name__, template_folder=str(here / "templates"), static_folder=str(here / "static"))
    desk = Desk(office, authority)
    pages.record_once(lambda state: _prepare(state.app))
    pages.before_request(partial(_admit, office))
    pages.after_request(_protect)
    pages.register_error_handler(Problem, _say)
    _log_in_pages(pages, office)
    everything = (
        sites, accounts, people, numbers, phones, records, services, receptionists, mailboxes, messages, greetings,
        sounds, habits,
    )  # fmt: skip
    for module in everything:
        module.add_pages(pages, desk)
    return pages


def language() -> str:
    """Of whoever looks: chosen, else asked for by the browser, else Spanish."""
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(["es-MX", "es", "en"]) or "es-MX"


def words(en: str, es: str) -> str:
    """The sentence in the language of whoever looks."""
    return Words(en, es).text(language())


def page(template: str, status: int = 200, **values: Any) -> Answer:
    return render_template(template, **values), status


def say(en: str, es: str) -> None:
    """Show this on the next page."""
    session["said"] = words(en, es)


def _prepare(app: App) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        w=words,
        language=language,
        csrf=_csrf,
        said=lambda: session.pop("said", ""),
        operator=lambda: g.get("operator"),
    )
    app.jinja_env.filters.update(pairs=_pairs, phone_number=for_people, mac=mac_for_people, local=_local, iso=_iso)


def _csrf() -> str:
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
    return str(session["csrf"])


def _admit(office: Office) -> Answer | None:
    """Log-in, reach and CSRF, before any page."""
    token = session.get("token")
    g.operator = operators.operator_of(office, token) if isinstance(token, str) else None
    if request.endpoint in UPLOADS and g.operator is not None:
        request.max_content_length = MAX_UPLOAD + 64 * 1024
        request.max_form_memory_size = UPLOAD_IN_MEMORY
    try:
        request.form  # noqa: B018 - reads what was sent
    except RequestEntityTooLarge as large:
        raise TooLargeProblem(Words("What was sent is too large.", "Lo que se envió es demasiado grande.")) from large
    if request.method == "POST" and not _same(request.form.get("csrf", ""), _csrf()):
        return page("error.html", 400, problem=_STALE_FORM.text(language()))
    if request.endpoint in OPEN:
        return None
    if g.operator is None:
        if token is not None:
            session.pop("token")
            say("Your session ended; log in again.", "Su sesión terminó; entre de nuevo.")
        return redirect(url_for("portal.log_in"))
    if g.operator.temporary and request.endpoint not in FIRST_PASSWORD:
        return redirect(url_for("portal.password"))
    if not _may_reach(g.operator, request.endpoint or "", request.view_args or {}):
        raise NotFoundProblem(Words("There is no such page.", "No existe esa página."))
    return None


def _may_reach(who: operators.LoggedIn, endpoint: str, named: Mapping[str, str]) -> bool:
    if endpoint in EVERYBODY:
        return True
    if endpoint in OWNERS or who.person_id:
        theirs = (named.get("account_id"), named.get("person_id")) == (who.account_id, who.person_id)
        return endpoint in OWNERS and bool(who.person_id) and theirs
    return not who.account_id or (named.get("account_id") == who.account_id and endpoint not in OFFICE_ONLY)


_STALE_FORM = Words(
    "This form is too old, or it was sent from another page. Load it again.",
    "Este formulario ya es viejo, o vino de otra página. Cárguelo de nuevo.",
)


def _same(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode(), wanted.encode())


def _protect(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "portal.static":
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _say(problem: Problem) -> Answer:
    return page("error.html", problem.status, problem=problem.text(language()))


def _log_in_pages(pages: Blueprint, office: Office) -> None:
    from central.portal.form import Form  # it knows this frame

    @pages.route("/log-in", methods=["GET", "POST"])
    def log_in() -> Answer:
        user, problem = request.form.get("user", ""), ""
        if request.method == "POST":
            try:
                token = operators.log_in(office, user, request.form.get("password", ""), request.remote_addr or "")
            except Problem as refused:
                problem = refused.text(language())
                return page("log_in.html", 422 if isinstance(refused, InputProblem) else refused.status,
                            user=user, problem=problem)  # fmt: skip
            kept = session.get("language")
            session.clear()
            session["token"] = token
            if kept:
                session["language"] = kept
            return redirect(url_for("portal.home"))
        return page("log_in.html", user=user, problem=problem)

    @pages.post("/log-out")
    def log_out() -> Answer:
        operators.log_out(office, session.get("token", ""))
        session.pop("token", None)
        return redirect(url_for("portal.log_in"))

    @pages.route("/password", methods=["GET", "POST"])
    def password() -> Answer:
        form = Form()

        def act() -> None:
            operators.choose_password(office, g.operator, form.value("old"), form.value("password"))

        if form.done(act, "Your password is changed; log in with it.", "Su contraseña cambió; entre con ella."):
            session.pop("token", None)
            return redirect(url_for("portal.log_in"))
        return page("password.html", form.status, form=form)

    @pages.post("/language")
    def set_language() -> Answer:
        wanted = request.form.get("language", "")
        if wanted in LANGUAGES:
            session["language"] = wanted
        back = request.form.get("back", "")
        return redirect(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/")

    @pages.get("/")
    def home() -> Answer:
        if g.operator.person_id:
            own = {"account_id": g.operator.account_id, "person_id": g.operator.person_id}
            return redirect(url_for("portal.messages", **own))
        if g.operator.account_id:
            return redirect(url_for("portal.people", account_id=g.operator.account_id))
        return redirect(url_for("portal.sites"))


def _pairs(things: Iterable[Any], value: str, text: str) -> list[tuple[str, str]]:
    """(value, text) of each thing, for the options of a list."""
    return [(getattr(t, value), getattr(t, text)) for t in things]


def _local(moment: datetime | None, zone: str = "") -> str:
    """A moment as people there read it."""
    if moment is None:
        return ""
    return moment.astimezone(ZoneInfo(zone) if zone else HOME_ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _iso(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
