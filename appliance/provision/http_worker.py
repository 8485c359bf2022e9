"""gunicorn's threaded worker, made patient with phones and impatient with anyone who holds a thread without asking.

As it comes, a connection that sends nothing holds one of its threads for 5 s, one that stops in the middle of a head
for ever, and orphaned workers hold the port after their master was killed.
"""

import logging
import os
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakSet

from gunicorn.workers.gthread import TConn, ThreadWorker

from appliance.provision.dying import die_with_parent
from appliance.provision.firmware_http import DOWNLOAD_S, PATIENCE

REQUEST_S = 10.0
"""From the first octet of a request to the last of its answer."""

CONNECTIONS_PER_SOURCE = 64
TLS_CONNECTIONS_PER_SOURCE = 4
"""Half of a worker's threads: whoever never ends the handshake holds these for REQUEST_S."""

SWEEP_S = 1.0
"""How often the worker looks for what took too long. gunicorn asks at each event: with a thousand phones that look
alone took half of a worker's time.
"""

HEAD_MOST = 16384
"""Octets of a head that are waited for; a longer one goes to gunicorn's parser, which refuses it."""

_HEAD_ENDS = b"\r\n\r\n"
_READABLE = 1


class DeadlineWorker(ThreadWorker):  # type: ignore[misc]
    """A thread gets a connection once the whole head of a request is there, and for REQUEST_S at most."""

    connections_per_source = CONNECTIONS_PER_SOURCE

    def init_process(self) -> None:
        die_with_parent()
        self._began: dict[Any, float] = {}
        self._by_source: defaultdict[str, WeakSet[Any]] = defaultdict(WeakSet)
        self._swept_at = float("-inf")
        # The doorway writes these down itself, once a source.
        self.log.error_log.addFilter(_without_invalid_requests)
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take a connection and wait for its first octets without giving it a thread."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        if self._crowded(address[0]):
            client.close()
            return
        conn = TConn(self.cfg, client, address, listener.getsockname())
        self._by_source[address[0]].add(conn)
        self.nr_conns += 1
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(client, _READABLE, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Any, client: socket.socket) -> None:
        if _head_is_there(client):
            super().on_pending_socket_readable(conn, client)

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        if _head_is_there(client):
            super().on_client_socket_readable(conn, client)

    def handle(self, conn: Any) -> Any:
        self._began[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            PATIENCE.discard(conn.sock)
            self._began.pop(conn, None)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """A request that could not be read, or is over a limit: answered, counted."""
        doorway = getattr(self.wsgi, "extensions", {}).get("doorway")
        if doorway is not None:
            doorway.refuse("bad-request", "", "https" if self.cfg.is_ssl else "http", addr[0] if addr else "", "", 400)
        super().handle_error(req, client, addr, exc)

    def murder_pending(self) -> None:
        """Called at least once a second: ends what took too long."""
        super().murder_pending()
        now = time.monotonic()
        if now - self._swept_at < SWEEP_S:
            return
        self._swept_at = now
        for conn, began in tuple(self._began.items()):
            if now - began > (DOWNLOAD_S if conn.sock in PATIENCE else REQUEST_S):
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)
        for source in [s for s, conns in self._by_source.items() if not any(_open(c) for c in conns)]:
            del self._by_source[source]

    def _crowded(self, source: str) -> bool:
        conns = self._by_source.get(source)
        return conns is not None and sum(map(_open, tuple(conns))) >= self.connections_per_source


class TlsDeadlineWorker(DeadlineWorker):
    """The same over TLS, where a head cannot be looked at before a thread has shaken hands: fewer connections a source
    make up for it.
    """

    connections_per_source = TLS_CONNECTIONS_PER_SOURCE

    def init_process(self) -> None:
        self.cfg.set("ssl_context", OneContext())
        super().init_process()

    def on_pending_socket_readable(self, conn: Any, client: socket.socket) -> None:
        ThreadWorker.on_pending_socket_readable(self, conn, client)

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        ThreadWorker.on_client_socket_readable(self, conn, client)


class OneContext:
    """gunicorn's hook for TLS: one context until the certificate's file is another one.

    Left alone, gunicorn reads certificate, key and all of Debian's authorities at each connection, and no session of a
    phone resumes.
    """

    def __init__(self) -> None:
        self._made: tuple[int, ssl.SSLContext] | None = None

    def __call__(self, config: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        changed = os.stat(config.certfile).st_mtime_ns
        if self._made is None or self._made[0] != changed:
            self._made = (changed, default())
        return self._made[1]


def _head_is_there(client: socket.socket) -> bool:
    """A whole head waits in the kernel (or the end, or an error). If not, the next event comes with the next octet."""
    try:
        head = client.recv(HEAD_MOST, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    whole = not head or _HEAD_ENDS in head or len(head) >= HEAD_MOST
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1 if whole else len(head) + 1)
    return whole


def _open(conn: Any) -> bool:
    return bool(conn.sock.fileno() >= 0)


def _without_invalid_requests(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Invalid request from")
