"""What stands between the network and every page: headers, CSRF, sessions, leave by role, the access log.

The browser's cookie is signed and holds the session's token, the CSRF token and the chosen language; the session itself
is in webui.db (sessions.py).
"""

import functools
import hmac
import json
import logging
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.ports import Clock
from appliance.settings import Settings
from appliance.webui.roles import Deed, may
from appliance.webui.sessions import LONGEST_S, Session, Sessions

P = ParamSpec("P")
R = TypeVar("R")

KEY_NAME = "webui.key"
KEY_BYTES = 32
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
CSRF_BYTES = 24
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_REQUEST_BYTES = 64 * 1024
OPEN_TO_ALL = frozenset({"login.show", "login.sign_in", "login.language_chosen", "static", "login.alive"})
BEFORE_THE_CHANGE = OPEN_TO_ALL | {"account.show", "account.change", "login.sign_out"}
"""All that a temporary password opens."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A form that may be larger than others: who may send it, and how large. `spooled`: to the disk of the state."""

    deed: Deed
    most: Callable[[Settings], int]
    spooled: bool = False


SPARE_BYTES = 32 << 20
"""Over what a store takes: whoever sends a little too much hears it from the store, in its own words."""
UPLOADS = {
    "phones.imported": Upload(Deed.IMPORT, lambda settings: 8 << 20),
    "phones.override_written": Upload(Deed.KEEP_OVERRIDES, lambda settings: 1 << 20),
    "phones.firmware_added": Upload(
        Deed.KEEP_FIRMWARE, lambda settings: (settings.provisioning.firmware_most_mb << 20) + SPARE_BYTES, True
    ),
}
DRAINED_BYTES = 64 << 20
DRAINED_S = 10.0
_SPOOLS = threading.BoundedSemaphore(2)
"""Large uploads at once of each worker: the threads are for pages."""
NOT_A_USE = frozenset({"live.events", "live.fragments", "live.board"})
"""Asked for by an open page by itself: they do not make a session last longer."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

access = logging.getLogger("conserje.web.access")


def secret_key(identity_dir: Path) -> bytes:
    """The key that signs cookies, made on first use, mode 0600. Workers that start at once agree on one."""
    identity_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = identity_dir / KEY_NAME
    if not path.exists():
        temporary = identity_dir / f".{KEY_NAME}-{os.getpid()}"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_bytes(KEY_BYTES))
        try:
            os.link(temporary, path)  # Fails if another was quicker: its key stands.
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_bytes()


class PageRequest(Request):
    """Large uploads go to a nameless file on the disk of the state, not to memory: nothing of one that fails stays."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        upload = UPLOADS.get(self.endpoint or "")
        if upload is None or not upload.spooled:
            return super()._get_file_stream(total_content_length, content_type, filename, content_length)
        folder: Path = current_app.config["SPOOL_DIR"]
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile("w+b", dir=folder)


def guard(app: Flask, sessions: Sessions, clock: Clock, key: bytes, settings: Settings) -> None:
    """Put the guards before and after every request of `app`."""
    app.request_class = PageRequest
    app.config["SPOOL_DIR"] = settings.paths.firmware_dir
    app.secret_key = key
    app.config.update(
        SESSION_COOKIE_NAME="conserje",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=LONGEST_S,
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_PARTS=50,
    )

    @app.before_request
    def admit() -> AnyResponse | None:
        g.started = time.monotonic()
        # Decided a request, not once: the same workers may be reached directly and through a TLS proxy.
        app.config["SESSION_COOKIE_SECURE"] = request.is_secure
        g.who = _session_of(sessions, clock, use=request.endpoint not in NOT_A_USE)
        if request.method not in SAFE_METHODS:
            _make_room(settings)
            _refuse_forgery()
        if g.who is None and request.endpoint not in OPEN_TO_ALL:
            if request.path.startswith("/api/"):
                abort(401)
            there = request.full_path.rstrip("?") if request.method == "GET" else "/"
            return redirect(url_for("login.show", next=there if there != "/" else None))
        if g.who is not None and g.who.must_change and request.endpoint not in BEFORE_THE_CHANGE:
            return redirect(url_for("account.show"))
        return None

    @app.teardown_request
    def give_back(error: BaseException | None) -> None:
        if g.pop("spooling", False):
            _SPOOLS.release()

    @app.after_request
    def seal(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        if response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and request.endpoint in UPLOADS:
            _let_it_finish()
        log_access(response)
        return response


def _make_room(settings: Settings) -> None:
    """Let a form of UPLOADS be as large as it may, once it is known that its sender may send it: before it is read."""
    upload = UPLOADS.get(request.endpoint or "")
    found: Session | None = g.get("who")
    if upload is None or found is None:
        return
    if not may(found.role, upload.deed):
        abort(403)
    request.max_content_length = request.max_form_memory_size = upload.most(settings)
    if upload.spooled:
        # Once as it comes, once as it is kept.
        if 2 * (request.content_length or 0) + SPARE_BYTES > shutil.disk_usage(settings.paths.state_dir).free:
            abort(507)
        if not _SPOOLS.acquire(blocking=False):
            abort(503)
        g.spooling = True


def _let_it_finish() -> None:
    """Read the rest of an upload that was refused: a browser that is cut off while it sends shows no answer."""
    left, until = DRAINED_BYTES, time.monotonic() + DRAINED_S
    while left > 0 and time.monotonic() < until:
        part = request.environ["wsgi.input"].read(min(left, 1 << 16))
        if not part:
            return
        left -= len(part)


def log_access(response: Response) -> None:
    """One JSON line a request, on the log of the process. Never a query string, a form or a cookie."""
    who: Session | None = g.get("who")
    fields = {
        "event": "http",
        "remote": request.remote_addr,
        "user": who.user if who else "",
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "ms": round((time.monotonic() - g.get("started", time.monotonic())) * 1000, 1),
    }
    access.info("%s", json.dumps(fields, ensure_ascii=True))


def csrf_token() -> str:
    """This browser's token; a form carries it in the field CSRF_FIELD."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(CSRF_BYTES)
    return str(session["csrf"])


def renew(token: str | None) -> None:
    """Begin a new cookie at log-in (with the session's token) or log-out (None): nothing of the former one stays."""
    language = session.get("lang")
    session.clear()
    session.permanent = True
    if language:
        session["lang"] = language
    if token:
        session["token"] = token


def who() -> Session:
    """Who asks. Only in requests that need a session."""
    found: Session | None = g.get("who")
    if found is None:
        abort(401)
    return found


def needs(deed: Deed) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Refuse with 403 those whose role does not allow `deed`."""

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            if not may(who().role, deed):
                abort(403)
            return view(*args, **kwargs)

        return asked

    return wrap


def local_path(text: str) -> str:
    """`text` if it is a path of this site, else `/`: a log-in must not send anyone elsewhere."""
    parts = urlsplit(text)
    safe = text.startswith("/") and not text.startswith("//") and not parts.scheme and not parts.netloc
    return text if safe and "\\" not in text and text.isprintable() else "/"


def _session_of(sessions: Sessions, clock: Clock, use: bool) -> Session | None:
    token = session.get("token")
    if not isinstance(token, str) or request.endpoint == "static":
        return None
    return sessions.find(token, clock.now().timestamp(), use)


def _refuse_forgery() -> None:
    sent = request.form.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER, "")
    known = session.get("csrf", "")
    if not known or not hmac.compare_digest(sent.encode(), str(known).encode()):
        abort(403, "csrf")
    origin = request.headers.get("Origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.host:
        abort(403, "csrf")
