"""gunicorn's threaded worker, made patient with phones and impatient with anyone who holds a thread without asking.

As it comes, a connection that sends nothing holds one of its threads for 5 s, one that stops in the middle of a header
for ever, and orphaned workers hold the port after their master was killed.
"""

import logging
import socket
import time
from collections import defaultdict
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakSet

from gunicorn.workers.gthread import TConn, ThreadWorker

from appliance.provision.dying import die_with_parent

REQUEST_S = 10.0
"""From the first octet of a request to the last of its answer."""

CONNECTIONS_PER_SOURCE = 16
_READABLE = 1


class DeadlineWorker(ThreadWorker):  # type: ignore[misc]
    """Threads get connections that have something to say, for REQUEST_S at most."""

    def init_process(self) -> None:
        die_with_parent()
        self._began: dict[Any, float] = {}
        self._by_source: defaultdict[str, WeakSet[Any]] = defaultdict(WeakSet)
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

    def handle(self, conn: Any) -> Any:
        self._began[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self._began.pop(conn, None)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """A request that could not be read, or is over a limit: answered, counted."""
        doorway = getattr(self.wsgi, "extensions", {}).get("doorway")
        if doorway is not None:
            doorway.refuse("bad-request", "", "http", addr[0] if addr else "", "", 400)
        super().handle_error(req, client, addr, exc)

    def murder_pending(self) -> None:
        """Called at least once a second: ends what took too long."""
        super().murder_pending()
        late = time.monotonic() - REQUEST_S
        for conn, began in tuple(self._began.items()):
            if began < late:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)
        for source in [s for s, conns in self._by_source.items() if not any(_open(c) for c in conns)]:
            del self._by_source[source]

    def _crowded(self, source: str) -> bool:
        conns = self._by_source.get(source)
        return conns is not None and sum(map(_open, tuple(conns))) >= CONNECTIONS_PER_SOURCE


def _open(conn: Any) -> bool:
    return bool(conn.sock.fileno() >= 0)


def _without_invalid_requests(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Invalid request from")
