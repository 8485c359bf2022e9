"""Firmware over HTTP: from disk, whole or in ranges (RFC 9110 §14, §13.1.5), never read into memory.

A download may take long, where any other request is cut off after ten seconds: `PATIENCE` tells the worker which may.
"""

import socket
from http import HTTPStatus
from threading import BoundedSemaphore
from weakref import WeakSet

from flask import Request, Response, send_file

from appliance.provision.firmware_store import Stored

DOWNLOADS_AT_ONCE = 4
"""Of each worker: half of its threads stay for phones' own files."""

DOWNLOAD_S = 900.0
RETRY_S = 30
PATIENCE: "WeakSet[socket.socket]" = WeakSet()
"""Connections on which a firmware file is on its way."""

_slots = BoundedSemaphore(DOWNLOADS_AT_ONCE)


def download(asked: Request, stored: Stored) -> Response:
    """The answer: 200, 206, 304, 404 or 503; raises werkzeug's RequestedRangeNotSatisfiable (416)."""
    if not _slots.acquire(blocking=False):
        busy = Response("", HTTPStatus.SERVICE_UNAVAILABLE)
        busy.headers["Retry-After"] = str(RETRY_S)
        return busy
    try:
        response = send_file(
            stored.file, "application/octet-stream", conditional=True, etag=stored.sha256[:32], last_modified=None
        )
    except FileNotFoundError:
        _slots.release()
        return Response("", HTTPStatus.NOT_FOUND)
    except BaseException:
        _slots.release()
        raise
    response.call_on_close(_slots.release)
    # What an address has never changes: its digest is in it.
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    line = asked.environ.get("gunicorn.socket")
    if line is not None:
        PATIENCE.add(line)
    return response
