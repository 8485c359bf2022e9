"""Phones' files over HTTP and HTTPS: a Flask application on gunicorn, which carries the desk's answers out.

`run` and `run_https` become gunicorn, each a process of its own; each worker makes one application by `wsgi()`.
"""

import logging
import os
import socket
import sys
from http import HTTPStatus
from threading import BoundedSemaphore

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from appliance.binding import require_port
from appliance.directory.site_ca import server_files
from appliance.errors import DirectoryProblem
from appliance.ports import SystemChance, SystemClock
from appliance.provision.desk import Broken, Served
from appliance.provision.doorway import Doorway
from appliance.provision.firmware_http import download
from appliance.provision.firmware_store import Stored
from appliance.provision.trust import CA_PATH
from appliance.settings import Settings, load

PLAIN_WORKER, TLS_WORKER = "DeadlineWorker", "TlsDeadlineWorker"
WORKERS = 2
THREADS = 8
KEEP_ALIVE_S = 5
REQUEST_LINE_MOST = 1024
HEADERS_MOST = 40
HEADER_MOST = 2048
"""Octets. Phones send a User-Agent and little else."""

UPLOAD_MOST = 1 << 20
"""Octets of a log that a phone sends."""

UPLOADS_AT_ONCE = 2
"""Of each worker: a phone that sends its log slowly must not hold the threads that others need."""

RETRY_S = 10
"""The certificate of the site's authority, for phones that can be told to trust one, and for technicians."""

_CHUNK = 65536
_READS = ("GET", "HEAD")
_ALL = (*_READS, "PUT", "POST", "DELETE", "PATCH", "OPTIONS")


def run(settings: Settings) -> None:
    """Become gunicorn on the port of plain HTTP. Raises EngineProblem when it is taken or the address is not here."""
    _become_gunicorn(settings, settings.provisioning.http_port, "provisioning over HTTP", PLAIN_WORKER, WORKERS)


def run_https(settings: Settings) -> None:
    """The same over TLS, with a certificate of the site's own authority."""
    address = settings.network.voice_address
    certificate, key = server_files(settings, SystemClock(), "phones", address)
    secure = ("--certfile", str(certificate), "--keyfile", str(key))
    _become_gunicorn(settings, settings.provisioning.https_port, "provisioning over HTTPS", TLS_WORKER, 1, secure)


def _become_gunicorn(
    settings: Settings, port: int, what: str, worker: str, workers: int, more: tuple[str, ...] = ()
) -> None:
    address = settings.network.voice_address
    require_port(socket.SOCK_STREAM, address, port, what)
    # The heartbeat of workers on a disk would stall them with it.
    scratch = settings.paths.run_dir / "provision"
    scratch.mkdir(parents=True, exist_ok=True)
    os.execv(  # noqa: S606 - no shell is wanted
        sys.executable,
        [
            *(sys.executable, "-m", "gunicorn", "appliance.provision.http:wsgi()"),
            *("--bind", f"{address}:{port}"),
            *("--worker-class", f"appliance.provision.http_worker.{worker}"),
            *("--workers", str(workers), "--threads", str(THREADS), "--keep-alive", str(KEEP_ALIVE_S)),
            *("--limit-request-line", str(REQUEST_LINE_MOST), "--limit-request-fields", str(HEADERS_MOST)),
            *("--limit-request-field_size", str(HEADER_MOST)),
            *("--timeout", "30", "--graceful-timeout", "3", "--worker-connections", "512", "--backlog", "1024"),
            *("--worker-tmp-dir", str(scratch), "--no-control-socket", "--log-level", "warning"),
            *("--name", f"conserje-{port}", *more),
        ],
    )


def wsgi() -> Flask:
    """The application of one gunicorn worker, with the settings of its environment."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    doorway = Doorway(load(), SystemClock(), SystemChance())
    # Not when power comes back and a thousand phones ask already.
    doorway.read_families()
    return create_app(doorway)


def create_app(doorway: Doorway) -> Flask:
    """The application over a doorway. Anything but GET, HEAD and a phone's PUT of its logs is refused."""
    app = Flask("appliance.provision", static_folder=None)
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = UPLOAD_MOST
    app.extensions["doorway"] = doorway
    uploads = BoundedSemaphore(UPLOADS_AT_ONCE)

    @app.route("/", defaults={"path": ""}, methods=_ALL, provide_automatic_options=False)
    @app.route("/<path:path>", methods=_ALL, provide_automatic_options=False)
    def door(path: str) -> Response:
        source, agent = request.remote_addr or "", request.user_agent.string
        if doorway.busy(source):
            return _empty(HTTPStatus.TOO_MANY_REQUESTS, ("Retry-After", str(RETRY_S)))
        # At the root, and beneath a family's folder for phones that take a file's name where others take a URL.
        asks_authority = path.rpartition("/")[2] == CA_PATH and path.count("/") <= 1
        if request.method in _READS and asks_authority and (trusted := doorway.ca_certificate()):
            return Response(trusted, content_type="application/x-x509-ca-cert")
        if request.method in _READS:
            return _read(doorway, request, path, source, agent)
        if request.method == "PUT" and doorway.accepts_upload(path):
            return _take_and_drop(request, uploads)
        doorway.refuse("method", path, request.scheme, source, agent, HTTPStatus.METHOD_NOT_ALLOWED)
        return _empty(HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", ", ".join(_READS)))

    @app.errorhandler(DirectoryProblem)
    def no_directory(problem: DirectoryProblem) -> Response:
        return _empty(HTTPStatus.SERVICE_UNAVAILABLE, ("Retry-After", str(RETRY_S)))

    @app.errorhandler(HTTPException)
    def refused(wrong: HTTPException) -> Response:
        status = HTTPStatus(wrong.code or HTTPStatus.BAD_REQUEST)
        reason = "upload-too-big" if isinstance(wrong, RequestEntityTooLarge) else f"http-{status.value}"
        doorway.refuse(
            reason, request.path, request.scheme, request.remote_addr or "", request.user_agent.string, status
        )
        return _empty(status)

    return app


def _read(doorway: Doorway, asked: Request, path: str, source: str, agent: str) -> Response:
    answer = doorway.answer(path, asked.scheme, source, agent)
    if isinstance(answer, Stored):
        response = download(asked, answer)
        doorway.record(answer, path, asked.scheme, source, agent, response.status_code, response.content_length or 0)
        return response
    if not isinstance(answer, Served):
        # Whatever the reason, the same words: nobody learns by asking which phones there are.
        status = HTTPStatus.INTERNAL_SERVER_ERROR if isinstance(answer, Broken) else HTTPStatus.NOT_FOUND
        doorway.record(answer, path, asked.scheme, source, agent, status)
        return _empty(status)
    known = asked.headers.get("If-None-Match")
    if known and asked.if_none_match.contains_weak(answer.etag.strip('"')):
        doorway.record(answer, path, asked.scheme, source, agent, HTTPStatus.NOT_MODIFIED)
        return _empty(HTTPStatus.NOT_MODIFIED, ("ETag", answer.etag))
    if asked.method == "GET":
        doorway.record(answer, path, asked.scheme, source, agent, HTTPStatus.OK)
    response = Response(answer.data, content_type=answer.content_type)
    response.headers["ETag"] = answer.etag
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _take_and_drop(asked: Request, uploads: BoundedSemaphore) -> Response:
    """A phone's log: read to its end, so that the phone is content, and kept nowhere."""
    if not uploads.acquire(blocking=False):
        return _empty(HTTPStatus.SERVICE_UNAVAILABLE, ("Retry-After", str(RETRY_S)))
    try:
        while asked.stream.read(_CHUNK):
            pass
    finally:
        uploads.release()
    return _empty(HTTPStatus.CREATED)


def _empty(status: HTTPStatus, *headers: tuple[str, str]) -> Response:
    text = "" if status == HTTPStatus.NOT_MODIFIED else f"{status.phrase}\n"
    return Response(text, status, list(headers), content_type="text/plain; charset=utf-8")
