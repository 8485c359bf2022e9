"""Makes the Flask application of the building page: guards, pages, words. service.py serves it."""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, render_template, request, session
from werkzeug.exceptions import HTTPException

from appliance.errors import Problem
from appliance.ports import Chance, Clock, SystemChance, SystemClock
from appliance.settings import Settings
from appliance.webui import security
from appliance.webui.audit import Action, Audit, entry
from appliance.webui.board import ReportState
from appliance.webui.format import Format, duration, zone_of
from appliance.webui.roles import Deed, Role, may
from appliance.webui.sessions import Sessions
from appliance.webui.sources import Building
from appliance.webui.store import open_store
from appliance.webui.streams import Streams
from appliance.webui.throttle import Throttle
from appliance.webui.users import By, Users
from appliance.webui.words import CATALOGUE, LANGUAGES, say, say_alarm, say_counted, say_todo

HERE = Path(__file__).resolve().parent
log = logging.getLogger("conserje.web")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the views work with; one a worker, at `app.extensions["conserje"]`."""

    settings: Settings
    clock: Clock
    building: Building
    users: Users
    sessions: Sessions
    throttle: Throttle
    audit: Audit
    streams: Streams

    def note(self, action: Action, subject: str = "", before: Any = None, after: Any = None, user: str = "") -> None:
        """Write to the audit who does this, from where."""
        by = user or security.who().user
        self.audit.note(entry(self.clock.now(), by, request.remote_addr or "", action, subject, before, after))

    def by(self) -> By:
        return By(security.who().user, request.remote_addr or "")


def desk() -> Desk:
    found = current_app.extensions["conserje"]
    assert isinstance(found, Desk)
    return found


def create_app(settings: Settings, clock: Clock | None = None, chance: Chance | None = None) -> Flask:
    clock, chance = clock or SystemClock(), chance or SystemChance()
    app = Flask("appliance.webui", root_path=str(HERE))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    store = open_store(settings.paths.state_dir)
    sessions = Sessions(store, chance)
    app.extensions["conserje"] = Desk(
        settings,
        clock,
        Building(settings, clock, chance),
        Users(store, clock, chance),
        sessions,
        Throttle(store),
        Audit(store),
        Streams(),
    )
    security.guard(app, sessions, clock, security.secret_key(settings.paths.identity_dir), settings)
    _register(app)
    _words(app, settings)
    app.register_error_handler(Problem, _problem_page)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(Exception, _defect_page)
    return app


def language() -> str:
    """`es` or `en`: as chosen on the page, else as the browser asks, else the building's."""
    chosen = session.get("lang")
    if chosen in LANGUAGES:
        return str(chosen)
    asked = request.accept_languages.best_match(["es", "en"])
    return asked or ("es" if desk().settings.language.startswith("es") else "en")


def _register(app: Flask) -> None:
    from appliance.webui import (
        account,
        assigns,
        calls,
        deeds,
        dhcp,
        explain,
        files,
        firmware,
        imports,
        live,
        login,
        overrides,
        pages,
        phones,
        swaps,
        system,
    )

    # These are of the blueprint of phones, and of calls; to have been read is all that they need.
    assert {m.blueprint for m in (calls, explain)} == {calls.blueprint}
    of_phones = (assigns, deeds, dhcp, files, firmware, imports, overrides, swaps)
    assert {m.blueprint for m in of_phones} == {phones.blueprint}
    for module in (login, pages, phones, calls, system, account, live):
        app.register_blueprint(module.blueprint)


def _words(app: Flask, settings: Settings) -> None:
    stamp = _stamp(HERE / "static")

    @app.context_processor
    def offered() -> dict[str, Any]:
        spoken = language()
        board = desk().building.board() if g.get("who") else None
        zone = zone_of(board.timezone if board else "America/Mexico_City")
        found = g.get("who")

        def t(key: str, **params: Any) -> str:
            return say(key, spoken, **params)

        def n(key: str, count: int, **params: Any) -> str:
            return say_counted(key, count, spoken, **params)

        def known(key: str) -> bool:
            return key in CATALOGUE

        return {
            "t": t,
            "n": n,
            "known": known,
            "say_alarm": lambda alarm: say_alarm(alarm, spoken),
            "say_todo": lambda alarm: say_todo(alarm, spoken),
            "language": spoken,
            "locale": LANGUAGES[spoken],
            "format": Format(spoken, zone, desk().clock.now()),
            "duration": duration,
            "csrf_token": security.csrf_token,
            "may": lambda deed: found is not None and may(found.role, Deed(deed)),
            "who": found,
            "roles": list(Role),
            "ReportState": ReportState,
            "stamp": stamp,
            "board": board,
        }


def _stamp(folder: Path) -> str:
    """Changes when a static file changes: it goes into their addresses, so that browsers may keep them."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _problem_page(problem: Problem) -> tuple[Any, int]:
    return _answer(400, problem.code, problem.says.text(language()), problem.todo.text(language()))


def _error_page(error: HTTPException) -> Any:
    status = error.code or 500
    if error.description == "csrf":
        return _answer(403, "csrf", say("error.csrf", language()), say("error.csrf.todo", language()))
    key = f"error.{status}" if f"error.{status}" in CATALOGUE else "error.other"
    return _answer(status, str(status), say(key, language()), say(f"{key}.todo", language()))


def _defect_page(error: Exception) -> tuple[Any, int]:
    log.exception("event=uncaught path=%r", request.path, exc_info=error)
    return _answer(500, "500", say("error.other", language()), say("error.other.todo", language()))


def _answer(status: int, code: str, says: str, todo: str) -> tuple[Any, int]:
    if request.path.startswith("/api/"):
        return {"error": {"code": code, "says": says, "todo": todo}}, status
    return render_template("error.html", status=status, says=says, todo=todo), status
