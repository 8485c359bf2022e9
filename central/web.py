"""The central office's one web application: the buildings' interface and the portal, on the same HTTPS server."""

import logging
from collections.abc import Callable

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from central import settings as settings_module
from central.api.building import answer, building_api
from central.authority import Authority, load_authority
from central.errors import Words
from central.office import Office, open_office
from central.portal.base import portal
from central.watch import FeedWatch

log = logging.getLogger("conserje.central")

MAX_FORM = 64 * 1024
API = "/building/"
_alive: Callable[[], bool] = lambda: True  # noqa: E731 - replaced by gunicorn's worker


def stop_waiting_with(alive: Callable[[], bool]) -> None:
    """Ask `alive` whether this web process goes on: buildings that wait are answered before it ends."""
    global _alive
    _alive = alive


def make_app(office: Office, authority: Authority) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=office.sealer.derive("portal cookies"),
        SESSION_COOKIE_NAME="__Host-conserje",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=MAX_FORM,
        MAX_FORM_MEMORY_SIZE=MAX_FORM,
    )
    app.register_blueprint(
        building_api(office, authority, FeedWatch(office.database, office.settings.feed.watch_interval_ms, _is_alive))
    )
    app.register_blueprint(portal(office, authority))

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response | HTTPException:
        if not request.path.startswith(API):
            return error
        return _api_error(error.code or 500, "http", Words(error.name, error.name))

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        """The last line: whatever nobody foresaw is logged whole and said in one sentence."""
        log.exception("event=uncaught path=%s type=%s", request.path, type(error).__name__)
        words = Words("The central office failed; it was logged.", "La central falló; quedó registrado.")
        if request.path.startswith(API):
            return _api_error(500, "internal", words)
        return Response(words.text(office.settings.language), 500, mimetype="text/plain")

    return app


def application() -> Flask:
    """What gunicorn runs: the office of the settings in force."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    settings = settings_module.load()
    return make_app(open_office(settings), load_authority(settings.paths.ca_dir))


def _is_alive() -> bool:
    return _alive()


def _api_error(status: int, code: str, says: Words) -> Response:
    return answer({"error": {"code": code, "says_en": says.en, "says_es": says.es}}, status)
