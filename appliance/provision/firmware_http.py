"""Firmware over HTTP: from disk, whole or in ranges (RFC 9110 §14, §13.1.5), never read into memory.

A download may take long, where any other request is cut off after ten seconds: `PATIENCE` tells the worker which may.
"""

import io
import socket
from http import HTTPStatus
from threading import BoundedSemaphore
from weakref import WeakSet

from flask import Request, Response
from werkzeug.wsgi import wrap_file

from appliance.provision.firmware_store import Stored

DOWNLOADS_AT_ONCE = 4
"""Of each worker: half of its threads stay for phones' own files."""

DOWNLOAD_S = 900.0
RETRY_S = 30
PATIENCE: "WeakSet[socket.socket]" = WeakSet()
"""Connections on which a firmware file is on its way."""

_slots = BoundedSemaphore(DOWNLOADS_AT_ONCE)


class _Held(io.FileIO):
    """A file that holds one of the slots until it is closed, which whoever sends it does in the end."""

    def close(self) -> None:
        if not self.closed:
            _slots.release()
        super().close()


def download(asked: Request, stored: Stored) -> Response:
    """The answer: 200, 206, 304, 404 or 503; raises werkzeug's RequestedRangeNotSatisfiable (416)."""
    if not _slots.acquire(blocking=False):
        busy = Response("", HTTPStatus.SERVICE_UNAVAILABLE)
        busy.headers["Retry-After"] = str(RETRY_S)
        return busy
    try:
        file = _Held(stored.file)
    except FileNotFoundError:
        _slots.release()
        return Response("", HTTPStatus.NOT_FOUND)
    wrapped = wrap_file(asked.environ, file)
    response = Response(wrapped, content_type="application/octet-stream", direct_passthrough=True)
    response.content_length = stored.size
    response.set_etag(stored.sha256[:32])
    # What an address has never changes: its digest is in it.
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    try:
        response.make_conditional(asked, accept_ranges=True, complete_length=stored.size)
    except BaseException:
        file.close()
        raise
    line = asked.environ.get("gunicorn.socket")
    if line is not None:
        PATIENCE.add(line)
    return response
