"""gunicorn's configuration, made of the central office's settings (`conserje-central serve`)."""

import threading
from typing import Any

from central import settings as settings_module
from central.authority import load_authority
from central.office import open_office
from central.post import run_postman
from central.tls import server_context
from central.web import stop_waiting_with

_settings = settings_module.load()
_server = _settings.paths.ca_dir / "server.pem"
_ca = _settings.paths.ca_dir / "ca.pem"
load_authority(_settings.paths.ca_dir)  # says what is missing before gunicorn starts
_context = server_context(_server, _ca)

bind = _settings.web.bind
workers = _settings.web.workers
threads = _settings.web.threads
worker_class = "central.worker.OfficeWorker"
worker_connections = max(1000, 4 * _settings.web.threads)
keepalive = 10  # a process that ends waits for idle connections; a long poll is never idle
timeout = 60
graceful_timeout = 30
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
certfile = str(_server)
ca_certs = str(_ca)
accesslog = None
control_socket_disable = True


def ssl_context(_config: Any, _default: Any) -> Any:
    """One context for the life of the process, so that connections resume and no file is read at each."""
    return _context


def post_worker_init(worker: Any) -> None:
    stop_waiting_with(lambda: bool(worker.alive))
    run_postman(open_office(_settings), threading.Event())
